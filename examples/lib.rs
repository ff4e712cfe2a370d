//! Small models of everyday code: each has a bug, and its twin in which that is mended and which holds.
//!
//! A file is a model, its scenario and its tests on all engines. What the tests tell is recorded in `snapshots/`;
//! `INSTA_UPDATE=always cargo test -p shortcopy-examples` records it anew.

#[cfg(test)]
mod last_ticket;
pub mod livelock;
pub mod lost_wakeup;
pub mod publication;
pub mod queue;

#[cfg(doctest)]
#[doc = include_str!("../docs/rust-models.md")]
struct Guide;
