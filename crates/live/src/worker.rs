//! The process that runs tests: a line in, a line out.

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::company::Stage;
use crate::disk::{leave, make_room, take_rest};
use crate::file::{Contents, Unmade, contents, drop_pages, is_dropped, is_prepared, prepare};
use crate::fuse;
use crate::memory::{in_child, stamp_free_memory};
use crate::pattern::IN_FREE_MEMORY;
use crate::place::{Open, Place, Server, open, own_namespace};
use crate::source::set_up;
use crate::test::Test;

/// What came of a test.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It ran.
    Ran(Observed),
    /// It ran more than once, unaided, and came so often to each of these.
    Raced(Vec<(Observed, usize)>),
    /// It did not, for this reason.
    Not(String),
    /// Nobody answered in time, and the process that ran it was killed.
    Hung,
}

/// What is to be seen when `write` has returned.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Observed {
    /// What `write` returned: units, or an error as `-EFAULT`.
    pub returned: String,
    /// What a reader finds then.
    pub through_cache: Contents,
    /// What a reader finds when the page cache has let go of the file; none where it has not, or where there is nothing
    /// else to read from.
    pub after_sync: Option<Contents>,
}

/// What a worker says first.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Greeting {
    /// The place is there.
    Ready,
    /// It is not, for this reason.
    Cannot(String),
}

/// What came of an image after the last test.
#[derive(Clone, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Closing {
    /// How many files were read again when it had been unmounted and mounted.
    pub read_again: usize,
    /// How many of them had the size again that was theirs before a write that failed, which had made it larger in memory
    /// alone.
    pub old_size: usize,
    /// What differed then, in words.
    pub changed: Vec<String>,
    /// What the file system's own checker says of what is wrong with it.
    pub damage: Option<String>,
}

/// How long a test may take before its process is killed.
const DONE_WITHIN: Duration = Duration::from_secs(5);

/// How many files are kept, at most, to be read again at the end.
const KEPT_MAX: usize = 400;

/// How much free memory is stamped before each write, in bytes.
const STAMPED: usize = 256 << 10;

/// Serves files to the process whose place it is, over the device that is the standard input; is told over the standard output
/// what to hold, and says there with a byte that it serves. Ends when that is unmounted, at the latest some time after the
/// process.
///
/// # Errors
/// As reading from the device, and writing to it.
pub fn serve(server: Server) -> io::Result<()> {
    // What is mounted for the process goes with it, and is written back to us then: it is not ours to keep.
    own_namespace()?;
    let mut control = UnixStream::from(io::stdout().as_fd().try_clone_to_owned()?);
    control.write_all(b"\n")?;
    let device = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    fuse::serve(device, control, server.served, server.process.cast_signed())
}

/// Runs the tests that `input` tells, a line each, in a place, and answers each with a line; first with whether the
/// place can be had. Ends with the input, and at the latest with the parent.
///
/// # Errors
/// What can't be said, or not be understood.
pub fn work(place: &Place, input: impl BufRead, mut output: impl Write) -> io::Result<()> {
    set_pdeathsig(Signal::SIGKILL)?;
    let mut say = |line: String| {
        writeln!(output, "{line}")?;
        output.flush()
    };
    let open = match open(place) {
        Ok(open) => open,
        Err(why) => return say(serde_json::to_string(&Greeting::Cannot(why))?),
    };
    say(serde_json::to_string(&Greeting::Ready)?)?;
    let mut kept = Vec::new();
    for line in input.lines() {
        let line = line?;
        let answer = match line.parse::<Test>() {
            Ok(test) => watched(&open, &test)?,
            Err(why) => Answer::Not(why.to_string()),
        };
        if let Answer::Ran(Observed { returned, after_sync: Some(contents), .. }) = &answer
            && open.is_image()
            && kept.len() < KEPT_MAX
        {
            // A name may take a block.
            if take_rest(&open)? {
                open.sync()?;
            }
            if open.rename("file", &kept_name(kept.len())).is_ok() {
                let failed = returned.starts_with('-');
                kept.push(Kept { line, failed, contents: contents.clone() });
            }
        }
        say(serde_json::to_string(&answer)?)?;
    }
    if open.is_image() {
        let closing =
            close(&open, &kept).unwrap_or_else(|why| Closing { damage: Some(why), ..Closing::default() });
        say(serde_json::to_string(&closing)?)?;
    }
    Ok(())
}

