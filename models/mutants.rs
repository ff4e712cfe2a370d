//! Deliberate faults: each breaks a property, and shows that the property can be broken.

/// A deliberate fault in a model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mutant {
    /// `block_read_full_page` marks buffers uptodate and reads nothing.
    ReadFillsNothing,
    /// `block_read_full_page` marks the page uptodate before it fills it.
    ReadMarksUptodateFirst,
    /// A reader copies from a page that is not uptodate.
    ReadIgnoresUptodate,
    /// A truncation leaves the page and its buffers as they are.
    TruncateKeepsPage,
    /// A truncation leaves what the last page holds behind the end.
    TruncateKeepsTail,
    /// `write_begin` leaves a new block as it is where the write does not touch it.
    NewBlockIsNotZeroedAround,
    /// `write_begin` does not get write access from the journal.
    NoWriteAccess,
    /// Nobody faults the source in.
    NoPrefault,
    /// The source is faulted in with the page locked.
    PrefaultUnderPageLock,
    /// The source is a mapping of the page, and is faulted in with the page locked.
    PrefaultOfItselfUnderPageLock,
    /// The copy translates an address once per page.
    CopyTranslatesOnce,
    /// The copy takes the unit next to the one that belongs there.
    CopyIsMisplaced,
    /// What a short copy left out is filled with zeros, as before v2.6.24.
    ShortCopyIsZeroFilled,
    /// The writer does not look for signals.
    SignalsAreIgnored,
    /// `write_end` marks the page uptodate, whatever lies outside of the write.
    PartialPageIsUptodate,
    /// `write_end` does not tell the journal what it took.
    WriteEndForgetsToDirty,
    /// `write_end` leaves new buffers as they are after a short copy.
    NewBuffersAreNotZeroed,
    /// The size is raised before the copy.
    SizeBeforeCopy,
    /// `write_end` raises the size by the length, not by what was copied.
    SizeFromLength,
    /// `write_end` raises the size on disk by the length, whatever was copied.
    SizeOnDiskIsAhead,
    /// `write_end` leaves the page locked.
    PageStaysLocked,
    /// `write_end` leaves blocks beyond the size.
    FailedWriteIsNotTruncated,
    /// A truncation that is done leaves the inode on the orphan list.
    InodeStaysOrphan,
    /// `write_end` returns the length, not what was copied.
    ReturnsLength,
    /// `munmap` leaves the page-table entries.
    UnmapLeavesEntries,
    /// A fault in a mapping of the file maps a page that is not uptodate.
    FaultIgnoresUptodate,
    /// A truncation to a larger size gives blocks to the file and leaves what is in them.
    GrowthMapsStaleBlocks,
    /// A checkpoint takes what a transaction still has.
    CheckpointTakesJournalled,
    /// Writeback marks pages clean and writes nothing.
    WritebackWritesNothing,
    /// Writeback leaves the write permission of mappings.
    WritebackKeepsMappingsWritable,
    /// Reclaim takes dirty pages, too.
    ReclaimTakesDirtyPages,
    /// Direct I/O takes dirty pages out without writing them.
    InvalidationTakesDirtyPages,
    /// A store through a mapping does not tell the file system.
    StoreWithoutMkwrite,
    /// The commit thread takes the inode down before the handles are closed.
    CommitDoesNotWait,
    /// The commit thread dirties what it commits.
    CommitDirtiesBuffers,
}

impl Mutant {
    /// All of them.
    pub const ALL: [Mutant; 35] = [
        Mutant::ReadFillsNothing,
        Mutant::ReadMarksUptodateFirst,
        Mutant::ReadIgnoresUptodate,
        Mutant::TruncateKeepsPage,
        Mutant::TruncateKeepsTail,
        Mutant::NewBlockIsNotZeroedAround,
        Mutant::NoWriteAccess,
        Mutant::NoPrefault,
        Mutant::PrefaultUnderPageLock,
        Mutant::PrefaultOfItselfUnderPageLock,
        Mutant::CopyTranslatesOnce,
        Mutant::CopyIsMisplaced,
        Mutant::ShortCopyIsZeroFilled,
        Mutant::SignalsAreIgnored,
        Mutant::PartialPageIsUptodate,
        Mutant::WriteEndForgetsToDirty,
        Mutant::NewBuffersAreNotZeroed,
        Mutant::SizeBeforeCopy,
        Mutant::SizeFromLength,
        Mutant::SizeOnDiskIsAhead,
        Mutant::PageStaysLocked,
        Mutant::FailedWriteIsNotTruncated,
        Mutant::InodeStaysOrphan,
        Mutant::ReturnsLength,
        Mutant::UnmapLeavesEntries,
        Mutant::FaultIgnoresUptodate,
        Mutant::GrowthMapsStaleBlocks,
        Mutant::CheckpointTakesJournalled,
        Mutant::WritebackWritesNothing,
        Mutant::WritebackKeepsMappingsWritable,
        Mutant::ReclaimTakesDirtyPages,
        Mutant::InvalidationTakesDirtyPages,
        Mutant::StoreWithoutMkwrite,
        Mutant::CommitDoesNotWait,
        Mutant::CommitDirtiesBuffers,
    ];

