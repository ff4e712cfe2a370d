//! Numbered cells of shared memory and their layout.

use std::fmt;

/// The value of a cell, the result of a step. Cells hold at most [`CELL_BITS_MAX`] bits; the bits
/// above are free for the control words' answers.
pub type Word = u64;

/// The widest a cell may be, in bits.
pub const CELL_BITS_MAX: u8 = 32;

/// The number of a cell.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Place(pub u16);

impl Place {
    /// No cell: the number that no layout gives.
    pub const NOWHERE: Place = Place(u16::MAX);

    /// The cell `index` places further on, for cells that were declared as an array;
    /// [`Place::NOWHERE`] where the numbers end before that.
    #[must_use]
    pub const fn at(self, index: usize) -> Place {
        if index < (u16::MAX - self.0) as usize { Place(self.0 + index as u16) } else { Place::NOWHERE }
    }

    /// The cell's number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One declared cell.
#[derive(Clone)]
pub struct Cell {
    /// What a report calls it, e.g. `buffer 0`.
    pub name: String,
    /// How many bits it holds, `1..=CELL_BITS_MAX`.
    pub width: u8,
    /// Its value as a reader wants to see it, e.g. `mapped uptodate`.
    pub show: fn(Word) -> String,
}

/// The cells that a scenario declares, in the order of their numbers.
#[derive(Clone, Default)]
pub struct Layout {
    cells: Vec<Cell>,
}

impl Layout {
    /// A layout without cells.
    #[must_use]
    pub fn new() -> Layout {
        Layout::default()
    }

    /// Declares one cell of `width` bits.
    ///
    /// # Panics
    /// If `width` is not in `1..=CELL_BITS_MAX`, or there are more than 65,535 cells.
    pub fn cell(&mut self, name: impl Into<String>, width: u8, show: fn(Word) -> String) -> Place {
        assert!((1..=CELL_BITS_MAX).contains(&width), "a cell holds 1 to 32 bits, not {width}");
        let place = self.next();
        assert!(place != Place::NOWHERE, "at most 65,535 cells");
        self.cells.push(Cell { name: name.into(), width, show });
        place
    }

    /// Declares `count` cells in a row, named by `name(index)`, and gives the first.
    ///
    /// # Panics
    /// As [`Layout::cell`].
    pub fn array(
        &mut self,
        count: usize,
        width: u8,
        show: fn(Word) -> String,
        name: impl Fn(usize) -> String,
    ) -> Place {
        let first = self.next();
        for index in 0..count {
            self.cell(name(index), width, show);
        }
        first
    }

    /// The place that the next cell gets; [`Place::NOWHERE`] where there is no room.
    fn next(&self) -> Place {
        Place(self.cells.len() as u16)
    }

    /// The declared cells.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// How many cells are declared.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cells.len()
    }

    /// Whether no cell is declared.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.cells.iter().map(|c| (&c.name, c.width))).finish()
    }
}

/// Shared memory that can be read: what properties and pictures are given.
pub trait Peek {
    /// The value of a cell. Of one that is not declared, an engine's memory says 0 and the engine tells
    /// the error; a plain slice panics.
    fn peek(&self, at: Place) -> Word;

    /// Some bits of it, for who looks at no others: then a search need not tell apart in which order others write to
    /// the rest.
    fn peek_bits(&self, at: Place, mask: Word) -> Word {
        self.peek(at) & mask
    }
}

/// Shared memory that can be changed: what a sequentially consistent engine executes steps on.
pub trait Memory: Peek {
    /// Gives a cell a value; bits above its width are never set.
    fn poke(&mut self, at: Place, value: Word);
}

/// The plain memory: one word per cell. Initial states are written in this form.
impl Peek for [Word] {
    fn peek(&self, at: Place) -> Word {
        self[at.index()]
    }
}

impl Memory for [Word] {
    fn poke(&mut self, at: Place, value: Word) {
        self[at.index()] = value;
    }
}

impl Peek for Vec<Word> {
    fn peek(&self, at: Place) -> Word {
        self[at.index()]
    }
}

impl Memory for Vec<Word> {
    fn poke(&mut self, at: Place, value: Word) {
        self[at.index()] = value;
    }
}

/// A number or a name, as it is.
#[must_use]
pub fn show_number(value: Word) -> String {
    value.to_string()
}
