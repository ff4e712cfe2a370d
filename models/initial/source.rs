//! The source of the data: what it is when the write starts, and what becomes of it meanwhile.

use fault::{AddressSpace, Backing, Segment, SourcePage};
use machine::Word;
use page_state::folio::{MAPPING, UPTODATE};
use page_state::{Geometry, Storage, Unit};

use super::Request;

/// A source.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Source {
    /// In memory, and stays there.
    Resident,
    /// Valid, and not in the page tables.
    Absent,
    /// Not mapped at all.
    Invalid,
    /// In memory, until somebody may unmap it.
    Unmapped,
    /// In memory, until somebody may drop it; it can be faulted in again.
    Dropped,
    /// In memory, until reclaim may take it; it can be faulted in again.
    Reclaimed,
    /// In memory, until reclaim takes it again and again, for ever.
    Evicted,
    /// In memory, until the file that it maps may be truncated.
    Truncated,
    /// A mapping of the page that is being written, at the same place, not in the page tables.
    SelfMapped,
    /// Two pages, the second valid and absent.
    StraddlingAbsent,
    /// Two pages, the second not mapped.
    StraddlingInvalid,
    /// Two pages in memory, until somebody may unmap the second.
    StraddlingUnmapped,
    /// In memory, and from its third unit on it can't be read (memory tags).
    Tagged,
    /// Anonymous memory, until somebody may unmap it and it becomes somebody else's.
    Freed,
    /// A mapping of the page that is being written, at the same place, until somebody may drop it; it can be
    /// faulted in again.
    SelfDropped,
    /// Two segments: an empty one, and one that is valid and not in the page tables.
    EmptyThenAbsent,
    /// Two segments: an empty one, and one that is not mapped at all.
    EmptyThenInvalid,
    /// Two segments: a unit in memory, and the rest valid and not in the page tables.
    SegmentThenAbsent,
    /// Two segments: a unit in memory, and the rest not mapped at all.
    SegmentThenInvalid,
    /// Two segments: a unit in memory, and the rest a mapping of the page that is being written, at the same
    /// place, not in the page tables.
    SegmentThenSelf,
    /// For each page that is written one of the source, the last of them a mapping of the first page that is
    /// being written, not in the page tables.
    OfFirstPage,
}

