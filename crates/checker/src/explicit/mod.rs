//! The explicit engine: every interleaving, sequentially consistent, state by state.
//!
//! Each actor is unfolded into an automaton (`unfold`), cells are packed (`packing`), and the states
//! are searched breadth first (`search`), by threads that stay (`team`) and share what steps do (`effects`), into
//! a set that keeps them whole (`visited`); of a large search that finds nothing, orders of steps that make no difference can
//! be left out (`reduce`), states with equal actors out of order (`symmetry`), and states in chains, until they are wanted
//! (`regrow`); where memory does not suffice, one more search can keep a part of each state (`compact`). Cycles are then
//! judged for livelock (`cycles`), and for each distinct bad state a second search finds the schedule of
//! fewest context switches and, among those, fewest steps (`shortest`). All of it keeps within the bounds
//! (`limits`), counts its memory before it takes it (`ledger`), and shows how far it is (`gauge`). One phase after the
//! other: `engine`.
//! What actors were unfolded to is handed out for checkers of other kinds (`automata`). What is too large for one
//! machine is searched by several [processes](together), with the feature of that name.
//!
//! Modules use those below them, and none of them this one.

// What only processes use that search together.
#![cfg_attr(not(feature = "together"), allow(dead_code))]

mod automata;
mod checkpoint;
mod checks;
#[cfg(test)]
#[path = "../../tests/common/mod.rs"]
mod common;
mod compact;
mod costs;
mod cycles;
mod disk;
mod distinct;
mod effects;
mod engine;
pub(crate) mod error;
mod expand;
mod findings;
mod gauge;
mod key;
mod ledger;
mod level;
mod limits;
mod looks;
mod memories;
mod once_more;
mod options;
mod outcome;
mod packing;
mod plan;
pub(crate) mod prepared;
mod reduce;
mod regrow;
mod reports;
mod rows;
mod schedule;
mod search;
mod seen;
mod sets;
mod shortest;
mod symmetry;
mod team;
#[cfg(test)]
mod tests;
#[cfg(feature = "together")]
pub mod together;
mod trace;
pub(crate) mod unfold;
mod views;
mod visit;
mod visited;

pub use automata::{Automaton, Control, Way, automata};
pub use checkpoint::forget;
pub use engine::{AtRest, Phases, check, check_prepared, explore, is_whole, profile};
pub use error::{Error, Refused, Spot};
pub use gauge::{Gauge, Reading};
pub use options::{Checkpoint, News, Note, Options, Reduce};
pub use prepared::Prepared;
pub(crate) use schedule::end_with;
pub use trace::{Place, Trace};
