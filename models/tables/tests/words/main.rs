//! What the words of the tables mean: one test program, which is built once.

#[path = "../common/mod.rs"]
mod common;

mod defects;
mod engines;
mod mutants;
mod toy;
mod widening;
