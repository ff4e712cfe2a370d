//! Where the write paths can be had.

use live::{Image, Medium, Place};

/// Where tests of a write path with blocks of this size run; `held`, those that take a file server of our own.
///
/// # Errors
/// Why they can't, in words.
pub(super) fn place(path: &str, block: usize, held: bool) -> Result<Place, String> {
    let image = |kind: &str, options: &str| {
        Ok(Place::Image(Image { kind: kind.to_owned(), block, options: options.to_owned(), held }))
    };
    match path {
        "simple/tmpfs" => Ok(Place::Tmpfs),
        "simple/ramfs" => Ok(Place::Ramfs),
        "fuse/writethrough" => Ok(Place::Fuse { writes_back: false }),
        "fuse/writeback" => Ok(Place::Fuse { writes_back: true }),
        "generic/block" => image("ext2", "defaults"),
        "ext4/ordered" => image("ext4", "data=ordered,nodelalloc,dioread_lock"),
        "ext4/delalloc" => image("ext4", "data=ordered,delalloc"),
        "ext4/journalled" => image("ext4", "data=journal"),
        "btrfs/buffered" => image("btrfs", "defaults"),
        _ => Err(format!("no way to have {path} here is known")),
    }
}

/// Whether there is a way to have a write path.
pub(super) fn is_known(path: &str) -> bool {
    place(path, 4096, false).is_ok()
}

/// Where the files of a write path are kept in the end.
pub(super) fn medium(path: &str) -> Medium {
    match path {
        "simple/tmpfs" | "simple/ramfs" => Medium::Memory,
        _ if path.starts_with("fuse/") => Medium::Server,
        _ => Medium::Disk,
    }
}

/// Whether a disk of a write path can be filled to the last block but so many.
pub(super) fn can_be_filled(path: &str) -> bool {
    !path.starts_with("btrfs/")
}
