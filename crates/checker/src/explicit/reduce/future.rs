//! What an actor may still touch, from each control state on.

use machine::Action;

use super::footprint::Footprint;
use super::groups::Looks;
use crate::explicit::Prepared;
use crate::explicit::unfold::{PANICKED_FROM, Standing};

/// A control state, as far as its automaton is unfolded.
pub(super) struct Node {
    /// What the step touches that the actor stands in front of, whatever memory holds.
    pub(super) step: Footprint,
    /// What is touched by this step and by all that can follow.
    pub(super) future: Footprint,
    /// Whether a round of a loop can begin with this step.
    pub(super) goes_round: bool,
    before: Vec<u32>,
}

/// An automaton's control states by number. Only ever grows.
pub(super) struct Future {
    pub(super) nodes: Vec<Node>,
    /// Edges of the automaton that are known here.
    edges: usize,
}

impl Future {
    pub(super) fn new() -> Future {
        Future { nodes: Vec::new(), edges: 0 }
    }

    /// Learns what the automaton has become; whether that was anything.
    pub(super) fn grow(&mut self, prepared: &Prepared, actor: usize, looks: &Looks) -> bool {
        let automaton = &prepared.automata[actor];
        let packing = &prepared.packing;
        let edges = automaton.links_since(self.edges);
        let nodes = automaton.len();
        if edges.is_empty() && nodes == self.nodes.len() {
            return false;
        }
        self.edges += edges.len();
        let first = self.nodes.len();
        for number in first..nodes {
            let step = match &automaton.node(number as u32).control {
                Standing::Pending(step) => {
                    if let Action::Await { at, mask, .. } = step.action
                        && let Some(bits) = packing.bits(at, mask)
                    {
                        looks.guard(bits);
                    }
                    let mut footprint = Footprint::of(&step.action, packing);
                    footprint.groups = looks.of(&footprint.writes);
                    footprint
                }
                _ => Footprint::none(packing),
            };
            self.nodes.push(Node { future: step.clone(), step, goes_round: false, before: Vec::new() });
        }
        let mut changed: Vec<u32> = Vec::new();
        for link in edges {
            self.nodes[link.from as usize].goes_round |= link.goes_round;
            if link.to < PANICKED_FROM {
                self.nodes[link.to as usize].before.push(link.from);
                changed.push(link.to);
            }
        }
        // What comes late in the model first, so that little is joined twice.
        changed.sort_unstable();
        changed.dedup();
        while let Some(number) = changed.pop() {
            let node = &mut self.nodes[number as usize];
            let (before, future) = (std::mem::take(&mut node.before), node.future.clone());
            for &from in &before {
                if self.nodes[from as usize].future.join(&future) {
                    changed.push(from);
                }
            }
            self.nodes[number as usize].before = before;
        }
        true
    }

    /// Sees to which groups everything belongs, now that these look at more.
    pub(super) fn regroup(&mut self, looks: &Looks) {
        for node in &mut self.nodes {
            node.step.groups = looks.of(&node.step.writes);
            node.future.groups = looks.of(&node.future.writes);
        }
    }
}
