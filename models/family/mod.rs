//! The family of scenarios: files, requests, sources, companions, and how they are put together.

mod actors;
mod build;
mod ending;
mod facts;
mod final_state;
mod picture;
mod set_up;
mod table;
mod variant;

pub(crate) use ending::endings;
pub(crate) use table::name_parts;

pub use crate::initial::{File, PageState, Source};
pub use build::{Companion, Growth, Question, build};
pub use table::{Open, Region, cases, open_cases, questions};
pub use variant::{Path, Row};
