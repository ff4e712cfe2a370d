//! The process's own address space: mappings that come and go, and system calls that are given their addresses.
//!
//! This is the only module with `unsafe`. A [`Region`] keeps its range of addresses from its first mapping to its
//! drop: what is taken out of it is its own no more, or, where it keeps addresses, a mapping without permissions, and nobody in this crate maps
//! at an address of its choice, except a region in its own range. No reference to what is mapped is ever made: its
//! contents are written and read by the kernel (`pwritev`, `process_vm`-free), or through [`Region::fill`], which
//! checks that it is inside of a part that is mapped writable.
#![allow(unsafe_code)]

mod child;
mod latch;

pub(crate) use child::in_child;
pub(crate) use latch::{Latch, Then};

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr;

/// The size of a page of memory that tests are about, in bytes.
pub(crate) const PAGE: usize = 4096;

/// How much memory an image or a file system in memory takes, at most, in MiB.
pub const MEBIBYTES_MAX: usize = 64;

/// The number of `cachestat(2)`, the same on all architectures.
const SYS_CACHESTAT: libc::c_long = 451;

/// Some pages of this process's memory, at addresses that nobody else has while it lives.
#[derive(Debug)]
pub(crate) struct Region {
    at: *mut u8,
    pages: usize,
    /// Which pages can be stored to.
    writable: Vec<bool>,
    /// Pages behind those that are mapped no more, and whose addresses nobody else gets.
    kept: usize,
    /// Whether the addresses of what is unmapped are kept.
    keeps: bool,
}

/// What of a segment is given to `pwritev`: where it begins and how long it is, in bytes. Nothing need be mapped there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment {
    at: *mut u8,
    bytes: usize,
}

// SAFETY: a segment is a number and a length, which are handed to the kernel alone; nobody reads or writes through it.
unsafe impl Send for Segment {}

// SAFETY: as above.
unsafe impl Sync for Segment {}

// SAFETY: a region has its range of addresses alone, as a `Vec` has its memory; nothing of it belongs to a thread.
unsafe impl Send for Region {}

fn result(code: i64) -> io::Result<usize> {
    usize::try_from(code).map_err(|_| io::Error::last_os_error())
}

