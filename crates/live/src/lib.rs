//! Write-path scenarios on the kernel that runs: one write from a source to a file in a known state, and what is to be
//! seen afterwards.
//!
//! A [`Test`] is a line of text. A [`Runner`] has tests run in a [`Place`] by a process of its own, which [`work`]s: it
//! makes the place in a mount namespace that nobody else sees, and runs one test after the other. Whatever is killed,
//! the namespace goes with the process, and with it what was mounted, a loop device, and every file. Each test has a
//! process of its own, which is killed where it does not come to an end; so is a worker that does not answer, and all end
//! with their parents, but for file servers, which end when what they serve is unmounted. [`plays`] tells which tests stand for an initial
//! state of a scenario.
//!
//! Two interfaces are spoken to by hand: the crate `userfaultfd` makes its bindings with clang when it is built, and `fuser` brings
//! a session with threads of its own, and some ten crates, where one folder is served over a device that is open already.
//!
//! ```
//! let line = "unit=1024 block=2048 size=4 blocks=MM page=absent source=straddling-1-invalid write=1+2";
//! let test: live::Test = line.parse()?;
//! assert_eq!(test.to_string(), line);
//! # Ok::<(), live::NoTest>(())
//! ```

mod company;
mod disk;
mod file;
mod fuse;
mod memory;
mod no_test;
mod order;
mod pattern;
mod place;
mod plays;
mod program;
mod runner;
mod source;
mod test;
mod worker;

pub use file::Contents;
pub use memory::MEBIBYTES_MAX;
pub use no_test::NoTest;
pub use order::{Order, Turn, Who};
pub use place::{Image, NoPlace, Place, Server, served};
pub use plays::{Beside, Initial, Medium, Stands, plays};
pub use program::{LINES_MAX, Told, fstests, program};
pub use runner::{Error, Runner};
pub use test::{Memory, Page, Source, Test};
pub use worker::{Answer, Closing, Observed, serve, work};

/// The kernel that runs, and its machine: `Linux 6.18.44, x86_64`.
#[must_use]
pub fn kernel() -> String {
    nix::sys::utsname::uname().map_or_else(
        |_| "an unknown kernel".to_owned(),
        |name| {
            let [system, release, machine] =
                [name.sysname(), name.release(), name.machine()].map(|part| part.to_string_lossy());
            format!("{system} {release}, {machine}")
        },
    )
}
