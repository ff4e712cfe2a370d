//! A scenario made ready for stepping: packed cells and unfolded actors.

use std::collections::BTreeSet;
use std::sync::Arc;

use machine::{Action, Effect, Flaw, Peek, Place, Step, Word};
use scenario::{Fairness, Scenario};

use super::error::{Error, Spot};
use super::packing::{Fault, Packed, Packing};
use super::symmetry::Symmetry;
use super::unfold::{Automaton, Reach};

/// A scenario made ready for stepping. Its actors are unfolded as far as any search or run took
/// them, so that runs that share it don't run model code again.
pub struct Prepared {
    pub(crate) scenario: Scenario,
    pub(crate) packing: Packing,
    /// The actors', then the views'. Equal actors have one.
    pub(crate) automata: Vec<Arc<Automaton>>,
    pub(crate) symmetry: Symmetry,
    pub(crate) initial: Vec<Box<[u64]>>,
}

impl Prepared {
    /// Checks the scenario's initial states and unfolds its actors to their first steps.
    ///
    /// # Errors
    /// Where the scenario or a model can't be searched.
    pub fn new(scenario: &Scenario) -> Result<Arc<Prepared>, Error> {
        let packing = Packing::new(&scenario.layout);
        if scenario.initial.is_empty() {
            return Err(Error::NoInitial);
        }
        if let Some(id) = scenario.repeated_property() {
            return Err(Error::RepeatedProperty(id));
        }
        let declared = scenario.layout.len();
        let mut names = BTreeSet::new();
        for initial in &scenario.initial {
            let (name, given) = (&initial.name, initial.cells.len());
            if !names.insert(name) {
                return Err(Error::InitialTwice(name.clone()));
            }
            if given != declared {
                return Err(Error::InitialLength { initial: name.clone(), given, declared });
            }
            for (cell, &value) in scenario.layout.cells().iter().zip(&initial.cells) {
                if value >> cell.width != 0 {
                    let (cell, width) = (cell.name.clone(), cell.width);
                    return Err(Error::InitialWidth { initial: name.clone(), cell, value, width });
                }
            }
        }
        let mut automata: Vec<Arc<Automaton>> = Vec::new();
        for (number, actor) in scenario.actors.iter().enumerate() {
            let equal = scenario.actors[..number].iter().position(|other| other.equals(actor));
            automata.push(match equal {
                Some(equal) => automata[equal].clone(),
                None => Arc::new(Automaton::new(actor.name, actor.body.clone(), declared)?),
            });
        }
        for view in &scenario.views {
            automata.push(Arc::new(Automaton::new(view.name, view.body.clone(), declared)?));
        }
        let initial: Vec<_> = scenario.initial.iter().map(|i| packing.pack(&i.cells)).collect();
        let symmetry = Symmetry::of(&scenario.actors);
        let prepared = Prepared { scenario: scenario.clone(), packing, automata, symmetry, initial };
        // Of others that look, a search tells in time; these may come to it late or never.
        prepared.draw(&prepared.initial[0])?;
        prepared.is_killed(&prepared.initial[0])?;
        Ok(Arc::new(prepared))
    }

    /// The scenario.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// How many actors there are, views not counted.
    pub(crate) fn actors(&self) -> usize {
        self.scenario.actors.len()
    }

