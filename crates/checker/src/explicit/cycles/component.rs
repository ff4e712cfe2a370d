//! One strongly connected component of the states, as a graph of its own, and what is asked of it.

use std::sync::Arc;

use super::components::{Components, Decomposer};
use crate::explicit::expand::{Census, Roles};
use crate::explicit::ledger::{Counted, Full, Ledger};
use crate::explicit::limits::Halt;

/// A component: its states by numbers of its own, and the steps between them.
pub(super) struct Component {
    /// By state: who is done, and who can't move.
    done: Counted<u16>,
    blocked: Counted<u16>,
    /// By state: where its steps begin.
    first: Counted<u32>,
    to: Counted<u32>,
    actor: Counted<u8>,
    /// Whether a step leads out.
    left: bool,
}

/// A part of a component in which somebody can stay for ever who must end.
pub(super) struct Endless {
    pub(super) states: Counted<u32>,
    /// Who does not end.
    pub(super) shown: u16,
    /// Whether these go round, or wait while others do.
    pub(super) moving: bool,
    /// The actors that a fair run inside must move.
    pub(super) needed: u16,
}

/// In no part of the graph any more.
const NOWHERE: u32 = u32::MAX;

impl Component {
    pub(super) fn new(ledger: &Arc<Ledger>) -> Component {
        let [done, blocked] = std::array::from_fn(|_| Counted::new(ledger));
        let [first, to] = std::array::from_fn(|_| Counted::new(ledger));
        Component { done, blocked, first, to, actor: Counted::new(ledger), left: false }
    }

    /// Adds a state. Its steps are added before the next one.
    pub(super) fn add_state(&mut self, census: Census) -> Result<(), Full> {
        self.done.push(census.done)?;
        self.blocked.push(census.blocked)?;
        self.first.push(u32::try_from(self.to.len()).map_err(|_| Full::Numbers("steps of a cycle"))?)
    }

    /// Adds a step of the state that was added last: where it leads, or none out.
    pub(super) fn add_step(&mut self, actor: u8, to: Option<u32>) -> Result<(), Full> {
        let Some(to) = to else {
            self.left = true;
            return Ok(());
        };
        self.to.push(to)?;
        self.actor.push(actor)
    }

    pub(super) fn len(&self) -> usize {
        self.done.len()
    }

    fn steps(&self, state: u32) -> impl Iterator<Item = (u16, u32)> {
        let from = self.first[state as usize] as usize;
        let to = self.first.get(state as usize + 1).map_or(self.to.len(), |&to| to as usize);
        (from..to).map(|step| (1 << self.actor[step], self.to[step]))
    }

    /// The actors that must end and wait throughout.
    pub(super) fn waiting(&self, roles: &Roles) -> u16 {
        self.blocked.iter().fold(roles.must_end, |waiting, blocked| waiting & blocked)
    }

    /// These, where nothing leads out.
    pub(super) fn stuck(&self, roles: &Roles) -> u16 {
        if self.left { 0 } else { self.waiting(roles) }
    }

    /// The parts in which a fair run can stay, by steps of `movers` and in the states that are `kept`, while
    /// somebody who must end does not. `go_on` is asked now and then.
    pub(super) fn endless(
        &self,
        decomposer: &mut Decomposer,
        roles: &Roles,
        movers: u16,
        kept: Option<&[bool]>,
        go_on: &mut impl FnMut() -> Result<(), Halt>,
    ) -> Result<Vec<Endless>, Halt> {
        let ledger = self.to.ledger();
        let mut regions = Regions { of: Counted::zeros(self.len(), ledger)?, count: 0 };
        let mut states = Counted::new(ledger);
        for state in 0..self.len() {
            if kept.is_none_or(|kept| kept[state]) {
                states.push(state as u32)?;
            } else {
                regions.of[state] = NOWHERE;
            }
        }
        let whole = states.len() == self.len() && self.actor.iter().all(|&actor| movers & (1 << actor) != 0);
        let mut parts = Vec::new();
        if whole {
            parts.push(states);
        } else {
            let found = self.decompose(decomposer, &states, &regions, 0, movers, go_on)?;
            found.add_to(&mut parts)?;
        }
        let mut endless = Vec::new();
        while let Some(states) = parts.pop() {
            let region = regions.add(&states);
            let (mut moved, mut done) = (0, 0);
            let mut never = u16::MAX;
            for &state in states.iter() {
                go_on()?;
                never &= self.done[state as usize] | self.blocked[state as usize];
                done |= self.done[state as usize];
                for (actor, to) in self.steps(state) {
                    if regions.of[to as usize] == region {
                        moved |= movers & actor;
                    }
                }
            }
            let owed = roles.fair & !moved & !done & !never;
            if owed != 0 {
                let mut left = Counted::new(ledger);
                for &state in states.iter() {
                    if owed & !(self.done[state as usize] | self.blocked[state as usize]) == 0 {
                        left.push(state)?;
                    } else {
                        regions.of[state as usize] = NOWHERE;
                    }
                }
                let found = self.decompose(decomposer, &left, &regions, region, movers, go_on)?;
                found.add_to(&mut parts)?;
                continue;
            }
            let subjects = roles.must_end & roles.fair & !done;
            if subjects != 0 {
                let moving = subjects & moved != 0;
                let shown = if moving { subjects & moved } else { subjects };
                // An adversary is owed nothing; where nobody else moves, it shows.
                let needed = if moved & roles.fair != 0 { moved & roles.fair } else { moved };
                endless.push(Endless { states, shown, moving, needed });
            }
        }
        Ok(endless)
    }

    /// The components of one region, by the steps of `movers`.
    fn decompose(
        &self,
        decomposer: &mut Decomposer,
        states: &[u32],
        regions: &Regions,
        region: u32,
        movers: u16,
        go_on: &mut impl FnMut() -> Result<(), Halt>,
    ) -> Result<Components, Halt> {
        decomposer.components(states.iter().copied(), |state, out| {
            go_on()?;
            let inside = |&(actor, to): &(u16, u32)| movers & actor != 0 && regions.of[to as usize] == region;
            out.extend(self.steps(state).filter(inside).map(|(_, to)| to));
            Ok(())
        })
    }
}

/// Which part of the graph a state is in; parts are never joined again.
struct Regions {
    of: Counted<u32>,
    count: u32,
}

impl Regions {
    fn add(&mut self, states: &[u32]) -> u32 {
        self.count += 1;
        for &state in states {
            self.of[state as usize] = self.count;
        }
        self.count
    }
}
