//! What actors come to by themselves: reports and panics, what they reach, and where they end for want of a model.

use std::collections::BTreeSet;

use machine::{Action, Step};
use scenario::{Missing, built_in};

use super::findings::Bad;
use super::prepared::Prepared;
use super::unfold::{Edge, Standing};

impl Prepared {
    /// What happens when `actor` takes `step` and gets `result` before it stands at `to`.
    pub(crate) fn seen_on_edge(&self, actor: usize, step: &Step, words: &[u64], edge: &Edge) -> Vec<Bad> {
        let broken = self.broken(step, words).into_iter().map(|(p, w)| Bad::new(p, w));
        broken.chain(self.seen_in(actor, edge)).collect()
    }

    /// The reports and the panic of an edge.
    pub(crate) fn seen_in(&self, actor: usize, edge: &Edge) -> Vec<Bad> {
        let reports = edge.emissions.iter().filter_map(|step| match step.action {
            Action::Report { property, witness } => Some(Bad::new(property, witness.to_string())),
            _ => None,
        });
        let mut bad: Vec<Bad> = reports.collect();
        if let Standing::Panicked(message) = &self.automata[actor].node(edge.to).control {
            let witness = match actor < self.actors() {
                true => message.to_string(),
                false => format!("{}: {message}", self.name(actor)),
            };
            bad.push(Bad::new(built_in::KERNEL_BUG.id, witness));
        }
        bad
    }
}

/// What the actors themselves come to.
#[derive(Default)]
pub(crate) struct SeenInAutomata {
    pub(crate) reached: BTreeSet<&'static str>,
    pub(crate) bad: Vec<Bad>,
    pub(crate) unsupported: BTreeSet<Missing>,
}

/// What is reached and reported by the actors themselves, and where they end for want of a model. An edge is unfolded when it is first
/// taken, so every edge was.
pub(crate) fn seen_in_automata(prepared: &Prepared, rested: bool) -> SeenInAutomata {
    let mut seen = SeenInAutomata::default();
    for (actor, automaton) in prepared.automata.iter().enumerate() {
        let followed = automaton.edges().into_iter().map(|(_, _, edge)| edge);
        // Views start only where the actors are at rest.
        let started = actor < prepared.actors() || rested;
        for edge in followed.chain(started.then(|| automaton.start().clone())) {
            seen.reached.extend(edge.emissions.iter().filter_map(|step| match step.action {
                Action::Reach { what } => Some(what),
                _ => None,
            }));
            seen.bad.extend(prepared.seen_in(actor, &edge));
            if let Standing::Unsupported(missing) = &automaton.node(edge.to).control {
                seen.unsupported.insert(Missing::from((**missing).clone()));
            }
        }
    }
    seen
}
