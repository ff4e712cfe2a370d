//! What an actor may still touch, from each control state on.

use machine::Action;

use super::footprint::{self, Footprint, Footprints};
use crate::explicit::looks::groups_of;
use crate::explicit::prepared::Prepared;
use crate::explicit::unfold::{PANICKED_FROM, Standing};

/// A set of guards, by their numbers.
pub(super) type Guards = u64;

/// Bits of a word of memory that somebody waits for to be 0.
pub(super) type Guard = (usize, u64);

/// A control state, as far as its automaton is unfolded.
struct Node {
    /// What the step waits for, if it does.
    guard: Option<Guard>,
    /// The same by number; none of a guard without one, which counts as open.
    number: Guards,
    /// Whether a round of a loop can begin with the step.
    goes_round: bool,
    after: Vec<u32>,
    before: Vec<u32>,
}

/// An automaton, as far as it is unfolded. Only ever grows.
pub(super) struct Actor {
    nodes: Vec<Node>,
    /// What the step of each control state touches, whatever memory holds.
    steps: Vec<u64>,
    /// How many words that is for each.
    len: usize,
    /// Edges of the automaton that are known here.
    edges: usize,
    /// Those that are waited for.
    guards: Guards,
    /// By control state: the version in which what can follow changed last, as far as that is marked.
    changed: Vec<u32>,
}

/// Of a control state: what can follow changed in the version at hand.
const UNMARKED: u32 = u32::MAX;

impl Actor {
    pub(super) fn new(prepared: &Prepared) -> Actor {
        Actor {
            nodes: Vec::new(),
            steps: Vec::new(),
            len: footprint::len(&prepared.packing),
            edges: 0,
            guards: 0,
            changed: Vec::new(),
        }
    }

    /// Learns what the automaton has become; whether that was anything.
    pub(super) fn grow(&mut self, prepared: &Prepared, actor: usize) -> bool {
        let automaton = &prepared.automata[actor];
        let packing = &prepared.packing;
        let links = automaton.links_since(self.edges);
        let nodes = automaton.len();
        if links.is_empty() && nodes == self.nodes.len() {
            return false;
        }
        self.edges += links.len();
        let first = self.nodes.len();
        self.steps.resize(nodes * self.len, 0);
        for number in first..nodes {
            let mut guard = None;
            if let Standing::Pending(step) = &automaton.node(number as u32).control {
                if let Action::Await { at, mask, .. } = step.action {
                    guard = packing.bits(at, mask).filter(|(_, bits)| *bits != 0);
                }
                footprint::add(&mut self.steps[number * self.len..][..self.len], &step.action, packing);
            }
            self.nodes.push(Node {
                guard,
                number: 0,
                goes_round: false,
                after: Vec::new(),
                before: Vec::new(),
            });
            self.changed.push(UNMARKED);
        }
        for link in links {
            let node = &mut self.nodes[link.from as usize];
            node.goes_round |= link.goes_round;
            self.changed[link.from as usize] = UNMARKED;
            if link.to < PANICKED_FROM && !node.after.contains(&link.to) {
                node.after.push(link.to);
                self.nodes[link.to as usize].before.push(link.from);
            }
        }
        true
    }

    /// How many control states and edges are known.
    pub(super) fn known(&self) -> (usize, usize) {
        (self.nodes.len(), self.edges)
    }

    /// Sees to which groups everything belongs, now that these look at all this.
    pub(super) fn regroup(&mut self, looked: &[u64]) {
        for (step, changed) in self.steps.chunks_mut(self.len).zip(&mut self.changed) {
            let groups = groups_of(footprint::writes(step), looked);
            if std::mem::replace(footprint::groups_mut(step), groups) != groups {
                *changed = UNMARKED;
            }
        }
    }

    /// Everything changes.
    pub(super) fn change(&mut self) {
        self.changed.fill(UNMARKED);
    }

    /// Marks the control states from which anything changed can follow.
    pub(super) fn mark(&mut self, version: u32) {
        let changed = self.changed.iter().enumerate().filter(|(_, version)| **version == UNMARKED);
        let mut all: Vec<u32> = changed.map(|(number, _)| number as u32).collect();
        while let Some(number) = all.pop() {
            self.changed[number as usize] = version;
            let earlier = self.nodes[number as usize].before.iter();
            all.extend(earlier.filter(|earlier| self.changed[**earlier as usize] != version));
        }
    }

    /// The version in which anything changed last that can follow a control state; none where that is not known.
    pub(super) fn changed(&self, node: u32) -> Option<u32> {
        self.changed.get(node as usize).copied()
    }

    pub(super) fn guards(&self) -> impl Iterator<Item = Guard> {
        self.nodes.iter().filter_map(|node| node.guard)
    }

