//! What a search came to, told: its schedules, and what only the whole can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use scenario::{BadState, Check, Coverage, Ending, Missing, Outcome, Scenario, Schedule, built_in};

use super::error::Error;
use super::findings::Bad;
use super::ledger::Held;
use super::limits::Limits;
use super::prepared::Prepared;
use super::schedule::tell;
use super::shortest::Way;

/// What a search came to.
pub(crate) struct CameTo {
    pub(crate) found: BTreeSet<Bad>,
    /// Those of them that a way was found to.
    pub(crate) ways: BTreeMap<Bad, Way>,
    pub(crate) endings: BTreeSet<Ending>,
    pub(crate) coverage: Coverage,
    /// The marks that were reached.
    pub(crate) reached: BTreeSet<&'static str>,
    pub(crate) unsupported: BTreeSet<Missing>,
    /// Whether any state was at rest.
    pub(crate) rested: bool,
    pub(crate) states: u64,
    pub(crate) transitions: u64,
    /// Whether some orders were left out.
    pub(crate) reduced: bool,
    /// The most that was kept at one time.
    pub(crate) bytes: u64,
}

impl CameTo {
    /// Tells it.
    ///
    /// # Errors
    /// Where a model or somebody who looks is broken.
    pub(crate) fn told(self, prepared: &Arc<Prepared>, limits: &Limits) -> Result<Outcome, Error> {
        let CameTo { found, mut ways, endings, coverage, reached, unsupported, rested, .. } = self;
        let scenario = &prepared.scenario;
        let bad_state = |bad: Bad, schedule, cells| BadState {
            property: bad.property.to_owned(),
            promised: scenario.promises(bad.property),
            witness: bad.witness,
            cells,
            schedule,
        };
        let mut untold = 0;
        let mut bad = Vec::new();
        let mut schedules = Held::new(&limits.ledger);
        for found in found {
            let (schedule, cells) = match ways.remove(&found) {
                Some(way) if !limits.out_of_patience() && schedules.take(way.steps.len() * TOLD).is_ok() => {
                    let (schedule, run) = tell(prepared, &found, &way)?;
                    let cells = run.cells();
                    // Whoever draws it later can't tell what is wrong.
                    prepared.draw(&prepared.packing.pack(&cells))?;
                    (schedule, cells)
                }
                _ => {
                    untold += 1;
                    (Schedule::default(), Vec::new())
                }
            };
            bad.push(bad_state(found, schedule, cells));
        }
        if coverage == Coverage::Exhausted {
            let missing = scenario.reachable.iter().filter(|mark| !reached.contains(**mark));
            // Nor may what is looked at finally hold because nothing ever comes to rest.
            let finally = scenario.properties.iter().any(|p| matches!(p.check, Check::Final(_)));
            let looks = (finally || !scenario.views.is_empty()) && !rested;
            let ends = [built_in::DEADLOCK.id, built_in::LIVELOCK.id, built_in::KERNEL_BUG.id];
            let why = bad.iter().any(|b| ends.contains(&b.property.as_str()));
            let restless = (looks && !why).then_some(&"a state at rest");
            let empty = missing.chain(restless).map(|mark| Bad::new(built_in::EMPTY.id, *mark));
            bad.extend(empty.map(|bad| bad_state(bad, Schedule::default(), Vec::new())));
        }
        bad.sort_by(|a, b| (&a.property, &a.witness).cmp(&(&b.property, &b.witness)));
        let numbers = limits.ran_out_of().map(|what| format!("the engine has no more numbers for {what}"));
        let untold = (untold > 0)
            .then(|| format!("no schedule was looked for to the end for {untold} of the bad states"));
        let remark =
            numbers.into_iter().chain(limits.has_no_disk()).chain(untold).collect::<Vec<_>>().join("; ");
        let outcome = Outcome {
            bad,
            endings: endings.into_iter().collect(),
            coverage,
            looked_at: looked_at(scenario, coverage),
            left_out: BTreeSet::new(),
            reduced: self.reduced,
            states: self.states,
            transitions: self.transitions,
            executions: 0,
            bytes: self.bytes,
            seconds: limits.seconds(),
            reached: reached.into_iter().map(str::to_owned).collect(),
            remark,
            ..Outcome::default()
        };
        Ok(outcome.resting(scenario, unsupported))
    }
}

/// Adds the bad states that only the searches before this one came to: nothing that was found is lost.
pub(crate) fn keep(bad: &mut Vec<BadState>, before: Vec<BadState>) {
    let known: BTreeSet<_> = bad.iter().map(id).collect();
    bad.extend(before.into_iter().filter(|other| !known.contains(&id(other))));
    bad.sort_by_key(id);
}

/// What tells a bad state from others.
pub(crate) fn id(bad: &BadState) -> (String, String) {
    (bad.property.clone(), bad.witness.clone())
}

/// Everything that is asked. A search that was cut, or ended where something is not modelled, says nothing of what only the whole can tell.
fn looked_at(scenario: &Scenario, coverage: Coverage) -> BTreeSet<String> {
    let of_the_whole = [built_in::LIVELOCK.id, built_in::UNKILLABLE.id, built_in::EMPTY.id];
    let told = |id: &&str| coverage == Coverage::Exhausted || !of_the_whole.contains(id);
    scenario.asked().into_iter().filter(told).map(str::to_owned).collect()
}

/// What a step of a schedule takes with its text, in bytes.
const TOLD: usize = 512;
