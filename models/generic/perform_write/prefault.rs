//! How the source is faulted in, in each era.

use fault::{IovIter, fault_in_iov_iter_readable, fault_in_multipages_readable, fault_in_pages_readable};

use crate::file_system::FileSystem;
use crate::generic::filemap::filemap_fault;
use crate::kernel::{Caller, Kernel};

/// Faults the next `bytes` units of the source in, as the caller's era does. Tells how many may not be
/// readable: all, where the era only knows that one is not.
#[track_caller]
pub fn prefault(k: &Kernel, fs: &dyn FileSystem, source: IovIter, bytes: usize) -> usize {
    let fault = |index| filemap_fault(k, fs, index);
    let user = k.user(&fault);
    let all_or_nothing = |readable: bool| if readable { 0 } else { bytes };
    match k.world.setting.caller {
        caller if caller >= Caller::V5_18 => fault_in_iov_iter_readable(&user, source, bytes),
        Caller::V4_8 | Caller::V5_14 => all_or_nothing(fault_in_multipages_readable(&user, source, bytes)),
        _ => all_or_nothing(fault_in_pages_readable(&user, source, bytes)),
    }
}
