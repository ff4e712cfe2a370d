//! What each word does by itself, and each invariant with states that break it and keep it.

#[path = "support/alone.rs"]
mod alone;

use std::panic::{AssertUnwindSafe, catch_unwind};

use alone::Alone;
use machine::{Label, Layout, Word};
use page_state::buffer::{self, *};
use page_state::folio::{self, *};
use page_state::{Buffer, Geometry, InodeFields, Storage, Task, Unit, inode, invariants};

const PAGE: Folio = Folio { frame: 0, index: 0 };
const NEW_0: Unit = Unit::New { writer: 0, position: 0 };

/// Two blocks of two units; frame 0 is in the page cache, its units `Old`, its blocks not mapped.
fn file() -> (Storage, Vec<Word>) {
    let mut layout = Layout::new();
    let storage = Storage::declare(&mut layout, Geometry::SMALL, 2, 0, 4, true);
    let mut cells = vec![0; layout.len()];
    cells[storage.slot(0).index()] = 1;
    cells[storage.references(0).index()] = BUSY | CACHE;
    for unit in 0..4 {
        cells[storage.unit(0, unit).index()] = Unit::Old(unit).word();
    }
    (storage, cells)
}

/// What the words do to the file, taken by actor 0.
fn after(set_up: impl FnOnce(&Storage, &mut Vec<Word>), words: impl FnOnce(&Task)) -> (Storage, Alone) {
    let (storage, mut cells) = file();
    set_up(&storage, &mut cells);
    let alone = Alone::new(cells);
    words(&Task { m: &alone, storage: &storage, id: 0 });
    (storage, alone)
}

fn bh(block: usize) -> Buffer {
    Buffer { folio: PAGE, block }
}

fn units(storage: &Storage, cells: &[Word], frame: usize) -> Vec<Unit> {
    (0..4).map(|unit| storage.peek_unit(&cells.to_vec(), frame, unit)).collect()
}

#[test]
fn empty_buffers_are_uptodate_and_dirty_as_their_page_is() {
    for (flags, expected) in [
        (0, buffer::PRESENT),
        (folio::UPTODATE, buffer::PRESENT | buffer::UPTODATE),
        (folio::DIRTY, buffer::PRESENT | buffer::DIRTY),
        (folio::UPTODATE | folio::DIRTY, buffer::PRESENT | buffer::UPTODATE | buffer::DIRTY),
    ] {
        let (storage, alone) = after(
            |storage, cells| cells[storage.flags(0).index()] = flags,
            |task| {
                assert!(!folio_buffers(task, PAGE));
                create_empty_buffers(task, PAGE);
                assert!(folio_buffers(task, PAGE));
            },
        );
        for block in 0..2 {
            assert_eq!(alone.cell(storage.buffer(0, block)), expected);
            assert_eq!(alone.cell(storage.buffer(1, block)), 0, "another frame's");
        }
    }
}

#[test]
fn a_mapped_buffer_knows_its_block_and_keeps_its_flags() {
    let (storage, alone) = after(
        |storage, cells| cells[storage.buffer(0, 1).index()] = mapped_to(3) | buffer::DIRTY,
        |task| {
            map_bh(task, bh(1), 2, buffer::NEW);
            assert!(buffer_mapped(task, bh(1)) && buffer_new(task, bh(1)) && buffer_dirty(task, bh(1)));
            assert!(!buffer_mapped(task, bh(0)));
            assert_eq!(b_blocknr(task, bh(1)), 2);
        },
    );
    assert_eq!(alone.cell(storage.buffer(0, 1)), mapped_to(2) | buffer::NEW | buffer::DIRTY);
}

