//! The words of the source under the kernel's memory order, in every interleaving.

#[path = "../../page-state/tests/support/loomed.rs"]
mod loomed;

use std::collections::BTreeSet;

use fault::{
    AddressSpace, Backing, GONE, PRESENT, SourcePage, User, copy_from_user_atomic, find_vma, get_user,
    madvise_dontneed, mmap_read_lock, mmap_read_unlock, mmap_write_downgrade, mmap_write_lock,
    mmap_write_unlock, munmap, truncate_source, try_to_unmap,
};
use loomed::{Actor, End, Outcome, World, explore, returns};
use machine::{Action, Demand, Flow, Label, Layout, Order, Peek, Place, Step, Word, again};
use page_state::folio::{
    self, Folio, filemap_get_folio, filemap_remove_folio, folio_in_cache, folio_lock, folio_put, folio_unlock,
};
use page_state::steps::{attempt, copy_unit, load, store, wait};
use page_state::unit::ALL_BUT_STALE;
use page_state::{Geometry, Storage, Task, Unit};

/// The page that is written: in the page cache.
const TARGET: Folio = Folio { frame: 0, index: 0 };
/// A frame beside it.
const OTHER: Folio = Folio { frame: 1, index: 0 };

/// A file, a source, and a cell or two for the tests' own use.
#[derive(Clone)]
struct Source {
    storage: Storage,
    mm: AddressSpace,
    own: Place,
    cells: Vec<Word>,
}

impl World for Source {
    fn storage(&self) -> &Storage {
        &self.storage
    }
    fn entries(&self) -> Vec<Place> {
        (0..self.mm.pages.len()).map(|page| self.mm.entry(page)).collect()
    }
}

/// A source of mapped pages of `backing`, their entries set or not. Unit `i` of the source holds the
/// writer's data for position `i`, the target holds `Old`.
fn source(page_shift: u8, backing: &[Backing], present: bool) -> Source {
    let geometry = Geometry { page_shift, block_shift: 0, pages: 1 };
    let units = geometry.page_units();
    let mut layout = Layout::new();
    let storage = Storage::declare(&mut layout, geometry, 2, backing.len(), 2, true);
    let readable = (1 << units) - 1;
    let pages: Vec<_> = backing.iter().map(|&backing| SourcePage { backing, readable }).collect();
    let mm = AddressSpace::declare(&mut layout, pages);
    let own = layout.array(2, 8, machine::show_number, |i| format!("own {i}"));
    let mut cells = vec![0; layout.len()];
    cells[storage.slot(0).index()] = 1;
    cells[storage.references(0).index()] = folio::BUSY | folio::CACHE;
    cells[storage.flags(0).index()] = folio::UPTODATE;
    cells[storage.references(1).index()] = folio::BUSY;
    for unit in 0..units {
        cells[storage.unit(0, unit).index()] = Unit::Old(unit).word();
        cells[storage.unit(1, unit).index()] = Unit::Old(unit).word();
    }
    for (page, backing) in backing.iter().enumerate() {
        let frame = if *backing == Backing::TargetPage(0) { 0 } else { storage.source_frame(page) };
        mm.map_initially(&mut cells, page, present.then_some(frame));
        if *backing == Backing::TargetPage(0) {
            if present {
                cells[storage.references(0).index()] |= folio::MAPPING;
            }
            continue;
        }
        for unit in 0..units {
            let position = page * units + unit;
            cells[storage.unit(frame, unit).index()] = Unit::New { writer: 0, position }.word();
        }
    }
    Source { storage, mm, own, cells }
}

fn run(source: &Source, actors: &[Actor<Source>]) -> BTreeSet<Outcome> {
    explore(source, &source.cells, actors)
}

fn addresses(base: usize, len: usize) -> Vec<usize> {
    (base..base + len).collect()
}

/// `filemap_fault`: the page locked and referenced, unless it has left the page cache.
fn filemap_fault(task: &Task) -> Option<Folio> {
    again(task.m, Label::new("filemap_fault", &[]), (), |()| {
        let Some(folio) = filemap_get_folio(task, 0) else { return Flow::Done(None) };
        folio_lock(task, folio);
        if folio_in_cache(task, folio) {
            return Flow::Done(Some(folio));
        }
        folio_unlock(task, folio);
        folio_put(task, folio);
        Flow::Again(())
    })
}

