//! What a model is given: the cells, the version it plays, and who it is.

use fault::{AddressSpace, Segment, SharedMapping, User};
use machine::{Action, Label, Layout, Machine, Order, Peek, Place, Small, Step, Word, show_number};
use page_state::steps::{clear, reach, test};
use page_state::{ACTORS_MAX, Folio, InodeFields, Storage, Task, Unit};
use scenario::Release;

use crate::initial::{File, Source};
use crate::jbd2::Journal;
use crate::nature::Nature;

pub use crate::initial::Request;

/// An error that a function can end with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Errno {
    /// The source can't be read.
    Efault,
    /// A fatal signal is pending.
    Eintr,
    /// No block is free.
    Enospc,
    /// What was asked for can't be done on this disk.
    Eio,
    /// The journal has no room for more under this handle: no system call ends with it.
    Eagain,
}

impl Small for Errno {
    const BITS: u32 = 3;
    fn into_word(self) -> Word {
        self as Word
    }
    fn from_word(word: Word) -> Errno {
        match word {
            0 => Errno::Efault,
            1 => Errno::Eintr,
            2 => Errno::Enospc,
            3 => Errno::Eio,
            _ => Errno::Eagain,
        }
    }
    fn show(word: Word) -> String {
        match Errno::from_word(word) {
            Errno::Efault => "-EFAULT",
            Errno::Eintr => "-EINTR",
            Errno::Enospc => "-ENOSPC",
            Errno::Eio => "-EIO",
            Errno::Eagain => "-EAGAIN",
        }
        .to_owned()
    }
}

/// What `page_mkwrite` answers (`vm_fault_t`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VmFault {
    /// `VM_FAULT_LOCKED`: the page can be stored to, and is locked.
    Locked,
    /// `VM_FAULT_NOPAGE`: it has left the file; the access is tried again.
    NoPage,
    /// `VM_FAULT_SIGBUS`: it can't be stored to.
    Sigbus,
}

impl VmFault {
    /// `vmf_fs_error` (`block_page_mkwrite_return` before v6.6) of an error.
    #[must_use]
    pub fn of(error: Errno) -> VmFault {
        if error == Errno::Efault { VmFault::NoPage } else { VmFault::Sigbus }
    }
}

impl Small for VmFault {
    const BITS: u32 = 2;
    fn into_word(self) -> Word {
        self as Word
    }
    fn from_word(word: Word) -> VmFault {
        match word {
            0 => VmFault::Locked,
            1 => VmFault::NoPage,
            _ => VmFault::Sigbus,
        }
    }
    fn show(word: Word) -> String {
        match VmFault::from_word(word) {
            VmFault::Locked => "VM_FAULT_LOCKED",
            VmFault::NoPage => "VM_FAULT_NOPAGE",
            VmFault::Sigbus => "VM_FAULT_SIGBUS",
        }
        .to_owned()
    }
}

/// The text of `generic_perform_write`, by era. It tells when the source is faulted in, how much of it, and
/// how a copy that came out short is tried again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Caller {
    /// v2.6.18 before 6527c2bdf1f8 (v2.6.17): a piece may reach over the segments that are faulted in.
    V2_6_17,
    /// 6527c2bdf1f8 as it came first: a piece ends with its segment, and an empty one is a piece.
    V2_6_17AfterFix,
    /// v2.6.18: the copy may fault with the page locked, and all is committed whatever was copied.
    V2_6_18,
    /// v2.6.24 (08291429cfa6): the copy is atomic; what came to nothing is tried again before the source
    /// is advanced.
    V2_6_24,
    /// v2.6.26 (124d3b7041f9): the source is advanced first, so that empty segments are stepped over.
    V2_6_26,
    /// v3.10 to v4.7 (a50527b19c62): a fatal signal ends it.
    V4_2,
    /// 4.3-rc (998ef75ddb57): the source is faulted in only after a copy that came to nothing.
    CopyFirst,
    /// v4.8 to v5.13 (d4690f1e1cda): all segments are faulted in.
    V4_8,
    /// v5.14 to v5.17 (bc1bb416bbb9): a rejected copy is tried again with what was copied.
    V5_14,
    /// v5.18 to v6.10 (631f871f0718): it is given up only where nothing at all can be read.
    V5_18,
    /// v6.11 to v6.13 (9aac777aaf94): what came to nothing begins again with all of the page.
    V6_11,
    /// v6.14 to v6.17 (665575cff098): the source is faulted in only after a copy that came to nothing.
    V6_14,
    /// Since v6.18: the copy tries again by itself until it copies nothing.
    V6_18,
}