#[test]
fn each_buffer_flag_has_its_own_bit_and_words() {
    type Test = fn(&Task, Buffer) -> bool;
    type Set = fn(&Task, Buffer);
    let words: [(Word, Test, Set, Set, Test); 9] = [
        (buffer::NEW, buffer_new, set_buffer_new, clear_buffer_new, test_clear_buffer_new),
        (buffer::MAPPED, buffer_mapped, set_buffer_mapped, clear_buffer_mapped, test_clear_buffer_mapped),
        (
            buffer::UPTODATE,
            buffer_uptodate,
            set_buffer_uptodate,
            clear_buffer_uptodate,
            test_clear_buffer_uptodate,
        ),
        (buffer::DIRTY, buffer_dirty, set_buffer_dirty, clear_buffer_dirty, test_clear_buffer_dirty),
        (buffer::JBD, buffer_jbd, set_buffer_jbd, clear_buffer_jbd, test_clear_buffer_jbd),
        (
            buffer::JBDDIRTY,
            buffer_jbddirty,
            set_buffer_jbddirty,
            clear_buffer_jbddirty,
            test_clear_buffer_jbddirty,
        ),
        (buffer::FREED, buffer_freed, set_buffer_freed, clear_buffer_freed, test_clear_buffer_freed),
        (buffer::DELAY, buffer_delay, set_buffer_delay, clear_buffer_delay, test_clear_buffer_delay),
        (
            buffer::UNWRITTEN,
            buffer_unwritten,
            set_buffer_unwritten,
            clear_buffer_unwritten,
            test_clear_buffer_unwritten,
        ),
    ];
    let bits: Word = words.iter().map(|(bit, ..)| bit).sum();
    for (bit, test, set, clear, test_clear) in words {
        after(
            |storage, cells| cells[storage.buffer(0, 0).index()] = bits & !bit,
            |task| {
                let cell = |expected: Word| {
                    let at = task.storage.buffer(0, 0);
                    let label = Label::new("cell", &[]);
                    let found = page_state::steps::load(task, at, Word::MAX, machine::Order::Relaxed, label);
                    assert_eq!(found, expected, "{}", show_buffer(bit));
                };
                assert!(!test(task, bh(0)) && !test_clear(task, bh(0)));
                cell(bits & !bit);
                set(task, bh(0));
                assert!(test(task, bh(0)));
                cell(bits);
                assert!(test_clear(task, bh(0)));
                cell(bits & !bit);
                set(task, bh(0));
                clear(task, bh(0));
                cell(bits & !bit);
            },
        );
    }
}

#[test]
fn a_dirtied_buffer_dirties_its_page_once_and_warns_if_it_is_not_uptodate() {
    let dirty = |flags: Word| {
        let (storage, alone) = after(
            |storage, cells| cells[storage.buffer(0, 0).index()] = flags,
            |task| mark_buffer_dirty(task, bh(0)),
        );
        assert_eq!(alone.cell(storage.buffer(0, 0)), flags | buffer::DIRTY);
        (alone.cell(storage.flags(0)), alone.broken().len())
    };
    assert_eq!(dirty(buffer::UPTODATE), (folio::DIRTY, 0));
    // Who dirtied it first has dirtied the page, and writeback may have cleaned it since.
    assert_eq!(dirty(buffer::UPTODATE | buffer::DIRTY), (0, 0));
    assert_eq!(dirty(0), (folio::DIRTY, 1));
}

#[test]
fn a_read_fills_the_block_and_no_other() {
    let (storage, alone) = after(
        |storage, cells| {
            cells[storage.buffer(0, 1).index()] = mapped_to(3);
            cells[storage.disk(3, 0).index()] = Unit::Zero.word();
            cells[storage.disk(3, 1).index()] = NEW_0.word();
        },
        |task| bh_read(task, bh(1)),
    );
    assert_eq!(units(&storage, &alone.cells(), 0), [Unit::Old(0), Unit::Old(1), Unit::Zero, NEW_0]);
    assert_eq!(alone.cell(storage.buffer(0, 1)), mapped_to(3) | buffer::UPTODATE);
    assert_eq!(alone.cell(storage.buffer(0, 0)), 0);
}

#[test]
fn a_write_goes_to_the_buffers_block_and_no_other() {
    let (storage, alone) = after(
        |storage, cells| cells[storage.buffer(0, 1).index()] = mapped_to(2) | buffer::DIRTY,
        |task| bh_write(task, bh(1)),
    );
    for block in 0..4 {
        let on_disk = [0, 1].map(|unit| storage.peek_disk(&alone.cells(), block, unit));
        let expected = if block == 2 { [Unit::Old(2), Unit::Old(3)] } else { [Unit::Stale; 2] };
        assert_eq!(on_disk, expected);
    }
    // Flags are the caller's part.
    assert_eq!(alone.cell(storage.buffer(0, 1)), mapped_to(2) | buffer::DIRTY);
}

/// The map of the inode of a file whose first blocks are these.
fn map(blocks: &[Option<usize>]) -> Word {
    let entry = |(block, to): (usize, &Option<usize>)| {
        to.map_or(0, |to| (to as Word + 1) << InodeFields::map(block).shift)
    };
    blocks.iter().enumerate().map(entry).sum()
}

