//! The automata of a scenario's actors as plain data, for checkers of other kinds.
//!
//! Who begins with the scenario's initial states and lets each actor take the action that it stands in front of, as
//! [`Action::execute`] says, comes to the states that a search here comes to, no more and no less: as long as after a
//! [`Control::Dead`] nobody moves.

use std::hash::Hash;

use machine::{Action, Word};
use rustc_hash::FxHashMap;
use scenario::{Outcome, Scenario};

use super::engine::check_prepared;
use super::error::Error;
use super::options::{Options, Reduce};
use super::prepared::Prepared;
use super::unfold::{self, PANICKED_FROM, Standing};

/// An actor: its control states, and how it goes from one to the next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Automaton {
    /// The actor's name.
    pub name: &'static str,
    /// Where it begins, a number in `controls`.
    pub start: u32,
    /// Its control states.
    pub controls: Vec<Control>,
}

/// Where an actor stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Control {
    /// In front of a step.
    Pending {
        /// What it does.
        action: Action,
        /// Where each of its results leads, in their order; a result that never came is left out.
        ways: Vec<Way>,
    },
    /// At its end.
    Done,
    /// In a panic of the modelled code, or at what is not modelled: nobody moves any more.
    Dead,
}

/// Where a result leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Way {
    /// The result.
    pub result: Word,
    /// The control state, a number in [`Automaton::controls`].
    pub to: u32,
    /// Whether the actor reports a violation on the way.
    pub reports: bool,
}

/// Searches all states of a scenario, and gives what the actors were unfolded to: their whole automata where the search
/// came to its end. Nothing is left out, whatever the options say.
///
/// # Errors
/// Where the scenario or a model can't be searched.
pub fn automata(scenario: &Scenario, options: &Options) -> Result<(Outcome, Vec<Automaton>), Error> {
    let prepared = Prepared::new(scenario)?;
    let options = Options { reduce: Reduce::None, checkpoint: None, ..options.clone() };
    let outcome = check_prepared(&prepared, &options)?;
    let actors = &prepared.automata[..prepared.actors()];
    Ok((outcome, actors.iter().map(|unfolded| Automaton::of(unfolded)).collect()))
}

impl Automaton {
    /// How many of its control states differ in what can follow: the others remember something that makes no difference, and
    /// multiply the states of a search for nothing. A result that never came to one counts as a difference.
    ///
    /// The coarsest bisimulation, by rounds that refine it (Kanellakis and Smolka, 1983).
    #[must_use]
    pub fn futures(&self) -> usize {
        let begins = |(number, control): (usize, &Control)| match control {
            Control::Pending { action, .. } => (Some(*action), 0),
            Control::Done | Control::Dead => (None, number),
        };
        let mut classes = numbered(self.controls.iter().enumerate().map(begins));
        loop {
            let of = |way: &Way| (way.result, way.reports, classes.of[way.to as usize]);
            let goes_on = |(control, class): (&Control, &usize)| match control {
                Control::Pending { ways, .. } => (*class, ways.iter().map(of).collect()),
                Control::Done | Control::Dead => (*class, Vec::new()),
            };
            let refined = numbered(self.controls.iter().zip(&classes.of).map(goes_on));
            if refined.count == classes.count {
                return refined.count;
            }
            classes = refined;
        }
    }

    fn of(unfolded: &unfold::Automaton) -> Automaton {
        let [living, dead] = unfolded.origins().map(|origins| origins.len() as u32);
        // The dead come after all others.
        let number = |control: u32| match control.checked_sub(PANICKED_FROM) {
            None => control,
            Some(dead) => living + dead,
        };
        let control = |control: u32| match &unfolded.node(control).control {
            Standing::Pending(step) => Control::Pending { action: step.action, ways: Vec::new() },
            Standing::Done(_) => Control::Done,
            Standing::Panicked(_) | Standing::Unsupported(_) => Control::Dead,
        };
        let all = (0..living).chain(PANICKED_FROM..PANICKED_FROM + dead);
        let mut controls: Vec<Control> = all.map(control).collect();
        for (from, result, edge) in unfolded.edges() {
            let reports = edge.emissions.iter().any(|step| matches!(step.action, Action::Report { .. }));
            if let Control::Pending { ways, .. } = &mut controls[number(from) as usize] {
                ways.push(Way { result, to: number(edge.to), reports });
            }
        }
        for control in &mut controls {
            if let Control::Pending { ways, .. } = control {
                ways.sort_unstable_by_key(|way| way.result);
            }
        }
        Automaton { name: unfolded.name, start: number(unfolded.start().to), controls }
    }
}

