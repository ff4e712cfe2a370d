//! The cycles of each actor's own automaton.

use std::sync::Arc;

use super::components::Decomposer;
use crate::explicit::expand::Successor;
use crate::explicit::key::{Key, control_of, moved};
use crate::explicit::ledger::{Counted, Full, Held, Ledger};
use crate::explicit::prepared::Prepared;
use crate::explicit::unfold::{Automaton, PANICKED_FROM};
use crate::explicit::visited::mix;

/// Which control states lie on a cycle of their automaton.
///
/// Who leaves its own cycle does not come back. So on a cycle of states each actor stands still or stays on
/// one cycle of its own.
pub(crate) struct LocalCycles {
    /// By actor and control state: the least control state of its component plus one, or 0.
    least: Vec<Counted<u32>>,
}

impl LocalCycles {
    pub(crate) fn of(prepared: &Prepared, ledger: &Arc<Ledger>) -> Result<LocalCycles, Full> {
        let automata = prepared.automata[..prepared.actors()].iter();
        Ok(LocalCycles {
            least: automata.map(|automaton| least(automaton, ledger)).collect::<Result<_, _>>()?,
        })
    }

    /// Whether no actor has any.
    pub(crate) fn none(&self) -> bool {
        self.least.iter().all(|least| least.iter().all(|&least| least == 0))
    }

    #[inline]
    fn at<const R: usize>(&self, key: &Key<R>, actor: usize) -> u32 {
        self.of_control(actor, control_of(key, actor))
    }

    /// The cycle that a control state of an actor is on: its least control state plus one; 0 is none.
    #[inline]
    pub(crate) fn of_control(&self, actor: usize, control: u32) -> u32 {
        self.least[actor].get(control as usize).copied().unwrap_or(0)
    }

    /// The actors that are on a cycle of their own, one bit each.
    #[inline]
    pub(crate) fn movers<const R: usize>(&self, key: &Key<R>) -> u16 {
        (0..self.least.len()).fold(0, |movers, actor| movers | u16::from(self.at(key, actor) != 0) << actor)
    }

    /// Whether the actor that takes a step stays on a cycle of its own.
    #[inline]
    pub(crate) fn stays<const R: usize>(&self, from: &Key<R>, step: &Successor<R>) -> bool {
        let cycle = self.at(from, step.actor.into());
        cycle != 0 && cycle == self.at(&step.key, step.at.into())
    }

    /// A hash of the cycles that the actors are on, and of where the others stand: the same for all states
    /// of a cycle of states.
    pub(crate) fn class<const R: usize>(&self, key: &Key<R>) -> u32 {
        let whole =
            (0..self.least.len()).fold(moved(key, 0, control_of(key, 0), 0), |class, actor| {
                match self.at(key, actor) {
                    0 => class,
                    least => moved(&class, actor, least - 1, 0),
                }
            });
        mix(&whole) as u32
    }
}

fn least(automaton: &Automaton, ledger: &Arc<Ledger>) -> Result<Counted<u32>, Full> {
    let edges = automaton.edges();
    let mut held = Held::new(ledger);
    held.take(size_of_val(&edges[..]))?;
    let mut next = Counted::new(ledger);
    for (from, _, edge) in &edges {
        if edge.to < PANICKED_FROM {
            next.push((*from, edge.to))?;
        }
    }
    drop((edges, held));
    next.sort_unstable();
    let successors = |node: u32, out: &mut Vec<u32>| -> Result<(), Full> {
        let first = next.partition_point(|&(from, _)| from < node);
        out.extend(next[first..].iter().take_while(|(from, _)| *from == node).map(|(_, to)| to));
        Ok(())
    };
    let nodes = automaton.len();
    let found = Decomposer::new(ledger).components(0..nodes as u32, successors)?;
    let mut least = Counted::zeros(nodes, ledger)?;
    for component in found.iter() {
        let first = component.iter().min().map_or(0, |first| first + 1);
        for &node in component {
            least[node as usize] = first;
        }
    }
    Ok(least)
}