#[test]
fn an_allocated_block_is_nobodys_and_holds_somebody_elses_data() {
    let (storage, alone) = after(
        |storage, cells| {
            cells[storage.inode.index()] = map(&[Some(0)]) | InodeFields::ORPHAN;
            // What is on disk still names block 1.
            cells[storage.i_size.index()] = map(&[Some(1)]);
            for block in 0..4 {
                cells[storage.disk(block, 0).index()] = NEW_0.word();
                cells[storage.disk(block, 1).index()] = NEW_0.word();
            }
        },
        |task| assert_eq!(allocate_block(task, 1, &[task.storage.i_size]), 2),
    );
    assert_eq!(alone.cell(storage.inode), map(&[Some(0), Some(2)]) | InodeFields::ORPHAN);
    for block in 0..4 {
        let expected = if block == 2 { Unit::Stale } else { NEW_0 };
        let on_disk = [0, 1].map(|unit| storage.peek_disk(&alone.cells(), block, unit));
        assert_eq!(on_disk, [expected; 2], "block {block}");
    }
}

#[test]
#[should_panic(expected = "too few blocks")]
fn a_full_disk_is_a_mistake_of_the_scenario() {
    after(
        |storage, cells| cells[storage.inode.index()] = map(&[Some(0), Some(1), Some(2), Some(3)]),
        |task| {
            allocate_block(task, 1, &[]);
        },
    );
}

#[test]
fn the_inodes_fields_do_not_touch_each_other() {
    let (storage, alone) = after(
        |_, _| {},
        |task| {
            inode::set_map(task, 0, Some(3));
            inode::set_map(task, 3, Some(14));
            inode::set_disk_size(task, 31);
            inode::orphan_add(task);
            assert_eq!(
                (0..4).map(|b| inode::map_block(task, b)).collect::<Vec<_>>(),
                [Some(3), None, None, Some(14)]
            );
            inode::set_disk_size(task, 5);
            inode::set_map(task, 0, None);
            inode::i_size_write(task, 7);
            assert_eq!(inode::i_size_read(task), 7);
        },
    );
    let inode = alone.cell(storage.inode);
    assert_eq!(InodeFields::size(inode), 5);
    assert_eq!(inode & InodeFields::MAP, map(&[None, None, None, Some(14)]));
    assert!(InodeFields::names(inode, 14) && !InodeFields::names(inode, 3));
    assert_ne!(inode & InodeFields::ORPHAN, 0);
    let (storage, alone) =
        after(|storage, cells| cells[storage.inode.index()] = inode, |task| inode::orphan_del(task));
    assert_eq!(alone.cell(storage.inode), inode & !InodeFields::ORPHAN);
}

fn panics(words: impl FnOnce(&Task)) -> bool {
    catch_unwind(AssertUnwindSafe(|| after(|_, _| {}, words))).is_err()
}

#[test]
fn locks_are_given_back_by_who_holds_them_only() {
    assert!(panics(|task| folio_unlock(task, PAGE)));
    assert!(panics(inode::inode_unlock));
    assert!(panics(|task| {
        inode::inode_lock(task);
        inode::inode_unlock(&Task { id: 1, ..*task });
    }));
    assert!(panics(|task| {
        folio_lock(task, PAGE);
        folio_unlock(&Task { id: 1, ..*task }, PAGE);
    }));
    assert!(!panics(|task| {
        inode::inode_lock(task);
        folio_lock(task, PAGE);
        assert!(!folio_trylock(task, PAGE));
        folio_unlock(task, PAGE);
        inode::inode_unlock(task);
    }));
}

#[test]
fn a_segment_is_zeroed_and_nothing_beside_it() {
    let zeroed = |from, to| {
        let (storage, alone) = after(|_, _| {}, |task| folio_zero_segment(task, PAGE, from, to));
        units(&storage, &alone.cells(), 0)
    };
    assert_eq!(zeroed(1, 3), [Unit::Old(0), Unit::Zero, Unit::Zero, Unit::Old(3)]);
    assert_eq!(zeroed(2, 2), [Unit::Old(0), Unit::Old(1), Unit::Old(2), Unit::Old(3)]);
    assert_eq!(zeroed(3, 1), [Unit::Old(0), Unit::Old(1), Unit::Old(2), Unit::Old(3)]);
}