/// Does something as the process that the source belongs to.
fn as_user<R>(task: &Task, source: &Source, body: impl FnOnce(&User) -> R) -> R {
    body(&User { task: *task, mm: &source.mm, signal: None, filemap_fault: &|_| filemap_fault(task) })
}

fn get(task: &Task, source: &Source, index: usize) -> Word {
    load(task, source.own.at(index), Word::MAX, Order::Relaxed, Label::new("get", &[]))
}

fn put(task: &Task, source: &Source, index: usize, value: Word) {
    store(task, source.own.at(index), value, Order::Relaxed, Label::new("put", &[]));
}

fn set_of(returned: &[&[Word]]) -> BTreeSet<Vec<Word>> {
    returned.iter().map(|words| words.to_vec()).collect()
}

fn read_both(task: &Task, source: &Source) -> Word {
    mmap_read_lock(task, &source.mm);
    let seen = get(task, source, 0) << 1 | get(task, source, 1);
    mmap_read_unlock(task, &source.mm);
    seen
}

fn write_both(task: &Task, source: &Source) -> Word {
    mmap_write_lock(task, &source.mm);
    put(task, source, 0, 1);
    put(task, source, 1, 1);
    mmap_write_unlock(task, &source.mm);
    0
}

#[test]
fn a_writer_of_the_mmap_lock_excludes_readers_and_publishes() {
    let source = source(0, &[Backing::Frame], true);
    let outcomes = run(&source, &[write_both, read_both]);
    assert_eq!(returns(&outcomes), set_of(&[&[0, 0], &[0, 3]]));
    assert!(outcomes.iter().all(|o| source.mm.lock_is_free(&o.cells)));
}

#[test]
fn a_reader_without_the_mmap_lock_is_caught() {
    let source = source(0, &[Backing::Frame], true);
    let without_lock: Actor<Source> = |task, source| get(task, source, 0) << 1 | get(task, source, 1);
    assert!(returns(&run(&source, &[write_both, without_lock])).contains(&vec![0, 2]));
}

#[test]
fn writers_of_the_mmap_lock_exclude_each_other() {
    let source = source(0, &[Backing::Frame], true);
    let actor: Actor<Source> = |task, source| {
        mmap_write_lock(task, &source.mm);
        let seen = get(task, source, 0);
        put(task, source, 0, seen + 1);
        mmap_write_unlock(task, &source.mm);
        seen
    };
    assert_eq!(returns(&run(&source, &[actor, actor])), set_of(&[&[0, 1], &[1, 0]]));
}

#[test]
fn readers_share_the_mmap_lock() {
    let source = source(0, &[Backing::Frame], true);
    // Each waits for the other while it holds the lock.
    let actor: Actor<Source> = |task, source| {
        mmap_read_lock(task, &source.mm);
        store(task, source.own.at(task.id), 0, Order::Release, Label::new("here", &[]));
        let other = source.own.at(1 - task.id);
        wait(task, other, 1, 0, 0, Order::Acquire, Label::new("there", &[]));
        mmap_read_unlock(task, &source.mm);
        0
    };
    let mut cells = source.cells.clone();
    (cells[source.own.index()], cells[source.own.at(1).index()]) = (1, 1);
    assert!(explore(&source, &cells, &[actor, actor]).iter().all(Outcome::is_done));
}

#[test]
fn a_reader_that_reads_again_deadlocks_with_a_queued_writer() {
    let source = source(0, &[Backing::Frame], true);
    let twice: Actor<Source> = |task, source| {
        mmap_read_lock(task, &source.mm);
        mmap_read_lock(task, &source.mm);
        mmap_read_unlock(task, &source.mm);
        0
    };
    let ends: BTreeSet<Vec<End>> = run(&source, &[twice, write_both]).into_iter().map(|o| o.ends).collect();
    let done = vec![End::Returned(0), End::Returned(0)];
    let dead = vec![End::Stuck("mmap_read_lock"), End::Stuck("mmap_write_lock")];
    assert_eq!(ends, BTreeSet::from([done, dead]));
    // Beside another reader it is fine.
    let outcomes = run(&source, &[twice, read_both]);
    assert!(outcomes.iter().all(Outcome::is_done));
}

