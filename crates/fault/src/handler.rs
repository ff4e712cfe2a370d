//! The page-fault handler (`mm/memory.c`, `mm/filemap.c`), and touching user memory with faults on.

use machine::{Action, Control, Flow, Label, Order, Place, Step, Word, again, call, scope};
use page_state::folio::{self, Folio, folio_put, folio_put_mapping, folio_unlock};
use page_state::steps::{attempt, change, load, report};
use page_state::{Storage, Task};

use crate::address_space::{AddressSpace, Backing, find_vma, mmap_read_lock, mmap_read_unlock};
use crate::address_space::{GONE, PRESENT};

/// A task with its address space, and what its file system does on a fault in its page.
#[derive(Clone, Copy)]
pub struct User<'a> {
    /// The task.
    pub task: Task<'a>,
    /// Its address space.
    pub mm: &'a AddressSpace,
    /// Whether a fatal signal is pending, where the scenario has signals.
    pub signal: Option<Place>,
    /// `filemap_fault` of the file that is being written: gives its page of that number locked, uptodate
    /// and referenced, or nothing where the page is beyond the end of the file.
    pub filemap_fault: &'a dyn Fn(usize) -> Option<Folio>,
}

/// Where in the source: a unit, counted from the first page's first.
pub type Address = usize;

pub(crate) fn split(storage: &Storage, address: Address) -> (usize, usize) {
    let units = storage.geometry.page_units();
    (address / units, address % units)
}

/// The page of the source in which a fault begins with this step; none where none does.
#[must_use]
pub fn faults_in(step: &Step) -> Option<usize> {
    let begins = matches!(step.action, Action::Control(Control::Call));
    (0..PAGES_MAX).find(|&page| begins && step.label == fault(page))
}

/// How many pages a source has, at most.
const PAGES_MAX: usize = 8;

fn fault(page: usize) -> Label {
    Label::new("handle_mm_fault", &[page as i32])
}

/// Handles a fault in `page`: looks for the VMA under the mmap lock and sets the entry. Tells whether
/// the access may be tried again; if not, it ends in `-EFAULT`.
#[track_caller]
pub fn handle_mm_fault(user: &User, page: usize) -> bool {
    let (task, mm) = (&user.task, user.mm);
    call(task.m, fault(page), || {
        no_page_lock_held(task);
        mmap_read_lock(task, mm);
        let mapped = find_vma(task, mm, page) && set_entry(user, page);
        mmap_read_unlock(task, mm);
        mapped
    })
}

/// Sets the entry of a page whose VMA is there, under the mmap lock.
fn set_entry(user: &User, page: usize) -> bool {
    let (task, mm) = (&user.task, user.mm);
    let at = mm.entry(page);
    let target = match mm.pages[page].backing {
        Backing::Frame | Backing::Anonymous => None,
        Backing::TargetPage(index) => match (user.filemap_fault)(index) {
            Some(folio) => Some(folio),
            None => return false,
        },
    };
    let frame = target.map_or(task.storage.source_frame(page), |folio| folio.frame);
    let entry = mm.entry_naming(page, frame);
    if target.is_some() {
        // Before the entry, so that whoever clears the entry finds the reference.
        let (references, label) = (task.storage.references(frame), Label::new("folio_add_rmap", &[]));
        change(task, references, 0, folio::MAPPING, 0, Order::Full, label);
    }
    let label = Label::new("set_pte", &[page as i32]);
    let set = attempt(task, at, PRESENT | GONE, 0, entry, Order::Release, label);
    // Another thread's fault in the same page may have been quicker.
    let gone = !set && load(task, at, GONE, Order::Relaxed, Label::new("pte_gone", &[page as i32])) != 0;
    if let Some(folio) = target {
        if gone {
            folio_put_mapping(task, frame);
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
    }
    !gone
}

/// A fault may not be taken while the same actor holds a page lock (mm/filemap.c, lock ordering).
fn no_page_lock_held(task: &Task) {
    for frame in 0..task.storage.cache_frames {
        let at = task.storage.flags(frame);
        let label = Label::new("lockdep: page lock held", &[]);
        if scope(task.m, || load(task, at, folio::LOCKED, Order::Relaxed, label) == task.id as Word + 1) {
            report(task, "fault-under-lock", Label::new("page lock", &[]));
        }
    }
}

/// Reads one unit of user memory with faults on (`__get_user`), and tells whether that went well.
#[track_caller]
pub fn get_user(user: &User, address: Address) -> bool {
    let (task, mm) = (&user.task, user.mm);
    let (page, unit) = split(task.storage, address);
    let readable = page < mm.pages.len() && mm.pages[page].readable & (1 << unit) != 0;
    call(task.m, Label::new("get_user", &[address as i32]), || {
        if page >= mm.pages.len() {
            return false;
        }
        again(task.m, Label::new("retry", &[]), false, |retried| {
            let need = AddressSpace::need(unit);
            let label = Label::new("access", &[address as i32]);
            let found = load(task, mm.entry(page), need, Order::Relaxed, label);
            if found == need {
                return Flow::Done(true);
            }
            // A tag fault is not mended by setting an entry.
            if found & PRESENT != 0 && !readable {
                return Flow::Done(false);
            }
            // fault_signal_pending: a fault that was tried again looks for a fatal signal, so that
            // somebody who takes the entry away each time can't hold a task for ever.
            let killed = retried && fatal_signal_pending(user);
            if killed || !handle_mm_fault(user, page) { Flow::Done(false) } else { Flow::Again(true) }
        })
    })
}

fn fatal_signal_pending(user: &User) -> bool {
    let label = Label::new("fault_signal_pending", &[]);
    user.signal.is_some_and(|at| load(&user.task, at, Word::MAX, Order::Relaxed, label) != 0)
}