#[test]
fn the_last_reference_of_any_kind_frees_the_frame() {
    let set_up = |storage: &Storage, cells: &mut Vec<Word>| {
        cells[storage.flags(0).index()] = folio::UPTODATE;
        cells[storage.buffer(0, 0).index()] = mapped_to(1);
        cells[storage.references(0).index()] |= MAPPING;
    };
    let (storage, alone) = after(set_up, |task| {
        let folio = filemap_get_folio(task, 0).expect("it is in the page cache");
        folio_lock(task, folio);
        filemap_remove_folio(task, folio, true);
        assert!(!folio_in_cache(task, folio));
        assert_eq!(filemap_get_folio(task, 0), None);
        folio_unlock(task, folio);
        folio_put(task, folio);
        folio_put_mapping(task, folio.frame);
        // The journal still holds it.
        assert!(folio_test_uptodate(task, folio));
        folio_put_journal(task, folio.frame);
        assert!(!folio_test_uptodate(task, folio));
        // It can be taken again.
        assert_eq!(filemap_add_folio(task, 0), Some(PAGE));
        assert_eq!(filemap_get_folio(task, 0), Some(PAGE));
    });
    assert_eq!(units(&storage, &alone.cells(), 0), [Unit::Stale; 4]);
    assert_eq!(alone.cell(storage.buffer(0, 0)), 0);
    assert_eq!(alone.cell(storage.flags(0)), 1, "locked by actor 0, and nothing else");
}

#[test]
fn a_page_is_added_once() {
    let (storage, alone) = after(|_, _| {}, |task| assert_eq!(filemap_add_folio(task, 0), None));
    assert_eq!(storage.cached(&alone.cells(), 0), Some(0));
    assert_eq!(alone.cell(storage.references(1)) & (BUSY | REFERENCES), 0);
}

/// The witnesses of an invariant in a state of the file.
fn witnesses(
    set_up: impl FnOnce(&Storage, &mut Vec<Word>),
    invariant: impl Fn(&Storage, &Vec<Word>, &mut dyn FnMut(Label)),
) -> Vec<String> {
    let (storage, mut cells) = file();
    set_up(&storage, &mut cells);
    let mut found = Vec::new();
    invariant(&storage, &cells, &mut |witness| found.push(witness.to_string()));
    found
}

#[test]
fn stale_uptodate_is_about_what_claims_to_be_valid() {
    let check = |flags: Word, second_buffer: Word| {
        witnesses(
            |storage, cells| {
                cells[storage.flags(0).index()] = flags;
                cells[storage.buffer(0, 1).index()] = second_buffer;
                cells[storage.unit(0, 1).index()] = Unit::Stale.word();
                cells[storage.unit(0, 2).index()] = Unit::Stale.word();
            },
            |storage, cells, broken| invariants::stale_uptodate(storage, cells, broken),
        )
    };
    assert_eq!(check(folio::UPTODATE, 0), ["block(0)", "block(1)"]);
    assert_eq!(check(folio::UPTODATE | 1, 0), ["block(0)", "block(1)"], "the lock does not excuse a page");
    assert_eq!(check(0, buffer::UPTODATE), ["block(1)"]);
    assert!(check(2, buffer::UPTODATE).is_empty(), "under the page lock a buffer may be filled later");
    assert!(check(0, 0).is_empty());
    let out_of_cache = witnesses(
        |storage, cells| {
            cells[storage.flags(0).index()] = folio::UPTODATE;
            cells[storage.unit(0, 1).index()] = Unit::Stale.word();
            cells[storage.slot(0).index()] = 0;
        },
        |storage, cells, broken| invariants::stale_uptodate(storage, cells, broken),
    );
    assert!(out_of_cache.is_empty());
}

#[test]
fn stale_on_disk_is_about_allocated_blocks_below_the_size() {
    let check = |durable: Word| {
        witnesses(
            |storage, cells| {
                cells[storage.disk(1, 0).index()] = Unit::Old(2).word();
                cells[storage.durable.index()] = durable;
            },
            |storage, cells, broken| {
                let recovered = |block, unit| storage.peek_disk(cells, block, unit);
                invariants::stale_on_disk(storage, cells, &recovered, broken);
            },
        )
    };
    let size = |units: Word| units << InodeFields::SIZE.shift;
    assert_eq!(check(map(&[None, Some(1)]) | size(4)), ["block(1)"]);
    assert!(check(map(&[None, Some(1)]) | size(3)).is_empty());
    assert_eq!(check(map(&[Some(2), Some(1)]) | size(1)), ["block(0)"]);
    assert!(check(size(4)).is_empty(), "holes are zeros");
}