/// A writer of the lock that holds it until a reader has been here: with `downgrade`, as a reader.
fn until_a_reader_was_here(downgrade: bool) -> BTreeSet<bool> {
    let mut source = source(0, &[Backing::Frame], true);
    source.mm.downgrades = downgrade;
    source.cells[source.own.index()] = 1;
    let actors: [Actor<Source>; 2] = [
        |task, source| {
            mmap_write_lock(task, &source.mm);
            if source.mm.downgrades {
                mmap_write_downgrade(task, &source.mm);
            }
            wait(task, source.own, 1, 0, 0, Order::Acquire, Label::new("there", &[]));
            0
        },
        |task, source| {
            mmap_read_lock(task, &source.mm);
            store(task, source.own, 0, Order::Release, Label::new("here", &[]));
            mmap_read_unlock(task, &source.mm);
            0
        },
    ];
    run(&source, &actors).iter().map(Outcome::is_done).collect()
}

#[test]
fn a_downgrade_lets_readers_in() {
    assert_eq!(until_a_reader_was_here(true), BTreeSet::from([true]));
    assert!(until_a_reader_was_here(false).contains(&false));
}

#[test]
fn a_downgrade_keeps_writers_out_and_publishes() {
    let source = source(0, &[Backing::Frame], true);
    let downgrades: Actor<Source> = |task, source| {
        mmap_write_lock(task, &source.mm);
        put(task, source, 0, 1);
        mmap_write_downgrade(task, &source.mm);
        let seen = get(task, source, 0);
        mmap_read_unlock(task, &source.mm);
        seen
    };
    let writes: Actor<Source> = |task, source| {
        mmap_write_lock(task, &source.mm);
        let seen = get(task, source, 0);
        put(task, source, 0, 2);
        mmap_write_unlock(task, &source.mm);
        seen
    };
    assert_eq!(returns(&run(&source, &[downgrades, writes])), set_of(&[&[1, 0], &[1, 1]]));
    let reads: Actor<Source> = |task, source| {
        mmap_read_lock(task, &source.mm);
        let seen = get(task, source, 0);
        mmap_read_unlock(task, &source.mm);
        seen
    };
    assert_eq!(returns(&run(&source, &[downgrades, reads])), set_of(&[&[1, 0], &[1, 1]]));
}

fn touch(task: &Task, source: &Source) -> Word {
    Word::from(as_user(task, source, |user| get_user(user, 0)))
}

fn unmap_all(task: &Task, source: &Source) -> Word {
    munmap(task, &source.mm, 0..source.mm.pages.len());
    0
}

#[test]
fn no_entry_survives_munmap() {
    for (downgrades, present) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut source = source(0, &[Backing::Frame], present);
        source.mm.downgrades = downgrades;
        let outcomes = run(&source, &[touch, unmap_all]);
        assert_eq!(returns(&outcomes), set_of(&[&[0, 0], &[1, 0]]));
        for outcome in outcomes {
            assert_eq!(outcome.cells.peek(source.mm.entry(0)), 0, "{outcome:?}");
            assert_eq!(source.mm.picture(&outcome.cells), "not mapped");
            assert!(source.mm.lock_is_free(&outcome.cells));
        }
    }
}

#[test]
fn a_fault_that_looks_for_the_vma_before_it_has_the_lock_is_caught() {
    let source = source(0, &[Backing::Frame], false);
    let too_early: Actor<Source> = |task, source| {
        if find_vma(task, &source.mm, 0) {
            mmap_read_lock(task, &source.mm);
            let entry = source.mm.entry_naming(0, source.storage.source_frame(0));
            attempt(task, source.mm.entry(0), PRESENT, 0, entry, Order::Release, Label::new("set_pte", &[]));
            mmap_read_unlock(task, &source.mm);
        }
        0
    };
    let outcomes = run(&source, &[too_early, unmap_all]);
    assert!(outcomes.iter().any(|o| o.cells.peek(source.mm.entry(0)) & PRESENT != 0));
}

#[test]
fn a_page_that_two_fault_in_is_there_for_both() {
    let source = source(0, &[Backing::Frame], false);
    let outcomes = run(&source, &[touch, touch]);
    assert_eq!(returns(&outcomes), set_of(&[&[1, 1]]));
    let entry = source.mm.entry_naming(0, source.storage.source_frame(0));
    assert!(outcomes.iter().all(|o| o.cells.peek(source.mm.entry(0)) == entry));
}

