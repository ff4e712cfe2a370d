//! The bugs that the family of write paths is known to have had: each is a scenario that finds it in the
//! variant before its fix, and not in the one after.

/// A known bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bug {
    /// Its number, which is stable.
    pub number: u32,
    /// The commit that fixed it.
    pub fixed_by: &'static str,
    /// What it was, in one sentence.
    pub sentence: &'static str,
    /// What the models make of it.
    pub told: Told,
}

/// What the models make of a bug.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// A scenario tells it.
    Scenario {
        /// The property that it broke.
        property: &'static str,
        /// `path@variant:scenario`, before the fix: the property is broken.
        before: &'static str,
        /// `path@variant:scenario`, after it: the property holds.
        after: &'static str,
    },
    /// The modelled paths can't tell it, and why.
    Not {
        /// Why.
        because: &'static str,
    },
}

/// A bug that a scenario tells.
pub(crate) const fn bug(
    number: u32,
    fixed_by: &'static str,
    sentence: &'static str,
    property: &'static str,
    before: &'static str,
    after: &'static str,
) -> Bug {
    Bug { number, fixed_by, sentence, told: Told::Scenario { property, before, after } }
}

/// Bugs of write paths that are not modelled: number, fix, sentence, reason.
const NOT_MODELLED: [(u32, &str, &str, &str); 25] = [
    (21, "b9de313cf05f", "ceph_write_end zeroes to a wrong bound and marks the page uptodate", CEPH),
    (22, "unknown", "9p, exofs and gfs2 zero what was not copied, or mark the page uptodate", NETWORK),
    (23, "unknown", "f2fs marks a page uptodate before the hole in it is filled", "f2fs is not modelled"),
    (29, "18788e34642e", "btrfs's search ioctl copies to the user under tree locks, then for ever", READS),
    (30, "00bfe02f4796", "gfs2 faults under its inode lock, and the source is the same file", GFS2),
    (32, "296abc0d91d8", "gfs2: losing the lock between rounds is a short write", GFS2),
    (33, "d031a8866e70", "gfs2_iomap_end rounds the end of an unused allocation down", GFS2),
    (35, "198dd8aedee6", "xfs punches delayed blocks after the page cache was truncated", IOMAP),
    (36, "f43dc4dc3eff", "iomap's cleanup truncates pages that hold stores through a mapping", IOMAP),
    (37, "d7b64041164c", "iomap_write_begin trusts a cached mapping that is stale", IOMAP),
    (38, "1cea335d1db1", "iomap's bits for each block and the page's flag are not changed as one", IOMAP),
    (39, "posting 2fa482b890be", "iomap's state is made anew as not uptodate on an uptodate page", IOMAP),
    (
        40,
        "219bf6edd7ef",
        "orangefs books a dirty range of the length that was asked for",
        "orangefs is not modelled",
    ),
    (41, "827a746f405d", "netfs marks a page uptodate after zeroing and before the copy", NETWORK),
    (42, "3ad216ee73ab", "afs can't say that a dirty range is empty", NETWORK),
    (43, "66e9c6a86b80", "afs takes a short copy into a page that is not uptodate", NETWORK),
    (47, "51bd9563b678", "btrfs's direct I/O faults on its own file with extents locked", DIRECT),
    (48, "939b656bc8ab", "btrfs's appending direct I/O takes its position from the size that grew", DIRECT),
    (49, "unknown", "btrfs's direct I/O drops what a partial bio has written", DIRECT),
    (50, "36a7347de097", "iomap's page_done is told the copied instead of the committed length", IOMAP),
    (
        53,
        "4a58d8158f6d",
        "page_mkwrite helpers look for the end of the file one off",
        "whole pages only are mapped or not",
    ),
    (54, "c5c810b94cfd", "iomap_zero_range steps over dirty pages above unwritten extents", IOMAP),
    (
        55,
        "51d20d1dacbe",
        "iomap's writeback takes the size at its end, while an append pads with zeros",
        IOMAP,
    ),
    (
        58,
        "72ab70a19b42",
        "xfs leaves delayed blocks after a failed write, or takes too many",
        "xfs is not modelled",
    ),
    (61, "fa7f138ac4c7", "xfs punches delayed blocks and leaves the page", IOMAP),
];

const CEPH: &str = "ceph is not modelled";
const GFS2: &str = "gfs2, its cluster lock and its direct I/O are not modelled";
const IOMAP: &str = "iomap and xfs are not modelled";
const NETWORK: &str = "afs, 9p, exofs, ceph and netfs are not modelled";
const DIRECT: &str = "direct I/O is modelled as what it does to the page cache only";
const READS: &str = "it is about reads, and writes to user memory are not modelled";

/// Bugs of write paths that are modelled, and what of the models keeps them out: number, fix, sentence, reason.
const OUT_OF_REACH: [(u32, &str, &str, &str); 4] = [
    (
        66,
        "90e775b71ac4",
        "writeback puts the size on disk back over a truncation",
        "a truncation waits for the page, whose bio is submitted when the size is raised, and sets the size once more; \
         what a crash between the two leaves of a truncation no rule names",
    ),
    (
        67,
        "2d033eaa0073",
        "fuse ends a page's writeback before the request is cut to the file's size",
        "the first variant of fuse/writeback is of v3.15, which has the fix",
    ),
    (
        68,
        "d2dc317d564a",
        "ext4 takes a block that was delayed and is written since for a new one",
        "there is no cache of what is known of blocks: a block is as the map has it",
    ),
    (
        69,
        "5314454ea3ff",
        "ocfs2 zeroes and dirties pages beyond the size when inline data gets too large",
        "the way from inline data to a cluster is left out",
    ),
];

/// Those of write paths that are not modelled, or not far enough.
pub(crate) fn not_modelled() -> impl Iterator<Item = Bug> {
    NOT_MODELLED.into_iter().chain(OUT_OF_REACH).map(|(number, fixed_by, sentence, because)| Bug {
        number,
        fixed_by,
        sentence,
        told: Told::Not { because },
    })
}
