//! What file systems share: `mm/filemap.c`, `mm/truncate.c`, `mm/vmscan.c`, `mm/page-writeback.c`,
//! `mm/memory.c`, `fs/buffer.c`.

pub mod block;
pub mod buffer;
mod bugs;
pub mod filemap;
pub mod locks;
pub mod mmap;
pub mod perform_write;
pub mod reclaim;
pub mod server;
pub mod stable_pages;
pub mod truncate;
pub mod writeback;

pub(crate) use bugs::bugs;
