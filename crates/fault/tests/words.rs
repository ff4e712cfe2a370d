//! What each word does by itself: which units a prefault touches, and what a copy reports.

#[path = "../../page-state/tests/support/alone.rs"]
mod alone;

use alone::Alone;
use fault::{
    AddressSpace, Backing, GONE, IovIter, PRESENT, Position, Segment, SourcePage, User,
    copy_from_user_atomic, get_user, handle_mm_fault, madvise_dontneed, mmap_read_lock, munmap,
    truncate_source,
};
use machine::{Layout, Peek, Word};
use page_state::folio::{self, Folio, filemap_get_folio, folio_lock};
use page_state::{Geometry, Storage, Task, Unit};

const OTHER: Folio = Folio { frame: 1, index: 0 };

/// Three source pages of four units; page 0 of the file is in frame 0.
struct Source {
    storage: Storage,
    mm: AddressSpace,
    alone: Alone,
}

fn source(pages: [(Backing, Word); 3], mapped: [bool; 3], present: [bool; 3]) -> Source {
    let mut layout = Layout::new();
    let storage = Storage::declare(&mut layout, Geometry::SMALL, 2, 3, 4, true);
    let pages = pages.map(|(backing, readable)| SourcePage { backing, readable });
    let mm = AddressSpace::declare(&mut layout, pages.to_vec());
    let mut cells = vec![0; layout.len()];
    cells[storage.slot(0).index()] = 1;
    cells[storage.references(0).index()] = folio::BUSY | folio::CACHE;
    for page in 0..3 {
        if mapped[page] {
            mm.map_initially(&mut cells, page, present[page].then_some(storage.source_frame(page)));
        }
        for unit in 0..4 {
            let data = Unit::New { writer: 0, position: page * 4 + unit };
            cells[storage.unit(storage.source_frame(page), unit).index()] = data.word();
        }
    }
    Source { storage, mm, alone: Alone::new(cells) }
}

const ALL: (Backing, Word) = (Backing::Frame, 0xf);

/// Everything readable, these pages mapped, none of them present.
fn mapped(mapped: [bool; 3]) -> Source {
    source([ALL; 3], mapped, [false; 3])
}

fn present(present: [bool; 3]) -> Source {
    source([ALL; 3], [true; 3], present)
}

impl Source {
    fn task(&self) -> Task<'_> {
        Task { m: &self.alone, storage: &self.storage, id: 0 }
    }

    fn user<R>(&self, body: impl FnOnce(&User) -> R) -> R {
        let task = self.task();
        let filemap_fault = |index| {
            let folio = filemap_get_folio(&task, index)?;
            folio_lock(&task, folio);
            Some(folio)
        };
        body(&User { task, mm: &self.mm, signal: None, filemap_fault: &filemap_fault })
    }

    fn present(&self) -> [bool; 3] {
        [0, 1, 2].map(|page| self.alone.cell(self.mm.entry(page)) & PRESENT != 0)
    }

    fn target(&self) -> [Unit; 4] {
        [0, 1, 2, 3].map(|unit| self.storage.peek_unit(&self.alone.cells(), 1, unit))
    }
}

/// The prefaults of one segment.
fn fault_in_pages_readable(user: &User, base: usize, len: usize) -> bool {
    let segments = [Segment { base, len }];
    fault::fault_in_pages_readable(user, IovIter::new(&segments, Position::default()), len)
}

fn fault_in_iov_iter_readable(user: &User, base: usize, len: usize) -> usize {
    let segments = [Segment { base, len }];
    fault::fault_in_iov_iter_readable(user, IovIter::new(&segments, Position::default()), len)
}

fn addresses(base: usize, len: usize) -> Vec<usize> {
    (base..base + len).collect()
}

fn new(position: usize) -> Unit {
    Unit::New { writer: 0, position }
}

#[test]
fn the_old_prefault_touches_the_first_unit_and_the_last_of_another_page() {
    let touched = |from, len| {
        let source = mapped([true; 3]);
        assert!(source.user(|user| fault_in_pages_readable(user, from, len)));
        (source.alone.taken("get_user"), source.present())
    };
    assert_eq!(touched(1, 3), (vec!["get_user(1)".into()], [true, false, false]));
    assert_eq!(touched(1, 4), (vec!["get_user(1)".into(), "get_user(4)".into()], [true, true, false]));
    // Nothing in between.
    assert_eq!(touched(3, 7), (vec!["get_user(3)".into(), "get_user(9)".into()], [true, false, true]));
    assert_eq!(touched(2, 0), (vec![], [false; 3]));
}