/// A file that is read again at the end.
struct Kept {
    /// Its test.
    line: String,
    /// Whether the write failed.
    failed: bool,
    contents: Contents,
}

fn kept_name(number: usize) -> String {
    format!("kept-{number}")
}

/// Runs a test in a process of its own, which is killed where it does not come to an end.
fn watched(place: &Open, test: &Test) -> io::Result<Answer> {
    let said = in_child(DONE_WITHIN, |to| {
        let answer = run(place, test).unwrap_or_else(|why| Answer::Not(why.words()));
        Ok(serde_json::to_writer(to, &answer)?)
    })?;
    Ok(match said {
        None => Answer::Hung,
        Some(said) => serde_json::from_slice(&said)
            .unwrap_or_else(|_| Answer::Not("the process that ran it ended before it was done".to_owned())),
    })
}

/// Unmounts an image, has it checked, mounts it, and reads what was kept.
fn close(place: &Open, kept: &[Kept]) -> Result<Closing, String> {
    let damage = place.mount_again()?;
    let mut closing = Closing { read_again: kept.len(), damage, ..Closing::default() };
    for (number, Kept { line, failed, contents: before }) in kept.iter().enumerate() {
        let test: Test = line.parse().map_err(|why: crate::NoTest| why.to_string())?;
        let now = place.present(&kept_name(number)).and_then(|file| contents(&file, test.unit));
        let is_old =
            |now: &Contents| now.size == test.size.to_string() && before.units.starts_with(&now.units);
        match now {
            Ok(now) if now == *before => {}
            Ok(now) if *failed && is_old(&now) => closing.old_size += 1,
            Ok(now) => closing.changed.push(format!("{line}: {before:?} is {now:?}")),
            Err(why) => closing.changed.push(format!("{line}: {why}")),
        }
    }
    Ok(closing)
}

/// How often a race is run.
const ATTEMPTS: usize = 20;

fn run(place: &Open, test: &Test) -> Result<Answer, Unmade> {
    if !test.order.is_race() {
        return once(place, test).map(Answer::Ran);
    }
    let mut seen: Vec<(Observed, usize)> = Vec::new();
    for _ in 0..ATTEMPTS {
        let observed = once(place, test)?;
        match seen.iter_mut().find(|(known, _)| *known == observed) {
            Some((_, times)) => *times += 1,
            None => seen.push((observed, 1)),
        }
    }
    Ok(Answer::Raced(seen))
}

fn once(place: &Open, test: &Test) -> Result<Observed, Unmade> {
    if place.is_image() {
        make_room(place, test.free.is_some())?;
    }
    let (file, other) = (place.file("file")?, place.file("other")?);
    prepare(&file, test, place.habits, place.control.as_ref())?;
    let mut data = set_up(test, &file, &other)?;
    if let Some(blocks) = test.free {
        leave(place, blocks)?;
    }
    if !is_prepared(&file, test, place.habits)? {
        return Err(Unmade::Cannot("the page cache did not come into that state"));
    }
    stamp_free_memory(STAMPED, IN_FREE_MEMORY);
    let latch = data.latch.take();
    let stage = Stage::new(place, test, (&file, &other), data);
    let returned = match stage.play(latch.as_ref())? {
        Ok(bytes) if bytes % test.unit == 0 => (bytes / test.unit).to_string(),
        Ok(bytes) => format!("{}+{}", bytes / test.unit, bytes % test.unit),
        Err(why) => format!("-{:?}", nix::errno::Errno::from_raw(why.raw_os_error().unwrap_or(0))),
    };
    let through_cache = contents(&file, test.unit)?;
    // Who finds the disk full need not touch it.
    if let Some(latch) = latch
        && !latch.release()?
        && test.free.is_none()
    {
        return Err(Unmade::Cannot("nobody touched the memory that we wait at"));
    }
    // A mapping of the file keeps its pages.
    drop(stage);
    let mut after_sync = None;
    if !place.habits.in_memory {
        drop_pages(&file, place.habits)?;
        if is_dropped(&file) {
            after_sync = Some(contents(&file, test.unit)?);
        }
    }
    Ok(Observed { returned, through_cache, after_sync })
}
