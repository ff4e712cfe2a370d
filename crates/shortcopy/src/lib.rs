//! Model checking of everyday concurrent code, in a test.
//!
//! A [`Scenario`] has shared variables, actors that take steps on them, and properties. [`assert_holds!`] looks at
//! every interleaving of the steps and fails with the shortest schedule to what is broken; [`assert_violated!`]
//! wants a bug to be found. An [`Engine`] is who looks: all three take the same scenario.
//!
//! ```
//! use shortcopy::{Layout, Machine, Order::Relaxed, Property, Scenario, assert_holds, assert_violated};
//!
//! fn two_increments(atomic: bool) -> Scenario {
//!     let mut layout = Layout::new();
//!     let counter = layout.shared("counter", 2);
//!     let increment = move |m: &dyn Machine| match atomic {
//!         true => drop(counter.fetch_add(m, 1, Relaxed)),
//!         false => counter.store(m, counter.load(m, Relaxed) + 1, Relaxed),
//!     };
//!     Scenario::new("two-increments", layout)
//!         .actors(["a", "b"], increment)
//!         .property(Property::finally("lost-update", "an increment is lost", move |state, _| {
//!             counter.value(state) == 2
//!         }))
//! }
//!
//! assert_violated!(two_increments(false), "lost-update");
//! assert_holds!(two_increments(true));
//! ```
//!
//! This crate is what depends on the others so that a test needs to depend on one. It promises that a search that was
//! cut, and an engine that is blind to a property, fail an assertion that something holds, and say so.

mod answer;
mod ask;
mod assertions;
mod child;
mod engine;

pub use answer::Answer;
pub use ask::{ask, ask_within};
pub use assertions::{holds, not_violated, violated};
pub use engine::Engine;

pub use machine::{
    Action, Flow, Label, Layout, Machine, Memory, Order, Peek, Place, Shared, Small, Step, Word, again, bug,
    bug_on, call, choose, fence, reach, scope, show_number,
};
pub use scenario::{
    Actor, BadState, Bound, Bounds, Check, Coverage, Ending, Kind, Outcome, Property, Returned, Scenario,
    Verdict,
};
