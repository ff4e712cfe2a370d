//! `generic_perform_write` (`mm/filemap.c`), in the eras that history knows.

mod prefault;
mod round;
mod v2_6_18;
mod v2_6_26;
mod v5_14;
mod v6_11;
mod v6_14;

use fault::{IovIter, Position};
use machine::{Flow, Label, call};

use crate::file_system::FileSystem;
use crate::kernel::{Caller, Errno, Kernel, Request};

pub use prefault::prefault;
pub use round::{copy_atomic, fatal_signal_pending};

/// What a loop comes to: how much it wrote, and what ended it early.
type Ended = (u8, Option<Errno>);

/// Writes what the source holds to the file; gives how much it wrote, or the error if that is nothing.
#[track_caller]
pub fn generic_perform_write(k: &Kernel, fs: &dyn FileSystem, request: Request) -> Result<usize, Errno> {
    let Request { pos, len } = request;
    let written = call(k.task.m, Label::new("generic_perform_write", &[pos as i32, len as i32]), || {
        let (written, status) = match k.world.setting.caller {
            Caller::V2_6_17 | Caller::V2_6_17AfterFix | Caller::V2_6_18 => v2_6_18::perform(k, fs, request),
            Caller::V2_6_24 | Caller::V2_6_26 | Caller::V4_2 | Caller::CopyFirst | Caller::V4_8 => {
                v2_6_26::perform(k, fs, request)
            }
            Caller::V5_14 | Caller::V5_18 => v5_14::perform(k, fs, request),
            Caller::V6_11 => v6_11::perform(k, fs, request),
            Caller::V6_14 | Caller::V6_18 => v6_14::perform(k, fs, request),
        };
        match status {
            Some(error) if written == 0 => Err(error),
            _ => Ok(written),
        }
    });
    written.map(usize::from)
}

/// How many of `len` units at `pos` lie in the page of `pos`.
#[must_use]
pub fn in_page(k: &Kernel, pos: usize, len: usize) -> usize {
    let units = k.task.storage.geometry.page_units();
    len.min(units - pos % units)
}

/// Where a loop stands: how much is written, and where in the source that is.
type Progress = (u8, Position);

/// A round has taken some units: that was the last of the write, or the next one tries all that remains of its page.
fn took(
    k: &Kernel,
    Request { pos, len }: Request,
    (written, source): (u8, IovIter),
    committed: u8,
) -> Flow<(Progress, u8), Ended> {
    let written = written + committed;
    let (done, at) = (usize::from(written), source.advance(committed.into()).at);
    if done == len {
        return Flow::Done((written, None));
    }
    Flow::Again(((written, at), in_page(k, pos + done, len - done) as u8))
}
