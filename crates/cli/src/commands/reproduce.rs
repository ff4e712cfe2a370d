//! `shortcopy reproduce`

use std::collections::BTreeSet;

use checker::explicit::Options;
use live::{LINES_MAX, Stands, Test, Told, fstests, program};
use report::Block;
use scenario::{BadState, Contents, EventKind, Fact, FinalState, Scenario, Schedule, WritePath};

use super::final_states::search;
use super::forced::search as easiest_ways;
use super::live::tests_of;
use super::replay::{Asked, pick, read};
use crate::arguments::{Bounds, ProgramFormat, Reproduce};
use crate::engine::Searcher;
use crate::error::Error;
use crate::output::Output;
use crate::parking::Means;
use crate::status::Status;
use crate::target::{Breadth, Chosen, choose};

/// What is not told how to do: defects of kernels that people use, by which data is lost or somebody else's is seen.
pub(super) const WITHHELD: [&str; 4] = ["stale-on-disk", "lost-write", "foreign-block", "foreign-write"];

/// So many lines of a schedule are told, at most: a program has to be short.
const SCHEDULE_MAX: usize = 10;

/// What is to be held while a program runs, where one has to.
const HELD: &str = "a read or write of a block, or a request to a server, is not answered meanwhile: it takes a file server \
                    of one's own under the file system";

/// A scenario, and the final states of each of its initial states.
type Found = (Scenario, Vec<BTreeSet<FinalState>>);

/// Tells whether a final state is a bad one.
type Tells<'s> = Box<dyn Fn(&FinalState) -> bool + 's>;

/// Writes a C program that shows a recorded bad state on the kernel that runs it, or says why there is none.
///
/// # Errors
/// If there is no such bad state.
pub(crate) fn reproduce(
    catalog: &[WritePath],
    arguments: &Reproduce,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let Asked { name, scenario, number } = Asked::parse(&arguments.schedule)?;
    let snapshot = read(catalog, name, arguments.snapshots.as_deref())?;
    let (section, block) = pick(&snapshot, scenario, number)?;
    let target = format!("{}:{}", snapshot.target, section.scenario);
    let no =
        |why: &str| Err(Error::Usage(format!("`{target}#{}` can't be reproduced so: {why}", block.number)));
    let property = block.property.as_str();
    if WITHHELD.contains(&property) {
        return no(&format!(
            "a program that forces {property} is not given away, because kernels that people use have it and it is \
             not mended"
        ));
    }
    let chosen = choose(catalog, std::slice::from_ref(&target), Breadth::All)?;
    let [chosen] = chosen[..] else { return Err(Error::Usage(format!("`{target}` is not one scenario"))) };
    let Some((scenario, states)) = final_states(searcher, chosen)? else {
        return no("nobody tells its final states");
    };
    let forced = forced(searcher, chosen, block)?;
    if seen_as(property, &scenario, 0).is_none() {
        let (shows, takes) = (shows(property), takes(forced.as_ref()));
        return no(&format!("{property} is nothing that a final state shows. {shows} {takes}"));
    }
    let (means, easiest, turns) = match (arguments.by, forced.as_ref()) {
        (Some(Means::Held), _) => return no(&format!("no program is made in which {HELD}")),
        (_, None) => return no(&takes(None)),
        (_, Some((Means::Held, _))) => return no(&takes(forced.as_ref())),
        (Some(Means::Latch), Some((Means::Direct, schedule))) => {
            let turns = "write until its fault, what becomes of the source to its end, write to its end";
            (Means::Latch, schedule, turns.to_owned())
        }
        (_, Some((means, schedule))) => (*means, schedule, turns(schedule)),
    };
    // Where that one can't be had, another from which the like is come to.
    let position = |name: &String| scenario.initial.iter().position(|initial| initial.name == *name);
    let candidates = [position(&block.initial), position(&easiest.initial)].into_iter().flatten();
    let mut why = "no final state of the write shows it".to_owned();
    let mut found = None;
    for at in candidates.chain(0..scenario.initial.len()) {
        let Some(is_bad) = seen_as(property, &scenario, at) else { continue };
        let (bad, good): (Vec<&FinalState>, Vec<&FinalState>) =
            states[at].iter().partition(|state| is_bad(state));
        if bad.is_empty() {
            continue;
        }
        match tests_of(&chosen.path.name, &scenario, at) {
            Ok(tests) => {
                let wanted = |(test, stands): &(Test, Stands)| {
                    *stands == Stands::For && test.is_latched() == (means == Means::Latch)
                };
                if let Some((test, _)) = tests.into_iter().find(wanted) {
                    found = Some((at, test, bad, good));
                    break;
                }
                why = format!("it would take another source than this scenario has for {}", means.name());
            }
            Err(missing) => why = format!("it would take what no program has by itself: {missing}"),
        }
    }
    let Some((at, test, bad, good)) = found else { return no(&why) };
    let is_others = |state: &FinalState| {
        let after = state.after_sync.iter().flat_map(|after| &after.units);
        state.through_cache.units.iter().chain(after).any(|unit| unit == "?")
    };
    if bad.iter().copied().any(is_others) {
        return no("what it shows may be the memory of other programs");
    }
    let wanted: Vec<String> =
        bad.iter().map(|state| wanted(property, state, &scenario, at).to_string()).collect();
    let predicted: Vec<String> = bad.iter().map(ToString::to_string).collect();
    let initial = scenario.initial[at].name.as_str();
    let good: BTreeSet<String> = good.iter().map(ToString::to_string).chain(wanted.iter().cloned()).collect();
    let good: Vec<String> = good.into_iter().collect();
    // Of the schedule as much as there is room for.
    for lines in (0..=SCHEDULE_MAX).rev() {
        let names = (target.as_str(), section.sentence.as_str(), initial);
        let header = header(names, block, &test, (&predicted, &wanted), (&turns, lines));
        match program(&test, &Told { header: &header, bad: &predicted, good: &good }) {
            Ok(text) if text.lines().count() > LINES_MAX => {}
            Ok(text) => {
                let text = match arguments.format {
                    ProgramFormat::C => text,
                    ProgramFormat::Fstests => {
                        fstests(&text, &format!("{target}#{}", block.number), &section.sentence, &test)
                    }
                };
                out.write(&text)?;
                out.flush()?;
                return Ok(Status::AsRecorded);
            }
            Err(why) => return no(&why),
        }
    }
    no(&format!("the program would have more than {LINES_MAX} lines"))
}