impl Caller {
    /// The text of a release, from v5.14 on: `VERSION` and `PATCHLEVEL`. None where it is older.
    #[must_use]
    pub fn of(release: (u32, u32)) -> Option<Caller> {
        Some(match release {
            (6, 18..) | (7.., _) => Caller::V6_18,
            (6, 14..) => Caller::V6_14,
            (6, 11..) => Caller::V6_11,
            (5, 18..) | (6, _) => Caller::V5_18,
            (5, 14..) => Caller::V5_14,
            _ => return None,
        })
    }

    /// Whether a fatal signal ends the loop (since v3.10).
    #[must_use]
    pub fn looks_for_signals(self) -> bool {
        self >= Caller::V4_2
    }

    /// Whether the source is faulted in only after a copy that came to nothing.
    #[must_use]
    pub fn copies_first(self) -> bool {
        matches!(self, Caller::CopyFirst | Caller::V6_14 | Caller::V6_18)
    }

    /// Whether the kernel knows memory tags, so that a page can be readable in part (v4.16 on SPARC, v5.10
    /// on arm64).
    #[must_use]
    pub fn knows_memory_tags(self) -> bool {
        self >= Caller::V5_14
    }
}

/// What happens in a scenario that is not part of the write path, and how the path is changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Setting {
    /// The caller's text.
    pub caller: Caller,
    /// The proposal of the mail of 2015-10-05: a short copy into a page that is not uptodate counts as
    /// zero before `write_end` is called.
    pub short_is_zero: bool,
    /// Whether a copy that meets a fault tells nothing of what it has copied (arm64 before 295cf156231c, for
    /// a source that is not aligned).
    pub partial_copy_is_lost: bool,
    /// Whether a block allocation may find no free block.
    pub allocation_can_fail: bool,
    /// What of the kernel around it depends on the release alone.
    pub around: Around,
    /// A deliberate fault that can't be made from outside.
    pub mutant: Option<Mutant>,
}

/// A deliberate fault in a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mutant {
    /// The source is faulted in with the page locked.
    PrefaultUnderPageLock,
    /// The size is raised before the copy.
    SizeBeforeCopy,
    /// What a short copy left out is filled with zeros, as before v2.6.24.
    ShortCopyIsZeroFilled,
    /// `write_end` raises the size by the length, not by what was copied.
    SizeFromLength,
    /// `write_end` raises the size on disk by the length, whatever was copied.
    SizeOnDiskIsAhead,
    /// `write_end` returns the length, not what was copied.
    ReturnsLength,
    /// A truncation to a larger size gives blocks to the file and leaves what is in them.
    GrowthMapsStaleBlocks,
}

/// What a release has around a write path: what came to all of the kernel at once, or is asked by a name that does not
/// tell whose text is meant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Around {
    /// Before v3.0.
    Older,
    /// v3.0: `grab_cache_page_write_begin` and `page_mkwrite` wait for writeback (`wait_for_stable_page` since v3.9).
    V3_0,
    /// v3.7 (b794e7a6ebfb): a commit unmaps what was truncated meanwhile.
    V3_7,
    /// v3.12 (90e775b71ac4): `ext4_setattr` changes both sizes under one handle.
    V3_12,
    /// v3.18 (90a8020278c1): and `pagecache_isize_extended` takes the write permission of mappings.
    V3_18,
    /// v5.15: and `invalidate_lock` keeps pages from being filled while the file is cut.
    V5_15,
    /// v6.3 (e6b9bd7290d3): and jbd2 takes a buffer over that waits for a checkpoint under `j_list_lock`.
    V6_3,
    /// v6.5 (c2d6fd9d6f35): and a checkpoint looks again at what it has written.
    V6_5,
    /// v6.9: and `i_size_write` releases, `i_size_read` acquires.
    V6_9,
    /// v6.13 (52aecaee1c26): and `pagecache_isize_extended` zeroes what lies behind the end.
    V6_13,
    /// v6.17 (2bddafea3d0d): and ext4 makes a page fit for stores under a handle that is closed before it waits for writeback.
    V6_17,
    /// v7.1 (c4602a1d09ec, 3f60efd65412): and ext4 zeroes the rest of a block before it opens a handle.
    V7_1,
}

