//! The engines: what they promise, and against each other. One program, so that what the tests share is built once.
#![allow(clippy::unwrap_used, reason = "a test that panics fails")]

#[path = "../common/mod.rs"]
mod common;

mod agreement;
mod agreement_shuttle;
mod anchor;
mod answers;
mod forced;
mod key_steps;
mod liveness;
mod loom_engine;
mod loom_gaps;
mod loom_litmus;
mod necessity;
mod programs;
mod rules;
mod shuttle_engine;
mod trace;
mod unfolding;
mod words;