#[test]
fn a_truncated_source_stays_gone() {
    let source = source(0, &[Backing::Frame], false);
    let truncates: Actor<Source> = |task, source| {
        truncate_source(task, &source.mm, 0..1);
        0
    };
    let outcomes = run(&source, &[touch, truncates]);
    assert_eq!(returns(&outcomes), set_of(&[&[0, 0], &[1, 0]]));
    assert!(outcomes.iter().all(|o| o.cells.peek(source.mm.entry(0)) == GONE));
}

/// How many units of each source page were copied, after checking that exactly those are in the target.
fn copied(source: &Source, outcomes: &BTreeSet<Outcome>, len: usize) -> BTreeSet<Word> {
    for outcome in outcomes {
        let count = outcome.returned()[0] as usize;
        for unit in 0..len {
            let expected =
                if unit < count { Unit::New { writer: 0, position: unit } } else { Unit::Old(unit) };
            assert_eq!(source.storage.peek_unit(&outcome.cells, 1, unit), expected, "{outcome:?}");
        }
        assert!(outcome.broken.is_empty(), "{outcome:?}");
    }
    outcomes.iter().map(|o| o.returned()[0]).collect()
}

fn copy_two(task: &Task, source: &Source) -> Word {
    as_user(task, source, |user| copy_from_user_atomic(user, &addresses(0, 2), OTHER, 0)) as Word
}

#[test]
fn a_copy_beside_munmap_copies_the_prefix_that_it_reports() {
    // Within one page.
    let mut one = source(1, &[Backing::Anonymous], true);
    one.mm.watched = true;
    assert_eq!(copied(&one, &run(&one, &[copy_two, unmap_all]), 2), BTreeSet::from([0, 1, 2]));
    // Straddling two, of which the second goes.
    let mut two = source(1, &[Backing::Anonymous, Backing::Anonymous], true);
    two.mm.watched = true;
    let copy: Actor<Source> = |task, source| {
        as_user(task, source, |user| copy_from_user_atomic(user, &addresses(1, 2), OTHER, 0)) as Word
    };
    let unmap: Actor<Source> = |task, source| {
        munmap(task, &source.mm, 1..2);
        0
    };
    let outcomes = run(&two, &[copy, unmap]);
    assert_eq!(returns(&outcomes), set_of(&[&[1, 0], &[2, 0]]));
    for outcome in outcomes {
        assert!(outcome.broken.is_empty(), "{outcome:?}");
        let unit = |unit| two.storage.peek_unit(&outcome.cells, 1, unit);
        let second =
            if outcome.returned()[0] == 2 { Unit::New { writer: 0, position: 2 } } else { Unit::Old(1) };
        assert_eq!([unit(0), unit(1)], [Unit::New { writer: 0, position: 1 }, second]);
    }
}

/// Looks once whether the page is there, and then copies from its frame, whatever becomes of the mapping.
fn copy_translating_once(task: &Task, source: &Source) {
    let storage = &source.storage;
    let there = load(task, source.mm.entry(0), PRESENT, Order::Relaxed, Label::new("translate", &[]));
    for unit in (0..2).filter(|_| there != 0) {
        let (from, to) = (storage.unit(storage.source_frame(0), unit), storage.unit(OTHER.frame, unit));
        copy_unit(task, from, to, Label::new("copy_unit", &[]));
        let witness = Label::new("unit", &[unit as i32]);
        let demand = Demand { among: ALL_BUT_STALE, property: "copy-after-unmap", witness };
        let action = Action::Require { at: to, demands: [Some(demand), None] };
        task.m.perform(Step::new(action, Label::new("watch", &[])));
    }
}

#[test]
fn a_copy_that_translates_once_is_caught() {
    let source = source(1, &[Backing::Anonymous], true);
    let once: Actor<Source> = |task, source| {
        copy_translating_once(task, source);
        0
    };
    let broken: BTreeSet<String> =
        run(&source, &[once, unmap_all]).into_iter().flat_map(|o| o.broken).collect();
    assert!(broken.contains("copy-after-unmap: unit(1)"), "{broken:?}");
}

/// Copies with retries, as a write does.
fn copy_until_done(task: &Task, source: &Source) -> Word {
    as_user(task, source, |user| {
        let mut done = 0;
        while done < 2 {
            if !get_user(user, done) {
                break;
            }
            done += copy_from_user_atomic(user, &addresses(done, 2 - done), OTHER, done);
        }
        done as Word
    })
}

