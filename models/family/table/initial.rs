//! Where a write lies, and the files and page states that it begins with.

use page_state::Geometry;

use crate::family::{File, PageState};
use crate::kernel::Request;

/// Where a write lies, relative to the file's end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Region {
    /// Within the file.
    Within,
    /// It starts in the file or at its end, and extends it.
    Extending,
    /// It starts beyond the end.
    Beyond,
}

impl Region {
    /// All of them.
    pub const ALL: [Region; 3] = [Region::Within, Region::Extending, Region::Beyond];

    pub(super) fn name(self) -> &'static str {
        match self {
            Region::Within => "within",
            Region::Extending => "extending",
            Region::Beyond => "beyond",
        }
    }

    pub(super) fn sentence(self) -> &'static str {
        match self {
            Region::Within => "a write within the file",
            Region::Extending => "a write that extends the file",
            Region::Beyond => "a write that starts beyond the end of the file",
        }
    }

    /// File sizes and requests: aligned and not, of one block, of the whole page, of one unit.
    fn requests(self, geometry: Geometry, breadth: Breadth) -> Vec<(usize, Request)> {
        let page = geometry.file_units();
        let block = geometry.block_units().min(page / 2);
        let asks: &[(usize, usize, usize)] = match (self, breadth) {
            (Region::Within, Breadth::Wide) => &[
                (page, 0, page),
                (page, 0, block),
                (page, 1, block),
                (page, 1, page - 1),
                (page, page - 1, 1),
            ],
            (Region::Within, Breadth::Single) => &[(page, 1, block)],
            (Region::Extending, Breadth::Single) => &[(0, 0, page)],
            (Region::Beyond, Breadth::Single) => &[(0, block, page - block)],
            (Region::Within, _) => &[(page, 0, page), (page, 1, block)],
            (Region::Extending, Breadth::Wide) => &[
                (0, 0, page),
                (0, 0, 1),
                (1, 0, page),
                (1, 1, page - 1),
                (block, block, page - block),
                (block, 1, page - 1),
                (page - 1, page - 1, 1),
            ],
            (Region::Extending, _) => &[(0, 0, page), (1, 1, page - 1)],
            (Region::Beyond, Breadth::Wide) => &[
                (0, block, page - block),
                (0, 1, 1),
                (0, 1, page - 1),
                (1, block, page - block),
                (1, page / 2, 1),
                (1, page - 1, 1),
                (block, page - 1, 1),
            ],
            (Region::Beyond, _) => &[(0, block, page - block), (1, block, page - block)],
        };
        asks.iter().map(|&(size, pos, len)| (size, Request { pos, len })).collect()
    }
}

/// How many initial states a question has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Breadth {
    /// Every map and page state.
    Wide,
    /// The typical ones.
    Narrow,
    /// The page is absent, and the blocks are all there or all holes.
    Plain,
    /// The page is absent, and there is one request of one file.
    Single,
}

/// Which blocks a file of this size has.
pub(super) fn maps(geometry: Geometry, size: usize, breadth: Breadth) -> Vec<u8> {
    let blocks = geometry.blocks_of(size);
    let all = ((1_u16 << blocks) - 1) as u8;
    let mut maps: Vec<u8> = match breadth {
        Breadth::Wide if blocks <= 2 => (0..=all).rev().collect(),
        Breadth::Wide => vec![all, 0, all & 0x55, all & 0xaa],
        Breadth::Narrow => vec![all, 0, all & 1],
        Breadth::Plain => vec![all, 0],
        Breadth::Single => vec![0],
    };
    maps.dedup();
    maps
}

/// What of it is in the page cache.
pub(super) fn pages(geometry: Geometry, breadth: Breadth) -> Vec<PageState> {
    let last = 1 << (geometry.blocks() - 1);
    match breadth {
        Breadth::Wide => vec![
            PageState::Absent,
            PageState::Uptodate,
            PageState::UptodateWithoutBuffers,
            PageState::Committed,
            PageState::Partly(1),
            PageState::Partly(last),
        ],
        Breadth::Narrow => {
            vec![PageState::Absent, PageState::Uptodate, PageState::Committed, PageState::Partly(1)]
        }
        Breadth::Plain | Breadth::Single => vec![PageState::Absent],
    }
}

/// The initial states: the file, what of it is in the page cache, and the request.
pub(super) fn initial(
    region: Region,
    geometry: Geometry,
    breadth: Breadth,
) -> Vec<(File, PageState, Request)> {
    let mut all = Vec::new();
    for (size, request) in region.requests(geometry, breadth) {
        for allocated in maps(geometry, size, breadth) {
            for page in pages(geometry, breadth) {
                all.push((File { size, allocated, unwritten: 0 }, page, request));
            }
        }
    }
    all
}
