//! What is run, and what it comes to: one test program, which is built once.

#[path = "../common/mod.rs"]
mod common;

mod anything;
mod compiler;
mod engine;
mod limits;
mod runs;
mod tree;
