//! What steps touch, by the bits of cells.

use machine::{Action, Place, Word};

use crate::explicit::packing::Packing;

/// Bits of packed memory that are read and written, and the [groups](super::groups) that the written ones belong to.
///
/// Of two steps of different actors with footprints that do not [conflict](Footprint::conflicts) each does the
/// same, and gets the same result, before and after the other.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Footprint {
    pub(super) reads: Box<[u64]>,
    pub(super) writes: Box<[u64]>,
    pub(super) groups: u64,
}

impl Footprint {
    pub(super) fn none(packing: &Packing) -> Footprint {
        let nothing = vec![0; packing.words()].into_boxed_slice();
        Footprint { reads: nothing.clone(), writes: nothing, groups: 0 }
    }

    /// What a step can touch, whatever memory holds.
    pub(super) fn of(action: &Action, packing: &Packing) -> Footprint {
        let mut footprint = Footprint::none(packing);
        footprint.add(action, packing);
        footprint
    }

    /// What a step touches in this memory.
    pub(super) fn here(&mut self, action: &Action, packing: &Packing, memory: &[u64]) {
        self.clear();
        match *action {
            Action::Try { at, mask, .. } if packing.value(at, memory) & mask != 0 => {
                self.read(packing, at, mask);
            }
            Action::CopyUser { entry, need, frame, frames, stride, unit, to } => {
                let value = packing.value(entry, memory);
                self.read(packing, entry, need);
                if value & need == need {
                    self.read(packing, entry, bits_of(frame.shift, frame.width));
                    self.read(packing, source(frames, frame.of(value), stride, unit), Word::MAX);
                    self.write(packing, to, Word::MAX);
                }
            }
            _ => self.add(action, packing),
        }
    }

    fn add(&mut self, action: &Action, packing: &Packing) {
        match *action {
            Action::Load { at, mask, .. } => self.read(packing, at, mask),
            Action::Store { at, .. } => self.write(packing, at, Word::MAX),
            Action::Change { at, clear, set, mask, .. }
            | Action::Await { at, mask, clear, set, .. }
            | Action::Try { at, mask, clear, set, .. } => {
                self.read(packing, at, mask);
                self.write(packing, at, clear | set);
            }
            Action::CompareExchange { at, .. } | Action::Add { at, .. } => {
                self.read(packing, at, Word::MAX);
                self.write(packing, at, Word::MAX);
            }
            Action::Move { from, to } => {
                self.read(packing, from, Word::MAX);
                self.write(packing, to, Word::MAX);
            }
            Action::CopyUser { entry, need, frame, frames, stride, unit, to } => {
                self.read(packing, entry, need | bits_of(frame.shift, frame.width));
                // Of a field that is wider than there are cells, the rest lies beyond them.
                let most = if frame.width < 16 { (1 << frame.width) - 1 } else { Word::from(u16::MAX) };
                for number in 0..=most.min(packing.cells() as Word) {
                    self.read(packing, source(frames, number, stride, unit), Word::MAX);
                }
                self.write(packing, to, Word::MAX);
            }
            Action::Require { at, .. } => self.read(packing, at, Word::MAX),
            Action::Fence { .. }
            | Action::Choose { .. }
            | Action::Report { .. }
            | Action::Reach { .. }
            | Action::Control(_) => {}
        }
    }

    fn clear(&mut self) {
        self.reads.fill(0);
        self.writes.fill(0);
        self.groups = 0;
    }

    fn read(&mut self, packing: &Packing, at: Place, mask: Word) {
        if let Some((word, bits)) = packing.bits(at, mask) {
            self.reads[word] |= bits;
        }
    }

    fn write(&mut self, packing: &Packing, at: Place, mask: Word) {
        if let Some((word, bits)) = packing.bits(at, mask) {
            self.writes[word] |= bits;
        }
    }

    /// Whether it matters which of two steps, or of two sets of steps, comes first: to what they do, or to whom
    /// looks at a group.
    #[inline]
    pub(super) fn conflicts(&self, other: &Footprint) -> bool {
        let mut common = self.groups & other.groups;
        let ours = self.reads.iter().zip(&self.writes);
        for ((reads, writes), (others_reads, others_writes)) in ours.zip(other.reads.iter().zip(&other.writes)) {
            common |= writes & (others_reads | others_writes) | reads & others_writes;
        }
        common != 0
    }

    /// Whether something is written that this one, which waits, reads.
    #[inline]
    pub(super) fn is_opened_by(&self, other: &Footprint) -> bool {
        self.reads.iter().zip(&other.writes).any(|(reads, writes)| reads & writes != 0)
    }

    /// Adds another one; whether that was more.
    pub(super) fn join(&mut self, other: &Footprint) -> bool {
        let mut more = other.groups & !self.groups;
        self.groups |= other.groups;
        let ours = self.reads.iter_mut().chain(&mut self.writes);
        for (bits, others) in ours.zip(other.reads.iter().chain(&other.writes)) {
            more |= others & !*bits;
            *bits |= others;
        }
        more != 0
    }
}

fn bits_of(shift: u8, width: u8) -> Word {
    let ones = if width < 64 { (1 << width) - 1 } else { Word::MAX };
    if shift < 64 { ones << shift } else { 0 }
}

/// Where a unit of user memory is.
fn source(frames: Place, frame: Word, stride: u16, unit: u16) -> Place {
    frames.at(frame as usize * usize::from(stride) + usize::from(unit))
}
