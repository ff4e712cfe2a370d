//! What it costs to be in each state, as far as that is known: of few states, mostly, since the search for schedules ends where
//! all have been found.

use std::sync::Arc;

use super::ledger::{Counted, Full, Ledger};

/// Bits of who may have moved last, of switches and of steps. Few of the latter where it is tested that it makes no difference.
const LAST_BITS: u32 = 12;
const SWITCH_BITS: u32 = if cfg!(test) { 2 } else { 8 };
const STEP_BITS: u32 = if cfg!(test) { 3 } else { 12 };
const SWITCH_MASK: u32 = (1 << SWITCH_BITS) - 1;
/// So many steps and more.
const MANY: u32 = (1 << STEP_BITS) - 1;

/// What it costs to be in a state: steps, switches, and who may have moved last, one bit each, to be here at
/// a cost that is known. All are 0 where nobody was here yet.
///
/// Switches are kept but for multiples, and steps up to some. That forgets now and then that nothing is gained by being here at
/// a higher cost, and then the state is only met more often.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cost(u32);

impl Cost {
    #[inline]
    fn bit(last: u8) -> u32 {
        1 << u32::from(last).min(LAST_BITS - 1)
    }

    #[inline]
    fn last(self) -> u32 {
        self.0 & ((1 << LAST_BITS) - 1)
    }

    /// Whether nothing is gained by being here at this cost, which is no lower than any before: `last` was here before, or
    /// somebody was a switch earlier and no later, and gets everywhere at least as well.
    #[inline]
    pub(crate) fn settles(self, last: u8, switches: u32, steps: u32) -> bool {
        let (before, after) = (self.0 >> LAST_BITS & SWITCH_MASK, self.0 >> (LAST_BITS + SWITCH_BITS));
        self.last() & Cost::bit(last) != 0
            || self.last() != 0 && before != switches & SWITCH_MASK && after != MANY && after <= steps
    }

    fn settle(&mut self, last: u8, switches: u32, steps: u32) {
        if self.last() == 0 {
            let (switches, steps) = (switches & SWITCH_MASK, steps.min(MANY));
            self.0 = (steps << SWITCH_BITS | switches) << LAST_BITS;
        }
        self.0 |= Cost::bit(last);
    }
}

/// Costs that are allocated together, and such pages that are.
const PAGE: usize = 16;
const CHUNK: usize = 1 << 10;

/// The most bytes that they take for a state.
pub(crate) const BYTES: usize = size_of::<Cost>() + size_of::<u32>().div_ceil(PAGE);

/// The costs of states by number.
pub(crate) struct Costs {
    /// For so many states.
    len: usize,
    /// For each page its number plus one, or 0 where no state of it was met.
    pages: Counted<u32>,
    chunks: Vec<Counted<Cost>>,
    used: usize,
}

impl Costs {
    /// Of so many states, where nobody was yet.
    pub(crate) fn new(len: usize, ledger: &Arc<Ledger>) -> Result<Costs, Full> {
        let pages = Counted::written(len.div_ceil(PAGE), ledger)?;
        Ok(Costs { len, pages, chunks: Vec::new(), used: 0 })
    }

    /// What it costs to be in a state; nothing of those that there are not.
    #[inline]
    pub(crate) fn get(&self, state: u32) -> Option<Cost> {
        let page = *self.pages.get(state as usize / PAGE)? as usize;
        let cost = |page: usize| self.chunks[page / CHUNK][page % CHUNK * PAGE + state as usize % PAGE];
        ((state as usize) < self.len).then(|| page.checked_sub(1).map(cost).unwrap_or_default())
    }

    /// Notes that `last` is in a state at this cost, which is no lower than any before; whether something is gained by it. Nothing
    /// is of states that there are not.
    ///
    /// # Errors
    /// Where there is no room.
    #[inline]
    pub(crate) fn settle(&mut self, state: u32, last: u8, switches: u32, steps: u32) -> Result<bool, Full> {
        if self.get(state).is_none_or(|cost| cost.settles(last, switches, steps)) {
            return Ok(false);
        }
        let page = match self.pages[state as usize / PAGE] as usize {
            0 => self.page(state as usize / PAGE)?,
            page => page - 1,
        };
        let at = page % CHUNK * PAGE + state as usize % PAGE;
        self.chunks[page / CHUNK][at].settle(last, switches, steps);
        Ok(true)
    }

    #[cold]
    fn page(&mut self, at: usize) -> Result<usize, Full> {
        let page = self.used;
        if page / CHUNK == self.chunks.len() {
            let left = self.pages.len() - page;
            self.chunks.push(Counted::written(left.min(CHUNK) * PAGE, self.pages.ledger())?);
        }
        self.used += 1;
        self.pages[at] = self.used as u32;
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against costs that are kept whole: whoever gains there gains here. Who gains here and not there was at
        /// the same switches but for multiples, or after many steps.
        #[test]
        fn nobody_is_turned_away_who_gains(
            len in 1_u32..2000,
            meetings in prop::collection::vec((0_u32..2100, 0_u8..4, 0_u32..12, 0_u32..20), 1..300),
        ) {
            let mut meetings = meetings;
            meetings.sort_by_key(|&(_, _, switches, steps)| (switches, steps));
            let mut costs = Costs::new(len as usize, &Arc::new(Ledger::new(u64::MAX))).unwrap();
            let mut whole = BTreeMap::<u32, (u32, u32, Vec<u8>)>::new();
            for (state, last, switches, steps) in meetings {
                let last = if last == 3 { 15 } else { last };
                let gains = costs.settle(state, last, switches, steps).unwrap();
                if state >= len {
                    prop_assert!(!gains && costs.get(state).is_none());
                    continue;
                }
                let (first, after, who) = whole.entry(state).or_insert((switches, steps, Vec::new()));
                let was_here = who.contains(&last);
                let settled = was_here || *first < switches && *after <= steps;
                let forgets = (switches - *first).is_multiple_of(1 << SWITCH_BITS) || *after >= MANY;
                let as_whole = if settled { !gains || !was_here && forgets } else { gains };
                prop_assert!(as_whole);
                if gains {
                    who.push(last);
                }
                prop_assert!(costs.get(state).is_some_and(|cost| cost.settles(last, switches, steps)));
            }
        }
    }

    #[test]
    fn room_is_taken_for_what_is_met_and_where_there_is_none_nothing_is_lost() {
        const STATES: u32 = 1 << 20;
        let of_pages = STATES as u64 / PAGE as u64 * 4;
        let few = Arc::new(Ledger::new(of_pages + (CHUNK * PAGE * 4) as u64));
        let mut costs = Costs::new(STATES as usize, &few).unwrap();
        for page in 0..CHUNK as u32 {
            assert_eq!(costs.settle(page * 64, 1, 0, 0), Ok(true));
        }
        assert_eq!(costs.settle(1, 1, 0, 0), Ok(true));
        assert_eq!(costs.settle(32, 1, 0, 0), Err(Full::Bytes));
        assert!(costs.get(32).is_some_and(|cost| !cost.settles(1, 0, 0)));
        assert!(costs.get(64).is_some_and(|cost| cost.settles(1, 0, 0)));
    }
}
