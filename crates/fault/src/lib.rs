//! Kernel words for the source of a write's data: address space, page faults, prefault, atomic copy,
//! and what can happen to the source meanwhile.
//!
//! The source is a row of segments in a row of pages, each a mapping of a frame, of anonymous memory, or of the very page
//! that is being written. This crate promises that a prefault touches the bytes that the kernel's
//! touches and takes no pin, that an atomic copy stops at the first absent unit and says how much it
//! copied, and that the fault handler sets an entry only after it has looked for the VMA under the mmap
//! lock.
//!
//! ```
//! use fault::{AddressSpace, Backing, SourcePage};
//! use machine::{Layout, Word};
//! use page_state::{Geometry, Storage};
//!
//! let mut layout = Layout::new();
//! let storage = Storage::declare(&mut layout, Geometry::SMALL, 2, 1, 4, true);
//! let page = SourcePage { backing: Backing::Frame, readable: 0xf };
//! let mm = AddressSpace::declare(&mut layout, vec![page]);
//! let mut cells: Vec<Word> = vec![0; layout.len()];
//! assert_eq!(mm.picture(&cells), "not mapped");
//! mm.map_initially(&mut cells, 0, Some(storage.source_frame(0)));
//! assert_eq!(mm.picture(&cells), "present");
//! ```

mod address_space;
mod adversaries;
mod handler;
mod iov_iter;
mod shared;
mod user_copy;

pub use address_space::{
    AddressSpace, Backing, GONE, PRESENT, SourcePage, detach_vma, find_vma, free_anonymous, mmap_read_lock,
    mmap_read_unlock, mmap_write_downgrade, mmap_write_lock, mmap_write_unlock, vmas_of,
};
pub use adversaries::{madvise_dontneed, munmap, truncate_source, try_to_unmap};
pub use handler::{Address, User, faults_in, get_user, handle_mm_fault};
pub use iov_iter::{IovIter, Position, Segment};
pub use shared::{
    SharedMapping, begin_access, end_access, is_shared_writable, mkclean_shared, set_shared_entry,
    unmap_shared,
};
pub use user_copy::{
    copy_from_user_atomic, fault_in_iov_iter_readable, fault_in_multipages_readable, fault_in_pages_readable,
};

/// The sources of this crate as they were compiled, by name: what a result can depend on.
pub const SOURCES: &[(&str, &str)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));
