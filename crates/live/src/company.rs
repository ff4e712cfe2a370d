//! Who comes, in the order that a test tells, and what each of them does.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Barrier, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use nix::unistd::gettid;

use crate::disk::leave;
use crate::file::{Unmade, settle};
use crate::fuse::{Control, What};
use crate::memory::{Latch, PAGE, Region, Segment, pwritev, write_back};
use crate::order::{Turn, Who};
use crate::pattern::second;
use crate::place::Open;
use crate::source::Data;
use crate::test::Test;

/// How long somebody may go on before the next comes, where he neither ends nor waits.
const GOES_ON_MAX: Duration = Duration::from_millis(50);

/// How long somebody is to be asleep before he counts as one who waits for another.
const ASLEEP: Duration = Duration::from_micros(600);

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_micros(100);

/// How long to wait for somebody to be held before looking whether he is done.
const HELD_WITHIN: Duration = Duration::from_millis(1);

/// All that those who come work with.
pub(crate) struct Stage<'s> {
    pub(crate) place: &'s Open,
    pub(crate) test: &'s Test,
    pub(crate) file: &'s File,
    pub(crate) other: &'s File,
    segments: Vec<Segment>,
    data: Mutex<Data>,
    /// What is mapped stays so: who unmaps may write back.
    mapped: Mutex<Vec<Region>>,
    returned: Mutex<Option<io::Result<usize>>>,
}

/// Somebody who has begun.
struct Acting<'scope> {
    state: &'scope State,
    thread: ScopedJoinHandle<'scope, io::Result<()>>,
}

#[derive(Default)]
struct State {
    thread: AtomicI32,
    is_done: AtomicBool,
}

impl<'s> Stage<'s> {
    pub(crate) fn new(
        place: &'s Open,
        test: &'s Test,
        (file, other): (&'s File, &'s File),
        data: Data,
    ) -> Stage<'s> {
        let segments = data.segments.clone();
        let (data, mapped, returned) = (Mutex::new(data), Mutex::default(), Mutex::default());
        Stage { place, test, file, other, segments, data, mapped, returned }
    }

    /// Has all come, and ends with what the writer's call returned. Where memory is latched, that is where the writer is held.
    pub(crate) fn play(&self, latch: Option<&Latch>) -> Result<io::Result<usize>, Unmade> {
        for turn in self.test.order.turns() {
            match turn {
                Turn::Alone(who) => self.act(*who)?,
                Turn::AtOnce(all) => self.at_once(all)?,
                Turn::Held(who, time, others) => self.held((*who, *time), others, latch)?,
            }
        }
        let returned = of(&self.returned).take();
        returned.ok_or(Unmade::Cannot("the writer did not come"))
    }

    fn act(&self, who: Who) -> io::Result<()> {
        let Stage { file, test, .. } = self;
        let unit = test.unit;
        match who {
            Who::Writer => {
                let result = pwritev(file.as_fd(), &self.segments, test.position * unit);
                *of(&self.returned) = Some(result);
            }
            Who::Read(from, units) => {
                let mut read = vec![0; units * unit];
                // What comes of it is his.
                let _ = file.read_at(&mut read, (from * unit) as u64);
            }
            Who::Load => {
                let pages = (file.metadata()?.len() as usize).div_ceil(PAGE);
                if pages > 0 {
                    let region = Region::of_file(file.as_fd(), pages)?;
                    (0..pages).for_each(|page| region.touch(page));
                    of(&self.mapped).push(region);
                }
            }
            Who::Store(at) => {
                let mut region = Region::of_file(file.as_fd(), ((at + 1) * unit).div_ceil(PAGE))?;
                region.store(at * unit, unit, second(at));
                of(&self.mapped).push(region);
            }
            Who::Write(from, units) => {
                let data: Vec<u8> =
                    (from..from + units).flat_map(|at| std::iter::repeat_n(second(at), unit)).collect();
                file.write_all_at(&data, (from * unit) as u64)?;
            }
            Who::Commit => {
                // Who wants to know a file safe waits for the transaction that it is part of, with all that is in it.
                let some = self.place.file("committed")?;
                some.write_all_at(&[1], 0)?;
                some.sync_all()?;
            }
            Who::Writeback => write_back(file.as_fd())?,
            Who::Reclaim => posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?,
            Who::Truncate(size) => file.set_len((size * unit) as u64)?,
            Who::Sync => settle(file, self.place.habits)?,
            Who::Unmap | Who::Drop | Who::DropFirst => {
                of(&self.data).lose(who)?;
            }
            Who::Cut => self.other.set_len(0)?,
            Who::Fill => leave(self.place, 0).map_err(|why| io::Error::other(why.words()))?,
        }
        Ok(())
    }

    /// All of them begin together.
    fn at_once(&self, all: &[Who]) -> io::Result<()> {
        let barrier = Barrier::new(all.len());
        thread::scope(|scope| {
            let begun: Vec<_> = all
                .iter()
                .map(|&who| {
                    let barrier = &barrier;
                    scope.spawn(move || {
                        barrier.wait();
                        self.act(who)
                    })
                })
                .collect();
            begun.into_iter().try_for_each(joined)
        })
    }

    /// Somebody is held, and others come meanwhile.
    fn held(&self, (who, time): (Who, usize), others: &[Who], latch: Option<&Latch>) -> Result<(), Unmade> {
        let latch = latch.filter(|_| who == Who::Writer);
        let control = self.place.control.as_ref();
        let holder = match (latch, control) {
            (Some(latch), _) => Holder::Latch(latch),
            (None, Some(control)) => Holder::Server(control),
            (None, None) => return Err(Unmade::Cannot("nobody can hold what the file system is asked for")),
        };
        let states: Vec<State> = (0..=others.len()).map(|_| State::default()).collect();
        thread::scope(|scope| {
            holder.begin(self.held_of(who))?;
            let first = self.start(scope, who, &states[0]);
            let is_held = (|| -> io::Result<bool> {
                let mut times = 0;
                loop {
                    // Who is done may have been held before.
                    let is_done = first.is_done();
                    if holder.is_held()? {
                        times += 1;
                        if times == time {
                            holder.only()?;
                            return Ok(true);
                        }
                        holder.next()?;
                    } else if is_done {
                        return Ok(false);
                    }
                }
            })();
            let mut begun = Vec::new();
            if matches!(is_held, Ok(true)) {
                for (&who, state) in others.iter().zip(&states[1..]) {
                    let acting = self.start(scope, who, state);
                    acting.settle();
                    begun.push(acting);
                }
            }
            holder.go()?;
            begun.push(first);
            begun.into_iter().try_for_each(|acting| joined(acting.thread))?;
            match is_held? {
                true => Ok(()),
                false => Err(Unmade::Cannot("nothing was asked for that could be held")),
            }
        })
    }

    /// What is held of somebody.
    fn held_of(&self, who: Who) -> What {
        let of_files = !self.place.is_image();
        match who {
            Who::Writer | Who::Write(..) if of_files => What::READS.and(What::WRITES),
            Who::Truncate(_) if of_files => What::SIZES,
            Who::Writeback | Who::Commit | Who::Sync => What::WRITES,
            _ => What::READS,
        }
    }

    fn start<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        who: Who,
        state: &'scope State,
    ) -> Acting<'scope> {
        let thread = scope.spawn(move || {
            state.thread.store(gettid().as_raw(), Ordering::Release);
            let done = self.act(who);
            state.is_done.store(true, Ordering::Release);
            done
        });
        Acting { state, thread }
    }
}

