//! A unit of page or disk contents: where its data came from.

use machine::Word;

/// How many positions in the file a unit can tell apart.
pub const POSITIONS_MAX: usize = 16;
/// How many writers a unit can tell apart.
pub const WRITERS_MAX: usize = 2;
/// The width of a unit's cell, in bits; its values stay below 64, so that a set of them is a `u64`.
pub const UNIT_BITS: u8 = 6;

/// Where the data of one unit came from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unit {
    /// In the frame or on the block since before it was ours: somebody else's data.
    Stale,
    /// Zeros.
    Zero,
    /// What the file held at this position.
    Old(usize),
    /// What a writer wants at this position.
    New {
        /// Which writer, below [`WRITERS_MAX`].
        writer: usize,
        /// The position, below [`POSITIONS_MAX`].
        position: usize,
    },
}

impl Unit {
    /// The unit as a cell holds it, below 64.
    #[must_use]
    pub const fn word(self) -> Word {
        (match self {
            Unit::Stale => 0,
            Unit::Zero => 1,
            Unit::Old(position) => 2 + position,
            Unit::New { writer, position } => 2 + POSITIONS_MAX * (writer + 1) + position,
        }) as Word
    }

    /// The unit of a cell's value.
    #[must_use]
    pub const fn of(word: Word) -> Unit {
        let word = word as usize;
        match word {
            0 => Unit::Stale,
            1 => Unit::Zero,
            _ => {
                let (kind, position) = ((word - 2) / POSITIONS_MAX, (word - 2) % POSITIONS_MAX);
                if kind == 0 { Unit::Old(position) } else { Unit::New { writer: kind - 1, position } }
            }
        }
    }

    /// The set of this unit alone, as a demand wants it.
    #[must_use]
    pub const fn alone(self) -> u64 {
        1 << self.word()
    }

    /// One or two letters for a picture: `?` stale, `0` zeros, `o3`, `n3`, `m3` (a second writer's).
    #[must_use]
    pub fn picture(self) -> String {
        match self {
            Unit::Stale => "?".to_owned(),
            Unit::Zero => "0".to_owned(),
            Unit::Old(position) => format!("o{position}"),
            Unit::New { writer: 0, position } => format!("n{position}"),
            Unit::New { position, .. } => format!("m{position}"),
        }
    }
}

/// Every value but stale.
pub const ALL_BUT_STALE: u64 = !Unit::Stale.alone();

/// A unit's cell as a reader wants to see it.
#[must_use]
pub fn show_unit(word: Word) -> String {
    match Unit::of(word) {
        Unit::Stale => "stale".to_owned(),
        Unit::Zero => "zero".to_owned(),
        Unit::Old(position) => format!("old {position}"),
        Unit::New { writer: 0, position } => format!("new {position}"),
        Unit::New { writer, position } => format!("new {position} of writer {writer}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_survives_its_cell() {
        let mut units = vec![Unit::Stale, Unit::Zero];
        for position in 0..POSITIONS_MAX {
            units.push(Unit::Old(position));
            units.extend((0..WRITERS_MAX).map(|writer| Unit::New { writer, position }));
        }
        for unit in units {
            assert!(unit.word() < 1 << UNIT_BITS);
            assert_eq!(Unit::of(unit.word()), unit);
        }
    }
}
