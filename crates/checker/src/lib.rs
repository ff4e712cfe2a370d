//! The engines: what searches a scenario.
//!
//! [`explicit`] takes every interleaving, sequentially consistent, state by state; its siblings run the
//! same scenarios on other checkers. Engines never import each other. [`stepper`] takes one run, step
//! by step, to replay what an engine found.
//!
//! An engine promises to hand over everything it found and how far it looked; it makes no verdict.
//!
//! ```
//! use std::sync::Arc;
//! use checker::explicit::{Options, check};
//! use machine::{Action, Label, Layout, Machine, Order, Place, Step, Word, show_number};
//! use scenario::{Actor, Check, Initial, Kind, Property, Scenario};
//!
//! fn increment(m: &dyn Machine) -> Word {
//!     let load = Action::Load { at: Place(0), mask: Word::MAX, order: Order::Relaxed };
//!     let value = m.perform(Step::new(load, Label::new("READ_ONCE", &[])));
//!     let store = Action::Store { at: Place(0), value: value + 1, order: Order::Relaxed };
//!     m.perform(Step::new(store, Label::new("WRITE_ONCE", &[])))
//! }
//!
//! let lost_update = Property {
//!     id: "lost-update",
//!     sentence: "an increment is lost",
//!     source: "folklore",
//!     effect: "an increment is missing",
//!     kind: Kind::Finally,
//!     promised: true,
//!     check: Check::Final(Arc::new(|memory, _, broken| {
//!         if memory.peek(Place(0)) != 2 {
//!             broken(Label::new("counter", &[]));
//!         }
//!     })),
//! };
//! let mut layout = Layout::new();
//! layout.cell("counter", 2, show_number);
//! let scenario = Scenario {
//!     name: "two-increments".to_owned(),
//!     sentence: "two actors increment a counter without a lock".to_owned(),
//!     layout,
//!     initial: vec![Initial { name: "zero".to_owned(), cells: vec![0] }],
//!     actors: vec![Actor::new("a", increment), Actor::new("b", increment)],
//!     views: Vec::new(),
//!     properties: vec![lost_update],
//!     reachable: Vec::new(),
//!     ending: None,
//!     killed: None,
//!     facts: None,
//!     grounds: None,
//!     assumptions: None,
//!     picture: Arc::new(|memory| memory.peek(Place(0)).to_string()),
//! };
//!
//! let outcome = check(&scenario, &Options::default())?;
//! assert_eq!(outcome.bad[0].property, "lost-update");
//! assert_eq!(outcome.bad[0].schedule.steps(), 4);
//! # Ok::<(), checker::explicit::Error>(())
//! ```

#[cfg(test)]
extern crate self as checker; // what the integration tests share is written against the crate's name

pub mod explicit;
pub mod stepper;

mod collector;
mod execution;
pub mod follow;
pub mod isolate;
pub mod key_steps;
pub mod necessity;
pub mod on_loom;
pub mod on_shuttle;
pub mod telling_steps;

pub use collector::Collector;

/// The sources of this crate as they were compiled, by name: what a result can depend on.
pub const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));