/// What a lock protects; who panicked with it has been heard of.
fn of<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn joined(thread: ScopedJoinHandle<'_, io::Result<()>>) -> io::Result<()> {
    thread.join().map_err(|_| io::Error::other("somebody panicked"))?
}

impl Acting<'_> {
    fn is_done(&self) -> bool {
        self.state.is_done.load(Ordering::Acquire)
    }

    /// Waits until he is done, or waits for another. That is a guess, and need not be right: whoever comes when, it is an
    /// order that the kernel allows.
    fn settle(&self) {
        let begun = Instant::now();
        let mut asleep: Option<Instant> = None;
        while !self.is_done() && begun.elapsed() < GOES_ON_MAX {
            asleep = if self.is_asleep() { asleep.or_else(|| Some(Instant::now())) } else { None };
            if asleep.is_some_and(|since| since.elapsed() > ASLEEP) {
                return;
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn is_asleep(&self) -> bool {
        let thread = self.state.thread.load(Ordering::Acquire);
        let stat = std::fs::read_to_string(format!("/proc/self/task/{thread}/stat")).unwrap_or_default();
        let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
        matches!(state, Some('S' | 'D'))
    }
}

/// By what somebody is held.
enum Holder<'h> {
    /// A fault in the source.
    Latch(&'h Latch),
    /// What a server is asked for.
    Server(&'h Control),
}

impl Holder<'_> {
    fn begin(&self, what: What) -> io::Result<()> {
        match self {
            Holder::Latch(_) => Ok(()),
            Holder::Server(control) => control.hold(what),
        }
    }

    fn is_held(&self) -> io::Result<bool> {
        match self {
            Holder::Latch(latch) => Ok(latch.is_touched(HELD_WITHIN)),
            Holder::Server(control) => control.is_held(HELD_WITHIN),
        }
    }

    fn next(&self) -> io::Result<()> {
        match self {
            Holder::Latch(_) => Ok(()),
            Holder::Server(control) => control.next(),
        }
    }

    /// What others ask for meanwhile is not held.
    fn only(&self) -> io::Result<()> {
        match self {
            Holder::Latch(_) => Ok(()),
            Holder::Server(control) => control.hold(What(0)),
        }
    }

    fn go(&self) -> io::Result<()> {
        match self {
            Holder::Latch(latch) => {
                latch.go();
                Ok(())
            }
            Holder::Server(control) => control.go(),
        }
    }
}
