//! What a scenario starts from: a file, what of it is in the page cache, the write that is asked for, and the source of its
//! data.

mod file;
mod request;
mod source;

pub use file::{File, PageState};
pub use request::Request;
pub use source::Source;

pub(crate) use source::set_up_second;
