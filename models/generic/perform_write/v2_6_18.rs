//! v2.6.17 and v2.6.18 (`generic_file_buffered_write`): a piece is faulted in and nobody looks how that went;
//! a copy that meets a fault takes it with the page locked, and fills the rest with zeros where it can't
//! be taken; all of the piece is committed, whatever was copied.

use fault::{IovIter, Position, fault_in_pages_readable, get_user};
use machine::{Flow, Label, again, call};
use page_state::Folio;
use page_state::folio::folio_zero_segment;
use page_state::steps::reach;

use super::round::copy_atomic;
use super::{Ended, Progress, in_page};
use crate::file_system::FileSystem;
use crate::generic::filemap::filemap_fault;
use crate::kernel::{Caller, Errno, Kernel, Request};

pub(super) fn perform(k: &Kernel, fs: &dyn FileSystem, request: Request) -> Ended {
    let Request { pos, len } = request;
    let segments = k.segments(request);
    let caller = k.world.setting.caller;
    let progress: Progress = (0, Position::default());
    again(k.task.m, Label::new("do while count", &[]), progress, |(written, at)| {
        let source = IovIter::new(&segments, at);
        let begin = pos + usize::from(written);
        let mut bytes = in_page(k, begin, len - usize::from(written));
        if caller != Caller::V2_6_17 {
            bytes = bytes.min(source.single_seg_count());
        }
        // What is faulted in ends with the segment.
        let fault = |index| filemap_fault(k, fs, index);
        fault_in_pages_readable(&k.user(&fault), source, bytes);
        // 81b0c8713385: an empty segment is stepped over; before, it was a round for nothing.
        if bytes == 0 && caller != Caller::V2_6_17AfterFix {
            return Flow::Again((written, source.next_segment().at));
        }
        match write_piece(k, fs, begin, bytes, source) {
            Err(error) => Flow::Done((written, Some(error))),
            Ok(copied) if usize::from(copied) < bytes => Flow::Done((written + copied, Some(Errno::Efault))),
            Ok(copied) => {
                let written = written + copied;
                let source = if copied == 0 { source } else { source.advance(usize::from(copied)) };
                if usize::from(written) == len {
                    Flow::Done((written, None))
                } else {
                    Flow::Again((written, source.at))
                }
            }
        }
    })
}

/// One piece: `prepare_write`, the copy, `commit_write` of all of it. Gives how much was copied.
fn write_piece(
    k: &Kernel,
    fs: &dyn FileSystem,
    begin: usize,
    bytes: usize,
    source: IovIter,
) -> Result<u8, Errno> {
    call(k.task.m, Label::new("write_piece", &[begin as i32, bytes as i32]), || {
        let folio = fs.write_begin(k, begin, bytes)?;
        let to = begin % k.task.storage.geometry.page_units();
        let copied = copy_with_faults(k, fs, source, (bytes, folio, to));
        // Not reached: only ext2 is asked with this caller, and its commit_write does not fail.
        fs.write_end(k, begin, bytes, bytes, folio)?;
        if copied == bytes {
            reach(&k.task, "full copy");
        }
        Ok(copied as u8)
    })
}

/// `filemap_copy_from_user`: first with faults off, and then, with the page still locked, with faults on.
fn copy_with_faults(
    k: &Kernel,
    fs: &dyn FileSystem,
    source: IovIter,
    (bytes, folio, to): (usize, Folio, usize),
) -> usize {
    let addresses = source.addresses(bytes);
    let copied = call(k.task.m, Label::new("filemap_copy_from_user", &[bytes as i32]), || {
        let first = copy_atomic(k, fs, &addresses, folio, to) as u8;
        again(k.task.m, Label::new("__copy_from_user", &[]), first, |copied| {
            let done = usize::from(copied);
            if done == bytes {
                return Flow::Done(copied);
            }
            let fault = |index| filemap_fault(k, fs, index);
            if !get_user(&k.user(&fault), addresses[done]) {
                folio_zero_segment(&k.task, folio, to + done, to + bytes);
                return Flow::Done(copied);
            }
            Flow::Again(copied + copy_atomic(k, fs, &addresses[done..], folio, to + done) as u8)
        })
    });
    usize::from(copied)
}
