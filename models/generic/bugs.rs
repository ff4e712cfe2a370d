//! What the callers of `write_begin` and `write_end` are known to have done wrong.

use crate::corpus::{Bug, Told, bug};

/// The bugs of `generic_perform_write` and what came before it.
pub(crate) fn bugs() -> Vec<Bug> {
    vec![
        bug(
            1,
            "6527c2bdf1f8",
            "only the first segment is faulted in, and the second is a mapping of the page that is locked",
            "deadlock",
            "generic/block@v2.6.17:within-segment-then-self",
            "generic/block@v2.6.18:within-segment-then-self",
        ),
        bug(
            2,
            "81b0c8713385",
            "an empty segment is a piece of nothing, for ever",
            "livelock",
            "generic/block@v2.6.17+segments:within-empty-then-absent",
            "generic/block@v2.6.18:within-empty-then-absent",
        ),
        bug(
            3,
            "124d3b7041f9",
            "a copy that came to nothing is tried again before the source is advanced: an empty segment is never \
             stepped over",
            "livelock",
            "generic/block@v2.6.24:within-empty-then-absent",
            "generic/block@v2.6.26:within-empty-then-absent",
        ),
        bug(
            4,
            "08291429cfa6",
            "the copy takes a page fault with the page that is written locked",
            "deadlock",
            "generic/block@v2.6.18:within-self-dropped",
            "generic/block@v2.6.24:within-self-dropped",
        ),
        bug(
            5,
            "08291429cfa6",
            "a copy that fails fills the rest with zeros, and all of it is committed",
            "phantom-write",
            "generic/block@v2.6.18:within-unmapped",
            "generic/block@v2.6.24:within-unmapped",
        ),
        bug(
            6,
            "a50527b19c62",
            "a source that is evicted again and again holds the writer, and no signal ends it",
            "unkillable",
            "generic/block@v2.6.26:within-evicted-with-kill",
            "generic/block@v4.2:within-evicted-with-kill",
        ),
        bug(
            27,
            "bc1bb416bbb9",
            "after a rejected copy as much is tried as before, and it can't be copied",
            "livelock",
            "generic/block@v4.8:within-tagged",
            "generic/block@v5.14:within-tagged",
        ),
        bug(
            28,
            "295cf156231c",
            "arm64's copy says that it copied nothing though it could read the first bytes",
            "livelock",
            "generic/block@v5.14+arm64:within-tagged",
            "generic/block@v5.14:within-tagged",
        ),
        Bug {
            number: 59,
            fixed_by: "e23d4159b109",
            sentence: "the prefault of a range at the top of the address space goes round for ever",
            told: Told::Not { because: "addresses don't wrap around in the models" },
        },
        bug(
            63,
            "f9f07b6c1372",
            "where get_block fails, a page that was uptodate is not any more, and a store to it is lost when somebody \
             writes beside it",
            "wrong-read",
            "generic/block@v2.6.26:within-disk-full-with-mmap-store-then-write-again",
            "generic/block@v4.2:within-disk-full-with-mmap-store-then-write-again",
        ),
        bug(
            62,
            "90a8020278c1",
            "a page that was made writable behind the end is stored to when the file has grown, and nobody has given it a \
             block: the store is lost",
            "lost-write",
            "ext4/ordered@v3.12:store-behind-end-then-truncate-up-and-store-again",
            "ext4/ordered@v4.2:store-behind-end-then-truncate-up-and-store-again",
        ),
        Bug {
            number: 71,
            fixed_by: "e2c27b803bb6",
            sentence: "who reads a size that a write has just raised finds old bytes below it: nothing orders the loads",
            told: Told::Not {
                because: "it takes weak memory: under loom `early-size` is told of generic/block@v5.18 with a reader, and \
                          not since v6.9",
            },
        },
    ]
}
