//! The question: a scenario.

use std::any::{Any, TypeId};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use machine::{Layout, Machine, Peek, Word};

use crate::{Assumed, Facts, FinalTeller, Property, Teller, built_in};

type Run = dyn Fn(&dyn Machine) -> Word + Send + Sync;

/// What an actor does: an ordinary function that returns a word.
#[derive(Clone)]
pub struct Body {
    run: Arc<Run>,
    /// Its type, where that is all there is to it: it captures nothing.
    function: Option<TypeId>,
}

impl Body {
    /// One that does what this function does.
    pub fn new(run: impl Fn(&dyn Machine) -> Word + Send + Sync + 'static) -> Body {
        let function = (size_of_val(&run) == 0).then(|| run.type_id());
        Body { run: Arc::new(run), function }
    }

    /// Takes the steps on a machine; what is returned.
    pub fn run(&self, machine: &dyn Machine) -> Word {
        (self.run)(machine)
    }

    /// Whether it is known to do the same: it is a clone, or both are one function that captures nothing. Of what was captured
    /// apart, nobody knows whether it is equal.
    #[must_use]
    pub fn is(&self, other: &Body) -> bool {
        Arc::ptr_eq(&self.run, &other.run) || self.function.is_some() && self.function == other.function
    }
}

/// A question about a state.
pub type Predicate = Arc<dyn Fn(&dyn Peek) -> bool + Send + Sync>;

/// A small picture of a state, a few lines.
pub type Picture = Arc<dyn Fn(&dyn Peek) -> String + Send + Sync>;

/// What is assumed about an actor that could take a step.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Fairness {
    /// If it can always take a step, it takes one in the end; if what it waits for (a lock) is
    /// granted again and again, it gets it in the end.
    Fair,
    /// It may stop for ever, anywhere: faults, reclaim, another program's `madvise`.
    Adversary,
}

/// Someone who takes steps.
#[derive(Clone)]
pub struct Actor {
    /// Its role: `write`, `read`, `munmap`.
    pub name: &'static str,
    /// What is assumed about its progress.
    pub fairness: Fairness,
    /// Whether it may be left waiting, or going round, for ever: a run is at rest without it.
    pub daemon: bool,
    /// What it does.
    pub body: Body,
}

impl Actor {
    /// A fair actor that must come to its end.
    pub fn new(name: &'static str, body: impl Fn(&dyn Machine) -> Word + Send + Sync + 'static) -> Actor {
        Actor { name, fairness: Fairness::Fair, daemon: false, body: Body::new(body) }
    }

    /// The same actor, which may be left waiting or going round for ever.
    #[must_use]
    pub fn daemon(self) -> Actor {
        Actor { daemon: true, ..self }
    }

    /// The same actor, which may stop anywhere.
    #[must_use]
    pub fn adversary(self) -> Actor {
        Actor { fairness: Fairness::Adversary, ..self }
    }

    /// Whether only the name tells them apart: they have [one body](Body::is), and the same is assumed about both.
    #[must_use]
    pub fn equals(&self, other: &Actor) -> bool {
        self.body.is(&other.body) && self.fairness == other.fairness && self.daemon == other.daemon
    }
}

/// One initial state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Initial {
    /// What tells it from the others: `page absent, blocks mapped`. Distinct within a scenario.
    pub name: String,
    /// The value of each cell, in the order of the layout.
    pub cells: Vec<Word>,
}

/// What the closures of a scenario stand on that are no actors: its rules, its ending, whether the writer is
/// killed. Two scenarios with the same grounds, from the same sources, judge alike.
#[derive(Clone)]
pub struct Grounds {
    /// Where their code begins, modules or types: `models::family::build`.
    pub code: Vec<&'static str>,
    /// All values that they have captured, as a text in which different ones differ.
    pub value: Arc<dyn Fn() -> String + Send + Sync>,
}

/// A scenario: what is searched as one.
#[derive(Clone)]
pub struct Scenario {
    /// Its name, kebab-case, unique in its write path.
    pub name: String,
    /// What it is about, in one sentence.
    pub sentence: String,
    /// The shared cells.
    pub layout: Layout,
    /// The initial states, in a stable order; at least one.
    pub initial: Vec<Initial>,
    /// The actors, which interleave.
    pub actors: Vec<Actor>,
    /// Epilogues: each runs alone, from each state at rest, and sees what the file system makes of
    /// it. They are alternatives, not a sequence.
    pub views: Vec<Actor>,
    /// The properties that are looked at, beside the built-in ones.
    pub properties: Vec<Property>,
    /// What must be reached at least once.
    pub reachable: Vec<&'static str>,
    /// Tells how a run ended, where there is something to tell.
    pub ending: Option<Teller>,
    /// Tells all that there is to see of a state at rest, where somebody can say.
    pub final_state: Option<FinalTeller>,
    /// Whether a fatal signal is pending for the writer, if one can be.
    pub killed: Option<Predicate>,
    /// A small picture of a state, a few lines.
    pub picture: Picture,
    /// What it is made of; none where nobody says.
    pub facts: Option<Facts>,
    /// What its rules stand on; none where nobody knows, and then it is like no other scenario.
    pub grounds: Option<Grounds>,
    /// What was assumed so far by the actors that ran, asked after a search; none where nothing ever is.
    pub assumptions: Option<Assumed>,
}

impl Scenario {
    /// The first id that two properties have, or that is a built-in one's. A promise is looked up by the
    /// id, so that no engine searches such a scenario.
    #[must_use]
    pub fn repeated_property(&self) -> Option<&'static str> {
        let mut known: BTreeSet<&str> = built_in::ALL.iter().map(|p| p.id).collect();
        self.properties.iter().map(|p| p.id).find(|id| !known.insert(id))
    }

    /// Whether the file system promises `property`. What it doesn't know counts as promised.
    #[must_use]
    pub fn promises(&self, property: &str) -> bool {
        self.properties.iter().find(|p| p.id == property).is_none_or(|p| p.promised)
    }

    /// The ids of the properties that are asked about: its own and the built-in ones.
    #[must_use]
    pub fn asked(&self) -> BTreeSet<&'static str> {
        let own = self.properties.iter().map(|p| p.id);
        own.chain(self.built_in()).collect()
    }

    /// The ids of those among them that the file system promises, by any of their entries.
    #[must_use]
    pub fn promised(&self) -> BTreeSet<&'static str> {
        let own = self.properties.iter().filter(|p| p.promised).map(|p| p.id);
        let is_own = |id: &str| self.properties.iter().any(|p| p.id == id);
        own.chain(self.built_in().filter(|id| !is_own(id))).collect()
    }

    /// The built-in properties that mean something here.
    fn built_in(&self) -> impl Iterator<Item = &'static str> {
        let mortal = self.killed.is_some();
        built_in::ALL.map(|p| p.id).into_iter().filter(move |&id| mortal || id != built_in::UNKILLABLE.id)
    }
}

impl fmt::Debug for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scenario")
            .field("name", &self.name)
            .field("initial", &self.initial.len())
            .field("actors", &self.actors.iter().map(|a| a.name).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