impl Setting {
    /// A kernel with this caller, as it is.
    #[must_use]
    pub const fn of(caller: Caller) -> Setting {
        Setting {
            caller,
            short_is_zero: false,
            partial_copy_is_lost: false,
            allocation_can_fail: false,
            around: Around::Older,
            mutant: None,
        }
    }

    /// The same in a release.
    #[must_use]
    pub fn in_release(self, release: Release) -> Setting {
        let [version, patch, _] = release.0;
        let around = match (version, patch) {
            (8.., _) | (7, 1..) => Around::V7_1,
            (7, _) | (6, 17..) => Around::V6_17,
            (6, 13..) => Around::V6_13,
            (6, 9..) => Around::V6_9,
            (6, 5..) => Around::V6_5,
            (6, 3..) => Around::V6_3,
            (6, _) | (5, 15..) => Around::V5_15,
            (4.., _) | (3, 18..) => Around::V3_18,
            (3, 12..) => Around::V3_12,
            (3, 7..) => Around::V3_7,
            (3, _) => Around::V3_0,
            _ => Around::Older,
        };
        Setting { around, ..self }
    }
}

/// All cells of a scenario, and how its actors behave.
#[derive(Clone, Debug)]
pub struct World {
    /// Page cache, disk, inode.
    pub storage: Storage,
    /// Where the source lives.
    pub mm: AddressSpace,
    /// The journal, where the file system has one.
    pub journal: Option<Journal>,
    /// Cells that only this file system has.
    pub private: Vec<Place>,
    /// How many blocks the file system allocates at once.
    pub cluster: usize,
    /// What the file system is.
    pub nature: Nature,
    /// Whether a fatal signal is pending for the writer.
    pub signal: Option<Place>,
    /// The number of the initial file, an index into `files`.
    pub file: Place,
    /// The number of the request, an index into `requests`.
    pub request: Place,
    /// The files that the initial states start from.
    pub files: Vec<File>,
    /// The writes that the initial states ask for.
    pub requests: Vec<Request>,
    /// What the source is, and what becomes of it.
    pub source: Source,
    /// What a second writer writes.
    pub second: Option<Request>,
    /// Where a store through a mapping of the file stores.
    pub store: Option<usize>,
    /// Whether that could be, where a full disk can keep it from that.
    pub stored: Option<Place>,
    /// Another program's mapping of the file, where somebody uses one.
    pub shared: Option<SharedMapping>,
    /// Locks that only some scenarios have somebody to wait for.
    pub locks: Locks,
    /// Whether somebody truncates the file.
    pub truncates: bool,
    /// Whether what is on the way to the disk may not be changed.
    pub stable_pages: bool,
    /// Whether that is a copy of the page, so that it can't be.
    pub writes_copies: bool,
    /// Who may find the disk full, where an allocation can fail: a bit for each actor.
    pub finds_disk_full: u8,
    /// Those of them who always do.
    pub always_finds_disk_full: u8,
    /// Whether the writer's handle may still run out of credits, where it may at all: once.
    pub credits: Option<Place>,
    /// Whether the writer has not returned yet, where somebody waits for that and then makes the file as long as it
    /// can be, or as long as it is.
    pub writing: Option<Place>,
    /// Whether it does become longer then.
    pub grows: bool,
    /// A store behind the end of the file, where there is one.
    pub behind_end: Option<BehindEnd>,
    /// How the path and its surroundings behave.
    pub setting: Setting,
}

/// Where the locks are that only some scenarios have somebody to wait for: elsewhere they are always free, and are left out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Locks {
    /// `invalidate_lock` (v5.15): a bit for each actor that has it shared, and one for an exclusive owner.
    pub(crate) invalidate: Option<Place>,
    /// `i_data_sem`: 0, or 1 + its owner.
    pub(crate) data: Option<Place>,
}

impl Locks {
    /// Declares those that somebody could wait for.
    #[must_use]
    pub fn declare(layout: &mut Layout, invalidate: bool, data: bool) -> Locks {
        Locks {
            invalidate: invalidate.then(|| layout.cell("invalidate_lock", ACTORS_MAX as u8 + 1, show_number)),
            data: data.then(|| layout.cell("i_data_sem", 4, show_number)),
        }
    }

    /// The cells: at rest all are 0.
    pub fn cells(self) -> impl Iterator<Item = Place> {
        self.invalidate.into_iter().chain(self.data)
    }
}

/// A store through a mapping behind the end of the file, in its last page, before the file grows over it.
#[derive(Clone, Copy, Debug)]
pub struct BehindEnd {
    /// What is still to come: [`STORE`](Self::STORE), [`GROWTH`](Self::GROWTH).
    pub to_come: Place,
    /// Whether the same is stored once more when the file has grown.
    pub again: bool,
}

