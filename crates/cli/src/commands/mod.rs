//! The commands, one file each.

mod cache;
mod check;
mod corpus;
mod coverage;
mod diff;
mod explain;
mod list;
mod matrix;
mod replay;
mod shell;
mod survey;
mod tell;
mod trees;
mod why;

pub(crate) use cache::cache;
pub(crate) use check::check;
pub(crate) use corpus::corpus;
pub(crate) use coverage::coverage;
pub(crate) use diff::diff;
pub(crate) use explain::explain;
pub(crate) use list::list;
pub(crate) use matrix::matrix;
pub(crate) use replay::replay;
pub(crate) use shell::{completions, man};
pub(crate) use survey::survey;
pub(crate) use why::why;
