//! The address space that the source of the data lives in: VMAs, page-table entries, the mmap lock.

use machine::{Field, Label, Layout, Order, Peek, Place, Word};
use page_state::folio;
use page_state::steps::{change, clear, load, store, wait};
use page_state::{Storage, Task, Unit};

/// An entry: it names a frame.
pub const PRESENT: Word = 1;
/// An entry: there is nothing to map any more (the mapped file was truncated), a fault is `SIGBUS`.
pub const GONE: Word = 1 << 1;
const FRAME: Field = Field { shift: 2, width: 3 };
const READABLE_SHIFT: u8 = 5;

const WRITER: Word = 1;
const READERS: Word = 0x1f << 1;
const QUEUED: Word = 0x1f << 6;

const fn reader(actor: usize) -> Word {
    1 << (1 + actor)
}

const fn queued(actor: usize) -> Word {
    1 << (6 + actor)
}

/// The name of the cell that tells which pages have a VMA.
const VMAS: &str = "VMAs";

/// What a page of the source is a mapping of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Backing {
    /// Another file's page, or swap: a frame that stays and comes back with the same data.
    Frame,
    /// Anonymous memory: when it is unmapped, the frame becomes somebody else's.
    Anonymous,
    /// A page of the file that is being written: which.
    TargetPage(usize),
}

/// What a page of the source is, in general.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SourcePage {
    /// What it is a mapping of.
    pub backing: Backing,
    /// The units that can be read at all, one bit each; others are sub-page faults (memory tags).
    pub readable: Word,
}

/// Where the cells of an address space are.
#[derive(Clone, Debug)]
pub struct AddressSpace {
    /// The pages of the source.
    pub pages: Vec<SourcePage>,
    /// Whether `munmap` downgrades the mmap lock before it clears entries (since v4.20).
    pub downgrades: bool,
    /// Whether a copy that meets a fault may stop anywhere between its first unit and the fault, as the
    /// usercopy contract allows.
    pub stops_early: bool,
    /// Whether copied units are watched for data of a page that is not mapped any more.
    pub watched: bool,
    mmap_lock: Place,
    vmas: Place,
    entries: Place,
}

impl AddressSpace {
    /// Declares the cells for a source of `pages`.
    #[must_use]
    pub fn declare(layout: &mut Layout, pages: Vec<SourcePage>) -> AddressSpace {
        let count = pages.len();
        AddressSpace {
            pages,
            downgrades: false,
            stops_early: false,
            watched: false,
            mmap_lock: layout.cell("mmap lock", 11, show_mmap_lock),
            vmas: layout.cell(VMAS, count.max(1) as u8, |vmas| format!("{vmas:#b}")),
            entries: layout.array(count, READABLE_SHIFT + 8, show_entry, |p| format!("page-table entry {p}")),
        }
    }

    /// The page-table entry of a page of the source.
    #[must_use]
    pub fn entry(&self, page: usize) -> Place {
        self.entries.at(page)
    }

    /// Puts a mapped page into an initial state; `present` says whether its entry names a frame.
    pub fn map_initially(&self, cells: &mut [Word], page: usize, frame: Option<usize>) {
        cells[self.vmas.index()] |= 1 << page;
        cells[self.entries.at(page).index()] = frame.map_or(0, |frame| self.entry_naming(page, frame));
    }

    /// The value of an entry of `page` that names `frame`.
    ///
    /// # Panics
    /// If the frame's number is more than an entry can hold.
    #[must_use]
    pub fn entry_naming(&self, page: usize, frame: usize) -> Word {
        assert!(frame < 1 << FRAME.width, "a page-table entry names one of 8 frames");
        PRESENT | (frame as Word) << FRAME.shift | self.pages[page].readable << READABLE_SHIFT
    }

    /// The bits of an entry that a read of `unit` needs.
    pub(crate) fn need(unit: usize) -> Word {
        PRESENT | 1 << (READABLE_SHIFT as usize + unit)
    }

    /// Where the number of the frame stands in an entry.
    pub(crate) const fn frame_field() -> Field {
        FRAME
    }

    /// The mmap lock is held or waited for by nobody.
    #[must_use]
    pub fn lock_is_free(&self, memory: &dyn Peek) -> bool {
        memory.peek(self.mmap_lock) == 0
    }

    /// The letters of a picture: per page of the source, what an access finds.
    #[must_use]
    pub fn picture(&self, memory: &dyn Peek) -> String {
        let pages: Vec<&str> = (0..self.pages.len())
            .map(|page| {
                let entry = memory.peek(self.entries.at(page));
                if entry & PRESENT != 0 {
                    "present"
                } else if memory.peek(self.vmas) & (1 << page) == 0 {
                    "not mapped"
                } else if entry & GONE != 0 {
                    "truncated"
                } else {
                    "absent"
                }
            })
            .collect();
        pages.join(" | ")
    }
}

