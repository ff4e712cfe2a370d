//! What processes take.

use std::time::Duration;

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// What a process has taken so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Taken {
    /// Processor time, the user's and the system's: to be given memory is a part of a search.
    pub(crate) cpu: Duration,
    /// The most memory that was resident, in bytes.
    pub(crate) resident: u64,
}

impl Taken {
    /// By this process.
    pub(crate) fn here() -> nix::Result<Taken> {
        Ok(Taken::of(&getrusage(UsageWho::RUSAGE_SELF)?))
    }

    /// By those that it started and that have ended: their time in all, and the memory of the largest.
    pub(crate) fn by_children() -> nix::Result<Taken> {
        Ok(Taken::of(&getrusage(UsageWho::RUSAGE_CHILDREN)?))
    }

    fn of(usage: &Usage) -> Taken {
        let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
        let cpu = Duration::from_micros(micros.unsigned_abs());
        Taken { cpu, resident: usage.max_rss().unsigned_abs() * 1024 }
    }
}

/// The processor time of this process; zero where the system does not tell.
pub(crate) fn cpu() -> Duration {
    Taken::here().map_or(Duration::ZERO, |taken| taken.cpu)
}
