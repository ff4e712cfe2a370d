//! What a file system is: where its data is kept, what it has and what it promises.

/// Where a file's data is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Medium {
    /// In blocks on a disk, which the inode's map names.
    Disk,
    /// On a server: it has a block for each of the file's, and a size of its own.
    Server,
    /// In the page cache, and nowhere else.
    Memory,
}

/// What a file system is, as far as the scenarios have to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nature {
    /// Where its data is kept.
    pub medium: Medium,
    /// Whether its pages have buffers.
    pub buffers: bool,
    /// Whether it has a journal.
    pub journal: bool,
    /// Whether its data goes through the journal (`data=journal`): there are checkpoints.
    pub journals_data: bool,
    /// Whether it promises that no somebody else's data is in a file after a crash.
    pub crash_safe: bool,
    /// Whether a page and a block are one, and blocks smaller than a page don't exist.
    pub whole_pages: bool,
}

impl Nature {
    /// Blocks on a disk, written in place, and no journal.
    pub const IN_PLACE: Nature = Nature {
        medium: Medium::Disk,
        buffers: true,
        journal: false,
        journals_data: false,
        crash_safe: false,
        whole_pages: false,
    };
    /// The same with a journal that orders its commits behind the data.
    pub const ORDERED: Nature = Nature { journal: true, crash_safe: true, ..Nature::IN_PLACE };
    /// The same with the data in the journal.
    pub const DATA_JOURNAL: Nature = Nature { journals_data: true, ..Nature::ORDERED };
    /// Whole pages on a disk, each written to a new place.
    pub const COPY_ON_WRITE: Nature =
        Nature { buffers: false, crash_safe: true, whole_pages: true, ..Nature::IN_PLACE };
    /// Whole pages on a server.
    pub const REMOTE: Nature = Nature { medium: Medium::Server, crash_safe: false, ..Nature::COPY_ON_WRITE };
}