impl BehindEnd {
    /// The store.
    pub const STORE: Word = 1;
    /// That the file grows.
    pub const GROWTH: Word = 2;
}

impl World {
    /// Whether the journal will write a buffer, as a property sees it.
    #[must_use]
    pub fn is_journalled(&self, memory: &dyn Peek, frame: usize, block: usize) -> bool {
        self.journal.as_ref().is_some_and(|journal| journal.will_write(memory, frame, block))
    }

    /// A unit of a block on disk as recovery would leave it, as a property sees it.
    #[must_use]
    pub fn recovered(&self, memory: &dyn Peek, disk_block: usize, unit: usize) -> Unit {
        let replayed = self.journal.as_ref().and_then(|journal| journal.replayed(memory, disk_block, unit));
        replayed.unwrap_or_else(|| self.storage.peek_disk(memory, disk_block, unit))
    }

    /// Whether nobody else can have a block yet that the file has given up: until that is committed, a journal keeps it.
    #[must_use]
    pub fn keeps_block(&self, memory: &dyn Peek, disk_block: usize) -> bool {
        let named = |at| InodeFields::names(memory.peek(at), disk_block);
        self.journal.as_ref().is_some_and(|journal| named(self.storage.durable) || named(journal.frozen))
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
    pub fn user(&self, filemap_fault: &'a dyn Fn(usize) -> Option<Folio>) -> User<'a> {
        User { task: self.task, mm: &self.world.mm, signal: self.world.signal, filemap_fault }
    }

    /// The segments of a request's source. The first actor is the writer; a second one has memory of its own.
    #[must_use]
    pub fn segments(&self, request: Request) -> Vec<Segment> {
        let (world, geometry) = (self.world, self.world.storage.geometry);
        if self.task.id == 0 {
            return world.source.segments(geometry, request);
        }
        vec![Segment { base: (world.mm.pages.len() - 1) * geometry.page_units(), len: request.len }]
    }

    /// The journal.
    ///
    /// # Panics
    /// Where the file system has none.
    #[must_use]
    pub fn journal(&self) -> &'a Journal {
        self.world.journal.as_ref().expect("the file system says that it has a journal")
    }

    /// What a second writer writes.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn second(&self) -> Request {
        self.world.second.expect("who writes, too, is told what")
    }

    /// Where a store through a mapping of the file stores.
    ///
    /// # Panics
    /// Where nobody does.
    #[must_use]
    pub fn store(&self) -> usize {
        self.world.store.expect("who stores is told where")
    }

    /// Another program's mapping of the file.
    ///
    /// # Panics
    /// Where nobody uses one.
    #[must_use]
    pub fn shared(&self) -> SharedMapping {
        self.world.shared.expect("who loads or stores through a mapping has one")
    }

    /// Whether an allocation finds the disk full, where the scenario has that for this actor.
    #[track_caller]
    #[must_use]
    pub fn is_disk_full(&self) -> bool {
        let full = Step::new(Action::Choose { of: 2 }, Label::new("disk is full", &[]));
        let full = full.showing(|w| if w == 0 { "no" } else { "yes" }.to_owned());
        let may =
            self.world.setting.allocation_can_fail && self.world.finds_disk_full & (1 << self.task.id) != 0;
        let always = self.world.always_finds_disk_full & (1 << self.task.id) != 0;
        may && (always || self.task.m.perform(full) != 0)
    }

    /// Whether the handle has no credits for another new block, where that may be once (`may`).
    #[track_caller]
    #[must_use]
    pub fn runs_out_of_credits(&self, may: Place) -> bool {
        let out = Step::new(Action::Choose { of: 2 }, Label::new("credits run out", &[]));
        let out = out.showing(|w| if w == 0 { "no" } else { "yes" }.to_owned());
        let label = Label::new("credits may run out", &[]);
        let does = test(&self.task, may, Word::MAX, Order::Relaxed, label) && self.task.m.perform(out) != 0;
        if does {
            clear(&self.task, may, Word::MAX, Label::new("in another transaction there are enough", &[]));
            reach(&self.task, "out of credits");
        }
        does
    }

    /// Whether the model plays this mutant.
    #[must_use]
    pub fn mutated(&self, mutant: Mutant) -> bool {
        self.world.setting.mutant == Some(mutant)
    }
}