    /// The name of an actor, or of a view.
    pub(crate) fn name(&self, actor: usize) -> &'static str {
        let Scenario { actors, views, .. } = &self.scenario;
        actors.get(actor).unwrap_or_else(|| &views[actor - actors.len()]).name
    }

    /// Each automaton once.
    pub(crate) fn each_automaton(&self) -> impl Iterator<Item = &Automaton> {
        let is_first = |number: &usize| {
            !self.automata[..*number].iter().any(|other| Arc::ptr_eq(other, &self.automata[*number]))
        };
        (0..self.automata.len()).filter(is_first).map(|number| &*self.automata[number])
    }

    /// How far each automaton is unfolded.
    pub(crate) fn reaches(&self) -> Vec<Reach> {
        self.automata.iter().map(|automaton| automaton.reach()).collect()
    }

    /// Executes a step on packed words.
    pub(crate) fn execute(&self, actor: usize, step: &Step, words: &mut [u64]) -> Result<Effect, Error> {
        let mut memory = Packed::new(&self.packing, words);
        let effect = step.action.execute(&mut memory);
        match memory.fault() {
            None => Ok(effect),
            Some(fault) => Err(self.fault(actor, step, fault)),
        }
    }

    fn fault(&self, actor: usize, step: &Step, fault: Fault) -> Error {
        let at = Spot::new(self.name(actor), step);
        match fault {
            Fault::NoSuchCell(place) => Error::Flawed { at, flaw: self.no_such_cell(place) },
            Fault::TooWide(index, value) => {
                let cell = &self.scenario.layout.cells()[index];
                Error::ValueTooWide { at, cell: cell.name.clone(), value, width: cell.width }
            }
        }
    }

    fn no_such_cell(&self, at: Place) -> Flaw {
        Flaw::NoSuchCell { at, declared: self.scenario.layout.len() }
    }

    /// What someone who belongs to the scenario makes of a memory.
    ///
    /// # Errors
    /// Where they look at a cell that is not declared.
    pub(crate) fn looked<R>(
        &self,
        words: &[u64],
        who: impl FnOnce() -> String,
        look: impl FnOnce(&dyn Peek) -> R,
    ) -> Result<R, Error> {
        let memory = Packed::new(&self.packing, words);
        let seen = look(&memory);
        match memory.fault() {
            Some(Fault::NoSuchCell(at)) => {
                Err(Error::LooksBeyond { who: who(), flaw: self.no_such_cell(at) })
            }
            Some(Fault::TooWide(..)) | None => Ok(seen),
        }
    }

    /// Whether a fatal signal is pending for the writer.
    pub(crate) fn is_killed(&self, words: &[u64]) -> Result<bool, Error> {
        let Some(killed) = &self.scenario.killed else { return Ok(false) };
        self.looked(words, || "what tells whether a signal is pending".to_owned(), |memory| killed(memory))
    }

    /// Draws a state, to see that it can be drawn.
    pub(crate) fn draw(&self, words: &[u64]) -> Result<(), Error> {
        self.looked(words, || "the picture".to_owned(), |memory| (self.scenario.picture)(memory))?;
        Ok(())
    }

    /// Looks for models that remember what they may not, see [`Automaton::walk`].
    ///
    /// # Errors
    /// Where one does.
    pub(crate) fn walk(&self) -> Result<(), Error> {
        self.each_automaton().try_for_each(Automaton::walk)
    }

    /// The violations that a `Require` step sees: property and witness.
    pub(crate) fn broken(&self, step: &Step, words: &[u64]) -> Vec<(&'static str, String)> {
        let Action::Require { at, .. } = step.action else { return Vec::new() };
        let value: Word = machine::Peek::peek(&Packed::new(&self.packing, words), at);
        step.action.broken(value).map(|d| (d.property, d.witness.to_string())).collect()
    }

    /// One bit for each actor of which `which` is true.
    pub(crate) fn mask(&self, which: impl Fn(&scenario::Actor) -> bool) -> u16 {
        let bits = self.scenario.actors.iter().enumerate().filter(|(_, a)| which(a));
        bits.fold(0, |mask, (actor, _)| mask | 1 << actor)
    }

    /// Whether these actors being done and those being blocked makes a state at rest.
    pub(crate) fn at_rest(&self, done: u16, blocked: u16) -> bool {
        let must_end = self.mask(|a| !a.daemon);
        let may_wait = self.mask(|a| a.daemon && a.fairness == Fairness::Fair);
        must_end & !done == 0 && may_wait & !(done | blocked) == 0
    }
}
