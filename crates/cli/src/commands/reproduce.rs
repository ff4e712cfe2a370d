//! `shortcopy reproduce`

use std::collections::BTreeSet;

use live::{Stands, Test, Told, program};
use report::Block;
use scenario::{Contents, Fact, FinalState, Scenario, WritePath};

use super::final_states::search;
use super::live::tests_of;
use super::replay::{Asked, pick, read};
use crate::arguments::{Bounds, Reproduce};
use crate::engine::Searcher;
use crate::error::Error;
use crate::output::Output;
use crate::status::Status;
use crate::target::{Breadth, Chosen, choose};

/// What is not told how to do: defects of kernels that people use, by which data is lost or somebody else's is seen.
const WITHHELD: [&str; 3] = ["stale-on-disk", "lost-write", "foreign-block"];

/// So many lines of a schedule are told: a program has to be short.
const SCHEDULE_MAX: usize = 10;

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
    if seen_as(property, &scenario, 0).is_none() {
        return no(&format!(
            "{property} is nothing that a final state shows; `shortcopy replay` has its schedule"
        ));
    }
    // Where the recorded one can't be had, another from which the like is come to.
    let recorded = scenario.initial.iter().position(|initial| initial.name == block.initial);
    let candidates = recorded.into_iter().chain(0..scenario.initial.len());
    let mut why = "it shows only while the write runs, or after a crash".to_owned();
    let mut found = None;
    for at in candidates {
        let Some(is_bad) = seen_as(property, &scenario, at) else { continue };
        let (bad, good): (Vec<&FinalState>, Vec<&FinalState>) =
            states[at].iter().partition(|state| is_bad(state));
        if bad.is_empty() {
            continue;
        }
        match tests_of(&scenario, at) {
            Ok(tests) => {
                if let Some((test, _)) = tests.into_iter().find(|(_, stands)| *stands == Stands::For) {
                    found = Some((at, test, bad, good));
                    break;
                }
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
    let header = header((&target, &section.sentence, initial), block, &test, (&predicted, &wanted));
    let good: BTreeSet<String> = good.iter().map(ToString::to_string).chain(wanted).collect();
    let good: Vec<String> = good.into_iter().collect();
    match program(&test, &Told { header: &header, bad: &predicted, good: &good }) {
        Ok(text) => out.write(&text)?,
        Err(why) => return no(&why),
    }
    out.flush()?;
    Ok(Status::AsRecorded)
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
    if !block.schedule.is_empty() {
        all.extend([String::new(), "The schedule in the model, a column for each actor:".to_owned()]);
        // What matters of it, where it is long; `replay` has it all.
        let is_short = block.schedule.len() <= SCHEDULE_MAX;
        let matters = |line: &&String| is_short || line.contains(['+', '^']);
        let actors = block.schedule.iter().take(usize::from(!is_short));
        let steps = block.schedule.iter().filter(matters).take(SCHEDULE_MAX);
        all.extend(actors.chain(steps).map(|line| format!("  {line}")));
        if block.initial != initial {
            all.push(format!("It is told from: {}", block.initial));
        }
    }
    all
}
