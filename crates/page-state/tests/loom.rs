//! The words of the page cache under the kernel's memory order, in every interleaving.

#[path = "support/loomed.rs"]
mod loomed;

use std::collections::BTreeSet;

use loomed::{Actor, End, Outcome, explore, returns};
use machine::{Label, Layout, Order, Peek, Word};
use page_state::buffer::{
    self, bh_read, bh_write, create_empty_buffers, map_bh, mark_buffer_dirty, test_clear_buffer_dirty,
};
use page_state::folio::{
    self, Folio, filemap_add_folio, filemap_get_folio, filemap_remove_folio, folio_end_writeback, folio_lock,
    folio_mark_uptodate, folio_put, folio_test_uptodate, folio_trylock, folio_unlock, folio_wait_locked,
    folio_wait_writeback,
};
use page_state::steps::{change, copy_unit, load, set, store, test};
use page_state::{Buffer, Geometry, Storage, Task, Unit, inode, invariants};

/// The page of these tests.
const PAGE: Folio = Folio { frame: 0, index: 0 };
const BH: Buffer = Buffer { folio: PAGE, block: 0 };
/// One unit in one block.
const ONE: Geometry = Geometry { page_shift: 0, block_shift: 0, pages: 1 };
/// Two units in two blocks.
const TWO: Geometry = Geometry { page_shift: 1, block_shift: 0, pages: 1 };

fn word(name: &'static str) -> Label {
    Label::new(name, &[])
}

fn empty(geometry: Geometry) -> (Storage, Vec<Word>) {
    let mut layout = Layout::new();
    let storage = Storage::declare(&mut layout, geometry, 2, 0, 3, true);
    (storage, vec![0; layout.len()])
}

/// Frame 0 is in the page cache, with these flags and these references beside the cache's.
fn cached(geometry: Geometry, flags: Word, references: Word) -> (Storage, Vec<Word>) {
    let (storage, mut cells) = empty(geometry);
    cells[storage.slot(0).index()] = 1;
    cells[storage.flags(0).index()] = flags;
    cells[storage.references(0).index()] = folio::BUSY | folio::CACHE | references;
    for unit in 0..geometry.page_units() {
        cells[storage.unit(0, unit).index()] = Unit::Old(unit).word();
    }
    (storage, cells)
}

fn read(task: &Task, unit: usize) -> Word {
    load(task, task.storage.unit(0, unit), Word::MAX, Order::Relaxed, word("read"))
}

fn write(task: &Task, unit: usize, value: Word) {
    store(task, task.storage.unit(0, unit), value, Order::Relaxed, word("write"));
}

fn set_of(returned: &[&[Word]]) -> BTreeSet<Vec<Word>> {
    returned.iter().map(|words| words.to_vec()).collect()
}

/// What the actors return when each counts one up, under the page lock that `unlock` gives back.
fn count_under_lock(actor: Actor<Storage>) -> BTreeSet<Outcome> {
    let (storage, mut cells) = cached(ONE, 0, 0);
    cells[storage.unit(0, 0).index()] = 0;
    explore(&storage, &cells, &[actor, actor])
}

#[test]
fn the_page_lock_excludes_and_publishes() {
    let outcomes = count_under_lock(|task, _| {
        folio_lock(task, PAGE);
        let seen = read(task, 0);
        write(task, 0, seen + 1);
        folio_unlock(task, PAGE);
        seen
    });
    assert_eq!(returns(&outcomes), set_of(&[&[0, 1], &[1, 0]]));
}

#[test]
fn an_unlock_without_release_is_caught() {
    let outcomes = count_under_lock(|task, _| {
        folio_lock(task, PAGE);
        let seen = read(task, 0);
        write(task, 0, seen + 1);
        change(task, task.storage.flags(0), folio::LOCKED, 0, 0, Order::Relaxed, word("clear_bit"));
        seen
    });
    assert!(returns(&outcomes).contains(&vec![0, 0]));
}

#[test]
fn no_lock_is_caught() {
    let outcomes = count_under_lock(|task, _| {
        let seen = read(task, 0);
        write(task, 0, seen + 1);
        seen
    });
    assert!(returns(&outcomes).contains(&vec![0, 0]));
}