#[test]
fn a_new_buffer_is_orphaned_when_nobody_will_fill_it() {
    // Block 0 of the file is block 1 on disk, which holds stale data.
    let check = |buffer: Word, size: Word, orphan: Word, journalled: bool| {
        witnesses(
            |storage, cells| {
                cells[storage.buffer(0, 0).index()] = buffer;
                cells[storage.i_size.index()] = size;
                cells[storage.inode.index()] = map(&[Some(1)]) | orphan;
            },
            |storage, cells, broken| {
                invariants::orphaned_new_buffer(storage, cells, &|_, _| journalled, &|_| false, broken);
            },
        )
    };
    let mapped = mapped_to(1);
    assert_eq!(check(mapped, 2, 0, false), ["block(0)"]);
    assert_eq!(check(mapped | buffer::UPTODATE, 2, 0, false), ["block(0)"], "clean");
    assert_eq!(check(mapped | buffer::DIRTY, 2, 0, true), ["block(0)"], "not filled");
    assert!(check(mapped | buffer::UPTODATE | buffer::DIRTY, 2, 0, false).is_empty());
    assert!(check(mapped | buffer::UPTODATE | buffer::JBDDIRTY, 2, 0, false).is_empty());
    assert!(check(mapped | buffer::UPTODATE, 2, 0, true).is_empty());
    assert!(check(mapped, 2, InodeFields::unwritten(0), false).is_empty(), "reads as zeros");
    assert_eq!(check(mapped, 0, 0, false), ["block(0)"]);
    assert!(check(mapped, 0, InodeFields::ORPHAN, false).is_empty(), "will be truncated");
    assert_eq!(check(mapped, 1, InodeFields::ORPHAN, false), ["block(0)"], "below the size it won't");
    let filled = witnesses(
        |storage, cells| {
            cells[storage.inode.index()] = map(&[Some(1)]);
            cells[storage.i_size.index()] = 2;
            cells[storage.disk(1, 0).index()] = Unit::Zero.word();
            cells[storage.disk(1, 1).index()] = Unit::Old(1).word();
        },
        |storage, cells, broken| {
            invariants::orphaned_new_buffer(storage, cells, &|_, _| false, &|_| false, broken)
        },
    );
    assert!(filled.is_empty());
}

#[test]
fn a_clean_buffer_must_not_differ_from_the_disk() {
    // Unit 1 differs.
    let check = |buffer: Word, size: Word, journalled: bool| {
        witnesses(
            |storage, cells| {
                cells[storage.buffer(0, 0).index()] = buffer;
                cells[storage.i_size.index()] = size;
                cells[storage.disk(1, 0).index()] = Unit::Old(0).word();
                cells[storage.disk(1, 1).index()] = Unit::Zero.word();
            },
            |storage, cells, broken| {
                invariants::clean_divergence(storage, cells, &|_, _| journalled, broken);
            },
        )
    };
    let clean = mapped_to(1) | buffer::UPTODATE;
    assert_eq!(check(clean, 2, false), ["block(0)"]);
    assert!(check(clean, 1, false).is_empty(), "beyond the size");
    assert!(check(clean, 2, true).is_empty());
    assert!(check(clean | buffer::DIRTY, 2, false).is_empty());
    assert!(check(clean | buffer::JBDDIRTY, 2, false).is_empty());
    assert!(check(mapped_to(1), 2, false).is_empty(), "it claims nothing");
    assert!(check(buffer::PRESENT | buffer::UPTODATE, 2, false).is_empty(), "a hole");
}

#[test]
fn blocks_beyond_the_size_are_those_that_were_added() {
    let check = |size: usize, orphan: Word, before: bool| {
        let (mut found, inode) = (Vec::new(), map(&[Some(0), Some(1)]) | orphan);
        let broken = &mut |witness: Label| found.push(witness.to_string());
        invariants::blocks_beyond_size(Geometry::SMALL, (inode, size), &|_| before, broken);
        found
    };
    assert_eq!(check(0, 0, false), ["block(0)", "block(1)"]);
    assert_eq!(check(1, 0, false), ["block(1)"]);
    assert!(check(3, 0, false).is_empty());
    assert!(check(1, InodeFields::ORPHAN, false).is_empty());
    assert!(check(1, 0, true).is_empty());
}

#[test]
fn locks_and_actors_references_leak() {
    let check = |set_up: fn(&Storage, &mut Vec<Word>)| {
        witnesses(set_up, |storage, cells, broken| invariants::leak(storage, cells, broken))
    };
    assert!(check(|_, _| {}).is_empty());
    assert_eq!(check(|storage, cells| cells[storage.i_rwsem.index()] = 2), ["inode lock"]);
    assert_eq!(check(|storage, cells| cells[storage.flags(1).index()] = 3), ["page lock"]);
    assert_eq!(
        check(|storage, cells| cells[storage.references(0).index()] |= reference(4)),
        ["page reference"]
    );
    let kept = |storage: &Storage, cells: &mut Vec<Word>| {
        cells[storage.references(0).index()] |= MAPPING | JOURNAL;
        cells[storage.references(1).index()] = HIDDEN;
    };
    assert!(check(kept).is_empty(), "who has these is no actor");
}