impl Region {
    fn map(pages: usize, flags: i32, fd: i32) -> io::Result<Region> {
        let (bytes, prot) = (pages * PAGE, libc::PROT_READ | libc::PROT_WRITE);
        // SAFETY: the kernel chooses the address (no MAP_FIXED), so that no memory that is in use is touched.
        let at = unsafe { libc::mmap(ptr::null_mut(), bytes, prot, flags, fd, 0) };
        if at == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Region { at: at.cast(), pages, writable: vec![true; pages], kept: 0, keeps: false })
    }

    /// Anonymous memory.
    ///
    /// # Errors
    /// Where there is none.
    pub(crate) fn anonymous(pages: usize) -> io::Result<Region> {
        let region = Region::map(pages, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1)?;
        // A huge page is no page.
        // SAFETY: advice about a range that this region has alone; it changes no contents.
        unsafe { libc::madvise(region.at.cast(), pages * PAGE, libc::MADV_NOHUGEPAGE) };
        Ok(region)
    }

    /// A file's first pages, shared with all who have it open. A page beyond its end is not to be stored to.
    ///
    /// # Errors
    /// Where the file can't be mapped.
    pub(crate) fn of_file(file: BorrowedFd<'_>, pages: usize) -> io::Result<Region> {
        let mut region = Region::map(pages, libc::MAP_SHARED, file.as_raw_fd())?;
        region.writable.fill(false);
        Ok(region)
    }

    /// Memory of a file that has no name, which can be dropped from the page tables and is there again when it is
    /// touched.
    ///
    /// # Errors
    /// Where there is none.
    pub(crate) fn droppable(pages: usize) -> io::Result<Region> {
        // SAFETY: the name is a C string that outlives the call.
        let fd = unsafe { libc::memfd_create(c"source".as_ptr(), libc::MFD_CLOEXEC) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a descriptor that was made here and that nobody else has.
        let file = std::fs::File::from(unsafe { OwnedFd::from_raw_fd(fd) });
        file.set_len((pages * PAGE) as u64)?;
        Region::map(pages, libc::MAP_SHARED, fd)
    }

    /// Fills bytes from `offset` on.
    ///
    /// # Panics
    /// Where they are not all in pages that are mapped and can be stored to.
    pub(crate) fn fill(&mut self, offset: usize, bytes: usize, value: u8) {
        let pages = offset / PAGE..(offset + bytes).div_ceil(PAGE);
        assert!(pages.end <= self.pages && self.writable[pages].iter().all(|&is| is), "not writable");
        // SAFETY: the range is inside of this region's pages, which are mapped writable, by the assertion; no
        // reference to them exists.
        unsafe { ptr::write_bytes(self.at.add(offset), value, bytes) };
    }

    /// Stores bytes to a file's mapping, from `offset` on, which is to be in a page that the file has; else the process ends
    /// with SIGBUS.
    ///
    /// # Panics
    /// Where they are not all in pages of the region.
    pub(crate) fn store(&mut self, offset: usize, bytes: usize, value: u8) {
        assert!((offset + bytes).div_ceil(PAGE) <= self.pages, "pages of the region");
        // SAFETY: the range is inside of this region's pages, which are mapped writable, by the assertion; no
        // reference to them exists. Others who have the file mapped are the kernel's to order.
        unsafe { ptr::write_bytes(self.at.add(offset), value, bytes) };
    }

    /// Keeps the addresses of what is unmapped, so that nobody else's memory comes there: what can't be read there from then
    /// on is a mapping without permissions.
    pub(crate) fn keeping_addresses(mut self) -> Region {
        self.keeps = true;
        self
    }

    /// Forgets the pages from `first` on, which are unmapped, or will be.
    fn give_up(&mut self, first: usize) {
        if self.keeps {
            self.kept += self.pages - first;
        }
        self.pages = first;
        self.writable.truncate(first);
    }

    /// Takes the pages from `first` on out of the address space.
    ///
    /// # Errors
    /// As `munmap`.
    pub(crate) fn unmap_from(&mut self, first: usize) -> io::Result<()> {
        assert!(first < self.pages, "a page of the region");
        let range =
            Range { start: self.at as usize + first * PAGE, pages: self.pages - first, keeps: self.keeps };
        // Pages of this region, of which no reference exists; `Drop` unmaps only what is left, and what is kept.
        range.unmap()?;
        self.give_up(first);
        Ok(())
    }

    /// Takes the pages from `first` on out of the page tables; they stay valid.
    ///
    /// # Errors
    /// As `madvise`.
    pub(crate) fn drop_from(&mut self, first: usize) -> io::Result<()> {
        self.drop_some(first, self.pages.saturating_sub(first))
    }

    /// The same of `count` pages.
    ///
    /// # Errors
    /// As `madvise`.
    pub(crate) fn drop_some(&mut self, first: usize, count: usize) -> io::Result<()> {
        assert!(count > 0 && first + count <= self.pages, "pages of the region");
        let bytes = count * PAGE;
        // SAFETY: pages of this region, of which no reference exists. Anonymous ones lose their contents, which
        // nobody relies on.
        let code = unsafe { libc::madvise(self.at.add(first * PAGE).cast(), bytes, libc::MADV_DONTNEED) };
        result(code.into()).map(drop)
    }

    /// Puts a page into the page tables, by reading it.
    ///
    /// # Panics
    /// Where it is none of the region.
    pub(crate) fn touch(&self, page: usize) {
        assert!(page < self.pages, "a page of the region");
        // SAFETY: a mapped, readable page of this region. Of a file's mapping the caller asks only for pages that the
        // file has, else the process ends with SIGBUS.
        let _ = unsafe { ptr::read_volatile(self.at.add(page * PAGE)) };
    }

    /// A segment of a write, from `offset` on: it may reach beyond what is mapped.
    #[must_use]
    pub(crate) fn segment(&self, offset: usize, bytes: usize) -> Segment {
        Segment { at: self.at.wrapping_add(offset), bytes }
    }

    /// Whether the first page of a file's mapping is in the page cache and uptodate.
    ///
    /// # Errors
    /// As `mincore`.
    pub(crate) fn first_is_uptodate(&self) -> io::Result<bool> {
        let mut there = [0_u8; 1];
        // SAFETY: one page of this region, and room for one answer.
        result(unsafe { libc::mincore(self.at.cast(), PAGE, there.as_mut_ptr()) }.into())?;
        Ok(there[0] & 1 != 0)
    }
}

/// Some pages of a region, which it has given up, or does now.
struct Range {
    start: usize,
    pages: usize,
    /// Whether nobody else gets the addresses.
    keeps: bool,
}

impl Range {
    fn unmap(&self) -> io::Result<()> {
        let (at, bytes) = (self.start as *mut libc::c_void, self.pages * PAGE);
        if self.keeps {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED | libc::MAP_NORESERVE;
            // SAFETY: pages that a region has alone and gives up, of which no reference exists: what is mapped in their place
            // is its own still.
            let mapped = unsafe { libc::mmap(at, bytes, libc::PROT_NONE, flags, -1, 0) };
            return if mapped == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(()) };
        }
        // SAFETY: pages that a region has alone and gives up, of which no reference exists.
        result(unsafe { libc::munmap(at, bytes) }.into()).map(drop)
    }
}

