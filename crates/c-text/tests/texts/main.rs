//! What is read, and what is not: one test program, which is built once.

#[path = "../common/mod.rs"]
mod common;

mod conditions;
mod limits;
mod patches;
mod programs;
mod reading;
mod tree;
