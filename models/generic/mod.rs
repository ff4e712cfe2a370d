//! What every block-based file system shares: `mm/filemap.c`, `mm/truncate.c`, `fs/buffer.c`.

pub mod buffer;
pub mod filemap;
pub mod perform_write;
pub mod truncate;