#[test]
fn a_trylock_takes_the_page_lock_or_leaves_it() {
    let (storage, mut cells) = cached(ONE, 0, 0);
    cells[storage.unit(0, 0).index()] = 0;
    let actor: Actor<Storage> = |task, _| {
        if !folio_trylock(task, PAGE) {
            return 9;
        }
        let seen = read(task, 0);
        write(task, 0, seen + 1);
        folio_unlock(task, PAGE);
        seen
    };
    let outcomes = explore(&storage, &cells, &[actor, actor]);
    assert_eq!(returns(&outcomes), set_of(&[&[0, 1], &[1, 0], &[0, 9], &[9, 0]]));
    assert!(outcomes.iter().all(|o| o.cells.peek(storage.flags(0)) == 0));
}

#[test]
fn an_unlock_of_somebody_elses_lock_is_a_bug() {
    let (storage, cells) = cached(ONE, 0, 0);
    let outcomes = explore(
        &storage,
        &cells,
        &[
            |task, _| {
                folio_lock(task, PAGE);
                0
            },
            |task, _| {
                folio_unlock(task, PAGE);
                0
            },
        ],
    );
    let bug = |o: &Outcome| matches!(&o.ends[1], End::Bug(message) if message.contains("folio_unlock"));
    assert!(outcomes.iter().all(bug), "{outcomes:?}");
}

#[test]
fn a_page_lock_that_is_never_given_back_blocks_the_next() {
    let (storage, cells) = cached(ONE, 0, 0);
    let actor: Actor<Storage> = |task, _| {
        folio_lock(task, PAGE);
        0
    };
    let outcomes = explore(&storage, &cells, &[actor, actor]);
    let ends: BTreeSet<Vec<End>> = outcomes.into_iter().map(|o| o.ends).collect();
    let (taken, stuck) = (End::Returned(0), End::Stuck("folio_lock"));
    assert_eq!(ends, BTreeSet::from([vec![taken.clone(), stuck.clone()], vec![stuck, taken]]));
}

#[test]
fn who_waits_for_the_page_lock_sees_what_was_written_under_it() {
    let (storage, cells) = cached(ONE, 1, 0);
    let outcomes = explore(
        &storage,
        &cells,
        &[
            |task, _| {
                write(task, 0, Unit::Zero.word());
                folio_unlock(task, PAGE);
                0
            },
            |task, _| {
                folio_wait_locked(task, PAGE);
                read(task, 0)
            },
        ],
    );
    assert_eq!(returns(&outcomes), set_of(&[&[0, Unit::Zero.word()]]));
}

/// What a lockless reader returns: 9 where the page is not uptodate, else what it read.
fn publish(fill: Actor<Storage>, reader: Actor<Storage>) -> BTreeSet<Word> {
    let (storage, mut cells) = cached(ONE, 0, 0);
    cells[storage.unit(0, 0).index()] = Unit::Stale.word();
    let outcomes = explore(&storage, &cells, &[fill, reader]);
    returns(&outcomes).into_iter().map(|returned| returned[1]).collect()
}

fn fill(task: &Task, _: &Storage) -> Word {
    write(task, 0, Unit::Zero.word());
    folio_mark_uptodate(task, PAGE);
    0
}

fn read_if_uptodate(task: &Task, _: &Storage) -> Word {
    if folio_test_uptodate(task, PAGE) { read(task, 0) } else { 9 }
}

#[test]
fn uptodate_publishes_the_contents_to_a_lockless_reader() {
    assert_eq!(publish(fill, read_if_uptodate), BTreeSet::from([9, Unit::Zero.word()]));
}

#[test]
fn uptodate_without_the_write_barrier_is_caught() {
    let without_barrier: Actor<Storage> = |task, _| {
        write(task, 0, Unit::Zero.word());
        set(task, task.storage.flags(0), folio::UPTODATE, word("set_bit"));
        0
    };
    assert!(publish(without_barrier, read_if_uptodate).contains(&Unit::Stale.word()));
}

#[test]
fn uptodate_before_the_contents_is_caught() {
    let too_early: Actor<Storage> = |task, _| {
        folio_mark_uptodate(task, PAGE);
        write(task, 0, Unit::Zero.word());
        0
    };
    assert!(publish(too_early, read_if_uptodate).contains(&Unit::Stale.word()));
}

#[test]
fn a_test_of_uptodate_without_the_read_barrier_is_caught() {
    let without_barrier: Actor<Storage> = |task, _| {
        let flags = task.storage.flags(0);
        let uptodate = test(task, flags, folio::UPTODATE, Order::Relaxed, word("test_bit"));
        if uptodate { read(task, 0) } else { 9 }
    };
    assert!(publish(fill, without_barrier).contains(&Unit::Stale.word()));
}