    /// Numbers the guards: by their places in the list.
    pub(super) fn number(&mut self, guards: &[Guard]) {
        self.guards = 0;
        for node in &mut self.nodes {
            let number = node.guard.and_then(|guard| guards.iter().position(|known| *known == guard));
            node.number = number.map_or(0, |number| 1 << number);
            self.guards |= node.number;
        }
    }

    /// What the step of a control state touches, whatever memory holds; none where that is not known.
    fn step(&self, node: u32) -> Option<&Footprint> {
        self.steps.get(node as usize * self.len..)?.get(..self.len)
    }

    /// Whether it is known that a round of a loop can begin with the step of a control state.
    pub(super) fn goes_round(&self, node: u32) -> bool {
        self.nodes.get(node as usize).is_some_and(|node| node.goes_round)
    }

    /// Those of these guards that anybody waits for in this automaton.
    pub(super) fn own(&self, guards: Guards) -> Guards {
        self.guards & guards
    }
}

/// What is touched from control states on, as long as some guards stay shut. Worked out where it is asked for.
pub(super) struct Future {
    shut: Guards,
    /// By control state: the number of the footprint.
    of: Vec<u32>,
}

/// Of a control state: its footprint was not asked for yet, or is being worked out at the place that follows.
const UNKNOWN: u32 = u32::MAX;
const AT_WORK: u32 = 1 << 31;

impl Future {
    pub(super) fn new(shut: Guards) -> Future {
        Future { shut, of: Vec::new() }
    }

    /// The guards that stay shut.
    pub(super) fn shut(&self) -> Guards {
        self.shut
    }

    /// What is touched from a control state on, by its number among those that are known; none of a control state that is not
    /// known.
    #[inline]
    pub(super) fn from(&mut self, actor: &Actor, node: u32, known: &mut Footprints) -> Option<u32> {
        match self.of.get(node as usize) {
            Some(&number) if number != UNKNOWN => Some(number),
            _ if node as usize >= actor.nodes.len() => None,
            _ => {
                self.of.resize(actor.nodes.len(), UNKNOWN);
                self.work_out(actor, node, known);
                Some(self.of[node as usize])
            }
        }
    }

    /// What follows in an automaton, or nothing in front of a guard that is shut.
    fn after<'a>(&self, actor: &'a Actor, node: u32) -> &'a [u32] {
        let node = &actor.nodes[node as usize];
        if node.number & self.shut == 0 { &node.after } else { &[] }
    }

    #[cold]
    fn work_out(&mut self, actor: &Actor, from: u32, known: &mut Footprints) {
        let order = self.unknown_after(actor, from);
        let len = actor.len;
        let mut touched = vec![0; order.len() * len];
        for (&node, touched) in order.iter().zip(touched.chunks_mut(len)) {
            if actor.nodes[node as usize].number & self.shut == 0
                && let Some(step) = actor.step(node)
            {
                touched.copy_from_slice(step);
            }
        }
        let (mut first, mut more) = (true, true);
        while more {
            more = false;
            for (at, &node) in order.iter().enumerate() {
                for &next in self.after(actor, node) {
                    let number = self.of[next as usize];
                    if number & AT_WORK == 0 {
                        footprint::join(&mut touched[at * len..][..len], known.get(number));
                    } else if let next = (number & !AT_WORK) as usize
                        && next != at
                    {
                        let (low, high) = touched.split_at_mut(at.max(next) * len);
                        let (low, high) = (&mut low[at.min(next) * len..][..len], &mut high[..len]);
                        let (one, other) = if at < next { (low, high) } else { (high, low) };
                        // Of those that come later in the order not all is known yet.
                        more |= (footprint::join(one, other) || first) && at < next;
                    }
                }
            }
            first = false;
        }
        for (&node, touched) in order.iter().zip(touched.chunks(len)) {
            self.of[node as usize] = known.number(touched);
        }
    }

    /// The control states that can follow and are not known, each after all that follow it but on the way round a
    /// loop. Marks them with their places.
    fn unknown_after(&mut self, actor: &Actor, from: u32) -> Vec<u32> {
        let mut order = Vec::new();
        self.of[from as usize] = AT_WORK;
        let mut way = vec![(from, 0)];
        while let Some((node, next)) = way.last_mut() {
            let (node, number) = (*node, *next);
            *next += 1;
            match self.after(actor, node).get(number) {
                Some(&next) if self.of[next as usize] == UNKNOWN => {
                    self.of[next as usize] = AT_WORK;
                    way.push((next, 0));
                }
                Some(_) => {}
                None => {
                    self.of[node as usize] = AT_WORK | order.len() as u32;
                    order.push(node);
                    way.pop();
                }
            }
        }
        order
    }
}
