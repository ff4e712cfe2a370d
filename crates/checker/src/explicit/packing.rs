//! Cells packed into words.

use std::cell::Cell;

use machine::{Layout, Memory, Peek, Place, Word};

struct Slot {
    word: u32,
    shift: u8,
    width: u8,
}

/// Where each cell is. No cell straddles two words.
pub(crate) struct Packing {
    slots: Vec<Slot>,
    words: usize,
}

impl Packing {
    pub(crate) fn new(layout: &Layout) -> Packing {
        let mut slots = Vec::with_capacity(layout.len());
        let (mut word, mut used) = (0, 0);
        for cell in layout.cells() {
            if used + cell.width > 64 {
                word += 1;
                used = 0;
            }
            slots.push(Slot { word, shift: used, width: cell.width });
            used += cell.width;
        }
        Packing { slots, words: word as usize + 1 }
    }

    /// How many words a packed memory takes.
    pub(crate) fn words(&self) -> usize {
        self.words
    }

    /// How many cells there are.
    pub(crate) fn cells(&self) -> usize {
        self.slots.len()
    }

    /// Where these bits of a cell are: the word, and the bits of it. None of a cell that is not declared.
    pub(crate) fn bits(&self, at: Place, of_cell: Word) -> Option<(usize, u64)> {
        let slot = self.slots.get(at.index())?;
        Some((slot.word as usize, (of_cell & mask(slot.width)) << slot.shift))
    }

    /// The value of a cell; 0 of one that is not declared.
    pub(crate) fn value(&self, at: Place, words: &[u64]) -> Word {
        Packed::new(self, words).peek(at)
    }

    /// Packs cells that are known to fit.
    pub(crate) fn pack(&self, cells: &[Word]) -> Box<[u64]> {
        let mut words = vec![0; self.words].into_boxed_slice();
        for (slot, value) in self.slots.iter().zip(cells) {
            words[slot.word as usize] |= value << slot.shift;
        }
        words
    }

    /// The cells, one word each.
    pub(crate) fn unpack(&self, words: &[u64]) -> Vec<Word> {
        self.slots.iter().map(|slot| (words[slot.word as usize] >> slot.shift) & mask(slot.width)).collect()
    }
}

const fn mask(width: u8) -> u64 {
    (1 << width) - 1
}

/// What a step may not do to memory.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    NoSuchCell(Place),
    TooWide(usize, Word),
}

/// A packed memory that steps are executed on. What they may not do is remembered, not done.
pub(crate) struct Packed<'a, W> {
    packing: &'a Packing,
    words: W,
    fault: Cell<Option<Fault>>,
}

impl<'a, W> Packed<'a, W> {
    pub(crate) fn new(packing: &'a Packing, words: W) -> Packed<'a, W> {
        Packed { packing, words, fault: Cell::new(None) }
    }

    pub(crate) fn fault(&self) -> Option<Fault> {
        self.fault.get()
    }

    fn slot(&self, at: Place) -> Option<&'a Slot> {
        let slot = self.packing.slots.get(at.index());
        if slot.is_none() {
            self.fault.set(Some(Fault::NoSuchCell(at)));
        }
        slot
    }
}

impl<W: AsRef<[u64]>> Peek for Packed<'_, W> {
    #[inline]
    fn peek(&self, at: Place) -> Word {
        let Some(slot) = self.slot(at) else { return 0 };
        (self.words.as_ref()[slot.word as usize] >> slot.shift) & mask(slot.width)
    }
}

impl<W: AsRef<[u64]> + AsMut<[u64]>> Memory for Packed<'_, W> {
    #[inline]
    fn poke(&mut self, at: Place, value: Word) {
        let Some(slot) = self.slot(at) else { return };
        if value & !mask(slot.width) != 0 {
            self.fault.set(Some(Fault::TooWide(at.index(), value)));
            return;
        }
        let word = &mut self.words.as_mut()[slot.word as usize];
        *word = *word & !(mask(slot.width) << slot.shift) | value << slot.shift;
    }
}
