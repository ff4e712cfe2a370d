//! v2.6.24 to v5.13, and 998ef75ddb57: a piece that comes to nothing is cut down to the current segment and
//! tried again; all that remains of the page otherwise.

use fault::{IovIter, Position, Segment};
use machine::{Flow, Label, again};

use super::prefault::prefault;
use super::round::write_once;
use super::{Ended, Progress, in_page};
use crate::file_system::FileSystem;
use crate::kernel::{Caller, Errno, Kernel, Request};

/// What the rounds of a piece come to: how much of it was taken, and where the source stood then.
type Piece = Result<(u8, Position), Errno>;

pub(super) fn perform(k: &Kernel, fs: &dyn FileSystem, request: Request) -> Ended {
    let Request { pos, len } = request;
    let segments = k.segments(request);
    let piece = if k.world.setting.caller == Caller::CopyFirst { copy_first } else { prefault_first };
    let progress: Progress = (0, Position::default());
    again(k.task.m, Label::new("while iov_iter_count", &[]), progress, |(written, at)| {
        let begin = pos + usize::from(written);
        let whole = in_page(k, begin, len - usize::from(written));
        let (committed, at) = match piece(k, fs, begin, whole, (&segments, at)) {
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

/// The rounds of one piece; nothing of it is written before the last.
fn prefault_first(
    k: &Kernel,
    fs: &dyn FileSystem,
    begin: usize,
    whole: usize,
    (segments, at): (&[Segment], Position),
) -> Piece {
    again(k.task.m, Label::new("again", &[]), (whole as u8, at), |(bytes, at)| {
        let source = IovIter::new(segments, at);
        let bytes = usize::from(bytes);
        if prefault(k, fs, source, bytes) == bytes && bytes > 0 {
            return Flow::Done(Err(Errno::Efault));
        }
        let (committed, _) = match write_once(k, fs, begin, bytes, source) {
            Ok(result) => result,
            Err(error) => return Flow::Done(Err(error)),
        };
        if committed > 0 {
            return Flow::Done(Ok((committed, at)));
        }
        // 124d3b7041f9 (v2.6.26)
        let source = if k.world.setting.caller == Caller::V2_6_24 { source } else { source.advance(0) };
        Flow::Again((in_page(k, begin, source.single_seg_count()) as u8, source.at))
    })
}

/// 998ef75ddb57: the source is faulted in after a copy that came to nothing.
fn copy_first(
    k: &Kernel,
    fs: &dyn FileSystem,
    begin: usize,
    whole: usize,
    (segments, at): (&[Segment], Position),
) -> Piece {
    again(k.task.m, Label::new("again", &[]), (whole as u8, at), |(bytes, at)| {
        let source = IovIter::new(segments, at);
        let (committed, _) = match write_once(k, fs, begin, bytes.into(), source) {
            Ok(result) => result,
            Err(error) => return Flow::Done(Err(error)),
        };
        if committed > 0 {
            return Flow::Done(Ok((committed, at)));
        }
        let source = source.advance(0);
        let bytes = in_page(k, begin, source.single_seg_count());
        if prefault(k, fs, source, bytes) == bytes {
            return Flow::Done(Err(Errno::Efault));
        }
        Flow::Again((bytes as u8, source.at))
    })
}