/// By what the recorded bad state can be forced at least, and how; none where it can't be.
fn forced(
    searcher: &Searcher,
    chosen: Chosen<'_>,
    block: &Block,
) -> Result<Option<(Means, Schedule)>, Error> {
    let mut easiest = None;
    let job = |chosen: &Chosen<'_>, options: &Options| easiest_ways(chosen, Means::Held, options);
    searcher.each(&Bounds::default(), &[chosen], Chosen::target, job, |_, found| {
        let is_it = |bad: &BadState| bad.property == block.property && bad.witness == block.witness;
        let way = found?.forced.into_iter().find(|(_, bad)| is_it(bad));
        easiest = way.map(|(means, bad)| (means, bad.schedule));
        Ok(())
    })?;
    Ok(easiest)
}

/// Who goes on until where, in words: `write until mmap_read_lock, munmap to its end, write to its end`.
fn turns(schedule: &Schedule) -> String {
    let steps = schedule.events.iter().filter_map(|event| match &event.kind {
        EventKind::Step { label, scheduling_point: true, .. } => Some((event.actor.as_str(), label.as_str())),
        _ => None,
    });
    let steps: Vec<(&str, &str)> = steps.collect();
    let mut told = Vec::new();
    let mut rest = &steps[..];
    while let Some(&(who, _)) = rest.first() {
        let its = rest.iter().take_while(|(actor, _)| *actor == who).count();
        rest = &rest[its..];
        told.push(match rest.iter().find(|(actor, _)| *actor == who) {
            Some((_, label)) => format!("{who} until {label}"),
            None => format!("{who} to its end"),
        });
    }
    told.join(", ")
}

/// Where a bad state shows itself, of those that no final state shows.
fn shows(property: &str) -> &'static str {
    match property {
        "kernel-bug" => "It shows in the kernel's log.",
        "early-size" | "stale-read" | "wrong-read" => "It shows to a reader that looks while the write runs.",
        "size-beyond-data" | "size-beyond-data-in-a-block" | "disksize-beyond-size" => {
            "It shows after a crash at that moment, and recovery."
        }
        "deadlock" | "livelock" | "unkillable" => "It shows as a task that never comes back.",
        _ => "`shortcopy replay` shows where it is.",
    }
}

