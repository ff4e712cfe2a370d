//! A process of its own for one thing.

use std::io::{self, PipeWriter, Read};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, getpid, getppid};

/// What a child said before it ended; none where that took too long, and it was killed. It ends at the latest with this
/// process, which has no other thread.
///
/// # Errors
/// Where there is no other process, or it can't be heard.
pub(crate) fn in_child(
    within: Duration,
    job: impl FnOnce(&mut PipeWriter) -> io::Result<()>,
) -> io::Result<Option<Vec<u8>>> {
    let (mut from, mut to) = io::pipe()?;
    let parent = getpid();
    // SAFETY: who runs tests has one thread, so that the child has all that is in its memory in a state in which it can go
    // on, and no lock that nobody would give back. It takes only `job`, and ends in this function.
    match unsafe { fork() }? {
        ForkResult::Child => {
            drop(from);
            let ends_with_parent = set_pdeathsig(Signal::SIGKILL).is_ok() && getppid() == parent;
            let done = catch_unwind(AssertUnwindSafe(|| ends_with_parent && job(&mut to).is_ok()));
            std::process::exit(i32::from(!done.unwrap_or(false)));
        }
        ForkResult::Parent { child } => {
            drop(to);
            let said = hear(&mut from, Instant::now() + within);
            if !matches!(said, Ok(Some(_))) {
                // It may have ended by itself.
                let _ = kill(child, Signal::SIGKILL);
            }
            waitpid(child, None)?;
            said
        }
    }
}

/// All that is said until the end; none where that does not come in time.
fn hear(from: &mut (impl Read + AsFd), end: Instant) -> io::Result<Option<Vec<u8>>> {
    let (mut said, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        if poll(&mut [PollFd::new(from.as_fd(), PollFlags::POLLIN)], timeout)? == 0 {
            return Ok(None);
        }
        match from.read(&mut piece)? {
            0 => return Ok(Some(said)),
            length => said.extend(&piece[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// The tests have threads, so that their children do next to nothing.
    #[test]
    fn what_a_child_says_is_heard_and_who_says_nothing_is_killed() {
        let hour = Duration::from_secs(3600);
        let said = in_child(hour, |to| to.write_all(b"well")).expect("a process");
        assert_eq!(said.as_deref(), Some(&b"well"[..]));
        let ended = in_child(hour, |_| Err(io::Error::other("no"))).expect("a process");
        assert_eq!(ended.as_deref(), Some(&b""[..]));
        let begun = Instant::now();
        let silent = in_child(Duration::from_millis(50), |to| {
            to.write_all(b"wait")?;
            std::thread::sleep(hour);
            Ok(())
        });
        assert_eq!(silent.expect("a process"), None);
        assert!(begun.elapsed() < Duration::from_secs(60));
    }
}
