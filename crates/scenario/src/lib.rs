//! What is asked of an engine and what it answers.
//!
//! A [`Scenario`] is the question: shared cells with a *set* of initial states, actors, and the
//! [`Property`]s that must not be broken. An [`Outcome`] is the answer: the distinct [`BadState`]s, each
//! with a [`Schedule`], the [`Ending`]s that runs come to, the [`Coverage`], and the properties that were looked
//! at. Engines never build a [`Verdict`]: [`verdict`] does, in one place, so that neither a search that was cut
//! nor an engine that can't look at a promised property reads like a pass.

mod answer;
mod assumption;
mod branch;
mod building;
mod catalog;
mod ending;
mod facts;
mod final_state;
mod glossary;
mod missing;
mod parking;
mod property;
mod question;
mod releases;
mod schedule;

pub use answer::{BadState, Bound, Bounds, Coverage, Outcome, Verdict, verdict};
pub use assumption::{Assumed, Assumption};
pub use branch::{Branch, Reason, Way};
pub use building::Returned;
pub use catalog::{Case, Cases, Origin, Tier, Variant, WritePath};
pub use ending::{Ending, Teller, Term};
pub use facts::{Fact, Facts};
pub use final_state::{Contents, FinalState, FinalTeller};
pub use glossary::{Entry, Subject, parts};
pub use missing::Missing;
pub use parking::{Parked, Parking, Parks};
pub use property::{Check, FinalCheck, Kind, Property, StateCheck, built_in};
pub use question::{Actor, Body, Fairness, Grounds, Initial, Picture, Predicate, Scenario};
pub use releases::{NoReleases, Release, Releases};
pub use schedule::{Event, EventKind, Schedule};

/// The sources of this crate as they were compiled, by name: what a result can depend on.
pub const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));