#[test]
fn the_old_prefault_fails_if_either_end_can_not_be_read() {
    let readable = |pages| mapped(pages).user(|user| fault_in_pages_readable(user, 3, 7));
    assert!(readable([true, false, true]));
    assert!(!readable([false, true, true]));
    assert!(!readable([true, true, false]));
    // Beyond the last page there is nothing.
    assert!(!mapped([true; 3]).user(|user| fault_in_pages_readable(user, 8, 5)));
}

#[test]
fn the_new_prefault_touches_each_page_until_one_can_not_be_read() {
    let left = |pages, from, len| {
        let source = mapped(pages);
        let left = source.user(|user| fault_in_iov_iter_readable(user, from, len));
        (left, source.alone.taken("get_user").join(" "))
    };
    assert_eq!(left([true; 3], 3, 7), (0, "get_user(3) get_user(4) get_user(8)".into()));
    assert_eq!(left([true; 3], 4, 4), (0, "get_user(4)".into()));
    assert_eq!(left([true; 3], 4, 0), (0, String::new()));
    assert_eq!(left([false, true, true], 3, 7), (7, "get_user(3)".into()));
    assert_eq!(left([true, false, true], 3, 7), (6, "get_user(3) get_user(4)".into()));
    assert_eq!(left([true, true, false], 3, 7), (2, "get_user(3) get_user(4) get_user(8)".into()));
}

#[test]
fn a_touch_of_a_unit_with_a_tag_fault_fails_though_the_page_is_there() {
    let source = source([(Backing::Frame, 0b0111), ALL, ALL], [true; 3], [false; 3]);
    assert!(source.user(|user| get_user(user, 2)));
    assert!(!source.user(|user| get_user(user, 3)));
    // The first unit of the page says nothing about the last.
    assert!(source.user(|user| fault_in_pages_readable(user, 0, 4)));
    assert_eq!(source.user(|user| copy_from_user_atomic(user, &addresses(0, 4), OTHER, 0)), 3);
}

#[test]
fn a_fault_sets_the_entry_of_its_page_only_and_gives_the_lock_back() {
    let source = mapped([true, false, true]);
    assert!(source.user(|user| handle_mm_fault(user, 0)));
    assert!(!source.user(|user| handle_mm_fault(user, 1)));
    assert_eq!(source.present(), [true, false, false]);
    let cells = source.alone.cells();
    assert_eq!(cells.peek(source.mm.entry(0)), source.mm.entry_naming(0, source.storage.source_frame(0)));
    assert!(source.mm.lock_is_free(&cells));
    assert_eq!(source.mm.picture(&cells), "present | not mapped | absent");
}

#[test]
fn a_copy_stops_at_the_first_absent_unit_and_leaves_the_rest_alone() {
    let copied = |pages, from, len| {
        let source = present(pages);
        let copied = source.user(|user| copy_from_user_atomic(user, &addresses(from, len), OTHER, 4 - len));
        assert_eq!(source.alone.taken("mmap_read_lock"), Vec::<String>::new(), "no fault is taken");
        (copied, source.target())
    };
    let stale = Unit::Stale;
    assert_eq!(copied([true; 3], 3, 3), (3, [stale, new(3), new(4), new(5)]));
    assert_eq!(copied([true, false, true], 2, 4), (2, [new(2), new(3), stale, stale]));
    assert_eq!(copied([false, true, true], 2, 4), (0, [stale; 4]));
    assert_eq!(copied([true; 3], 10, 4), (2, [new(10), new(11), stale, stale]));
}

#[test]
fn a_copy_may_stop_anywhere_before_a_fault_but_not_before_its_second_unit() {
    let copied = |pages, choice, from| {
        let mut source = present(pages);
        source.mm.stops_early = true;
        source.alone.choice = choice;
        let copied = source.user(|user| copy_from_user_atomic(user, &addresses(from, 4), OTHER, 0));
        let behind = source.target()[copied..].iter().all(|&unit| unit == Unit::Stale);
        assert!(behind, "what is behind the reported prefix stays as it was");
        copied
    };
    for choice in [0, 1, 9] {
        assert_eq!(copied([true; 3], choice, 1), 4, "nothing faults");
    }
    assert_eq!(copied([true, false, true], 0, 1), 3);
    assert_eq!(copied([true, false, true], 2, 1), 2);
    assert_eq!(copied([true, false, true], 9, 1), 1);
    assert_eq!(copied([false; 3], 9, 3), 0);
}

