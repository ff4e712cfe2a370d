//! Since v5.14: what `write_end` rejects is tried again with what was copied. Until v6.13 the source is faulted
//! in first, since v6.14 only where a copy came to nothing.

use fault::{IovIter, Position};
use machine::{Flow, Label, again};

use super::round::{prefault, write_once};
use super::{Ended, Progress, in_page};
use crate::file_system::FileSystem;
use crate::kernel::{Errno, Kernel, Request};

pub(super) fn perform(k: &Kernel, fs: &dyn FileSystem, request: Request) -> Ended {
    let Request { pos, len } = request;
    let segments = k.segments(request);
    let copies_first = k.world.setting.caller.copies_first();
    let progress: Progress = (0, Position::default());
    // How much is written and where the source stands; how much of the page is tried.
    let first = (progress, in_page(k, pos, len) as u8);
    again(k.task.m, Label::new("retry", &[]), first, |((written, at), bytes)| {
        let source = IovIter::new(&segments, at);
        let begin = pos + usize::from(written);
        let (bytes, all) = (usize::from(bytes), in_page(k, begin, len - usize::from(written)));
        let hopeless = || prefault(k, fs, source, bytes) == bytes;
        if !copies_first && hopeless() {
            return Flow::Done((written, Some(Errno::Efault)));
        }
        let (committed, copied) = match write_once(k, fs, begin, bytes, source) {
            Ok(result) => result,
            Err(error) => return Flow::Done((written, Some(error))),
        };
        if committed > 0 {
            let (written, source) = (written + committed, source.advance(usize::from(committed)));
            let left = len - usize::from(written);
            if left == 0 {
                return Flow::Done((written, None));
            }
            return Flow::Again(((written, source.at), in_page(k, pos + usize::from(written), left) as u8));
        }
        if copied > 0 {
            return Flow::Again(((written, at), copied));
        }
        if copies_first && hopeless() {
            return Flow::Done((written, Some(Errno::Efault)));
        }
        Flow::Again(((written, at), if copies_first { all } else { bytes } as u8))
    })
}
