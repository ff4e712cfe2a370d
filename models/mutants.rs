//! Deliberate faults: each breaks one property, and shows that the property can be broken.

/// A deliberate fault in a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mutant {
    /// `block_read_full_page` marks buffers uptodate and reads nothing.
    ReadFillsNothing,
    /// `block_read_full_page` unlocks the page before it marks it uptodate.
    ReadUnlocksBeforeUptodate,
    /// A reader copies from a page that is not uptodate.
    ReadIgnoresUptodate,
    /// A reader looks at the size before it looks at the page.
    ReadLooksAtSizeFirst,
    /// A truncation leaves what lies beyond the size in the page.
    TruncateZeroesNothing,
    /// `write_begin` leaves a new block as it is where the write does not touch it.
    NewBlockIsNotZeroedAround,
    /// `write_begin` does not get write access from the journal.
    NoWriteAccess,
    /// Nobody faults the source in.
    NoPrefault,
    /// The source is faulted in with the page locked.
    PrefaultUnderPageLock,
    /// The copy translates an address once per page.
    CopyTranslatesOnce,
    /// The writer does not look for signals.
    SignalsAreIgnored,
    /// `write_end` marks the page uptodate, whatever lies outside of the write.
    PartialPageIsUptodate,
    /// `write_end` raises the size before it has looked at the buffers.
    SizeBeforeBuffers,
    /// `write_end` raises the size by the length, not by what was copied.
    SizeFromLength,
    /// `write_end` leaves the page locked.
    PageStaysLocked,
    /// `write_end` leaves blocks beyond the size.
    FailedWriteIsNotTruncated,
    /// `write_end` returns the length, not what was copied.
    ReturnsLength,
    /// `munmap` leaves the page-table entries.
    UnmapLeavesEntries,
    /// The commit thread takes the inode down before the handles are closed.
    CommitDoesNotWait,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 19] = [
        Mutant::ReadFillsNothing,
        Mutant::ReadUnlocksBeforeUptodate,
        Mutant::ReadIgnoresUptodate,
        Mutant::ReadLooksAtSizeFirst,
        Mutant::TruncateZeroesNothing,
        Mutant::NewBlockIsNotZeroedAround,
        Mutant::NoWriteAccess,
        Mutant::NoPrefault,
        Mutant::PrefaultUnderPageLock,
        Mutant::CopyTranslatesOnce,
        Mutant::SignalsAreIgnored,
        Mutant::PartialPageIsUptodate,
        Mutant::SizeBeforeBuffers,
        Mutant::SizeFromLength,
        Mutant::PageStaysLocked,
        Mutant::FailedWriteIsNotTruncated,
        Mutant::ReturnsLength,
        Mutant::UnmapLeavesEntries,
        Mutant::CommitDoesNotWait,
    ];
}

/// [`Mutant::UnmapLeavesEntries`].
pub(crate) fn munmap_leaving_entries(task: &page_state::Task, mm: &fault::AddressSpace) {
    fault::mmap_write_lock(task, mm);
    fault::detach_vma(task, mm, 0);
    fault::free_anonymous(task, mm, 0);
    fault::mmap_write_unlock(task, mm);
}

/// [`Mutant::CommitDoesNotWait`]: the inode goes to disk while handles are open.
pub(crate) fn commit_without_waiting(task: &page_state::Task, journal: &crate::jbd2::Journal) {
    let label = machine::Label::new("commit_record", &[]);
    page_state::steps::copy_unit(task, task.storage.inode, journal.durable, label);
}
