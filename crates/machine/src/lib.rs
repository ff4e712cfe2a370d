//! The waist of shortcopy: the contract between write paths and engines.
//!
//! A [`Step`] is one indivisible action on shared memory, as data. A write path is an ordinary Rust
//! function that calls [`Machine::perform`] and nothing else that others can see; an engine is whatever
//! answers. Two control words, [`call`] and [`again`], mark what a model's future can still depend on,
//! so that an engine that searches states can forget the rest.
//!
//! A kernel word is its own definition of such steps; everyday code has [`Shared`], whose methods are named as
//! those of `std::sync::atomic`.
//!
//! This crate promises that steps mean the same to every engine ([`Action::execute`] is that
//! meaning on sequentially consistent memory), that equality and hash of a step ignore where it was
//! taken, and that it depends on nothing.
//!
//! ```
//! use std::cell::RefCell;
//! use machine::{Effect, Layout, Machine, Order, Shared, Step, Word};
//!
//! /// An engine with one actor and no adversary.
//! struct Alone(RefCell<Vec<Word>>);
//!
//! impl Machine for Alone {
//!     fn perform(&self, step: Step) -> Word {
//!         match step.action.execute(&mut *self.0.borrow_mut()) {
//!             Effect::Done(result) => result,
//!             Effect::Choice(_) => 0,
//!             Effect::Blocked => panic!("{step:?} would wait for ever"),
//!         }
//!     }
//! }
//!
//! fn increment(m: &dyn Machine, counter: Shared) {
//!     let value = counter.load(m, Order::Relaxed);
//!     counter.store(m, value + 1, Order::Relaxed);
//! }
//!
//! let mut layout = Layout::new();
//! let counter = layout.shared("counter", 4);
//! let alone = Alone(RefCell::new(vec![0; layout.len()]));
//! increment(&alone, counter);
//! assert_eq!(counter.value(&*alone.0.borrow()), 1);
//! ```

mod alone;
mod bug;
mod control;
mod flaw;
mod location;
mod place;
mod shared;
mod small;
mod step;
mod unsupported;

pub use alone::alone;
pub use bug::{Bug, bug, bug_on};
pub use control::{Flow, Machine, again, call, enter, enter_loop, go_round, leave, scope};
pub use flaw::Flaw;
pub use location::Location;
pub use place::{CELL_BITS_MAX, Cell, Layout, Memory, Peek, Place, Word, show_number};
pub use shared::{Shared, choose, fence, reach};
pub use small::Small;
pub use step::{Action, Control, Demand, Effect, FINISHED, Field, Label, Order, SMALL_BITS_MAX, Step};
pub use unsupported::{Unsupported, unsupported};

/// The sources of this crate as they were compiled, by name: what a result can depend on.
pub const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));
