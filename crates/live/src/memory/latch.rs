//! Memory whose first touch waits for us: `userfaultfd(2)`.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use super::{PAGE, Region, result};

/// The requests and numbers of `linux/userfaultfd.h`, which libc does not have.
const UFFDIO_API: u64 = 0xc018_aa3f;
const UFFDIO_REGISTER: u64 = 0xc020_aa00;
const UFFDIO_WAKE: u64 = 0x8010_aa02;
const UFFDIO_COPY: u64 = 0xc028_aa03;
const UFFD_API: u64 = 0xaa;
const MODE_MISSING: u64 = 1;
const EVENT_PAGEFAULT: u64 = 0x12;

/// How long to wait for a fault before looking whether anybody still waits for one, in milliseconds.
const LOOK_EVERY: i32 = 2;

/// What becomes of memory that was touched.
#[derive(Debug)]
pub(crate) enum Then {
    /// It gets these contents, a page each.
    Fill(Vec<u8>),
    /// It is taken out of the address space.
    Unmap,
}

/// A thread that waits for a touch.
#[derive(Debug)]
pub(crate) struct Latch {
    over: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<bool>>,
}

impl Latch {
    /// Ends the wait; tells whether somebody touched the memory.
    pub(crate) fn release(self) -> io::Result<bool> {
        self.over.store(true, Ordering::Release);
        self.thread.join().map_err(|_| io::Error::other("the thread that waits for a fault panicked"))?
    }
}

/// Some pages of a region that is unmapped by nobody else while a latch is there.
struct Range {
    start: usize,
    pages: usize,
}

impl Region {
    /// Takes the pages from `first` on out of memory, and waits in a thread for somebody to touch them. The region is
    /// dropped after the latch was released.
    pub(crate) fn latch_from(&mut self, first: usize, then: Then) -> io::Result<Latch> {
        self.drop_from(first)?;
        let flags = libc::O_CLOEXEC | libc::O_NONBLOCK;
        // SAFETY: the call takes flags and gives a descriptor that nobody else has.
        let fd = result(unsafe { libc::syscall(libc::SYS_userfaultfd, flags) })
            .map_err(|why| io::Error::new(why.kind(), format!("userfaultfd: {why}")))?;
        // SAFETY: it was made just now, and is owned by nobody.
        let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
        request(&fd, UFFDIO_API, &mut [UFFD_API, 0, 0])?;
        let range = Range { start: self.at as usize + first * PAGE, pages: self.pages - first };
        let bytes = (range.pages * PAGE) as u64;
        request(&fd, UFFDIO_REGISTER, &mut [range.start as u64, bytes, MODE_MISSING, 0])?;
        if let Then::Unmap = then {
            // It goes in the thread, or with the process.
            self.pages = first;
            self.writable.truncate(first);
        }
        let over = Arc::new(AtomicBool::new(false));
        let heard = over.clone();
        let thread = thread::spawn(move || serve(&fd, &range, &then, &heard));
        Ok(Latch { over, thread })
    }
}

/// An ioctl whose argument is a structure of 64-bit numbers.
fn request<const N: usize>(fd: &OwnedFd, request: u64, numbers: &mut [u64; N]) -> io::Result<()> {
    // SAFETY: each request is given the structure that it takes, as an array of as many 64-bit numbers: `uffdio_api` 3,
    // `uffdio_register` 4, `uffdio_range` 2, `uffdio_copy` 5 (the last is written). What a copy points to is said there.
    let code = unsafe { libc::ioctl(fd.as_raw_fd(), request as _, numbers.as_mut_ptr()) };
    result(code.into()).map(drop)
}

/// Waits for touches and answers them; whether there was one.
fn serve(fd: &OwnedFd, range: &Range, then: &Then, over: &AtomicBool) -> io::Result<bool> {
    let mut any = false;
    while !over.load(Ordering::Acquire) {
        let mut poll = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
        // SAFETY: one structure, which outlives the call.
        if unsafe { libc::poll(&raw mut poll, 1, LOOK_EVERY) } <= 0 {
            continue;
        }
        // `struct uffd_msg`: the event, the flags, the address, the task.
        let mut message = [0_u64; 4];
        let size = size_of_val(&message);
        // SAFETY: there is room for a message, and no more is asked for.
        let read = unsafe { libc::read(fd.as_raw_fd(), message.as_mut_ptr().cast(), size) };
        if read != size as isize || message[0] & 0xff != EVENT_PAGEFAULT {
            continue;
        }
        any = true;
        answer(fd, range, then, message[2] as usize)?;
    }
    Ok(any)
}

fn answer(fd: &OwnedFd, range: &Range, then: &Then, address: usize) -> io::Result<()> {
    let page = address.saturating_sub(range.start) / PAGE;
    match then {
        Then::Fill(contents) => {
            let Some(contents) = contents.get(page * PAGE..(page + 1) * PAGE) else {
                return Err(io::Error::other("a fault outside of what is waited for"));
            };
            // The contents outlive the call, and the page that is filled is in the range.
            let mut copy = [(range.start + page * PAGE) as u64, contents.as_ptr() as u64, PAGE as u64, 0, 0];
            request(fd, UFFDIO_COPY, &mut copy)
        }
        Then::Unmap => {
            let bytes = range.pages * PAGE;
            // SAFETY: the region has given these pages up; nobody has a reference to them.
            result(unsafe { libc::munmap(range.start as *mut libc::c_void, bytes) }.into())?;
            request(fd, UFFDIO_WAKE, &mut [range.start as u64, bytes as u64])
        }
    }
}