/// The cell that tells which pages of a source have a VMA, a bit each; none where no address space is declared.
#[must_use]
pub fn vmas_of(layout: &Layout) -> Option<Place> {
    let at = layout.cells().iter().position(|cell| cell.name == VMAS)?;
    Some(Place(at as u16))
}

fn show_mmap_lock(lock: Word) -> String {
    let mut names = Vec::new();
    if lock & WRITER != 0 {
        names.push("written".to_owned());
    }
    names.extend((0..5).filter(|&a| lock & reader(a) != 0).map(|a| format!("read by actor {a}")));
    names.extend((0..5).filter(|&a| lock & queued(a) != 0).map(|a| format!("actor {a} queued")));
    names.join(" ")
}

fn show_entry(entry: Word) -> String {
    if entry & PRESENT != 0 {
        format!("frame {}", FRAME.of(entry))
    } else if entry & GONE != 0 {
        "gone".to_owned()
    } else {
        "absent".to_owned()
    }
}

fn word(name: &'static str) -> Label {
    Label::new(name, &[])
}

fn of_page(name: &'static str, page: usize) -> Label {
    Label::new(name, &[page as i32])
}

/// Takes the mmap lock for reading. Readers wait for queued writers, too.
#[track_caller]
pub fn mmap_read_lock(task: &Task, mm: &AddressSpace) {
    let mine = reader(task.id);
    wait(task, mm.mmap_lock, WRITER | QUEUED, 0, mine, Order::Acquire, word("mmap_read_lock"));
}

/// Gives the mmap lock back after reading.
#[track_caller]
pub fn mmap_read_unlock(task: &Task, mm: &AddressSpace) {
    change(task, mm.mmap_lock, reader(task.id), 0, 0, Order::Release, word("mmap_read_unlock"));
}

/// Queues for the mmap lock and takes it for writing.
#[track_caller]
pub fn mmap_write_lock(task: &Task, mm: &AddressSpace) {
    let mine = queued(task.id);
    change(task, mm.mmap_lock, 0, mine, 0, Order::Full, word("mmap_write_lock: queued"));
    wait(task, mm.mmap_lock, WRITER | READERS, mine, WRITER, Order::Acquire, word("mmap_write_lock"));
}

/// Gives the mmap lock back after writing.
#[track_caller]
pub fn mmap_write_unlock(task: &Task, mm: &AddressSpace) {
    change(task, mm.mmap_lock, WRITER, 0, 0, Order::Release, word("mmap_write_unlock"));
}

/// Goes from writing to reading without letting go.
#[track_caller]
pub fn mmap_write_downgrade(task: &Task, mm: &AddressSpace) {
    let mine = reader(task.id);
    change(task, mm.mmap_lock, WRITER, mine, 0, Order::Release, word("mmap_write_downgrade"));
}

/// Whether a VMA covers the page.
#[track_caller]
pub fn find_vma(task: &Task, mm: &AddressSpace, page: usize) -> bool {
    load(task, mm.vmas, 1 << page, Order::Relaxed, of_page("find_vma", page)) != 0
}

/// Removes the VMA of a page; the mmap lock is held for writing.
#[track_caller]
pub fn detach_vma(task: &Task, mm: &AddressSpace, page: usize) {
    clear(task, mm.vmas, 1 << page, of_page("detach_vma", page));
}

/// Clears the page-table entry of a page and flushes; the frame is let go after that. `bits` are set in
/// the entry.
#[track_caller]
pub(crate) fn zap_entry(task: &Task, mm: &AddressSpace, page: usize, bits: Word) {
    let at = mm.entry(page);
    let old = change(task, at, Word::MAX, bits, Word::MAX, Order::Full, of_page("ptep_clear_flush", page));
    let frame = FRAME.of(old) as usize;
    if old & PRESENT != 0 && frame < task.storage.cache_frames {
        folio::folio_put_mapping(task, frame);
    }
}

/// Lets the frame of an anonymous page go: it becomes somebody else's.
#[track_caller]
pub fn free_anonymous(task: &Task, mm: &AddressSpace, page: usize) {
    if mm.pages[page].backing != Backing::Anonymous {
        return;
    }
    let storage: &Storage = task.storage;
    for unit in 0..storage.geometry.page_units() {
        let at = storage.unit(storage.source_frame(page), unit);
        store(task, at, Unit::Stale.word(), Order::Relaxed, of_page("free_pages", page));
    }
}
