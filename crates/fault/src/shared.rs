//! Another program's mapping of the file that is being written: loads and stores through it, and how the
//! kernel takes it away (`mm/memory.c`, `mm/rmap.c`).
//!
//! An access and the entry that permits it are one: who clears an entry or its write permission flushes,
//! and so waits for the accesses that are under way. `ACCESSED` stands for them.

use machine::{Field, Label, Layout, Order, Place, Word};
use page_state::folio::{self, Folio};
use page_state::steps::{attempt, clear, test, wait};
use page_state::{Storage, Task};

const PRESENT: Word = 1;
const WRITABLE: Word = 1 << 1;
/// An access is under way.
const ACCESSED: Word = 1 << 2;
const FRAME: Field = Field { shift: 3, width: 3 };

/// Where the page-table entries of the mapping are, one for each page of the file.
#[derive(Clone, Copy, Debug)]
pub struct SharedMapping {
    entries: Place,
}

fn show_entry(entry: Word) -> String {
    if entry & PRESENT == 0 {
        return "absent".to_owned();
    }
    format!("frame {}{}", FRAME.of(entry), if entry & WRITABLE == 0 { "" } else { " writable" })
}

fn of_page(task: &Task, name: &'static str, index: usize) -> Label {
    task.of_page(name, index)
}

impl SharedMapping {
    /// Declares the cells; nothing is mapped at first.
    #[must_use]
    pub fn declare(layout: &mut Layout, storage: &Storage) -> SharedMapping {
        let entries = layout.array(storage.geometry.pages(), 6, show_entry, |p| format!("shared entry {p}"));
        SharedMapping { entries }
    }

    fn entry(self, index: usize) -> Place {
        self.entries.at(index)
    }
}

/// Sets the entry of a page, which is locked and referenced by the actor.
#[track_caller]
pub fn set_shared_entry(task: &Task, mapping: SharedMapping, folio: Folio, writable: bool) {
    let write = if writable { WRITABLE } else { 0 };
    let at = mapping.entry(folio.index);
    folio::folio_get_shared(task, folio);
    let set = PRESENT | write | (folio.frame as Word) << FRAME.shift;
    wait(task, at, ACCESSED, Word::MAX, set, Order::Full, of_page(task, "set_pte", folio.index));
}

/// Begins an access through the mapping, if the entry permits it; gives the frame. The access ends with
/// [`end_access`].
#[track_caller]
pub fn begin_access(task: &Task, mapping: SharedMapping, index: usize, writes: bool) -> Option<usize> {
    machine::call(task.m, of_page(task, "access", index), || {
        // Which frame it is can't change between the look and the access: the guard names it.
        (0..task.storage.cache_frames).map(|frame| frame as u8).find(|&frame| {
            let write = if writes { WRITABLE } else { 0 };
            let entry = PRESENT | write | Word::from(frame) << FRAME.shift;
            begin_at(task, mapping.entry(index), entry, writes, frame)
        })
    })
    .map(usize::from)
}

/// The guard of a step wants bits to be 0, so the entry is looked at first and held then.
fn begin_at(task: &Task, at: Place, entry: Word, writes: bool, frame: u8) -> bool {
    let named = PRESENT | if writes { WRITABLE } else { 0 } | 0b111 << FRAME.shift;
    let label = Label::new("pte", &[i32::from(frame)]);
    let is_entry = || page_state::steps::load(task, at, named, Order::Relaxed, label) == entry;
    machine::scope(task.m, || {
        is_entry()
            && attempt(task, at, ACCESSED, 0, ACCESSED, Order::Full, Label::new("begin_access", &[]))
            && {
                let still = is_entry();
                if !still {
                    clear(task, at, ACCESSED, Label::new("end_access", &[]));
                }
                still
            }
    })
}

/// Ends an access through the mapping.
#[track_caller]
pub fn end_access(task: &Task, mapping: SharedMapping, index: usize) {
    clear(task, mapping.entry(index), ACCESSED, of_page(task, "end_access", index));
}

/// Takes the page out of the mapping (`unmap_mapping_pages`, `try_to_unmap`).
#[track_caller]
pub fn unmap_shared(task: &Task, mapping: SharedMapping, index: usize) {
    machine::call(task.m, of_page(task, "unmap_mapping_pages", index), || {
        let at = mapping.entry(index);
        let label = Label::new("flush_tlb", &[]);
        wait(task, at, ACCESSED, 0, ACCESSED, Order::Full, label);
        let old = page_state::steps::load(task, at, Word::MAX, Order::Relaxed, Label::new("pte", &[]));
        page_state::steps::change(task, at, Word::MAX, 0, 0, Order::Full, Label::new("ptep_clear", &[]));
        if old & PRESENT != 0 {
            folio::folio_put_shared(task, FRAME.of(old) as usize);
        }
    });
}

/// Whether the entry of a page, which is locked, permits stores.
#[track_caller]
pub fn is_shared_writable(task: &Task, mapping: SharedMapping, index: usize) -> bool {
    test(task, mapping.entry(index), WRITABLE, Order::Relaxed, of_page(task, "pte_write", index))
}

/// Takes the write permission away, so that the next store faults (`folio_mkclean`).
#[track_caller]
pub fn mkclean_shared(task: &Task, mapping: SharedMapping, index: usize) {
    let label = of_page(task, "folio_mkclean", index);
    wait(task, mapping.entry(index), ACCESSED, WRITABLE, 0, Order::Full, label);
}
