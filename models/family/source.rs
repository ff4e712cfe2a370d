//! The source of the data: what it is when the write starts, and what becomes of it meanwhile.

use fault::{AddressSpace, Backing, SourcePage};
use machine::Word;
use page_state::folio::{MAPPING, UPTODATE};
use page_state::{Geometry, Storage, Unit};

use crate::kernel::Request;

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
}

impl Source {
    /// Its pages.
    #[must_use]
    pub fn pages(self, geometry: Geometry) -> Vec<SourcePage> {
        let all: Word = (1 << geometry.page_units()) - 1;
        let (backing, readable, count) = match self {
            Source::SelfMapped => (Backing::TargetPage, all, 1),
            Source::StraddlingAbsent | Source::StraddlingInvalid | Source::StraddlingUnmapped => {
                (Backing::Frame, all, 2)
            }
            Source::Tagged => (Backing::Frame, 0b11, 1),
            Source::Freed => (Backing::Anonymous, all, 1),
            _ => (Backing::Frame, all, 1),
        };
        vec![SourcePage { backing, readable }; count]
    }

    /// Where the data of a request starts, in units from the first page's first.
    #[must_use]
    pub fn start(self, geometry: Geometry, request: Request) -> usize {
        match self {
            Source::SelfMapped => request.pos % geometry.page_units(),
            Source::StraddlingAbsent | Source::StraddlingInvalid | Source::StraddlingUnmapped => {
                geometry.page_units() - 1
            }
            _ => 0,
        }
    }

    /// What the user wants at a position of the file that held `before` there.
    #[must_use]
    pub fn wanted(self, position: usize, before: Unit) -> Unit {
        match self {
            Source::SelfMapped => before,
            _ => Unit::New { writer: 0, position },
        }
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
        )
    }

    /// Puts it into an initial state, for a request.
    pub fn set_up(self, storage: &Storage, mm: &AddressSpace, cells: &mut [Word], request: Request) {
        let units = storage.geometry.page_units();
        let start = self.start(storage.geometry, request);
        if self != Source::SelfMapped {
            for page in 0..mm.pages.len() {
                for unit in 0..units {
                    // What is not part of the request must not be taken for it.
                    let address = page * units + unit;
                    let wanted = address.checked_sub(start).filter(|&i| i < request.len);
                    let value =
                        wanted.map_or(Unit::Zero, |i| Unit::New { writer: 0, position: request.pos + i });
                    cells[storage.unit(storage.source_frame(page), unit).index()] = value.word();
                }
            }
        }
        let frame = |page| Some(storage.source_frame(page));
        match self {
            Source::Invalid => {}
            Source::Absent => mm.map_initially(cells, 0, None),
            Source::SelfMapped => mm.map_initially(cells, 0, None),
            Source::StraddlingAbsent => {
                mm.map_initially(cells, 0, frame(0));
                mm.map_initially(cells, 1, None);
            }
            Source::StraddlingInvalid => mm.map_initially(cells, 0, frame(0)),
            _ => {
                for page in 0..mm.pages.len() {
                    mm.map_initially(cells, page, frame(page));
                }
            }
        }
    }

    /// A further initial state, where there is one: the page that is being written, mapped already.
    pub fn set_up_mapped(self, storage: &Storage, mm: &AddressSpace, cells: &mut [Word]) -> bool {
        let uptodate = cells[storage.flags(0).index()] & UPTODATE != 0;
        if self != Source::SelfMapped || !uptodate {
            return false;
        }
        cells[storage.references(0).index()] |= MAPPING;
        mm.map_initially(cells, 0, Some(0));
        true
    }
}
