//! Memory whose first touch waits for us: `userfaultfd(2)`.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{PAGE, Range, Region, result};

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
    gate: Option<Gate>,
}

/// The other side of a gate: says that somebody has come, and hears that he may go on.
type Waits = (Sender<()>, Receiver<()>);

/// Where who touches the memory first waits for us.
#[derive(Debug)]
struct Gate {
    touched: Receiver<()>,
    go: Sender<()>,
}

impl Latch {
    /// Whether somebody has touched the memory and waits for us; waits so long for him.
    pub(crate) fn is_touched(&self, within: Duration) -> bool {
        self.gate.as_ref().is_some_and(|gate| gate.touched.recv_timeout(within).is_ok())
    }

    /// Lets him go on.
    pub(crate) fn go(&self) {
        // Where nobody is left who waits, nobody need go.
        let _ = self.gate.as_ref().map(|gate| gate.go.send(()));
    }

    /// Ends the wait; tells whether somebody touched the memory.
    pub(crate) fn release(mut self) -> io::Result<bool> {
        self.over.store(true, Ordering::Release);
        self.gate = None;
        self.thread.join().map_err(|_| io::Error::other("the thread that waits for a fault panicked"))?
    }
}

impl Region {
    /// Takes the pages from `first` on out of memory, and waits in a thread for somebody to touch them; `gated`, who does so
    /// first waits until he may [go](Latch::go). The region is dropped after the latch was released.
    pub(crate) fn latch_from(&mut self, first: usize, then: Then, gated: bool) -> io::Result<Latch> {
        self.drop_from(first)?;
        let flags = libc::O_CLOEXEC | libc::O_NONBLOCK;
        // SAFETY: the call takes flags and gives a descriptor that nobody else has.
        let fd = result(unsafe { libc::syscall(libc::SYS_userfaultfd, flags) })
            .map_err(|why| io::Error::new(why.kind(), format!("userfaultfd: {why}")))?;
        // SAFETY: it was made just now, and is owned by nobody.
        let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
        request(&fd, UFFDIO_API, &mut [UFFD_API, 0, 0])?;
        let (start, pages) = (self.at as usize + first * PAGE, self.pages - first);
        let range = Range { start, pages, keeps: self.keeps };
        let bytes = (range.pages * PAGE) as u64;
        request(&fd, UFFDIO_REGISTER, &mut [range.start as u64, bytes, MODE_MISSING, 0])?;
        if let Then::Unmap = then {
            // It goes in the thread, or with the process.
            self.give_up(first);
        }
        let over = Arc::new(AtomicBool::new(false));
        let heard = over.clone();
        let ((touch, touched), (go, may_go)) = (channel(), channel());
        let gate = gated.then_some(Gate { touched, go });
        let mut waits = gated.then_some((touch, may_go));
        let thread = thread::spawn(move || serve(&fd, &range, &then, (&heard, &mut waits)));
        Ok(Latch { over, thread, gate })
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
fn serve(
    fd: &OwnedFd,
    range: &Range,
    then: &Then,
    (over, waits): (&AtomicBool, &mut Option<Waits>),
) -> io::Result<bool> {
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
        if let Some((touch, may_go)) = waits.take() {
            // Nobody waits for it where the other end is gone.
            let _ = touch.send(());
            let _ = may_go.recv();
        }
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
            // Nobody has a reference to them.
            range.unmap()?;
            let bytes = range.pages * PAGE;
            request(fd, UFFDIO_WAKE, &mut [range.start as u64, bytes as u64])
        }
    }
}