impl Drop for Region {
    fn drop(&mut self) {
        let bytes = (self.pages + self.kept) * PAGE;
        if bytes > 0 {
            // SAFETY: what is left of this region, of which no reference exists any more, and what is kept behind it.
            unsafe { libc::munmap(self.at.cast(), bytes) };
        }
    }
}

/// `pwritev(2)` from segments that need not be mapped; nobody checks them before the kernel does.
///
/// # Errors
/// As `pwritev`.
pub(crate) fn pwritev(file: BorrowedFd<'_>, segments: &[Segment], position: usize) -> io::Result<usize> {
    let to_kernel = |s: &Segment| libc::iovec { iov_base: s.at.cast(), iov_len: s.bytes };
    let vector: Vec<libc::iovec> = segments.iter().map(to_kernel).collect();
    // SAFETY: `pwritev` only reads from the segments, and answers EFAULT where they can't be read; the vector itself
    // outlives the call.
    let code = unsafe {
        libc::pwritev(file.as_raw_fd(), vector.as_ptr(), vector.len() as i32, position as libc::off_t)
    };
    result(code as i64)
}

/// How many pages of a file are in the page cache; none where the kernel can't say (`cachestat` is there since v6.5).
#[must_use]
pub(crate) fn cached_pages(file: BorrowedFd<'_>) -> Option<u64> {
    let range = [0_u64; 2];
    let mut counted = [0_u64; 5];
    // SAFETY: both structures are arrays of 64-bit numbers (`struct cachestat_range`, `struct cachestat`), of which the
    // kernel reads the first and writes the second; they outlive the call.
    let code = unsafe {
        libc::syscall(SYS_CACHESTAT, file.as_raw_fd(), range.as_ptr(), counted.as_mut_ptr(), 0_u32)
    };
    (code == 0).then_some(counted[0])
}

/// Writes a file's dirty pages back, and waits for that (`sync_file_range(2)`).
///
/// # Errors
/// As `sync_file_range`.
pub(crate) fn write_back(file: BorrowedFd<'_>) -> io::Result<()> {
    let flags =
        libc::SYNC_FILE_RANGE_WAIT_BEFORE | libc::SYNC_FILE_RANGE_WRITE | libc::SYNC_FILE_RANGE_WAIT_AFTER;
    // SAFETY: the call takes numbers alone.
    result(unsafe { libc::sync_file_range(file.as_raw_fd(), 0, 0, flags) }.into()).map(drop)
}

/// Leaves a pattern in memory that is free: what of it comes to light in a file is somebody else's.
pub(crate) fn stamp_free_memory(bytes: usize, value: u8) {
    if let Ok(mut region) = Region::anonymous(bytes.div_ceil(PAGE)) {
        region.fill(0, bytes, value);
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn what_is_not_mapped_is_the_kernels_to_refuse() {
        let dir = std::env::temp_dir();
        let path = dir.join(format!("shortcopy-memory-{}", std::process::id()));
        let file = std::fs::File::create_new(&path).expect("a file");
        std::fs::remove_file(&path).expect("its name");
        let mut region = Region::anonymous(2).expect("memory");
        region.fill(0, 2 * PAGE, 7);
        let segment = region.segment(PAGE - 8, 8);
        assert_eq!(pwritev(file.as_fd(), &[segment], 0).expect("resident"), 8);
        region.unmap_from(0).expect("munmap");
        let refused = pwritev(file.as_fd(), &[segment], 0).expect_err("it is not mapped");
        assert_eq!(refused.raw_os_error(), Some(libc::EFAULT));
    }

    #[test]
    fn what_is_dropped_comes_back() {
        let mut region = Region::droppable(1).expect("memory");
        region.fill(0, PAGE, 9);
        region.drop_from(0).expect("madvise");
        let mut file = tempfile();
        let segment = region.segment(0, 16);
        assert_eq!(pwritev(file.as_fd(), &[segment], 0).expect("valid"), 16);
        let mut read = Vec::new();
        io::Seek::rewind(&mut file).expect("a file");
        io::Read::read_to_end(&mut file, &mut read).expect("a file");
        assert_eq!(read, [9; 16]);
    }

    fn tempfile() -> std::fs::File {
        let path = std::env::temp_dir().join(format!("shortcopy-dropped-{}", std::process::id()));
        let file = std::fs::OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        std::fs::remove_file(&path).expect("its name");
        file.expect("a file")
    }
}
