//! The models once more, with a mark at every branch: what was reached since the program began is
//! remembered, for all threads together.
//!
//! The build script copies `models/`, so this is the same code line by line, and a search comes to the
//! same. It is a crate of its own so that the models stay as they are read, and without statics.

#![allow(warnings, clippy::all, reason = "what there is to say is said of the models")]

mod found;
mod marks;

pub use found::{BRANCHES, REASONS};
pub use marks::reached;

include!(concat!(env!("OUT_DIR"), "/models/lib.rs"));
