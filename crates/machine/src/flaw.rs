//! The rules that a step keeps whatever the state: a model that breaks one is wrong, and no answer to
//! its step would be right.

use std::fmt;

use crate::{Action, CELL_BITS_MAX, Control, Field, Place, Word};

/// What is wrong with a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// It names a cell that is not declared.
    NoSuchCell {
        /// The cell.
        at: Place,
        /// How many are declared.
        declared: usize,
    },
    /// Its field does not lie within a cell.
    FieldTooWide(Field),
    /// A state or result of a frame has more bits than its type says, or its word does not give it back.
    NotSmall {
        /// The state or result, as a word.
        word: Word,
        /// The `BITS` of its type.
        bits: u32,
    },
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Flaw::NoSuchCell { at: Place::NOWHERE, declared } => {
                write!(f, "there is no such cell: its place is beyond the last of the {declared}")
            }
            Flaw::NoSuchCell { at, declared } => {
                write!(f, "there is no cell {}: {declared} are declared", at.index())
            }
            Flaw::FieldTooWide(Field { shift, width }) => write!(
                f,
                "a field of {width} bits from bit {shift} on does not lie within the {CELL_BITS_MAX} bits of a cell"
            ),
            Flaw::NotSmall { word, bits } if word >> bits != 0 => write!(
                f,
                "a state or result is {word:#x}, and its type says that it fits {bits} bits (`Small::BITS`)"
            ),
            Flaw::NotSmall { word, .. } => {
                write!(f, "a state or result does not come back from its word {word:#x} (`Small::from_word`)")
            }
        }
    }
}

impl Action {
    /// The rule that the action breaks, in a layout of so many cells. The cell that a `CopyUser` reads is
    /// not known before it is executed.
    #[must_use]
    pub fn flaw(&self, declared: usize) -> Option<Flaw> {
        let named: [Option<Place>; 2] = match *self {
            Action::Load { at, .. }
            | Action::Store { at, .. }
            | Action::Change { at, .. }
            | Action::Await { at, .. }
            | Action::Try { at, .. }
            | Action::CompareExchange { at, .. }
            | Action::Add { at, .. }
            | Action::Require { at, .. } => [Some(at), None],
            Action::Move { from, to } => [Some(from), Some(to)],
            Action::CopyUser { frame, .. } if !frame.is_well_formed() => {
                return Some(Flaw::FieldTooWide(frame));
            }
            Action::CopyUser { entry, to, .. } => [Some(entry), Some(to)],
            Action::Control(Control::Misfit { word, bits }) => {
                return Some(Flaw::NotSmall { word, bits });
            }
            Action::Fence { .. }
            | Action::Choose { .. }
            | Action::Report { .. }
            | Action::Reach { .. }
            | Action::Control(_) => [None, None],
        };
        let at = named.into_iter().flatten().find(|at| at.index() >= declared)?;
        Some(Flaw::NoSuchCell { at, declared })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Layout, Order, show_number};

    #[test]
    fn a_place_beyond_the_last_is_no_cell() {
        let mut layout = Layout::new();
        let first = layout.array(3, 1, show_number, |i| i.to_string());
        for (index, there) in [(0, true), (2, true), (3, false), (65_535, false), (65_536, false)] {
            let load = Action::Load { at: first.at(index), mask: 1, order: Order::Relaxed };
            assert_eq!(load.flaw(layout.len()).is_none(), there, "{index}");
        }
        assert_eq!(Place(2).at(usize::MAX), Place::NOWHERE);
        assert_eq!(Place::NOWHERE.at(0), Place::NOWHERE);
    }

    #[test]
    fn a_field_lies_within_a_cell() {
        let copy = |shift, width| Action::CopyUser {
            entry: Place(0),
            need: 0,
            frame: Field { shift, width },
            frames: Place(0),
            stride: 1,
            unit: 0,
            to: Place(0),
        };
        assert_eq!(copy(16, 16).flaw(1), None);
        for (shift, width) in [(16, 17), (0, 64), (64, 0), (255, 255)] {
            assert_eq!(copy(shift, width).flaw(1), Some(Flaw::FieldTooWide(Field { shift, width })));
            assert_eq!(Field { shift, width }.of(0), 0);
        }
    }
}