#[test]
fn munmap_takes_data_away_and_madvise_does_not() {
    let anonymous = || source([(Backing::Anonymous, 0xf), ALL, ALL], [true; 3], [true; 3]);
    for downgrades in [false, true] {
        let mut source = anonymous();
        source.mm.downgrades = downgrades;
        munmap(&source.task(), &source.mm, 0..2);
        let cells = source.alone.cells();
        assert_eq!(source.mm.picture(&cells), "not mapped | not mapped | present");
        let first = |page| source.storage.peek_unit(&cells, source.storage.source_frame(page), 0);
        assert_eq!([first(0), first(1)], [Unit::Stale, new(4)], "the frame of a file stays");
        assert!(source.mm.lock_is_free(&cells));
        assert!(!source.user(|user| get_user(user, 1)));
    }
    let source = anonymous();
    madvise_dontneed(&source.task(), &source.mm, 0..2);
    let cells = source.alone.cells();
    assert_eq!(source.mm.picture(&cells), "absent | absent | present");
    assert!(source.mm.lock_is_free(&cells));
    assert!(source.user(|user| get_user(user, 1)));
    assert_eq!(source.user(|user| copy_from_user_atomic(user, &addresses(0, 4), OTHER, 0)), 4);
    assert_eq!(source.target(), [0, 1, 2, 3].map(new));
}

#[test]
fn a_truncated_source_can_not_be_read_again() {
    let source = present([true; 3]);
    truncate_source(&source.task(), &source.mm, 1..2);
    assert_eq!(source.alone.cell(source.mm.entry(1)), GONE);
    assert_eq!(source.mm.picture(&source.alone.cells()), "present | truncated | present");
    assert!(!source.user(|user| get_user(user, 4)));
    assert_eq!(source.user(|user| fault_in_iov_iter_readable(user, 2, 4)), 2);
}

#[test]
fn a_mapping_of_the_target_is_a_reference_to_its_frame() {
    let own = || source([(Backing::TargetPage(0), 0xf), ALL, ALL], [true; 3], [false; 3]);
    let kept = folio::BUSY | folio::CACHE;
    let source = own();
    assert!(source.user(|user| get_user(user, 0)));
    assert_eq!(source.alone.cell(source.mm.entry(0)), source.mm.entry_naming(0, 0));
    assert_eq!(source.alone.cell(source.storage.references(0)), kept | folio::MAPPING);
    assert_eq!(source.alone.cell(source.storage.flags(0)), 0, "unlocked");
    munmap(&source.task(), &source.mm, 0..1);
    assert_eq!(source.alone.cell(source.storage.references(0)), kept);
    // Beyond the end of the file there is no page to map.
    let source = own();
    source.alone.poke(source.storage.slot(0), 0);
    assert!(!source.user(|user| get_user(user, 0)));
    assert_eq!(source.alone.cell(source.mm.entry(0)), 0);
    // A fault that comes too late leaves no reference behind.
    let source = own();
    source.alone.poke(source.mm.entry(0), GONE);
    assert!(!source.user(|user| get_user(user, 0)));
    assert_eq!(source.alone.cell(source.storage.references(0)), kept);
}

#[test]
fn a_lock_that_is_held_is_not_free() {
    let source = present([true; 3]);
    mmap_read_lock(&source.task(), &source.mm);
    assert!(!source.mm.lock_is_free(&source.alone.cells()));
}

#[test]
fn with_segments_the_oldest_prefault_sees_the_first_and_the_newer_ones_all() {
    let segments = [Segment { base: 0, len: 0 }, Segment { base: 2, len: 2 }, Segment { base: 8, len: 1 }];
    let all = IovIter::new(&segments, Position::default());
    let touched = |prefault: &dyn Fn(&User)| {
        let source = mapped([true; 3]);
        source.user(|user| prefault(user));
        source.alone.taken("get_user").join(" ")
    };
    assert_eq!(touched(&|user| assert!(fault::fault_in_pages_readable(user, all, 3))), "");
    assert_eq!(
        touched(&|user| assert!(fault::fault_in_pages_readable(user, all.advance(0), 3))),
        "get_user(2)"
    );
    let every = "get_user(2) get_user(8)";
    assert_eq!(touched(&|user| assert!(fault::fault_in_multipages_readable(user, all, 3))), every);
    assert_eq!(touched(&|user| assert_eq!(fault::fault_in_iov_iter_readable(user, all, 3), 0)), every);
    // What is asked for ends before the last segment.
    assert_eq!(
        touched(&|user| assert_eq!(fault::fault_in_iov_iter_readable(user, all, 2), 0)),
        "get_user(2)"
    );
    // What is left is counted from the first unit that can't be read.
    let left = mapped([true, true, false]).user(|user| fault::fault_in_iov_iter_readable(user, all, 3));
    assert_eq!(left, 1);
}
