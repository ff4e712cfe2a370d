//! What is asked of an engine and what it answers.
//!
//! A [`Scenario`] is the question: shared cells with a *set* of initial states, actors, and the
//! [`Property`]s that must not be broken. An [`Outcome`] is the answer: the distinct [`BadState`]s, each
//! with a [`Schedule`], the [`Ending`]s that runs come to, and the [`Coverage`]. Engines never build a [`Verdict`]: [`verdict`] does, in
//! one place, so that a search that was cut can't read like a pass.
//!
//! ```
//! use scenario::{Bound, Coverage, Outcome, Verdict, verdict};
//!
//! let nothing_found = Outcome { coverage: Coverage::Exhausted, ..Outcome::default() };
//! assert_eq!(verdict(&nothing_found), Verdict::Holds);
//! let cut = Outcome { coverage: Coverage::Cut { bound: Bound::States }, ..Outcome::default() };
//! assert_eq!(verdict(&cut), Verdict::Unknown);
//! ```

mod answer;
mod branch;
mod catalog;
mod ending;
mod property;
mod question;
mod schedule;

pub use answer::{BadState, Bound, Bounds, Coverage, Outcome, Verdict, verdict};
pub use branch::{Branch, Reason, Way};
pub use catalog::{Case, Cases, Origin, Tier, Variant, WritePath};
pub use ending::{Ending, Teller, Term};
pub use property::{Check, FinalCheck, Kind, Property, StateCheck, built_in};
pub use question::{Actor, Body, Fairness, Grounds, Initial, Picture, Predicate, Scenario};
pub use schedule::{Event, EventKind, Schedule};

/// The sources of this crate as they were compiled, by name: what a result can depend on.
pub const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));
