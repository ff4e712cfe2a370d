//! Where the write paths can be had.

use live::{Image, Place};

/// Where tests of a write path with blocks of this size run.
///
/// # Errors
/// Why they can't, in words.
pub(super) fn place(path: &str, block: usize) -> Result<Place, String> {
    let image = |kind: &str, options: &str| {
        Ok(Place::Image(Image { kind: kind.to_owned(), block, options: options.to_owned() }))
    };
    match path {
        "simple/tmpfs" => Ok(Place::Tmpfs),
        "simple/ramfs" => Ok(Place::Ramfs),
        "fuse/writethrough" => Ok(Place::Fuse),
        "fuse/writeback" => Err("the server of our own writes through".to_owned()),
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
    place(path, 4096).is_ok()
}
