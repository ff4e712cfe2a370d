//! In what the files of a file system differ from those of the model around it.

use c_run::Value;
use machine::{Label, Layout, Order, Place, Word};
use models::FileSystem;
use models::family::File;
use models::generic::truncate::{pagecache_isize_extended, truncate_inode_pages};
use models::kernel::{Kernel, World};
use page_state::Geometry;
use page_state::inode::{i_size_read, i_size_write};
use page_state::steps::{load, store};

/// In what the files of a file system differ from those of the model around it.
#[derive(Clone, Copy, Debug)]
pub struct Files {
    /// Whether a file can have holes.
    pub have_holes: bool,
    /// How many pages they can have.
    pub pages_max: usize,
    /// Whether a write can fail although nothing around it does.
    pub can_refuse: bool,
    /// Whether there is direct I/O, where the model around it has some.
    pub has_direct_io: bool,
    /// Whether `invalidate_lock` is held while a file is cut, where the model around it does so.
    pub takes_invalidate_lock: bool,
    /// How a file is truncated.
    pub truncation: Truncation,
    /// A size that the file system keeps beside `i_size`.
    pub own_size: Option<OwnSize>,
    /// What the text does to pages, beside a writer.
    pub pages: Pages,
}

/// How a file is truncated.
#[derive(Clone, Copy, Debug)]
pub enum Truncation {
    /// As in the model around it.
    OfTheBase,
    /// By `truncate_setsize` alone: the blocks stay, and what is in them.
    SizeAlone,
    /// The size and what is in the page cache beyond it, by the text's `invalidate_folio`; then the server is told.
    SizeThenServer {
        /// Whether the page cache is cut before the size is set.
        page_cache_first: bool,
    },
    /// To less as in the model around it; to more it is refused.
    ToLess,
    /// To less as in the model around it; to more by the text's `generic_cont_expand_simple`.
    Expands,
    /// The same, and `i_size` is there before: where the page cache can't be filled up to it, the file ends where its
    /// own size is.
    ExpandsBehindTheSize,
    /// The same, up to the end of a page by this function of the text, which takes the inode and the size.
    ExpandsBy(&'static str),
}

/// What the text does to pages, beside a writer: functions of it that everybody runs in place of those of the model around
/// the writer.
#[derive(Clone, Copy, Debug)]
pub struct Pages {
    /// `read_folio`: takes a `struct file *` and the page.
    pub read: Option<&'static str>,
    /// Sends a page that is locked and was dirty: takes it and a `struct writeback_control *`, which is `NULL`.
    pub write: Option<&'static str>,
    /// Whether that unlocks the page and ends its writeback.
    pub write_unlocks: bool,
    /// `invalidate_folio`: takes the page, and where what goes begins and how long it is.
    pub invalidate: Option<&'static str>,
    /// `release_folio`: takes the page and a `gfp_t`.
    pub release: Option<&'static str>,
    /// What the text gets where it allocates an object, as it is before it is set: one at a time in a run.
    pub made: Option<fn() -> Value>,
}

impl Pages {
    /// Nothing.
    pub const OF_THE_BASE: Pages =
        Pages { read: None, write: None, write_unlocks: false, invalidate: None, release: None, made: None };
}

/// A size that a file system keeps beside `i_size`, such as `mmu_private`, in memory only.
#[derive(Clone, Copy, Debug)]
pub struct OwnSize {
    /// The member of the file system's part of the inode.
    pub member: &'static str,
    /// What it is for a file of so many units that was opened.
    pub of: fn(usize, Geometry) -> usize,
}

/// Units of the file, and one block more.
const BITS: u8 = 8;

impl Files {
    /// In nothing.
    pub const OF_THE_BASE: Files = Files {
        have_holes: true,
        pages_max: usize::MAX,
        can_refuse: false,
        has_direct_io: true,
        takes_invalidate_lock: true,
        truncation: Truncation::OfTheBase,
        own_size: None,
        pages: Pages::OF_THE_BASE,
    };
}

impl Truncation {
    /// What of the text is run.
    pub(super) fn runs(self) -> impl Iterator<Item = &'static str> {
        let expands =
            matches!(self, Truncation::Expands | Truncation::ExpandsBehindTheSize | Truncation::ExpandsBy(_));
        let functions = [self.expands(false), self.expands(true)];
        functions.into_iter().filter(move |_| expands)
    }

    /// What of the text truncates a file to more than it has; up to the end of a page, or not.
    pub(super) fn expands(self, to_the_end_of_a_page: bool) -> &'static str {
        match self {
            Truncation::ExpandsBy(function) if to_the_end_of_a_page => function,
            _ => super::EXPAND,
        }
    }
}

impl OwnSize {
    /// It is itself the size.
    pub const fn is_the_size(member: &'static str) -> OwnSize {
        OwnSize { member, of: |size, _| size }
    }

    /// It is where the last block ends.
    pub const fn is_of_blocks(member: &'static str) -> OwnSize {
        OwnSize { member, of: |size, geometry| geometry.blocks_of(size) << geometry.block_shift }
    }

    pub(super) fn declare(&self, layout: &mut Layout) -> Place {
        layout.cell(self.member, BITS, machine::show_number)
    }

    pub(super) fn set_up(&self, world: &World, file: &File, cells: &mut [Word]) {
        let size = (self.of)(file.size, world.storage.geometry);
        cells[place(world).index()] = size as Word;
    }

    /// What it is.
    #[track_caller]
    pub fn read(&self, k: &Kernel) -> usize {
        load(&k.task, place(k.world), Word::MAX, Order::Relaxed, Label::new(self.member, &[])) as usize
    }

    /// Sets it.
    #[track_caller]
    pub fn write(&self, k: &Kernel, size: usize) {
        let label = Label::new(self.member, &[size as i32]);
        store(&k.task, place(k.world), size as Word, Order::Relaxed, label);
    }

    /// The file was cut to so many units: it is not beyond them.
    #[track_caller]
    pub fn cut(&self, k: &Kernel, size: usize) {
        let cut = (self.of)(size, k.task.storage.geometry);
        if self.read(k) > cut {
            self.write(k, cut);
        }
    }
}

/// The cell is the last of those that the file system declares.
fn place(world: &World) -> Place {
    world.private.last().copied().unwrap_or(Place::NOWHERE)
}

/// `truncate_setsize`: the size, and what is in the page cache beyond it.
#[track_caller]
pub(crate) fn truncate_setsize(k: &Kernel, fs: &dyn FileSystem, size: usize) {
    machine::call(k.task.m, Label::new("truncate_setsize", &[size as i32]), || {
        let old_size = i_size_read(&k.task);
        i_size_write(&k.task, size);
        if size > old_size {
            pagecache_isize_extended(k, fs, old_size, size);
        }
        truncate_inode_pages(k, fs, size);
    });
}