    /// The property that it breaks, and the write path and scenario in which it does; the newest variant.
    #[must_use]
    pub fn breaks(self) -> (&'static str, &'static str, &'static str) {
        let (property, scenario) = self.breaks_in();
        let path = match self {
            // Newer ones zero what is behind the end when the file grows.
            Mutant::TruncateKeepsTail => "ext3/ordered",
            Mutant::FaultIgnoresUptodate
            | Mutant::GrowthMapsStaleBlocks
            | Mutant::WritebackWritesNothing
            | Mutant::WritebackKeepsMappingsWritable
            | Mutant::ReclaimTakesDirtyPages
            | Mutant::InvalidationTakesDirtyPages
            | Mutant::StoreWithoutMkwrite => "generic/block",
            _ => "ext4/journalled",
        };
        (property, path, scenario)
    }

    fn breaks_in(self) -> (&'static str, &'static str) {
        match self {
            Mutant::ReadFillsNothing => ("stale-uptodate", "no-writer-readers"),
            Mutant::ReadMarksUptodateFirst => ("stale-read", "no-writer-readers"),
            Mutant::ReadIgnoresUptodate => ("stale-read", "no-writer-readers"),
            Mutant::TruncateKeepsPage => ("foreign-block", "no-writer-truncate-and-commit"),
            Mutant::TruncateKeepsTail => ("wrong-read", "extending-unmapped-then-truncate-up"),
            Mutant::NewBlockIsNotZeroedAround => ("stale-uptodate", "extending-resident"),
            Mutant::NoWriteAccess => ("kernel-bug", "within-resident"),
            Mutant::NoPrefault => ("livelock", "within-absent"),
            Mutant::PrefaultUnderPageLock => ("fault-under-lock", "within-absent"),
            Mutant::PrefaultOfItselfUnderPageLock => ("deadlock", "within-self-mapped"),
            Mutant::CopyTranslatesOnce => ("copy-after-unmap", "within-freed"),
            Mutant::CopyIsMisplaced => ("wrong-read", "within-absent-with-reader"),
            Mutant::ShortCopyIsZeroFilled => ("phantom-write", "within-invalid"),
            Mutant::SignalsAreIgnored => ("unkillable", "within-evicted-with-kill"),
            Mutant::PartialPageIsUptodate => ("stale-uptodate", "within-resident"),
            Mutant::WriteEndForgetsToDirty => ("lost-write", "within-resident"),
            Mutant::NewBuffersAreNotZeroed => ("orphaned-new-buffer", "within-invalid"),
            Mutant::SizeBeforeCopy => ("early-size", "extending-resident-with-reader"),
            Mutant::SizeFromLength => ("wrong-size", "extending-invalid"),
            Mutant::SizeOnDiskIsAhead => ("disksize-beyond-size", "extending-invalid"),
            Mutant::PageStaysLocked => ("leak", "within-resident"),
            Mutant::FailedWriteIsNotTruncated => ("blocks-beyond-size", "extending-invalid"),
            Mutant::InodeStaysOrphan => ("leak", "extending-invalid"),
            Mutant::ReturnsLength => ("bad-return", "within-invalid"),
            Mutant::UnmapLeavesEntries => ("copy-after-unmap", "within-freed"),
            Mutant::FaultIgnoresUptodate => ("stale-read", "no-writer-mmap-reader-and-truncate"),
            Mutant::GrowthMapsStaleBlocks => ("stale-read", "no-writer-reader-and-truncate-up"),
            Mutant::CheckpointTakesJournalled => ("kernel-bug", "no-writer-truncate-and-checkpoint"),
            Mutant::WritebackWritesNothing => ("lost-write", "within-resident-with-writeback"),
            Mutant::WritebackKeepsMappingsWritable => ("wrong-read", "no-writer-mmap-store-and-writeback"),
            Mutant::ReclaimTakesDirtyPages => ("lost-write", "within-resident-with-reclaim"),
            Mutant::InvalidationTakesDirtyPages => ("wrong-read", "no-writer-mmap-store-and-invalidate"),
            Mutant::StoreWithoutMkwrite => ("wrong-read", "no-writer-mmap-store-and-reclaim"),
            Mutant::CommitDoesNotWait => ("stale-on-disk", "extending-resident-with-commit"),
            Mutant::CommitDirtiesBuffers => ("journal-bypass", "no-writer-reader-and-commit"),
        }
    }
}

/// [`Mutant::UnmapLeavesEntries`].
pub(crate) fn munmap_leaving_entries(task: &page_state::Task, mm: &fault::AddressSpace) {
    fault::mmap_write_lock(task, mm);
    fault::detach_vma(task, mm, 0);
    fault::free_anonymous(task, mm, 0);
    fault::mmap_write_unlock(task, mm);
}

/// [`Mutant::CommitDoesNotWait`]: the inode goes to disk while handles are open.
pub(crate) fn commit_without_waiting(task: &page_state::Task) {
    let label = machine::Label::new("commit_record", &[]);
    page_state::steps::copy_unit(task, task.storage.inode, task.storage.durable, label);
}
