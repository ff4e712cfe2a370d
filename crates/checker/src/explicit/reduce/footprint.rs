//! What steps touch, by the bits of cells.

use machine::{Action, Place, Word};
use rustc_hash::FxHashMap;

use crate::explicit::packing::Packing;

/// Bits of packed memory that are read, then those that are written, then the [groups](crate::explicit::looks) that the written
/// ones belong to.
///
/// Of two steps of different actors with footprints that do not [conflict](conflict()) each does the same, and gets the same
/// result, before and after the other.
pub(super) type Footprint = [u64];

/// Footprints that were met, by number.
pub(super) struct Footprints {
    /// How many words each has.
    len: usize,
    all: Vec<u64>,
    numbers: FxHashMap<Box<Footprint>, u32>,
}

impl Footprints {
    pub(super) fn new(len: usize) -> Footprints {
        Footprints { len, all: Vec::new(), numbers: FxHashMap::default() }
    }

    pub(super) fn count(&self) -> usize {
        self.numbers.len()
    }

    /// The number of a footprint, which has one from now on.
    pub(super) fn number(&mut self, footprint: &Footprint) -> u32 {
        if let Some(number) = self.numbers.get(footprint) {
            return *number;
        }
        let number = self.count() as u32;
        self.numbers.insert(footprint.into(), number);
        self.all.extend_from_slice(footprint);
        number
    }

    /// The footprint with a number.
    pub(super) fn get(&self, number: u32) -> &Footprint {
        &self.all[number as usize * self.len..][..self.len]
    }
}

/// How many words a footprint has.
pub(super) fn len(packing: &Packing) -> usize {
    2 * packing.words() + 1
}

fn parts(footprint: &Footprint) -> (&[u64], &[u64], u64) {
    let words = footprint.len() / 2;
    (&footprint[..words], &footprint[words..2 * words], footprint[2 * words])
}

/// The written bits.
pub(super) fn writes(footprint: &Footprint) -> &[u64] {
    parts(footprint).1
}

/// The groups that the written bits belong to.
pub(super) fn groups_mut(footprint: &mut Footprint) -> &mut u64 {
    let last = footprint.len() - 1;
    &mut footprint[last]
}

/// Whether it matters which of two steps, or of two sets of steps, comes first: to what they do, or to whom looks at a
/// group.
#[inline]
pub(super) fn conflict(one: &Footprint, other: &Footprint) -> bool {
    let (reads, writes, groups) = parts(one);
    let (others_reads, others_writes, others_groups) = parts(other);
    let others = others_reads.iter().zip(others_writes);
    let common = reads.iter().zip(writes).zip(others).fold(
        groups & others_groups,
        |common, ((reads, writes), (others_reads, others_writes))| {
            common | writes & (others_reads | others_writes) | reads & others_writes
        },
    );
    common != 0
}

/// Whether something is written that who waits reads.
#[inline]
pub(super) fn opens(waiting: &Footprint, other: &Footprint) -> bool {
    parts(waiting).0.iter().zip(writes(other)).any(|(reads, writes)| reads & writes != 0)
}

/// Adds another one; whether that was more.
#[inline]
pub(super) fn join(one: &mut Footprint, other: &Footprint) -> bool {
    let more = one.iter_mut().zip(other).fold(0, |more, (bits, others)| {
        let new = others & !*bits;
        *bits |= others;
        more | new
    });
    more != 0
}

/// Adds what a step can touch, whatever memory holds.
pub(super) fn add(footprint: &mut Footprint, action: &Action, packing: &Packing) {
    let mut touched = Touched { footprint, packing };
    match *action {
        Action::Load { at, mask, .. } => touched.read(at, mask),
        Action::Store { at, .. } => touched.write(at, Word::MAX),
        Action::Change { at, clear, set, mask, .. }
        | Action::Await { at, mask, clear, set, .. }
        | Action::Try { at, mask, clear, set, .. } => {
            touched.read(at, mask);
            touched.write(at, clear | set);
        }
        Action::CompareExchange { at, .. } | Action::Add { at, .. } => {
            touched.read(at, Word::MAX);
            touched.write(at, Word::MAX);
        }
        Action::Move { from, to } => {
            touched.read(from, Word::MAX);
            touched.write(to, Word::MAX);
        }
        Action::CopyUser { entry, need, frame, frames, stride, unit, to } => {
            touched.read(entry, need | bits_of(frame.shift, frame.width));
            // Of a field that is wider than there are cells, the rest lies beyond them.
            let most = if frame.width < 16 { (1 << frame.width) - 1 } else { Word::from(u16::MAX) };
            for number in 0..=most.min(packing.cells() as Word) {
                touched.read(source(frames, number, stride, unit), Word::MAX);
            }
            touched.write(to, Word::MAX);
        }
        Action::Require { at, .. } => touched.read(at, Word::MAX),
        Action::Fence { .. }
        | Action::Choose { .. }
        | Action::Report { .. }
        | Action::Reach { .. }
        | Action::Control(_) => {}
    }
}

/// Adds what a copy from user memory touches in this memory; nothing where the step is another one.
pub(super) fn add_copy(footprint: &mut Footprint, action: &Action, packing: &Packing, memory: &[u64]) {
    let mut touched = Touched { footprint, packing };
    if let Action::CopyUser { entry, need, frame, frames, stride, unit, to } = *action {
        let value = packing.value(entry, memory);
        touched.read(entry, need);
        if value & need == need {
            touched.read(entry, bits_of(frame.shift, frame.width));
            touched.read(source(frames, frame.of(value), stride, unit), Word::MAX);
            touched.write(to, Word::MAX);
        }
    }
}

struct Touched<'a> {
    footprint: &'a mut Footprint,
    packing: &'a Packing,
}

impl Touched<'_> {
    fn read(&mut self, at: Place, mask: Word) {
        if let Some((word, bits)) = self.packing.bits(at, mask) {
            self.footprint[word] |= bits;
        }
    }

    fn write(&mut self, at: Place, mask: Word) {
        if let Some((word, bits)) = self.packing.bits(at, mask) {
            self.footprint[self.packing.words() + word] |= bits;
        }
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