#[test]
fn a_page_that_is_dropped_comes_back_with_its_data() {
    let source = source(1, &[Backing::Frame], false);
    let drops: Actor<Source> = |task, source| {
        madvise_dontneed(task, &source.mm, 0..1);
        0
    };
    let reclaims: Actor<Source> = |task, source| {
        try_to_unmap(task, &source.mm, 0);
        0
    };
    for adversary in [drops, reclaims] {
        let outcomes = run(&source, &[copy_until_done, adversary]);
        assert_eq!(copied(&source, &outcomes, 2), BTreeSet::from([2]));
        let entries: BTreeSet<bool> =
            outcomes.iter().map(|o| o.cells.peek(source.mm.entry(0)) & PRESENT != 0).collect();
        assert_eq!(entries.len(), 2, "it may be dropped first or last");
    }
    // After munmap it does not.
    let outcomes = run(&source, &[copy_until_done, unmap_all]);
    assert_eq!(copied(&source, &outcomes, 2), BTreeSet::from([0, 1, 2]));
}

#[test]
fn a_fault_in_the_page_that_the_same_actor_has_locked_is_reported_and_stuck() {
    let locked: Actor<Source> = |task, source| {
        folio_lock(task, TARGET);
        touch(task, source)
    };
    let broken = BTreeSet::from(["fault-under-lock: page lock".to_owned()]);
    // Its own page can't be locked again.
    let target = source(0, &[Backing::TargetPage(0)], false);
    for outcome in run(&target, &[locked]) {
        assert_eq!((outcome.ends, outcome.broken), (vec![End::Stuck("folio_lock")], broken.clone()));
    }
    // Another page can be faulted in, but that was luck.
    let other = source(0, &[Backing::Frame], false);
    for outcome in run(&other, &[locked]) {
        assert_eq!((outcome.ends, outcome.broken), (vec![End::Returned(1)], broken.clone()));
    }
    // Without the lock nothing is wrong.
    for outcome in run(&target, &[touch]) {
        assert_eq!((outcome.ends, outcome.broken), (vec![End::Returned(1)], BTreeSet::new()));
    }
}

#[test]
fn the_page_lock_and_the_mmap_lock_in_the_wrong_order_deadlock() {
    // Nick Piggin's third: a fault under the page lock, beside a holder of the mmap lock that wants the page.
    let source = source(0, &[Backing::Frame], false);
    let faults: Actor<Source> = |task, source| {
        folio_lock(task, TARGET);
        let mapped = touch(task, source);
        folio_unlock(task, TARGET);
        mapped
    };
    let populates: Actor<Source> = |task, source| {
        mmap_write_lock(task, &source.mm);
        folio_lock(task, TARGET);
        folio_unlock(task, TARGET);
        mmap_write_unlock(task, &source.mm);
        0
    };
    let ends: BTreeSet<Vec<End>> = run(&source, &[faults, populates]).into_iter().map(|o| o.ends).collect();
    let dead = vec![End::Stuck("mmap_read_lock"), End::Stuck("folio_lock")];
    assert_eq!(ends, BTreeSet::from([vec![End::Returned(1), End::Returned(0)], dead]));
}

#[test]
fn a_mapped_page_that_is_truncated_is_freed_once_and_not_mapped_again() {
    for present in [false, true] {
        let source = source(0, &[Backing::TargetPage(0)], present);
        let truncates: Actor<Source> = |task, source| {
            let Some(folio) = filemap_get_folio(task, 0) else { return 9 };
            folio_lock(task, folio);
            filemap_remove_folio(task, folio, false);
            try_to_unmap(task, &source.mm, 0);
            folio_unlock(task, folio);
            folio_put(task, folio);
            0
        };
        let copies: Actor<Source> = |task, source| {
            let touched = touch(task, source);
            let copied =
                as_user(task, source, |user| copy_from_user_atomic(user, &addresses(0, 1), OTHER, 0));
            touched << 1 | copied as Word
        };
        let outcomes = run(&source, &[truncates, copies]);
        assert_eq!(returns(&outcomes), set_of(&[&[0, 0], &[0, 2], &[0, 3]]));
        for outcome in outcomes {
            assert_eq!(outcome.cells.peek(source.mm.entry(0)), 0, "{outcome:?}");
            assert_eq!(outcome.freed, 1, "{outcome:?}");
            // The frame's own data, never what came after it.
            assert_eq!(source.storage.peek_unit(&outcome.cells, 1, 0), Unit::Old(0), "{outcome:?}");
        }
    }
}
