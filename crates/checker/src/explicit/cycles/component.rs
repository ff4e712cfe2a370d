//! One strongly connected component of the states, as a graph of its own, and what is asked of it.

use super::components::Decomposer;
use crate::explicit::expand::Roles;

/// A component: its states by numbers of its own, and the steps between them.
#[derive(Default)]
pub(super) struct Component {
    /// By state: who is done, and who can't move.
    pub(super) done: Vec<u16>,
    pub(super) blocked: Vec<u16>,
    /// By state: where its steps begin.
    pub(super) first: Vec<u32>,
    pub(super) to: Vec<u32>,
    pub(super) actor: Vec<u8>,
    /// Whether a step leads out.
    pub(super) left: bool,
}

/// A part of a component in which somebody can stay for ever who must end.
pub(super) struct Endless {
    pub(super) states: Vec<u32>,
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
    pub(super) fn len(&self) -> usize {
        self.done.len()
    }

    fn steps(&self, state: u32) -> impl Iterator<Item = (u16, u32)> {
        let from = self.first[state as usize] as usize;
        let to = self.first.get(state as usize + 1).map_or(self.to.len(), |&to| to as usize);
        (from..to).map(|step| (1 << self.actor[step], self.to[step]))
    }

    /// The actors that must end and wait throughout, where nothing leads out.
    pub(super) fn stuck(&self, roles: &Roles) -> u16 {
        let stuck = self.blocked.iter().fold(roles.must_end, |stuck, blocked| stuck & blocked);
        if self.left { 0 } else { stuck }
    }

    /// The parts in which a fair run can stay, by steps of `movers` and in the states that are `kept`, while
    /// somebody who must end does not.
    pub(super) fn endless(
        &self,
        decomposer: &mut Decomposer,
        roles: &Roles,
        movers: u16,
        kept: Option<&[bool]>,
    ) -> Vec<Endless> {
        let mut regions = Regions { of: vec![0; self.len()], count: 0 };
        let mut states: Vec<u32> = (0..self.len() as u32).collect();
        if let Some(kept) = kept {
            states.retain(|&state| kept[state as usize]);
            regions.of.iter_mut().zip(kept).filter(|(_, kept)| !**kept).for_each(|(of, _)| *of = NOWHERE);
        }
        let whole = states.len() == self.len() && self.actor.iter().all(|&actor| movers & (1 << actor) != 0);
        let mut parts = match whole {
            true => vec![states],
            false => self.decompose(decomposer, &states, &regions, 0, movers),
        };
        let mut endless = Vec::new();
        while let Some(states) = parts.pop() {
            let region = regions.add(&states);
            let (mut moved, mut done) = (0, 0);
            let mut never = u16::MAX;
            for &state in &states {
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
                let waits =
                    |state: &u32| owed & !(self.done[*state as usize] | self.blocked[*state as usize]) == 0;
                let (kept, gone): (Vec<u32>, Vec<u32>) = states.into_iter().partition(waits);
                gone.into_iter().for_each(|state| regions.of[state as usize] = NOWHERE);
                parts.extend(self.decompose(decomposer, &kept, &regions, region, movers));
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
        endless
    }

    /// The components of one region, by the steps of `movers`.
    fn decompose(
        &self,
        decomposer: &mut Decomposer,
        states: &[u32],
        regions: &Regions,
        region: u32,
        movers: u16,
    ) -> Vec<Vec<u32>> {
        let next = |state: u32, out: &mut Vec<u32>| -> Result<(), std::convert::Infallible> {
            let inside = |&(actor, to): &(u16, u32)| movers & actor != 0 && regions.of[to as usize] == region;
            out.extend(self.steps(state).filter(inside).map(|(_, to)| to));
            Ok(())
        };
        let Ok(found) = decomposer.components(states.iter().copied(), next);
        found
    }
}

/// Which part of the graph a state is in; parts are never joined again.
struct Regions {
    of: Vec<u32>,
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