#[test]
fn who_waits_for_writeback_sees_the_disk_written() {
    let (storage, mut cells) = cached(ONE, folio::WRITEBACK, 0);
    cells[storage.buffer(0, 0).index()] = buffer::mapped_to(0);
    let outcomes = explore(
        &storage,
        &cells,
        &[
            |task, _| {
                bh_write(task, BH);
                folio_end_writeback(task, PAGE);
                0
            },
            |task, _| {
                folio_wait_writeback(task, PAGE);
                load(task, task.storage.disk(0, 0), Word::MAX, Order::Relaxed, word("read disk"))
            },
        ],
    );
    assert_eq!(returns(&outcomes), set_of(&[&[0, Unit::Old(0).word()]]));
}

#[test]
fn of_two_who_add_a_page_one_wins_and_no_frame_leaks() {
    let (storage, cells) = empty(ONE);
    let actor: Actor<Storage> = |task, _| filemap_add_folio(task, 0).map_or(9, |folio| folio.frame as Word);
    let outcomes = explore(&storage, &cells, &[actor, actor]);
    for outcome in &outcomes {
        let returned = outcome.returned();
        let winner = usize::from(returned[0] == 9);
        assert_eq!(returned[1 - winner], 9, "two pages for one slot: {outcome:?}");
        let frame = returned[winner] as usize;
        assert_eq!(storage.cached(&outcome.cells, 0), Some(frame));
        assert_eq!(outcome.cells.peek(storage.flags(frame)), winner as Word + 1, "locked by the winner");
        let held = folio::BUSY | folio::CACHE | folio::reference(winner);
        assert_eq!(outcome.cells.peek(storage.references(frame)), held);
        let other = 1 - frame;
        assert_eq!(outcome.cells.peek(storage.flags(other)), 0);
        assert_eq!(outcome.cells.peek(storage.references(other)) & (folio::BUSY | folio::REFERENCES), 0);
    }
    let winners: BTreeSet<bool> = outcomes.iter().map(|o| o.returned()[0] == 9).collect();
    assert_eq!(winners.len(), 2, "either may win");
}

#[test]
fn the_last_reference_frees_the_frame_once() {
    let (storage, mut cells) = cached(ONE, 0, 0);
    cells[storage.slot(0).index()] = 0;
    cells[storage.references(0).index()] = folio::BUSY | folio::reference(0) | folio::reference(1);
    let actor: Actor<Storage> = |task, _| {
        folio_put(task, PAGE);
        0
    };
    for outcome in explore(&storage, &cells, &[actor, actor]) {
        assert_eq!(outcome.freed, 1, "{outcome:?}");
        assert_eq!(outcome.cells.peek(storage.references(0)) & (folio::BUSY | folio::REFERENCES), 0);
        assert_eq!(storage.peek_unit(&outcome.cells, 0, 0), Unit::Stale);
    }
}

#[test]
fn a_frame_taken_again_holds_nothing_of_its_former_owner() {
    // Frame 0 is uptodate, and its last two references are dropped while somebody adds a page.
    let (storage, mut cells) = cached(ONE, folio::UPTODATE, 0);
    cells[storage.slot(0).index()] = 0;
    cells[storage.references(0).index()] = folio::BUSY | folio::reference(0) | folio::reference(1);
    let outcomes = explore(
        &storage,
        &cells,
        &[
            |task, _| {
                folio_put(task, PAGE);
                0
            },
            |task, storage| {
                folio_put(task, PAGE);
                let Some(folio) = filemap_add_folio(task, 0) else { return 9 };
                let uptodate = folio_test_uptodate(task, folio);
                let unit = storage.unit(folio.frame, 0);
                let contents = load(task, unit, Word::MAX, Order::Relaxed, word("read"));
                Word::from(uptodate) << 8 | contents << 4 | folio.frame as Word
            },
        ],
    );
    // In either frame: not uptodate, somebody else's data.
    assert_eq!(returns(&outcomes), set_of(&[&[0, 0], &[0, 1]]));
}

fn drop_page(task: &Task, _: &Storage) -> Word {
    folio_lock(task, PAGE);
    filemap_remove_folio(task, PAGE, false);
    folio_unlock(task, PAGE);
    folio_put(task, PAGE);
    0
}

#[test]
fn a_page_found_in_the_cache_is_not_freed_before_it_is_put() {
    let (storage, cells) = cached(ONE, 0, folio::reference(0));
    let outcomes = explore(
        &storage,
        &cells,
        &[drop_page, |task, _| {
            let Some(folio) = filemap_get_folio(task, 0) else { return 9 };
            let seen = read(task, 0);
            folio_put(task, folio);
            seen
        }],
    );
    assert_eq!(returns(&outcomes), set_of(&[&[0, 9], &[0, Unit::Old(0).word()]]));
    for outcome in outcomes {
        assert_eq!(outcome.freed, 1, "{outcome:?}");
        assert_eq!(outcome.cells.peek(storage.references(0)) & (folio::BUSY | folio::REFERENCES), 0);
    }
}

