//! The commands, one file each.

mod cache;
mod check;
mod corpus;
mod coverage;
mod diff;
mod explain;
mod final_states;
mod forced;
mod list;
mod live;
mod matrix;
mod merge;
mod replay;
mod reproduce;
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
pub(crate) use final_states::final_states;
pub(crate) use forced::forced_by;
pub(crate) use list::list;
pub(crate) use live::{live, work as live_work};
pub(crate) use matrix::matrix;
pub(crate) use merge::merge;
pub(crate) use replay::replay;
pub(crate) use reproduce::reproduce;
pub(crate) use shell::{completions, man};
pub(crate) use survey::survey;
pub(crate) use why::why;