impl Source {
    /// Its name, as in the names of scenarios.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Source::Resident => "resident",
            Source::Absent => "absent",
            Source::Invalid => "invalid",
            Source::Unmapped => "unmapped",
            Source::Dropped => "dropped",
            Source::Reclaimed => "reclaimed",
            Source::Evicted => "evicted",
            Source::Truncated => "source-truncated",
            Source::SelfMapped => "self-mapped",
            Source::StraddlingAbsent => "straddling-absent",
            Source::StraddlingInvalid => "straddling-invalid",
            Source::StraddlingUnmapped => "straddling-unmapped",
            Source::Tagged => "tagged",
            Source::Freed => "freed",
            Source::SelfDropped => "self-dropped",
            Source::EmptyThenAbsent => "empty-then-absent",
            Source::EmptyThenInvalid => "empty-then-invalid",
            Source::SegmentThenAbsent => "segment-then-absent",
            Source::SegmentThenInvalid => "segment-then-invalid",
            Source::SegmentThenSelf => "segment-then-self",
            Source::OfFirstPage => "of-first-page",
        }
    }

    /// Its pages.
    #[must_use]
    pub fn pages(self, geometry: Geometry) -> Vec<SourcePage> {
        let all: Word = (1 << geometry.page_units()) - 1;
        let page = |backing, readable| SourcePage { backing, readable };
        let frame = page(Backing::Frame, all);
        let itself = |index| page(Backing::TargetPage(index), all);
        let count = geometry.pages();
        match self {
            Source::SelfMapped | Source::SelfDropped => (0..count).map(itself).collect(),
            Source::StraddlingAbsent | Source::StraddlingInvalid | Source::StraddlingUnmapped => {
                vec![frame; count + 1]
            }
            Source::Tagged => vec![page(Backing::Frame, 0b11); count],
            Source::Freed => vec![page(Backing::Anonymous, all); count],
            Source::SegmentThenAbsent | Source::SegmentThenInvalid => vec![frame; 2],
            Source::SegmentThenSelf => vec![frame, itself(0)],
            Source::OfFirstPage => vec![frame, itself(0)],
            _ => vec![frame; count],
        }
    }

    /// Whether something may happen to it meanwhile.
    #[must_use]
    pub fn has_adversary(self) -> bool {
        matches!(
            self,
            Source::Unmapped
                | Source::Freed
                | Source::StraddlingUnmapped
                | Source::Dropped
                | Source::SelfDropped
                | Source::Reclaimed
                | Source::Truncated
                | Source::Evicted
        )
    }

    /// The segments of a request's data.
    #[must_use]
    pub fn segments(self, geometry: Geometry, request: Request) -> Vec<Segment> {
        let (units, Request { pos, len }) = (geometry.page_units(), request);
        let segment = |base, len| Segment { base, len };
        match self {
            Source::SelfMapped | Source::SelfDropped => vec![segment(pos, len)],
            Source::StraddlingAbsent | Source::StraddlingInvalid | Source::StraddlingUnmapped => {
                vec![segment(units - 1, len)]
            }
            Source::EmptyThenAbsent | Source::EmptyThenInvalid => vec![segment(0, 0), segment(0, len)],
            Source::SegmentThenAbsent | Source::SegmentThenInvalid => {
                vec![segment(0, 1), segment(units, len - 1)]
            }
            Source::SegmentThenSelf => {
                vec![segment(0, 1), segment(units + (pos + 1) % units, len - 1)]
            }
            _ => vec![segment(0, len)],
        }
    }

    /// What the user wants at a position of the file that held `before` there.
    #[must_use]
    pub fn wanted(self, geometry: Geometry, request: Request, position: usize, before: Unit) -> Unit {
        let new = |position| Unit::New { writer: 0, position };
        match self {
            Source::SelfMapped | Source::SelfDropped => before,
            Source::SegmentThenSelf if position > request.pos => before,
            // What the first page holds when it is written.
            Source::OfFirstPage if position >= geometry.page_units() => new(position - geometry.page_units()),
            _ => new(position),
        }
    }

    /// The shortest request that shows what is special about it, in units.
    #[must_use]
    pub fn least(self) -> usize {
        match self {
            Source::StraddlingAbsent | Source::StraddlingInvalid | Source::StraddlingUnmapped => 2,
            Source::SegmentThenAbsent | Source::SegmentThenInvalid | Source::SegmentThenSelf => 2,
            Source::Tagged | Source::OfFirstPage => 3,
            _ => 1,
        }
    }

    /// Whether it has more than one segment.
    #[must_use]
    pub fn has_segments(self) -> bool {
        matches!(
            self,
            Source::EmptyThenAbsent
                | Source::EmptyThenInvalid
                | Source::SegmentThenAbsent
                | Source::SegmentThenInvalid
                | Source::SegmentThenSelf
        )
    }

    /// Whether it is a mapping of the file, so that an empty file has nothing to map.
    #[must_use]
    pub fn is_of_the_file(self) -> bool {
        matches!(
            self,
            Source::SelfMapped | Source::SelfDropped | Source::SegmentThenSelf | Source::OfFirstPage
        )
    }

    /// Whether a write may come out short, or fail, because of it.
    #[must_use]
    pub fn can_fail(self) -> bool {
        !matches!(
            self,
            Source::Resident
                | Source::Absent
                | Source::StraddlingAbsent
                | Source::Dropped
                | Source::Reclaimed
                | Source::EmptyThenAbsent
                | Source::SegmentThenAbsent
        )
    }

    /// Whether it is asked of the writer alone: what is special about it is not about others.
    #[must_use]
    pub fn is_asked_alone(self) -> bool {
        matches!(
            self,
            Source::SelfMapped
                | Source::Tagged
                | Source::StraddlingAbsent
                | Source::StraddlingInvalid
                | Source::StraddlingUnmapped
                | Source::EmptyThenAbsent
                | Source::EmptyThenInvalid
                | Source::SegmentThenAbsent
                | Source::SegmentThenInvalid
                | Source::SegmentThenSelf
                | Source::OfFirstPage
        )
    }

    /// Puts it into an initial state, for a request.
    pub fn set_up(self, storage: &Storage, mm: &AddressSpace, cells: &mut [Word], request: Request) {
        let (geometry, units) = (storage.geometry, storage.geometry.page_units());
        let count = self.pages(geometry).len();
        // What is not part of the request must not be taken for it.
        for address in 0..count * units {
            let at = storage.unit(storage.source_frame(address / units), address % units);
            cells[at.index()] = Unit::Zero.word();
        }
        let addresses = self.segments(geometry, request).into_iter().flat_map(|s| s.base..s.base + s.len);
        for (i, address) in addresses.enumerate() {
            let at = storage.unit(storage.source_frame(address / units), address % units);
            cells[at.index()] = Unit::New { writer: 0, position: request.pos + i }.word();
        }
        for page in 0..count {
            let of_the_file = matches!(mm.pages[page].backing, Backing::TargetPage(_));
            let (mapped, present) = match self {
                Source::Invalid | Source::EmptyThenInvalid => (false, false),
                Source::Absent | Source::EmptyThenAbsent => (true, false),
                Source::StraddlingAbsent | Source::SegmentThenAbsent => (true, page == 0),
                Source::StraddlingInvalid | Source::SegmentThenInvalid => (page == 0, page == 0),
                _ => (true, !of_the_file),
            };
            if mapped {
                mm.map_initially(cells, page, present.then(|| storage.source_frame(page)));
            }
        }
    }

    /// A further initial state, where there is one: the page that is being written, mapped already.
    pub fn set_up_mapped(self, storage: &Storage, mm: &AddressSpace, cells: &mut [Word]) -> bool {
        if !matches!(self, Source::SelfMapped | Source::SelfDropped) {
            return false;
        }
        let mut any = false;
        for page in 0..storage.geometry.pages() {
            let Some(frame) = (cells[storage.slot(page).index()] as usize).checked_sub(1) else { continue };
            if cells[storage.flags(frame).index()] & UPTODATE == 0 {
                continue;
            }
            cells[storage.references(frame).index()] |= MAPPING;
            mm.map_initially(cells, page, Some(frame));
            any = true;
        }
        any
    }
}

/// Puts the data of a second writer into an initial state: the last page of the address space, in memory.
pub(crate) fn set_up_second(storage: &Storage, mm: &AddressSpace, cells: &mut [Word], request: Request) {
    let page = mm.pages.len() - 1;
    for i in 0..storage.geometry.page_units() {
        let at = storage.unit(storage.source_frame(page), i);
        let unit =
            if i < request.len { Unit::New { writer: 1, position: request.pos + i } } else { Unit::Zero };
        cells[at.index()] = unit.word();
    }
    mm.map_initially(cells, page, Some(storage.source_frame(page)));
}
