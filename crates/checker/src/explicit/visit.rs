//! One thread's visits of states: what follows each, and what is to be said of it by itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::effects::Effects;
use super::expand::{Census, Expander, Roles, Stillness, Stuck, Successor};
use super::findings::{Findings, Rest, bytes_of_rest};
use super::key::Key;
use super::limits::{Halt, Limits};
use super::memories::Memories;
use super::prepared::Prepared;
use super::views::Views;

/// One thread's means to visit states.
pub(crate) struct Visitor<'a> {
    pub(crate) expander: Expander<'a>,
    roles: Roles,
    findings: &'a Findings,
    limits: &'a Limits<'a>,
    stuck: Stuck,
    rests: FxHashSet<Rest>,
    views: Views<'a>,
}

impl<'a> Visitor<'a> {
    pub(crate) fn new(
        prepared: &'a Prepared,
        memories: &'a Memories,
        findings: &'a Findings,
        limits: &'a Limits<'a>,
        effects: Arc<Effects>,
    ) -> Visitor<'a> {
        Visitor {
            expander: Expander::new(prepared, memories, findings, effects),
            roles: Roles::new(prepared),
            findings,
            limits,
            stuck: Stuck::default(),
            rests: FxHashSet::default(),
            views: Views::new(prepared, &limits.ledger),
        }
    }

    /// Expands a state, and notes what is to be said of it by itself.
    #[inline]
    pub(crate) fn visit<const R: usize>(
        &mut self,
        key: &Key<R>,
        successors: &mut Vec<Successor<R>>,
    ) -> Result<(), Halt> {
        let census = self.expander.expand(key, successors)?;
        self.note(key, census, !successors.is_empty())
    }

    /// Notes what is to be said of a state by itself.
    #[inline]
    pub(crate) fn note<const R: usize>(
        &mut self,
        key: &Key<R>,
        census: Census,
        moves: bool,
    ) -> Result<(), Halt> {
        if self.roles.still(census, moves) {
            match self.roles.stillness(&mut self.expander, key, census, moves) {
                Stillness::Moving => {}
                Stillness::AtRest(rest) => self.rest(rest)?,
                Stillness::Deadlock => {
                    let stuck = self.roles.must_end & !census.done;
                    let bad = self.stuck.deadlock(&mut self.expander, key, stuck);
                    self.findings.add(bad.clone())?;
                }
            }
        }
        Ok(())
    }

    fn rest(&mut self, rest: Rest) -> Result<(), Halt> {
        if self.rests.contains(&rest) {
            return Ok(());
        }
        self.limits.ledger.take(bytes_of_rest(&rest))?;
        self.rests.insert(rest.clone());
        let (checks, views) = self.findings.claim(&rest)?;
        let prepared = self.expander.prepared();
        let orders = self.expander.orders(&rest.1);
        let words = self.expander.words(rest.0);
        if views {
            self.findings.in_views(rest.0, self.views.all(words, || self.limits.go_on())?)?;
        }
        if checks {
            let (mut bad, mut endings) = (BTreeSet::new(), Vec::new());
            for returned in orders {
                bad.extend(prepared.final_checks(words, &returned)?);
                endings.extend(prepared.ending(words, &returned)?);
            }
            self.findings.at_rest(rest, Vec::from_iter(bad), endings)?;
        }
        Ok(())
    }
}
