//! v2.6.24 to v5.13, and 998ef75ddb57: a piece that comes to nothing is cut down to the current segment and
//! tried again; all that remains of the page otherwise.

use fault::{IovIter, Position};
use machine::{Flow, Label, again};

use super::prefault::prefault;
use super::round::write_once;
use super::{Ended, Progress, in_page};
use crate::file_system::FileSystem;
use crate::kernel::{Caller, Errno, Kernel, Request};

pub(super) fn perform(k: &Kernel, fs: &dyn FileSystem, request: Request) -> Ended {
    let Request { pos, len } = request;
    let segments = k.segments(request);
    let caller = k.world.setting.caller;
    let progress: Progress = (0, Position::default());
    again(k.task.m, Label::new("while iov_iter_count", &[]), progress, |(written, at)| {
        let begin = pos + usize::from(written);
        let whole = in_page(k, begin, len - usize::from(written));
        // c2: the rounds of one piece; nothing of it is written before the last.
        let round = again(k.task.m, Label::new("again", &[]), (whole as u8, at), |(bytes, at)| {
            let source = IovIter::new(&segments, at);
            let bytes = usize::from(bytes);
            let hopeless = |bytes| prefault(k, fs, source, bytes) == bytes && bytes > 0;
            if !caller.copies_first() && hopeless(bytes) {
                return Flow::Done(Err(Errno::Efault));
            }
            let (committed, _) = match write_once(k, fs, begin, bytes, source) {
                Ok(result) => result,
                Err(error) => return Flow::Done(Err(error)),
            };
            if committed > 0 {
                return Flow::Done(Ok((committed, at)));
            }
            let source = if caller == Caller::V2_6_24 { source } else { source.advance(0) };
            let bytes = in_page(k, begin, source.single_seg_count());
            if caller.copies_first() && prefault(k, fs, source, bytes) == bytes {
                return Flow::Done(Err(Errno::Efault));
            }
            Flow::Again((bytes as u8, source.at))
        });
        let (committed, at) = match round {
            Ok(result) => result,
            Err(error) => return Flow::Done((written, Some(error))),
        };
        let source = IovIter::new(&segments, at).advance(usize::from(committed));
        let written = written + committed;
        if usize::from(written) == len {
            Flow::Done((written, None))
        } else {
            Flow::Again((written, source.at))
        }
    })
}
