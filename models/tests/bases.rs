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
        ("simple/ramfs", (3, 17), Some("v2.6.21")),
        ("simple/ramfs", (6, 10), Some("v5.18")),
        ("simple/ramfs", (6, 12), Some("v6.11")),
        ("simple/ramfs", (7, 2), Some("v6.18")),
        ("generic/block", (6, 1), Some("v5.18")),
        // Not one with a change.
        ("ext4/journalled", (4, 10), Some("v4.4")),
        ("ext4/ordered", (6, 16), Some("v6.14")),
        ("ext4/ordered", (7, 0), Some("v6.18")),
        ("ext4/ordered", (7, 2), Some("v7.1")),
        ("btrfs/buffered", (6, 1), Some("v5.18")),
        // What the stable trees have.
        ("ext4/delalloc", (6, 0), Some("v5.18")),
        ("ext4/delalloc", (6, 1), Some("v6.4")),
        ("ext4/journalled", (6, 12), Some("v6.13")),
        ("ext4/ordered", (6, 12), Some("v6.13")),
        ("ocfs2/nolock", (6, 0), Some("v5.18")),
        ("ocfs2/nolock", (6, 1), Some("v6.3")),
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
            let made_of = variant.origin.as_ref().map(|origin| origin.value.as_str()).unwrap_or_default();
            // What is around it is the release's own.
            let caller = format!("{fs:?} in Setting {{ caller: {:?},", setting.caller);
            assert!(made_of.starts_with(&caller), "{}@{name}: {made_of}, and not {caller}", path.name);
            assert_eq!(base(&path.name, release).map(|(_, setting)| setting), Some(setting));
        }
    }
}

/// A variant without a change is the kernel's own in some releases, and each begins where one before it has ended or later.
#[test]
fn what_is_the_kernels_own_says_in_which_releases() {
    for path in models::paths() {
        let plain: Vec<_> = path.variants.iter().filter(|v| !v.name.contains('+')).collect();
        for variant in &plain {
            assert!(variant.stands.is_some(), "{}@{} stands in no release", path.name, variant.name);
        }
        for pair in plain.windows(2) {
            let (before, after) = (pair[0].stands.expect("releases"), pair[1].stands.expect("releases"));
            let until = before.until.expect("only the last stands today");
            assert!(
                until < after.from,
                "{}: {} is {before}, {} is {after}",
                path.name,
                pair[0].name,
                pair[1].name
            );
        }
    }
}