/// A partition: the class of each, and how many there are.
struct Classes {
    of: Vec<usize>,
    count: usize,
}

/// The partition by these keys.
fn numbered<K: Hash + Eq>(keys: impl Iterator<Item = K>) -> Classes {
    let mut numbers = FxHashMap::default();
    let number = |key| {
        let next = numbers.len();
        *numbers.entry(key).or_insert(next)
    };
    let of = keys.map(number).collect();
    Classes { of, count: numbers.len() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use machine::{Effect, Machine, Place, bug_on, choose, scope};
    use scenario::Actor;

    use super::*;
    use crate::explicit::common::{counter, load, lock, scenario, store, trylock, unlock};

    /// The states of a scenario by its automata alone: cells, and where each actor stands.
    fn states(scenario: &Scenario, automata: &[Automaton]) -> BTreeSet<(Vec<Word>, Vec<u32>)> {
        let starts: Vec<u32> = automata.iter().map(|automaton| automaton.start).collect();
        let mut left: Vec<_> = scenario.initial.iter().map(|i| (i.cells.clone(), starts.clone())).collect();
        let mut met: BTreeSet<_> = left.iter().cloned().collect();
        while let Some((cells, stand)) = left.pop() {
            let at = |actor: usize| &automata[actor].controls[stand[actor] as usize];
            if (0..stand.len()).any(|actor| *at(actor) == Control::Dead) {
                continue;
            }
            for actor in 0..stand.len() {
                let Control::Pending { action, ways } = at(actor) else { continue };
                let mut after = cells.clone();
                let effect = action.execute(&mut *after);
                for way in ways {
                    let comes = match effect {
                        Effect::Done(result) => way.result == result,
                        Effect::Choice(of) => way.result < Word::from(of),
                        Effect::Blocked => false,
                    };
                    let mut stand = stand.clone();
                    stand[actor] = way.to;
                    let state = (after.clone(), stand);
                    if comes && met.insert(state.clone()) {
                        left.push(state);
                    }
                }
            }
        }
        met
    }

    #[test]
    fn what_is_remembered_in_vain_has_no_future_of_its_own() {
        let controls_and_futures = |body: fn(&dyn Machine) -> Word| {
            let (_, automata) = automata(&scenario(2, vec![Actor::new("a", body)]), &Options::default())
                .expect("a sound scenario");
            (automata[0].controls.len(), automata[0].futures())
        };
        let remembers = |m: &dyn Machine| {
            choose(m, "number", 3);
            store(m, Place(0), 1);
            store(m, Place(1), 1);
            0
        };
        let forgets = |m: &dyn Machine| {
            scope(m, || {
                choose(m, "number", 3);
            });
            store(m, Place(0), 1);
            store(m, Place(1), 1);
            0
        };
        let needs = |m: &dyn Machine| {
            let number = choose(m, "number", 3);
            store(m, Place(0), 1);
            store(m, Place(1), number);
            0
        };
        assert_eq!(controls_and_futures(remembers), (1 + 3 + 3 + 1, 4));
        assert_eq!(controls_and_futures(forgets), (4, 4));
        assert_eq!(controls_and_futures(needs), (1 + 3 + 3 + 1, 8));
    }

    #[test]
    fn who_follows_the_automata_comes_to_the_same_states() {
        let locked = |m: &dyn Machine| {
            lock(m, Place(0));
            let choice = choose(m, "number", 3);
            store(m, Place(1), choice);
            unlock(m, Place(0));
            0
        };
        let trying = |m: &dyn Machine| {
            let taken = trylock(m, Place(0));
            bug_on(taken && load(m, Place(1)) == 2, "two");
            0
        };
        let dying = scenario(2, vec![Actor::new("locked", locked), Actor::new("trying", trying)]);
        for scenario in [counter(3, 3), dying] {
            let (outcome, automata) = automata(&scenario, &Options::default()).expect("a sound scenario");
            assert_eq!(states(&scenario, &automata).len() as u64, outcome.states);
        }
    }
}
