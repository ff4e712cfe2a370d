//! What a model is given: the cells, the version it plays, and who it is.

use fault::{AddressSpace, User};
use machine::{Layout, Machine, Place, Small, Word, show_number};
use page_state::{Folio, Geometry, Storage, Task};

use crate::jbd2::Journal;

/// An error that a system call can end with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Errno {
    /// The source can't be read.
    Efault,
    /// A fatal signal is pending.
    Eintr,
    /// No block is free.
    Enospc,
}

impl Small for Errno {
    const BITS: u32 = 2;
    fn into_word(self) -> Word {
        self as Word
    }
    fn from_word(word: Word) -> Errno {
        match word {
            0 => Errno::Efault,
            1 => Errno::Eintr,
            _ => Errno::Enospc,
        }
    }
    fn show(word: Word) -> String {
        match Errno::from_word(word) {
            Errno::Efault => "-EFAULT",
            Errno::Eintr => "-EINTR",
            Errno::Enospc => "-ENOSPC",
        }
        .to_owned()
    }
}

/// In which order `generic_perform_write` faults its source in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Prefault {
    /// Before `write_begin`, in each round (v2.6.26 to v4.2, and after the revert of 998ef75ddb).
    First,
    /// After a copy that came to nothing (998ef75ddb, 4.3-rc).
    AfterEmptyCopy,
    /// The same, as it came back: a rejected copy is tried again with what was copied (665575cff098,
    /// v6.14).
    AfterEmptyCopyV6_14,
}

/// What happens in a scenario that is not part of the write path, and how the path is changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting {
    /// The caller's order.
    pub prefault: Prefault,
    /// The proposal of the mail of 2015-10-05: a short copy into a page that is not uptodate counts as
    /// zero before `write_end` is called.
    pub short_is_zero: bool,
    /// Whether the kernel knows memory tags, so that a page can be readable in part.
    pub memory_tags: bool,
    /// Whether a block allocation may find no free block.
    pub allocation_can_fail: bool,
    /// A deliberate fault in the model, which a property must find.
    pub mutant: Option<crate::Mutant>,
}

/// A write: position and length, in units.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Request {
    /// Where it starts, in units.
    pub pos: usize,
    /// How long it is, in units, at least 1.
    pub len: usize,
}

/// All cells of a scenario, and how its actors behave.
#[derive(Clone, Debug)]
pub struct World {
    /// Page cache, disk, inode.
    pub storage: Storage,
    /// Where the source lives.
    pub mm: AddressSpace,
    /// The journal.
    pub journal: Journal,
    /// Whether a fatal signal is pending for the writer.
    pub signal: Option<Place>,
    /// The number of the initial file, an index into `files`.
    pub file: Place,
    /// The number of the request, an index into `requests`.
    pub request: Place,
    /// The files that the initial states start from.
    pub files: Vec<crate::family::File>,
    /// The writes that the initial states ask for.
    pub requests: Vec<Request>,
    /// What the source is, and what becomes of it.
    pub source: crate::family::Source,
    /// Whether somebody truncates the file.
    pub truncates: bool,
    /// How the path and its surroundings behave.
    pub setting: Setting,
}

impl World {
    /// Declares the cells that every scenario has. `cache_frames` is one more than can be held at once.
    #[must_use]
    pub fn declare(
        layout: &mut Layout,
        geometry: Geometry,
        source: crate::family::Source,
        cache_frames: usize,
        setting: Setting,
    ) -> World {
        let pages = source.pages(geometry);
        let storage = Storage::declare(layout, geometry, cache_frames, pages.len(), 2 * geometry.blocks());
        World {
            mm: AddressSpace::declare(layout, pages),
            journal: Journal::declare(layout, &storage),
            signal: None,
            file: layout.cell("file", 5, show_number),
            request: layout.cell("request", 5, show_number),
            files: Vec::new(),
            requests: Vec::new(),
            storage,
            source,
            truncates: false,
            setting,
        }
    }

    /// Where the data of a request starts in its source, in units from the first page's first.
    #[must_use]
    pub fn source_start(&self, request: Request) -> usize {
        self.source.start(self.storage.geometry, request)
    }

    /// The world as actor `id` sees it.
    #[must_use]
    pub fn kernel<'a>(&'a self, m: &'a dyn Machine, id: usize) -> Kernel<'a> {
        Kernel { task: Task { m, storage: &self.storage, id }, world: self }
    }
}

/// A running actor: the kernel's `current` with everything it can reach.
#[derive(Clone, Copy)]
pub struct Kernel<'a> {
    /// Who takes the steps.
    pub task: Task<'a>,
    /// The scenario.
    pub world: &'a World,
}

impl<'a> Kernel<'a> {
    /// The actor's address space, with its file's `filemap_fault`.
    #[must_use]
    pub fn user(&self, filemap_fault: &'a dyn Fn() -> Option<Folio>) -> User<'a> {
        User { task: self.task, mm: &self.world.mm, signal: self.world.signal, filemap_fault }
    }

    /// Whether the model plays this mutant.
    #[must_use]
    pub fn mutated(&self, mutant: crate::Mutant) -> bool {
        self.world.setting.mutant == Some(mutant)
    }
}

/// What a file system does: its address-space operations and what they need.
pub trait FileSystem: Send + Sync + 'static {
    /// `write_begin`: gives the page locked, referenced, and fit to take `len` units at `pos`.
    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno>;
    /// `write_end`: unlocks and drops the page; gives how many units it took.
    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno>;
    /// Maps a buffer to its block, and allocates one if `create` says so.
    fn get_block(&self, k: &Kernel, bh: page_state::Buffer, create: bool) -> Result<(), Errno>;
    /// Truncates the file to `size` units; the caller holds the inode's lock.
    fn truncate(&self, k: &Kernel, size: usize);
    /// A page goes, from unit `from` on; the page is locked. Tells whether the journal keeps a buffer.
    fn invalidate_folio(&self, k: &Kernel, folio: Folio, from: usize) -> bool;
    /// Puts everything on disk.
    fn sync(&self, k: &Kernel);
}
