//! The segments of a source (`struct iovec`), and where in them a write stands (`lib/iov_iter.c`).

use machine::{Small, Word};

use crate::handler::Address;

/// One segment of a source.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Segment {
    /// Where it starts.
    pub base: Address,
    /// How long it is, in units; may be 0.
    pub len: usize,
}

/// Where in its segments a write stands: a segment, and a unit of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Position {
    segment: u8,
    offset: u8,
}

impl Small for Position {
    const BITS: u32 = 8;
    fn into_word(self) -> Word {
        Word::from(self.segment) << 5 | Word::from(self.offset)
    }
    fn from_word(word: Word) -> Position {
        Position { segment: (word >> 5) as u8, offset: (word & 0x1f) as u8 }
    }
    fn show(word: Word) -> String {
        let at = Position::from_word(word);
        if at.segment == 0 { at.offset.to_string() } else { format!("segment {} {}", at.segment, at.offset) }
    }
}

/// The source of a write, from a position on.
#[derive(Clone, Copy, Debug)]
pub struct IovIter<'a> {
    segments: &'a [Segment],
    /// Where it stands.
    pub at: Position,
}

impl<'a> IovIter<'a> {
    /// The source from `at` on.
    #[must_use]
    pub fn new(segments: &'a [Segment], at: Position) -> IovIter<'a> {
        IovIter { segments, at }
    }

    /// The segments that are left, the first without what is behind the position; empty ones, too.
    pub fn remaining(&self) -> impl Iterator<Item = Segment> + use<'a> {
        let Position { segment, offset } = self.at;
        self.segments.iter().skip(usize::from(segment)).enumerate().map(move |(i, s)| {
            let skipped = if i == 0 { usize::from(offset) } else { 0 };
            Segment { base: s.base + skipped, len: s.len - skipped }
        })
    }

    /// How many units are left.
    #[must_use]
    pub fn count(&self) -> usize {
        self.remaining().map(|s| s.len).sum()
    }

    /// How many units of the current segment are left (`iov_iter_single_seg_count`).
    #[must_use]
    pub fn single_seg_count(&self) -> usize {
        self.remaining().next().map_or(0, |s| s.len)
    }

    /// Where the next `len` units are, in their order.
    #[must_use]
    pub fn addresses(&self, len: usize) -> Vec<Address> {
        self.remaining().flat_map(|s| s.base..s.base + s.len).take(len).collect()
    }

    /// The source behind the next `len` units. Segments that are used up or empty are stepped over, also
    /// with `len` 0, as long as there is something left (`iov_iter_advance`, since v2.6.25).
    #[must_use]
    pub fn advance(self, len: usize) -> IovIter<'a> {
        let Position { mut segment, offset } = self.at;
        let mut offset = usize::from(offset) + len;
        while let Some(current) = self.segments.get(usize::from(segment))
            && offset >= current.len
            && usize::from(segment) + 1 < self.segments.len()
        {
            offset -= current.len;
            segment += 1;
        }
        IovIter { at: Position { segment, offset: offset as u8 }, ..self }
    }

    /// The source behind the next `len` units of the current segment, which ends no segment early: an
    /// empty segment is stepped over only by who asks for it.
    #[must_use]
    pub fn next_segment(self) -> IovIter<'a> {
        IovIter { at: Position { segment: self.at.segment + 1, offset: 0 }, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENTS: [Segment; 4] = [
        Segment { base: 0, len: 0 },
        Segment { base: 4, len: 2 },
        Segment { base: 9, len: 0 },
        Segment { base: 8, len: 1 },
    ];

    #[test]
    fn addresses_follow_the_segments() {
        let all = IovIter::new(&SEGMENTS, Position::default());
        assert_eq!((all.count(), all.single_seg_count()), (3, 0));
        assert_eq!(all.addresses(8), [4, 5, 8]);
        assert_eq!(all.addresses(1), [4]);
    }

    #[test]
    fn an_empty_segment_is_stepped_over_also_by_nothing() {
        let all = IovIter::new(&SEGMENTS, Position::default());
        let stepped = all.advance(0);
        assert_eq!((stepped.count(), stepped.single_seg_count()), (3, 2));
        assert_eq!(stepped.advance(1).addresses(2), [5, 8]);
        assert_eq!(stepped.advance(2).addresses(2), [8]);
        assert_eq!(stepped.advance(3).count(), 0);
    }

    #[test]
    fn a_position_survives_its_word() {
        for segment in 0..4 {
            for offset in 0..17 {
                let at = Position { segment, offset };
                assert_eq!(Position::from_word(at.into_word()), at);
            }
        }
    }
}
