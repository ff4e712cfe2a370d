//! The family of scenarios: files, requests, sources, companions, and how they are put together.

mod actors;
mod build;
mod ending;
mod facts;
mod file;
mod final_state;
mod picture;
mod source;
mod table;
mod variant;

pub(crate) use ending::endings;
pub(crate) use table::name_parts;

pub use build::{Companion, Growth, Question, build};
pub use file::{File, PageState};
pub use source::Source;
pub use table::{Open, Region, cases, open_cases, questions};
pub use variant::{Path, Row};
