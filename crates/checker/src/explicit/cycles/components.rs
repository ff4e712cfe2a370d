//! Strongly connected components, by Tarjan's algorithm without recursion.

use std::sync::Arc;

use crate::explicit::ledger::{Counted, Full, Ledger};

/// Decomposes graphs whose nodes are small numbers, one after the other, in the same memory.
pub(super) struct Decomposer {
    /// When a node was met, from 1; 0 is not yet.
    index: Counted<u32>,
    /// The earliest open node that a node leads to, or [`CLOSED`].
    low: Counted<u32>,
    open: Counted<u32>,
    visits: Counted<Visit>,
    successors: Counted<u32>,
    buffer: Vec<u32>,
}

const CLOSED: u32 = u32::MAX;

struct Visit {
    node: u32,
    /// Where its successors begin, and the one to look at next.
    from: usize,
    at: usize,
    looped: bool,
}

impl Decomposer {
    pub(super) fn new(ledger: &Arc<Ledger>) -> Decomposer {
        let [index, low, open, successors] = std::array::from_fn(|_| Counted::new(ledger));
        Decomposer { index, low, open, visits: Counted::new(ledger), successors, buffer: Vec::new() }
    }

    /// The components with an edge inside that `roots` lead to.
    ///
    /// Nodes may be made up on the way: `next` is asked once for the successors of each node that is met.
    pub(super) fn components<E: From<Full>>(
        &mut self,
        roots: impl IntoIterator<Item = u32>,
        mut next: impl FnMut(u32, &mut Vec<u32>) -> Result<(), E>,
    ) -> Result<Components, E> {
        self.index.clear();
        self.low.clear();
        self.open.clear();
        self.visits.clear();
        self.successors.clear();
        let ledger = self.open.ledger();
        let mut found = Components { members: Counted::new(ledger), ends: Counted::new(ledger) };
        let mut count = 0;
        for root in roots {
            let mut enter = (!self.met(root)).then_some(root);
            loop {
                if let Some(node) = enter.take() {
                    count += 1;
                    self.enter(node, count, &mut next)?;
                }
                let Some(visit) = self.visits.last_mut() else { break };
                if let Some(&to) = self.successors.get(visit.at) {
                    visit.at += 1;
                    visit.looped |= to == visit.node;
                    let node = visit.node as usize;
                    if !self.met(to) {
                        enter = Some(to);
                    } else if self.low[to as usize] != CLOSED {
                        self.low[node] = self.low[node].min(self.index[to as usize]);
                    }
                    continue;
                }
                self.leave(&mut found)?;
            }
        }
        Ok(found)
    }

    fn met(&self, node: u32) -> bool {
        self.index.get(node as usize).is_some_and(|&index| index != 0)
    }

    fn enter<E: From<Full>>(
        &mut self,
        node: u32,
        count: u32,
        next: &mut impl FnMut(u32, &mut Vec<u32>) -> Result<(), E>,
    ) -> Result<(), E> {
        let at = node as usize;
        self.index.stretch(at + 1)?;
        self.low.stretch(at + 1)?;
        (self.index[at], self.low[at]) = (count, count);
        self.open.push(node)?;
        self.buffer.clear();
        next(node, &mut self.buffer)?;
        let from = self.successors.len();
        self.successors.extend_from_slice(&self.buffer)?;
        self.visits.push(Visit { node, from, at: from, looped: false })?;
        Ok(())
    }

    /// Leaves the node in hand, and closes its component where it is the first of one.
    fn leave(&mut self, found: &mut Components) -> Result<(), Full> {
        let Some(Visit { node, from, looped, .. }) = self.visits.pop() else { return Ok(()) };
        self.successors.truncate(from);
        let low = self.low[node as usize];
        if low != self.index[node as usize] {
            if let Some(parent) = self.visits.last() {
                let parent_low = &mut self.low[parent.node as usize];
                *parent_low = (*parent_low).min(low);
            }
            return Ok(());
        }
        let start = self.open.iter().rposition(|&open| open == node).unwrap_or(0);
        let members = &self.open[start..];
        for &member in members {
            self.low[member as usize] = CLOSED;
        }
        if looped || members.len() > 1 {
            found.members.extend_from_slice(members)?;
            found.ends.push(found.members.len())?;
        }
        self.open.truncate(start);
        Ok(())
    }
}

/// Components, each the list of its nodes.
pub(super) struct Components {
    members: Counted<u32>,
    ends: Counted<usize>,
}

impl Components {
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(&0).chain(self.ends.iter());
        starts.zip(self.ends.iter()).map(|(&from, &to)| &self.members[from..to])
    }

    /// Adds each as a list of its own.
    pub(super) fn add_to(&self, lists: &mut Vec<Counted<u32>>) -> Result<(), Full> {
        for component in self.iter() {
            let mut list = Counted::new(self.members.ledger());
            list.extend_from_slice(component)?;
            lists.push(list);
        }
        Ok(())
    }
}
