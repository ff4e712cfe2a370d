//! The program: its commands, its answers, and what the documents say of it. One test program, which is built once.

#[path = "../documents/mod.rs"]
mod documents;
#[path = "../documents/shown.rs"]
mod shown;
mod toy;

mod agreement;
mod browser;
mod cache;
mod cache_reach;
mod checkpoints;
mod claims;
mod command;
mod compact;
mod disk;
mod explain;
mod forced;
mod formats;
mod house;
mod html;
mod judge;
mod live;
mod parts;
mod readme;
mod replay;
mod shell;
mod states;
mod text;
mod together;
mod tree;
mod tree_example;
mod unsupported;
mod why;
