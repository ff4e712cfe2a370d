//! What came of the runs of a path.

use std::collections::{BTreeMap, BTreeSet};

use live::{Answer, Closing, Observed, Stands};
use serde::Serialize;

use super::predicted::{Played, Skipped, agrees, shown};

/// What came of the runs of a path.
#[derive(Serialize, Default, Debug)]
pub(super) struct Tally {
    /// Tests that ran.
    pub(super) runs: usize,
    /// How many of them took `userfaultfd`.
    pub(super) latched: usize,
    /// In how many of them somebody was held by a file server of ours.
    pub(super) held: usize,
    /// In how many of them somebody was there beside the writer.
    pub(super) beside: usize,
    /// How many of them came to a final state that is predicted.
    pub(super) inside: usize,
    /// How many of those that are only like a scenario came to another one, which says nothing.
    pub(super) near: usize,
    /// Those that came to a final state that is not.
    pub(super) outside: Vec<Outside>,
    /// Initial states from which something ran.
    pub(super) initial_states: usize,
    /// Their scenarios.
    pub(super) scenarios: usize,
    /// The final states that are predicted of those initial states.
    pub(super) predicted: usize,
    /// How many of them were seen.
    pub(super) seen: usize,
    /// The others.
    pub(super) not_seen: Vec<NotSeen>,
    /// Files that were read again when their image had been checked and mounted anew.
    pub(super) read_again: usize,
    /// How many of them had the size again that was theirs before a write that failed.
    pub(super) old_size: usize,
    /// What was wrong then with an image, or with one of them.
    pub(super) damage: Vec<String>,
    /// How often a race was run, unaided.
    pub(super) attempts: usize,
    /// How often one came to a final state that no run in an order that we chose came to.
    pub(super) hits: usize,
    /// Why initial states, or tests, did not run, and how many.
    pub(super) not_run: Skipped,
}

/// A run that came to what is not predicted.
#[derive(Serialize, Clone, Debug)]
pub(super) struct Outside {
    pub(super) scenario: String,
    pub(super) initial: String,
    pub(super) observed: String,
    pub(super) predicted: Vec<String>,
    /// The command that repeats it.
    pub(super) command: String,
}

/// A predicted final state that no run came to.
#[derive(Serialize, Clone, Debug)]
pub(super) struct NotSeen {
    pub(super) scenario: String,
    pub(super) initial: String,
    pub(super) predicted: String,
}

impl Played {
    /// What is told of a run that came to what is not predicted.
    fn outside(&self, observed: &Observed, command: String) -> Option<Outside> {
        let is_inside = self.predicted.iter().any(|predicted| agrees(predicted, observed));
        (!is_inside).then(|| Outside {
            scenario: self.scenario.clone(),
            initial: self.initial.clone(),
            observed: shown(observed),
            predicted: self.predicted.iter().map(ToString::to_string).collect(),
            command,
        })
    }
}

/// The answers to the tests of an initial state, in the order of the tests, and where each ran.
pub(super) type Answers = Vec<(String, Answer)>;

impl Tally {
    /// Counts what came of the tests of initial states.
    pub(super) fn count(all: &[Played], answers: &[Answers], not_run: Skipped) -> Tally {
        let mut tally = Tally { not_run, ..Tally::default() };
        let mut scenarios = BTreeSet::new();
        for (played, answers) in all.iter().zip(answers) {
            let mut seen: Vec<&Observed> = Vec::new();
            let mut raced: Vec<(&Observed, usize, String)> = Vec::new();
            for ((test, stands), (place, answer)) in played.tests.iter().zip(answers) {
                let command = || format!("shortcopy live --test '{place} {test}'");
                let not = match answer {
                    Answer::Ran(observed) => {
                        if tally.one(played, observed, *stands, command()) {
                            tally.latched += usize::from(test.is_latched());
                            tally.held += usize::from(test.is_held());
                            tally.beside += usize::from(test.is_accompanied());
                        }
                        seen.push(observed);
                        continue;
                    }
                    Answer::Raced(all) => {
                        raced.extend(all.iter().map(|(observed, times)| (observed, *times, command())));
                        continue;
                    }
                    Answer::Not(why) => why.clone(),
                    Answer::Hung => format!("no answer in time, and it was killed: {place} {test}"),
                };
                *tally.not_run.entry(not).or_default() += 1;
            }
            for (observed, times, command) in raced {
                tally.attempts += times;
                tally.hits += if seen.contains(&observed) { 0 } else { times };
                tally.outside.extend(played.outside(observed, command));
            }
            if seen.is_empty() {
                continue;
            }
            tally.initial_states += 1;
            scenarios.insert(&played.scenario);
            for predicted in &played.predicted {
                tally.predicted += 1;
                if seen.iter().any(|seen| agrees(predicted, seen)) {
                    tally.seen += 1;
                    continue;
                }
                let Played { scenario, initial, .. } = played;
                let (scenario, initial, predicted) =
                    (scenario.clone(), initial.clone(), predicted.to_string());
                tally.not_seen.push(NotSeen { scenario, initial, predicted });
            }
        }
        tally.scenarios = scenarios.len();
        tally
    }

    /// Adds what came of the images, of which each has a name.
    pub(super) fn close(&mut self, closings: Vec<(String, Closing)>) {
        for (place, Closing { read_again, old_size, changed, damage }) in closings {
            self.read_again += read_again;
            self.old_size += old_size;
            let changed =
                changed.into_iter().map(|what| format!("after it was mounted anew: {place} {what}"));
            self.damage.extend(damage.map(|what| format!("{place}: {what}")).into_iter().chain(changed));
        }
    }

    /// Counts a run; none that is only like a scenario and came to something else.
    fn one(&mut self, played: &Played, observed: &Observed, stands: Stands, command: String) -> bool {
        let outside = played.outside(observed, command);
        if outside.is_some() && stands == Stands::Near {
            self.near += 1;
            return false;
        }
        self.runs += 1;
        self.inside += usize::from(outside.is_none());
        self.outside.extend(outside);
        true
    }

    /// How many predicted final states of each scenario were not seen.
    pub(super) fn not_seen_by_scenario(&self) -> BTreeMap<&str, usize> {
        let mut all = BTreeMap::new();
        for NotSeen { scenario, .. } in &self.not_seen {
            *all.entry(scenario.as_str()).or_default() += 1;
        }
        all
    }
}
