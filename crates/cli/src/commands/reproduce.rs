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
    let Some((scenario, states)) = final_states(searcher, chosen, block)? else {
        return no("nobody tells its final states");
    };
    let at = scenario.initial.iter().position(|initial| initial.name == block.initial).unwrap_or_default();
    let tests = match tests_of(&scenario, at) {
        Ok(tests) => tests,
        Err(why) => return no(&format!("it would take what no program has by itself: {why}")),
    };
    let Some(is_bad) = seen_as(property, &scenario, at) else {
        return no(&format!(
            "{property} is nothing that a final state shows; `shortcopy replay` has its schedule"
        ));
    };
    let (bad, good): (Vec<&FinalState>, Vec<&FinalState>) = states.iter().partition(|state| is_bad(state));
    if bad.is_empty() {
        return no("it shows only while the write runs, or after a crash");
    }
    let is_others = |state: &FinalState| state.through_cache.units.iter().any(|unit| unit == "?");
    if bad.iter().copied().any(is_others) {
        return no("what it shows may be the memory of other programs");
    }
    let Some((test, _)) = tests.iter().find(|(_, stands)| *stands == Stands::For) else {
        return no("no test stands for its initial state");
    };
    let wanted: Vec<String> =
        bad.iter().map(|state| wanted(property, state, &scenario, at).to_string()).collect();
    let predicted: Vec<String> = bad.iter().map(ToString::to_string).collect();
    let header = header(&target, &section.sentence, block, test, (&predicted, &wanted));
    let good: BTreeSet<String> = good.iter().map(ToString::to_string).chain(wanted).collect();
    let good: Vec<String> = good.into_iter().collect();
    match program(test, &Told { header: &header, bad: &predicted, good: &good }) {
        Ok(text) => out.write(&text)?,
        Err(why) => return no(&why),
    }
    out.flush()?;
    Ok(Status::AsRecorded)
}

fn final_states(
    searcher: &Searcher,
    chosen: Chosen<'_>,
    block: &Block,
) -> Result<Option<(Scenario, BTreeSet<FinalState>)>, Error> {
    let mut found = None;
    searcher.each(&Bounds::default(), &[chosen], Chosen::target, search, |_, answer| {
        if let Some(answer) = answer {
            let (scenario, outcome) = answer?;
            let at = scenario.initial.iter().position(|initial| initial.name == block.initial);
            let states = at.and_then(|at| scenario.final_states(&outcome).into_iter().nth(at));
            found = states.map(|states| (scenario, states));
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
fn seen_as<'s>(
    property: &str,
    scenario: &'s Scenario,
    at: usize,
) -> Option<Box<dyn Fn(&FinalState) -> bool + 's>> {
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
    target: &str,
    sentence: &str,
    block: &Block,
    test: &Test,
    (predicted, wanted): (&[String], &[String]),
) -> Vec<String> {
    let mut all = vec![
        format!("shortcopy reproduce '{target}#{}'", block.number),
        sentence.to_owned(),
        String::new(),
        format!("broken     {}", report::named(&block.property, &block.witness, block.promised)),
        format!("initially  {}", block.initial),
        format!("a unit     {} bytes", test.unit),
    ];
    all.extend(predicted.iter().map(|state| format!("predicted  {state}")));
    all.extend(wanted.iter().map(|state| format!("wanted     {state}")));
    if !block.schedule.is_empty() {
        all.extend([String::new(), "The schedule in the model, a column for each actor:".to_owned()]);
        all.extend(block.schedule.iter().map(|line| format!("  {line}")));
    }
    all
}
