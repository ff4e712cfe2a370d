//! What is bad about a state that was met, or about the step to it, as a search for schedules sees it.

use std::collections::BTreeSet;
use std::sync::Arc;

use machine::{Effect, Word};

use super::cycles::Judged;
use super::expand::{Census, Expander, Roles, Stillness, Stuck};
use super::findings::{Bad, Places};
use super::key::{Key, control_of, memory_of};
use super::ledger::Ledger;
use super::limits::Halt;
use super::prepared::Prepared;
use super::unfold::Standing;
use super::views::Views;

/// How a state is bad.
pub(crate) enum Seen {
    /// By itself.
    State,
    /// By what a view makes of it: the view, the results chosen on its way, and on its way round.
    View(usize, Vec<u8>, Vec<u8>),
    /// By what may follow for ever, as this kind of judging says.
    Cycle(usize),
}

/// What a state is looked at with.
pub(crate) struct Eyes<'a> {
    pub(crate) prepared: &'a Prepared,
    pub(crate) places: &'a Places,
    pub(crate) judged: &'a [Judged],
    pub(crate) roles: Roles,
    pub(crate) ledger: &'a Arc<Ledger>,
}

impl Eyes<'_> {
    /// Whether something may be bad about a state.
    pub(crate) fn suspect<const R: usize>(
        &self,
        key: &Key<R>,
        state: u32,
        census: Census,
        moves: bool,
    ) -> bool {
        self.roles.still(census, moves)
            || self.places.by_memory.contains_key(&memory_of(key))
            || self.judged.iter().any(|judged| judged.at(state).is_some())
    }

    /// What is bad about a state, of what is wanted. `go_on` is asked now and then.
    pub(crate) fn in_state<const R: usize>(
        &self,
        (expander, stuck): (&mut Expander, &mut Stuck),
        (key, state): (&Key<R>, u32),
        (census, moves): (Census, bool),
        wanted: &BTreeSet<Bad>,
        go_on: impl Fn() -> Result<(), Halt>,
    ) -> Result<Vec<(Bad, Seen)>, Halt> {
        let mut here: Vec<Bad> = self.places.by_memory.get(&memory_of(key)).cloned().unwrap_or_default();
        let mut at_rest = None;
        if self.roles.still(census, moves) {
            match self.roles.stillness(expander, key, census, moves) {
                Stillness::Moving => {}
                Stillness::Deadlock => {
                    let stands = self.roles.must_end & !census.done;
                    here.push(stuck.deadlock(expander, key, stands).clone());
                }
                Stillness::AtRest(rest) => {
                    here.extend(self.places.by_rest.get(&rest).into_iter().flatten().cloned());
                    at_rest = Some(rest.0);
                }
            }
        }
        let mut seen: Vec<(Bad, Seen)> = here.into_iter().map(|bad| (bad, Seen::State)).collect();
        for (kind, judged) in self.judged.iter().enumerate() {
            let component = judged.at(state).filter(|component| wanted.contains(&component.bad));
            seen.extend(component.map(|component| (component.bad.clone(), Seen::Cycle(kind))));
        }
        if let Some(memory) = at_rest {
            self.in_views(expander, memory, wanted, go_on, &mut seen)?;
        }
        seen.retain(|(bad, _)| wanted.contains(bad));
        Ok(seen)
    }

    fn in_views(
        &self,
        expander: &mut Expander,
        memory: u32,
        wanted: &BTreeSet<Bad>,
        go_on: impl Fn() -> Result<(), Halt>,
        into: &mut Vec<(Bad, Seen)>,
    ) -> Result<(), Halt> {
        let bad = self.places.by_view.get(&memory);
        if bad.is_none_or(|bad| bad.iter().all(|bad| !wanted.contains(bad))) {
            return Ok(());
        }
        let words = expander.words(memory).to_vec();
        let mut views = Views::new(self.prepared, self.ledger);
        for view in 0..self.prepared.scenario.views.len() {
            let seen = views.one(view, &words, &go_on)?;
            into.extend(seen.into_iter().map(|seen| (seen.bad, Seen::View(view, seen.way, seen.cycle))));
        }
        Ok(())
    }

    /// What is bad about a step, by itself: the one of an actor from a state, with a result that it can have.
    pub(crate) fn in_step<const R: usize>(
        &self,
        expander: &mut Expander,
        before: &Key<R>,
        (actor, choice): (u8, u8),
    ) -> Result<Vec<Bad>, Halt> {
        let actor = usize::from(actor);
        let control = control_of(before, actor);
        let Some(Standing::Pending(step)) = expander.standing(actor, control).cloned() else {
            return Ok(Vec::new());
        };
        let words = expander.words(memory_of(before)).to_vec();
        let result = match self.prepared.execute(actor, &step, &mut words.clone())? {
            Effect::Done(result) => result,
            Effect::Choice(_) => Word::from(choice),
            Effect::Blocked => return Ok(Vec::new()),
        };
        let edge = self.prepared.automata[actor].follow(control, result)?;
        Ok(self.prepared.seen_on_edge(actor, &step, &words, &edge))
    }
}
