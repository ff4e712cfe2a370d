//! Since v6.14 (665575cff098): the source is faulted in only where a copy came to nothing.

use fault::{IovIter, Position};
use machine::{Flow, Label, again};

use super::prefault::prefault;
use super::round::write_once;
use super::{Ended, Progress, in_page, took};
use crate::file_system::FileSystem;
use crate::kernel::{Errno, Kernel, Request};

pub(super) fn perform(k: &Kernel, fs: &dyn FileSystem, request: Request) -> Ended {
    let Request { pos, len } = request;
    let segments = k.segments(request);
    let progress: Progress = (0, Position::default());
    // How much is written and where the source stands; how much of the page is tried.
    let first = (progress, in_page(k, pos, len) as u8);
    again(k.task.m, Label::new("retry", &[]), first, |((written, at), bytes)| {
        let source = IovIter::new(&segments, at);
        let begin = pos + usize::from(written);
        let (committed, copied) = match write_once(k, fs, begin, bytes.into(), source) {
            Ok(result) => result,
            Err(error) => return Flow::Done((written, Some(error))),
        };
        if committed > 0 {
            return took(k, request, (written, source), committed);
        }
        if copied > 0 {
            return Flow::Again(((written, at), copied));
        }
        if prefault(k, fs, source, bytes.into()) == usize::from(bytes) {
            return Flow::Done((written, Some(Errno::Efault)));
        }
        Flow::Again(((written, at), in_page(k, begin, len - usize::from(written)) as u8))
    })
}
