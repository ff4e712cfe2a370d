//! Strongly connected components, by Tarjan's algorithm without recursion.

/// Decomposes graphs whose nodes are small numbers, one after the other, in the same memory.
#[derive(Default)]
pub(super) struct Decomposer {
    /// When a node was met, from 1; 0 is not yet.
    index: Vec<u32>,
    /// The earliest open node that a node leads to, or [`CLOSED`].
    low: Vec<u32>,
    open: Vec<u32>,
    visits: Vec<Visit>,
    successors: Vec<u32>,
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
    /// The components with an edge inside that `roots` lead to.
    ///
    /// Nodes may be made up on the way: `next` is asked once for the successors of each node that is met.
    pub(super) fn components<E>(
        &mut self,
        roots: impl IntoIterator<Item = u32>,
        mut next: impl FnMut(u32, &mut Vec<u32>) -> Result<(), E>,
    ) -> Result<Vec<Vec<u32>>, E> {
        self.index.clear();
        self.low.clear();
        self.open.clear();
        self.visits.clear();
        self.successors.clear();
        let mut found = Vec::new();
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
                found.extend(self.leave());
            }
        }
        Ok(found)
    }

    fn met(&self, node: u32) -> bool {
        self.index.get(node as usize).is_some_and(|&index| index != 0)
    }

    fn enter<E>(
        &mut self,
        node: u32,
        count: u32,
        next: &mut impl FnMut(u32, &mut Vec<u32>) -> Result<(), E>,
    ) -> Result<(), E> {
        let at = node as usize;
        if self.index.len() <= at {
            self.index.resize(at + 1, 0);
            self.low.resize(at + 1, 0);
        }
        (self.index[at], self.low[at]) = (count, count);
        self.open.push(node);
        self.buffer.clear();
        next(node, &mut self.buffer)?;
        let from = self.successors.len();
        self.successors.append(&mut self.buffer);
        self.visits.push(Visit { node, from, at: from, looped: false });
        Ok(())
    }

    /// Leaves the node in hand; its component, where it is the first of one with an edge inside.
    fn leave(&mut self) -> Option<Vec<u32>> {
        let Visit { node, from, looped, .. } = self.visits.pop()?;
        self.successors.truncate(from);
        let low = self.low[node as usize];
        if low != self.index[node as usize] {
            if let Some(parent) = self.visits.last() {
                let parent_low = &mut self.low[parent.node as usize];
                *parent_low = (*parent_low).min(low);
            }
            return None;
        }
        let start = self.open.iter().rposition(|&open| open == node).unwrap_or(0);
        for &member in &self.open[start..] {
            self.low[member as usize] = CLOSED;
        }
        if looped || self.open.len() - start > 1 {
            return Some(self.open.split_off(start));
        }
        self.open.truncate(start);
        None
    }
}
