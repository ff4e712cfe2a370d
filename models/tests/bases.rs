//! Which variant stands for a release of the kernel.

use models::{base, base_variant};

fn name(path: &str, release: (u32, u32)) -> Option<&'static str> {
    base_variant(path, release).map(|(name, ..)| name)
}

#[test]
fn the_newest_variant_that_is_not_newer_stands_for_a_release() {
    for (path, release, variant) in [
        ("simple/ramfs", (2, 6), Some("v2.6.21")),
        ("simple/ramfs", (4, 2), Some("v4.2")),
        ("simple/ramfs", (6, 10), Some("v5.18")),
        ("simple/ramfs", (6, 12), Some("v6.11")),
        ("simple/ramfs", (7, 2), Some("v6.18")),
        ("generic/block", (6, 1), Some("v5.18")),
        // Not one with a change.
        ("ext4/journalled", (4, 10), Some("v4.4")),
        ("ext4/ordered", (6, 16), Some("v6.14")),
        ("btrfs/buffered", (6, 1), Some("v5.18")),
        // What the stable trees have.
        ("ext4/delalloc", (6, 0), Some("v5.18")),
        ("ext4/delalloc", (6, 1), Some("v6.4")),
        ("ext4/journalled", (6, 12), Some("v6.13")),
        ("ext4/ordered", (6, 12), Some("v6.13")),
        ("ocfs2/nolock", (6, 1), Some("v6.1")),
        // Gone, not there yet, not known.
        ("ext3/ordered", (4, 2), Some("v4.2")),
        ("ext3/ordered", (4, 3), None),
        ("reiserfs/write", (6, 12), Some("v6.11")),
        ("reiserfs/write", (6, 13), None),
        ("logfs/write", (4, 10), None),
        ("fuse/writeback", (6, 16), Some("v6.16")),
        ("fuse/writeback", (6, 17), None),
        ("ext4/journalled", (2, 6), None),
        ("ext4/nonsense", (6, 12), None),
    ] {
        assert_eq!(name(path, release), variant, "{path} in {release:?}");
    }
}

#[test]
fn a_base_is_what_its_variant_is_made_of() {
    for path in models::paths() {
        for release in [(2, 6), (4, 2), (6, 1), (6, 12), (7, 2)] {
            let Some((name, fs, setting)) = base_variant(&path.name, release) else { continue };
            let variant = path.variants.iter().find(|v| v.name == name).expect("a variant");
            let made_of = variant.origin.as_ref().map(|origin| origin.value.as_str());
            assert_eq!(made_of, Some(format!("{fs:?} in {setting:?}").as_str()), "{}@{name}", path.name);
            assert_eq!(base(&path.name, release).map(|(_, setting)| setting), Some(setting));
        }
    }
}
