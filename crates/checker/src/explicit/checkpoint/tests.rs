//! Searches that are stopped and go on come to the same; what is not as it was written is refused.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use scenario::{Bounds, Outcome, Scenario};

use super::file::{self, Reader};
use super::{Has, Keeper, forget};
use crate::explicit::common::generating::{locking, loops, plain_programs, programs, twins};
use crate::explicit::common::{alike, counter};
use crate::explicit::engine::{Asked, AtRest, is_whole, search_prepared};
use crate::explicit::error::{Error, Refused};
use crate::explicit::findings::Findings;
use crate::explicit::limits::{Ceilings, Limits};
use crate::explicit::memories::Memories;
use crate::explicit::options::{Checkpoint, News, Note, Options, Reduce};
use crate::explicit::plan::Plan;
use crate::explicit::prepared::Prepared;
use crate::explicit::reduce::Reduction;
use crate::explicit::tests::team_sizes;

/// A file of a test's own, in a folder that goes with it.
struct Place(PathBuf);

impl Place {
    fn new() -> Place {
        use std::sync::atomic::AtomicU64;
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder =
            std::env::temp_dir().join(format!("shortcopy-checkpoint-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        Place(folder)
    }

    fn file(&self) -> PathBuf {
        self.0.join("checkpoint")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0); // it is the system's then
    }
}

fn checkpoint(file: &Path) -> Checkpoint {
    Checkpoint {
        file: file.to_owned(),
        program: [7; 32],
        question: ([8; 32], "a test".to_owned()),
        every: Duration::from_secs(3600),
        tell: |_: &Note| {},
    }
}

thread_local!(static NOTES: RefCell<Vec<Note>> = RefCell::default());

fn hear(note: &Note) {
    NOTES.with_borrow_mut(|notes| notes.push(note.clone()));
}

/// How many states the last note says that there are to go on from.
fn left() -> Option<u64> {
    match NOTES.take().pop()?.what {
        News::Left { states } => Some(states),
        News::GoesOn { .. } | News::NotWritten(_) => None,
    }
}

type Told = (Outcome, BTreeSet<AtRest>);

fn run(scenario: &Scenario, options: &Options) -> Result<Told, Error> {
    let ceilings = Ceilings { alone: 0, ..Ceilings::default() };
    let asked = Asked { ceilings, rests: true, ..Asked::default() };
    let answer = search_prepared(&Prepared::new(scenario)?, options, &asked)?;
    Ok((Outcome { seconds: 0.0, bytes: 0, ..answer.outcome }, answer.rests))
}

fn is_cut(told: &Told) -> bool {
    !is_whole(&told.0)
}

/// How a search is stopped again and again.
#[derive(Clone, Copy, Debug)]
enum Stops {
    /// After each level, or so many states more.
    States(u64),
    /// Where there is no memory, at any step; then it gets so many percent more.
    Memory(u64),
}

/// The same search, stopped and gone on with until it is at its end; and how often it was stopped.
fn resumed(scenario: &Scenario, options: &Options, stops: Stops) -> Result<(Told, u32), Error> {
    const PATIENCE: u32 = 500;
    let place = Place::new();
    let mut options = Options { checkpoint: Some(checkpoint(&place.file())), ..options.clone() };
    let mut bytes_max = 40_000;
    let mut states = 0;
    for stopped in 0..PATIENCE {
        match stops {
            Stops::States(more) => options.bounds.states_max = states + more,
            Stops::Memory(_) => options.bounds.bytes_max = bytes_max,
        }
        match run(scenario, &options) {
            Ok(told) if is_cut(&told) => states = states.max(told.0.states),
            Err(Error::Checkpoint { why: Refused::TooLarge { .. }, .. }) => {}
            done => return Ok((done?, stopped)),
        }
        if let Stops::Memory(percent) = stops {
            bytes_max += bytes_max * percent / 100;
        }
    }
    panic!("{PATIENCE} times were not enough");
}

#[test]
fn a_search_that_was_stopped_anywhere_goes_on_to_the_same() {
    let met = RefCell::new((0, 0, 0, 0));
    // One in some fifteen is reduced, since most find something.
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    let programs = prop_oneof![
        3 => programs(),
        1 => plain_programs(),
        1 => loops(),
        3 => locking(),
        2 => twins(programs()),
        2 => twins(locking()),
    ];
    let stops = prop_oneof![
        2 => Just(Stops::States(1)),
        1 => (1..100_u64).prop_map(Stops::States),
        2 => (4..30_u64).prop_map(Stops::Memory),
    ];
    let threads = prop_oneof![2 => Just(1), 1 => team_sizes()];
    let from = || 0..64_u64;
    let reduce = prop_oneof![
        1 => Just(Reduce::None),
        2 => from().prop_map(Reduce::Order),
        1 => from().prop_map(Reduce::Always),
        1 => from().prop_map(Reduce::Chains),
        1 => from().prop_map(Reduce::Symmetry),
    ];
    let all = (programs.boxed(), stops, threads, reduce);
    let done = TestRunner::new(config).run(&all, |(program, stops, threads, reduce)| {
        let bounds = Bounds { states_max: 3000, ..Bounds::default() };
        let options = Options { threads, reduce, bounds, ..Options::default() };
        let scenario = program.scenario();
        let Ok(plain) = run(&scenario, &options) else { return Ok(()) };
        if is_cut(&plain) {
            return Ok(());
        }
        let (again, stopped) = resumed(&scenario, &options, stops).expect("it can be searched");
        // What leaves orders out has tables of its own: where they find no room, everything may.
        let fits = plain.0.reduced && !again.0.reduced && matches!(stops, Stops::Memory(_));
        let everything = Options { reduce: Reduce::None, ..options };
        let plain = if fits { run(&scenario, &everything).expect("it can be searched") } else { plain };
        prop_assert_eq!(&again, &plain);
        let mut met = met.borrow_mut();
        met.0 += 1;
        met.1 += stopped;
        met.2 += u32::from(plain.0.reduced);
        met.3 += u32::from(!plain.0.bad.is_empty());
        Ok(())
    });
    if let Err(error) = done {
        panic!("{error}");
    }
    let (compared, stopped, reduced, bad) = met.into_inner();
    println!("{compared} programs, stopped {stopped} times; {reduced} reduced, {bad} with bad states");
    assert!(compared > 100 && stopped > 400 && reduced > 3 && bad > 30, "{:?}", (stopped, reduced, bad));
}

/// The user stops it at any moment, and goes on with it, until it is done.
#[test]
fn a_search_that_the_user_stops_at_any_moment_goes_on_to_the_same() {
    let searches = [
        (counter(3, 5), Reduce::None),
        (counter(3, 5), Reduce::Order(100)),
        (counter(3, 5), Reduce::Always(100)),
        (counter(3, 5), Reduce::Chains(100)),
        (alike(counter(4, 3)), Reduce::Symmetry(100)),
        (alike(counter(4, 3)), Reduce::Chains(100)),
    ];
    for (threads, (scenario, reduce)) in
        [1, 2].into_iter().flat_map(|threads| searches.iter().map(move |search| (threads, search)))
    {
        let plain = Options { threads, reduce: *reduce, ..Options::default() };
        let known = run(scenario, &plain).expect("it can be searched");
        let place = Place::new();
        let mut stopped = 0;
        loop {
            let interrupt = Arc::new(AtomicBool::new(false));
            let (flag, after) = (interrupt.clone(), Duration::from_micros(500 + stopped * 700));
            let stop = std::thread::spawn(move || {
                std::thread::sleep(after);
                flag.store(true, Ordering::Relaxed);
            });
            // Every other time at each level, too.
            let every = Duration::from_secs(stopped % 2 * 3600);
            let checkpoint = Some(Checkpoint { every, tell: hear, ..checkpoint(&place.file()) });
            let options = Options { interrupt: Some(interrupt), checkpoint, ..plain.clone() };
            let told = run(scenario, &options).expect("it can be searched");
            stop.join().expect("it stops");
            let leaves = left().is_some();
            assert_eq!(leaves, is_cut(&told) && place.file().exists());
            // Wherever it was: also where states are looked at again.
            assert!(leaves || !is_cut(&told) || told.0.states == 0, "{told:?}");
            if !is_cut(&told) {
                assert_eq!(told, known, "{threads} threads, {reduce:?}");
                break;
            }
            stopped += 1;
        }
        println!("{} states, stopped {stopped} times", known.0.states);
    }
}

#[test]
fn who_is_stopped_before_a_level_begins_leaves_the_checkpoint_that_is_there_and_tells_of_it() {
    let place = Place::new();
    let (scenario, options) = written(&place);
    let good = fs::read(place.file()).expect("a file");
    let prepared = Prepared::new(&scenario).expect("it can be searched");
    let limits = Limits::new(&options, &prepared, Ceilings::default(), Instant::now());
    let memories = Memories::new(prepared.packing.words(), limits.ceilings.memories, &limits.ledger);
    let findings = Findings::new(&limits.ledger);
    let checkpoint = Checkpoint { tell: hear, ..checkpoint(&place.file()) };
    let mut keeper = Keeper::new(&checkpoint, &prepared, Reduce::None).expect("a checkpoint");
    let begun = keeper.begin::<2>(Plan::Plain, &limits, (&memories, &findings), None);
    let restored = begun.expect("a checkpoint").expect("of this search");
    let shards: Vec<_> = restored.shards.iter().collect();
    let places = findings.places();
    keeper.leave(&limits, &Has { shards: &shards, memories: &memories, places: &places, reduced: None });
    assert_eq!(left(), Some(restored.states));
    assert_eq!(fs::read(place.file()).expect("a file"), good);
}

/// A checkpoint of a search of many kinds of things, and the scenario.
fn written(place: &Place) -> (Scenario, Options) {
    let scenario = counter(3, 3);
    let bounds = Bounds { states_max: 200, ..Bounds::default() };
    let checkpoint = Some(checkpoint(&place.file()));
    let options = Options { bounds, checkpoint, ..Options::default() };
    let told = run(&scenario, &options).expect("it can be searched");
    assert!(is_cut(&told) && place.file().exists() && !file::beside(&place.file()).exists());
    let bounds = Bounds::default();
    (scenario, Options { bounds, ..options })
}

fn refusal(scenario: &Scenario, options: &Options) -> Option<Refused> {
    match run(scenario, options) {
        Ok(_) => None,
        Err(Error::Checkpoint { why, .. }) => Some(why),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn what_is_damaged_anywhere_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let (scenario, options) = written(&place);
    let good = fs::read(place.file()).expect("a file");
    let refused = |bytes: &[u8], what: String| {
        fs::write(place.file(), bytes).expect("it can be written");
        let why = refusal(&scenario, &options).unwrap_or_else(|| panic!("believed: {what}"));
        assert_eq!(fs::read(place.file()).expect("a file"), bytes, "{what}: changed");
        assert!(why.to_string().contains("take it away"), "{why}");
    };
    let places: Vec<usize> = (0..good.len()).filter(|at| *at < 120 || at % 13 == 0).collect();
    for at in places {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        refused(&bad, format!("byte {at}"));
        refused(&good[..at], format!("cut at {at}"));
        bad[at..].fill(0);
        if bad != good {
            refused(&bad, format!("zeros from {at} on"));
        }
    }
    refused(&[&good[..], &[0]].concat(), "more".to_owned());
    refused(&[&good[..], &good[..]].concat(), "twice".to_owned());
    refused(&good[..good.len() - 40], "without its end".to_owned());
    refused(b"{}\n", "something else".to_owned());
    fs::write(place.file(), &good).expect("it can be written");
    assert_eq!(refusal(&scenario, &options), None);
}

#[test]
fn what_is_of_something_else_is_refused() {
    let place = Place::new();
    let (scenario, options) = written(&place);
    let with = |change: fn(&mut Checkpoint)| {
        let mut options = options.clone();
        options.checkpoint.as_mut().map(change);
        options
    };
    assert_eq!(refusal(&scenario, &with(|c| c.program[3] ^= 1)), Some(Refused::Program));
    let of = "a test".to_owned();
    assert_eq!(refusal(&scenario, &with(|c| c.question.0[3] ^= 1)), Some(Refused::Question { of }));
    let reduced = Options { reduce: Reduce::Order(8), ..options.clone() };
    assert_eq!(refusal(&scenario, &reduced), Some(Refused::Reduction));
    // The same question about other models is nothing that the command would do.
    for other in [counter(3, 4), counter(2, 3), counter(4, 3)] {
        assert_eq!(refusal(&other, &options), Some(Refused::Models));
    }
    let refusals: Vec<_> = (1..40)
        .map(|part| {
            let bounds = Bounds { bytes_max: part * 500, ..Bounds::default() };
            refusal(&scenario, &Options { bounds, ..options.clone() })
        })
        .collect();
    let is_too_large = |refusal: &Option<_>| matches!(refusal, Some(Refused::TooLarge { states: 200.. }));
    assert!(refusals.iter().any(is_too_large), "{refusals:?}");
    assert!(refusals.iter().all(|refusal| refusal.is_none() || is_too_large(refusal)), "{refusals:?}");
    let mut bytes = fs::read(place.file()).expect("a file");
    let format = b"shortcopy checkpoint\n".len();
    bytes[format] = 0;
    fs::write(place.file(), bytes).expect("it can be written");
    assert_eq!(refusal(&scenario, &options), Some(Refused::Format { is: 0, wanted: 1 }));
}

/// Wrong contents under right seals are nothing that happens; they are refused or taken, and nothing else.
#[test]
fn wrong_contents_that_are_sealed_do_no_harm() {
    for reduce in [Reduce::None, Reduce::Order(10)] {
        let place = Place::new();
        let scenario = counter(3, 3);
        let bounds = Bounds { states_max: 100, ..Bounds::default() };
        let checkpoint = checkpoint(&place.file());
        let options = Options { bounds, reduce, checkpoint: Some(checkpoint.clone()), ..Options::default() };
        run(&scenario, &options).expect("it can be searched");
        let mut reader = Reader::open(&place.file()).expect("a checkpoint").expect("a file");
        let contents = reader.all();
        assert!(contents.len() > 1000);
        let refused = Cell::new(0);
        let config = ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() };
        let damage = (0..contents.len(), any::<u8>(), any::<bool>());
        let done = TestRunner::new(config).run(&damage, |(at, byte, cut)| {
            let mut contents = contents.clone();
            contents[at] = byte;
            contents.truncate(if cut { at } else { contents.len() });
            file::replace(&place.file(), |writer| writer.bytes(&contents)).expect("it can be written");
            let prepared = Prepared::new(&scenario).expect("it can be searched");
            let limits = Limits::new(&options, &prepared, Ceilings::default(), Instant::now());
            let (memories, findings) = (
                Memories::new(prepared.packing.words(), 1 << 22, &limits.ledger),
                Findings::new(&limits.ledger),
            );
            let mut keeper = match Keeper::new(&checkpoint, &prepared, reduce) {
                Ok(keeper) => keeper,
                Err(_) => {
                    refused.set(refused.get() + 1);
                    return Ok(());
                }
            };
            let plan = if reduce == Reduce::None { Plan::Plain } else { Plan::Reduced };
            let mut reduced = plan.is_reduced().then(|| Reduction::new(&prepared, 7, None));
            let begun = keeper.begin::<2>(plan, &limits, (&memories, &findings), reduced.as_mut());
            refused.set(refused.get() + u32::from(begun.is_err()));
            Ok(())
        });
        done.unwrap_or_else(|error| panic!("{error}"));
        assert!(refused.get() > 500, "{}", refused.get());
        forget(&place.file()).expect("it can be taken away");
        assert!(!place.file().exists());
    }
}

#[test]
fn what_can_not_be_written_leaves_what_was_there_and_the_search_goes_on() {
    let place = Place::new();
    let (scenario, options) = written(&place);
    let good = fs::read(place.file()).expect("a file");
    // Nothing can be written beside it.
    fs::create_dir(file::beside(&place.file())).expect("a folder");
    let mut options = options;
    options.bounds.states_max = 300;
    let to = options.checkpoint.as_mut().expect("one");
    to.tell = hear;
    let told = run(&scenario, &options).expect("it can be searched");
    assert!(is_cut(&told) && told.0.states >= 300);
    assert_eq!(fs::read(place.file()).expect("a file"), good);
    let notes: Vec<String> = NOTES.take().iter().map(Note::to_string).collect();
    assert_eq!(notes.len(), 3, "{notes:?}");
    assert!(notes[0].starts_with("a test goes on from ") && notes[0].contains("states"), "{notes:?}");
    assert!(notes[1].starts_with("a test: no checkpoint is written: "), "{notes:?}");
    assert!(notes[1].contains(&*place.file().to_string_lossy()), "{notes:?}");
    assert!(notes[2].ends_with(", to go on from"), "{notes:?}");
    fs::remove_dir(file::beside(&place.file())).expect("a folder");
    options.bounds = Bounds::default();
    let whole = run(&scenario, &Options::default()).expect("it can be searched");
    assert_eq!(run(&scenario, &options).expect("it can be searched"), whole);
}