/// The frame is dropped and taken again for the new page, while somebody else looks the old one up.
#[test]
fn a_late_look_at_the_slot_does_not_touch_a_frame_that_was_taken_again() {
    let (storage, cells) = cached(ONE, 0, folio::reference(0));
    let outcomes = explore(
        &storage,
        &cells,
        &[
            |task, storage| {
                drop_page(task, storage);
                let Some(folio) = filemap_add_folio(task, 0) else { return 9 };
                let unit = storage.unit(folio.frame, 0);
                store(task, unit, Unit::Zero.word(), Order::Relaxed, word("fill"));
                folio_mark_uptodate(task, folio);
                folio_unlock(task, folio);
                folio_put(task, folio);
                folio.frame as Word
            },
            |task, storage| {
                let Some(folio) = filemap_get_folio(task, 0) else { return 9 };
                let unit = storage.unit(folio.frame, 0);
                let seen = match folio_test_uptodate(task, folio) {
                    true => load(task, unit, Word::MAX, Order::Relaxed, word("read")),
                    false => 8,
                };
                folio_put(task, folio);
                seen
            },
        ],
    );
    for outcome in &outcomes {
        let [frame, seen] = outcome.returned()[..] else { unreachable!() };
        assert_ne!(seen, Unit::Stale.word(), "{outcome:?}");
        assert_eq!(storage.cached(&outcome.cells, 0), Some(frame as usize));
        assert_eq!(storage.peek_unit(&outcome.cells, frame as usize, 0), Unit::Zero, "{outcome:?}");
        assert_eq!(outcome.cells.peek(storage.flags(frame as usize)), folio::UPTODATE);
        let held = outcome.cells.peek(storage.references(frame as usize));
        assert_eq!(held & (folio::BUSY | folio::REFERENCES), folio::BUSY | folio::CACHE);
        assert_eq!(outcome.freed, 1, "{outcome:?}");
    }
    let seen: BTreeSet<Word> = outcomes.iter().map(|o| o.returned()[1]).collect();
    assert!(seen.is_superset(&BTreeSet::from([8, 9, Unit::Zero.word()])), "{seen:?}");
    let frames: BTreeSet<Word> = outcomes.iter().map(|o| o.returned()[0]).collect();
    assert_eq!(frames, BTreeSet::from([0, 1]), "the same frame is taken again, or the other");
}

/// The violations of `clean-divergence` at the end of a write beside a writeback.
fn diverging(writer: Actor<Storage>, writeback: Actor<Storage>) -> usize {
    let (storage, mut cells) = cached(ONE, 0, 0);
    cells[storage.buffer(0, 0).index()] = buffer::mapped_to(0) | buffer::UPTODATE | buffer::DIRTY;
    cells[storage.disk(0, 0).index()] = Unit::Zero.word();
    cells[storage.i_size.index()] = 1;
    let outcomes = explore(&storage, &cells, &[writer, writeback]);
    let mut diverging = 0;
    for outcome in outcomes {
        assert!(outcome.is_done() && outcome.broken.is_empty(), "{outcome:?}");
        let mut broken = |_: Label| diverging += 1;
        invariants::clean_divergence(&storage, &outcome.cells, &|_, _| false, &mut broken);
    }
    diverging
}

const NEW: Unit = Unit::New { writer: 0, position: 0 };

fn write_and_mark_dirty(task: &Task, _: &Storage) -> Word {
    write(task, 0, NEW.word());
    mark_buffer_dirty(task, BH);
    0
}

fn clean_and_write_back(task: &Task, _: &Storage) -> Word {
    if test_clear_buffer_dirty(task, BH) {
        bh_write(task, BH);
    }
    0
}

#[test]
fn a_buffer_dirtied_beside_writeback_is_on_disk_or_still_dirty() {
    assert_eq!(diverging(write_and_mark_dirty, clean_and_write_back), 0);
}

#[test]
fn a_writeback_that_cleans_last_is_caught() {
    let cleans_last: Actor<Storage> = |task, _| {
        bh_write(task, BH);
        test_clear_buffer_dirty(task, BH);
        0
    };
    assert_ne!(diverging(write_and_mark_dirty, cleans_last), 0);
}