/// What it takes to force a bad state, in a sentence.
fn takes(forced: Option<&(Means, Schedule)>) -> String {
    match forced.map(|(means, Schedule { initial, .. })| (means, initial)) {
        Some((Means::Direct, initial)) => {
            format!("Nobody has to be held for it, from {initial}: who looks has to look in time.")
        }
        Some((Means::Latch, initial)) => {
            format!("From {initial} it is come to while a fault in the source is held.")
        }
        Some((Means::Held, initial)) => format!("From {initial} it is come to while {HELD}."),
        None => "No schedule comes to it in which tasks are interrupted only where a fault, a read or a write can be held: \
                 it takes a race, or a debugger that stops a task elsewhere."
            .to_owned(),
    }
}

fn final_states(searcher: &Searcher, chosen: Chosen<'_>) -> Result<Option<Found>, Error> {
    let mut found = None;
    searcher.each(&Bounds::default(), &[chosen], Chosen::target, search, |_, answer| {
        if let Some(answer) = answer {
            let (scenario, outcome) = answer?;
            let states = scenario.final_states(&outcome);
            found = Some((scenario, states));
        }
        Ok(())
    })?;
    Ok(found)
}

/// The size that a final state has to have.
fn size(state: &FinalState, scenario: &Scenario, at: usize) -> u64 {
    let facts = scenario.facts.as_ref().and_then(|facts| facts.initial.get(at));
    let number = |what: &str| match facts.and_then(|facts| facts.get(what)) {
        Some(Fact::Number(number)) => *number,
        _ => 0,
    };
    match state.returned.parse::<u64>() {
        Ok(count) if count > 0 => number("size").max(number("write-position") + count),
        _ => number("size"),
    }
}

/// What tells a final state in which a property is broken; none where none does.
fn seen_as<'s>(property: &str, scenario: &'s Scenario, at: usize) -> Option<Tells<'s>> {
    match property {
        "wrong-size" => Some(Box::new(move |state| state.through_cache.size != size(state, scenario, at))),
        "clean-divergence" => Some(Box::new(|state: &FinalState| {
            state.after_sync.as_ref().is_some_and(|after| *after != state.through_cache)
        })),
        _ => None,
    }
}

/// The final state that should be in the place of one that is bad.
fn wanted(property: &str, state: &FinalState, scenario: &Scenario, at: usize) -> FinalState {
    if property != "wrong-size" {
        return FinalState { after_sync: None, ..state.clone() };
    }
    let size = size(state, scenario, at);
    let cut = |contents: &Contents| {
        let mut units = contents.units.clone();
        units.resize(size as usize, "0".to_owned());
        Contents { size, units }
    };
    let FinalState { returned, through_cache, after_sync } = state;
    let after_sync = after_sync.as_ref().map(cut);
    FinalState { returned: returned.clone(), through_cache: cut(through_cache), after_sync }
}

fn header(
    (target, sentence, initial): (&str, &str, &str),
    block: &Block,
    test: &Test,
    (predicted, wanted): (&[String], &[String]),
    (turns, lines): (&str, usize),
) -> Vec<String> {
    let mut all = vec![
        format!("shortcopy reproduce '{target}#{}'", block.number),
        sentence.to_owned(),
        String::new(),
        format!("broken     {}", report::named(&block.property, &block.witness, block.promised)),
        format!("initially  {initial}"),
        format!("a unit     {} bytes", test.unit),
    ];
    all.extend(predicted.iter().map(|state| format!("predicted  {state}")));
    all.extend(wanted.iter().map(|state| format!("wanted     {state}")));
    all.push(format!("schedule   {turns}"));
    if !block.schedule.is_empty() && lines > 0 {
        all.push("in the model, a column for each actor:".to_owned());
        // What matters of it, where it is long; `replay` has it all.
        let is_short = block.schedule.len() <= lines;
        let matters = |line: &&String| is_short || line.contains(['+', '^']);
        let actors = block.schedule.iter().take(usize::from(!is_short));
        let steps = block.schedule.iter().filter(matters).take(lines);
        all.extend(actors.chain(steps).map(|line| format!("  {line}")));
        if block.initial != initial {
            all.push(format!("It is told from: {}", block.initial));
        }
    }
    all
}
