//! How large pages and blocks are.

use std::ops::Range;

/// The sizes that a scenario chooses, in units.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Geometry {
    /// A page is `1 << page_shift` units.
    pub page_shift: u8,
    /// A block is `1 << block_shift` units; at most `page_shift`.
    pub block_shift: u8,
    /// How many pages the file has at most, 1 or 2.
    pub pages: u8,
}

impl Geometry {
    /// Four units in two blocks: the smallest interesting page.
    pub const SMALL: Geometry = Geometry { page_shift: 2, block_shift: 1, pages: 1 };
    /// Eight units in four blocks.
    pub const LARGE: Geometry = Geometry { page_shift: 3, block_shift: 1, pages: 1 };
    /// Two pages of two units, each one block.
    pub const TWO_PAGES: Geometry = Geometry { page_shift: 1, block_shift: 1, pages: 2 };
    /// Four units in a page that is one block.
    pub const WHOLE: Geometry = Geometry { page_shift: 2, block_shift: 2, pages: 1 };

    /// Units in a page.
    #[must_use]
    pub const fn page_units(self) -> usize {
        1 << self.page_shift
    }

    /// Units in a block.
    #[must_use]
    pub const fn block_units(self) -> usize {
        1 << self.block_shift
    }

    /// Blocks in a page.
    #[must_use]
    pub const fn blocks(self) -> usize {
        1 << (self.page_shift - self.block_shift)
    }

    /// Pages of the file.
    #[must_use]
    pub const fn pages(self) -> usize {
        self.pages as usize
    }

    /// Units of the file.
    #[must_use]
    pub const fn file_units(self) -> usize {
        self.pages() << self.page_shift
    }

    /// Blocks of the file.
    #[must_use]
    pub const fn file_blocks(self) -> usize {
        self.blocks() * self.pages()
    }

    /// The units of a block, in the page or the file that the block is counted in.
    #[must_use]
    pub const fn block(self, block: usize) -> Range<usize> {
        block << self.block_shift..(block + 1) << self.block_shift
    }

    /// The index of the page that a position of the file lies in.
    #[must_use]
    pub const fn page_of(self, position: usize) -> usize {
        position >> self.page_shift
    }

    /// How many blocks a file of `size` units has.
    #[must_use]
    pub const fn blocks_of(self, size: usize) -> usize {
        size.div_ceil(self.block_units())
    }
}
