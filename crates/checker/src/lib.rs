//! The engines: what searches a scenario.
//!
//! [`explicit`] takes every interleaving, sequentially consistent, state by state; its siblings run the
//! same scenarios on other checkers. Engines never import each other. [`stepper`] takes one run, step
//! by step, to replay what an engine found.
//!
//! An engine promises to hand over everything it found and how far it looked; it makes no verdict.
//!
//! ```
//! use checker::explicit::{Options, check};
//! use machine::{Layout, Machine, Order};
//! use scenario::{Property, Scenario};
//!
//! let mut layout = Layout::new();
//! let counter = layout.shared("counter", 2);
//! let increment = move |m: &dyn Machine| {
//!     let value = counter.load(m, Order::Relaxed);
//!     counter.store(m, value + 1, Order::Relaxed);
//! };
//! let lost_update =
//!     Property::finally("lost-update", "an increment is lost", move |state, _| counter.value(state) == 2);
//! let scenario = Scenario::new("two-increments", layout)
//!     .about("two actors increment a counter without a lock")
//!     .actor("a", increment)
//!     .actor("b", increment)
//!     .property(lost_update);
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
pub mod forced;
mod hooks;
pub mod isolate;
pub mod key_steps;
pub mod necessity;
pub mod on_loom;
pub mod on_shuttle;
pub mod telling_steps;

pub use collector::Collector;

/// The sources of this crate as they were compiled, by name: what a result can depend on.
pub const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));
