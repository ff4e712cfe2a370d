//! What an engine found, as text and JSON.
//!
//! Everything here is a pure function of a [`Scenario`](scenario::Scenario) and an
//! [`Outcome`](scenario::Outcome): no file is read or written, and the same result is the same text
//! whatever the machine, the time or the number of threads. A [`Snapshot`] is the text that is
//! recorded; [`snapshot::parse`] reads it back.
//!
//! ```
//! use scenario::{Event, EventKind};
//!
//! let step = |actor: &str, label: &str| Event {
//!     actor: actor.to_owned(),
//!     kind: EventKind::Step { label: label.to_owned(), result: String::new(), scheduling_point: true },
//!     file: String::new(),
//!     line: 0,
//! };
//! let events = [step("write", "lock_page"), step("munmap", "clear_pte(0)")];
//! let text = report::columns(&report::lines(&events, report::Folding::Nothing), &[], report::Look::default());
//! assert_eq!(text, "      write           munmap\n      lock_page\n                      clear_pte(0)\n");
//! ```

mod account;
mod block;
mod columns;
mod diff;
mod endings;
mod final_states;
mod forced;
pub mod html;
mod json;
mod junit;
mod ktap;
mod lines;
mod mail;
mod matrix;
mod need;
mod reading;
mod sarif;
pub mod snapshot;
mod states;
mod story;
mod table;
mod tested;
#[cfg(test)]
mod toy;

pub use account::{Account, Extent, Fate, Flaw, Sums};
pub use block::{AsIn, Block, named, picture, property, shown};
pub use columns::{Look, SourceText, columns, parse as parse_columns, place};
pub use diff::{Change, Diff, Entry, Summary, diff};
pub use final_states::FinalStates;
pub use forced::Forced;
pub use json::{Finding, How, Rerun, SCHEMA, broken_line, line as json_line, rerun_line, tagged};
pub use junit::junit;
pub use ktap::Ktap;
pub use lines::{Folding, Line, Mark, lines, settled};
pub use mail::{Letter, Steps, WIDTH as MAIL_WIDTH, mail, paragraph};
pub use matrix::{Asked, Cell, Matrix};
pub use need::{Answer, Need, needs};
pub use sarif::sarif;
pub use snapshot::{Recorder, Section, Snapshot, verdict_word};
pub use states::{Change as StateChange, Seen, States, picture_by_name};
pub use story::story;
pub use tested::{Found, Grade, Tested};