#[test]
fn a_buffer_marked_dirty_without_order_is_caught() {
    let without_order: Actor<Storage> = |task, _| {
        write(task, 0, NEW.word());
        buffer::set_buffer_dirty(task, BH);
        0
    };
    assert_ne!(diverging(without_order, clean_and_write_back), 0);
}

#[test]
fn flags_that_are_set_at_once_are_all_set() {
    let (storage, mut cells) = cached(ONE, 0, 0);
    cells[storage.buffer(0, 0).index()] = buffer::mapped_to(2) | buffer::NEW;
    let outcomes = explore(
        &storage,
        &cells,
        &[
            |task, _| {
                buffer::clear_buffer_new(task, BH);
                buffer::set_buffer_uptodate(task, BH);
                0
            },
            |task, _| {
                buffer::set_buffer_jbd(task, BH);
                Word::from(buffer::test_clear_buffer_new(task, BH))
            },
        ],
    );
    let flags = buffer::mapped_to(2) | buffer::UPTODATE | buffer::JBD;
    assert!(outcomes.iter().all(|o| o.cells.peek(storage.buffer(0, 0)) == flags));
    assert_eq!(returns(&outcomes), set_of(&[&[0, 0], &[0, 1]]));
}

/// What two actors are given when each allocates a block.
fn allocating(actors: [Actor<Storage>; 2]) -> (BTreeSet<Vec<Word>>, BTreeSet<Vec<Option<usize>>>) {
    let (storage, cells) = empty(TWO);
    let outcomes = explore(&storage, &cells, &actors);
    let map = |o: &Outcome| {
        let inode = o.cells.peek(storage.inode);
        (0..2).map(|block| page_state::InodeFields::mapped(inode, block)).collect()
    };
    (returns(&outcomes), outcomes.iter().map(map).collect())
}

#[test]
fn blocks_allocated_under_the_inode_lock_are_distinct() {
    let under_lock: Actor<Storage> = |task, _| {
        inode::inode_lock(task);
        let disk_block = buffer::allocate_block(task, task.id, &[]);
        inode::inode_unlock(task);
        disk_block as Word
    };
    let (returned, maps) = allocating([under_lock, under_lock]);
    assert_eq!(returned, set_of(&[&[0, 1], &[1, 0]]));
    assert_eq!(maps, BTreeSet::from([vec![Some(0), Some(1)], vec![Some(1), Some(0)]]));
}

#[test]
fn a_block_given_out_twice_without_the_lock_is_caught() {
    let without_lock: Actor<Storage> = |task, _| buffer::allocate_block(task, task.id, &[]) as Word;
    let (returned, _) = allocating([without_lock, without_lock]);
    assert!(returned.contains(&vec![0, 0]));
}

/// A page fill as a file system does it, beside another one and a lockless reader.
#[test]
fn a_page_filled_from_disk_is_never_read_stale() {
    let (storage, mut cells) = cached(ONE, 0, 0);
    cells[storage.unit(0, 0).index()] = Unit::Stale.word();
    cells[storage.disk(1, 0).index()] = Unit::Old(0).word();
    fn fill(task: &Task, _: &Storage) -> Word {
        folio_lock(task, PAGE);
        if !folio_test_uptodate(task, PAGE) {
            create_empty_buffers(task, PAGE);
            map_bh(task, BH, 1, 0);
            bh_read(task, BH);
            folio_mark_uptodate(task, PAGE);
        }
        folio_unlock(task, PAGE);
        read(task, 0)
    }
    let old = Unit::Old(0).word();
    let outcomes = explore(&storage, &cells, &[fill, fill]);
    assert_eq!(returns(&outcomes), set_of(&[&[old, old]]));
    let outcomes = explore(&storage, &cells, &[fill, read_if_uptodate]);
    assert_eq!(returns(&outcomes), set_of(&[&[old, 9], &[old, old]]));
}

/// loom has to find what weak memory allows, or the tests above say nothing.
#[test]
fn relaxed_data_may_be_seen_out_of_order() {
    let (storage, cells) = empty(TWO);
    let outcomes = explore(
        &storage,
        &cells,
        &[
            |task, _| {
                write(task, 0, 1);
                write(task, 1, 1);
                0
            },
            |task, storage| {
                let second = read(task, 1);
                copy_unit(task, storage.unit(0, 0), storage.unit(1, 0), word("copy"));
                let first = load(task, storage.unit(1, 0), Word::MAX, Order::Relaxed, word("read"));
                second << 1 | first
            },
        ],
    );
    assert_eq!(returns(&outcomes), set_of(&[&[0, 0], &[0, 1], &[0, 2], &[0, 3]]));
}
