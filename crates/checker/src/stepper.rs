//! One run of a scenario, step by step.
//!
//! A [`Run`] is a state with the way on from it: it is cheap to clone, so that a search over schedules
//! can keep many. Views are actors beyond the scenario's own, numbered after them, of which one can start
//! where the run is at rest.

use std::fmt;
use std::sync::Arc;

use machine::{Action, Control as Frame, Effect, Step, Word};
use scenario::{Event, EventKind, built_in};

pub use crate::explicit::error::Error;
pub use crate::explicit::prepared::Prepared;
use crate::explicit::unfold::{Edge, PANICKED_FROM, Standing};

/// Where one actor stands.
#[derive(Clone)]
struct Stand {
    node: u32,
    /// What it did since its last step, and how much of that was already told: frames that it entered are
    /// told with the step that they lead to.
    edge: Arc<Edge>,
    told: usize,
}

/// One run of a scenario.
#[derive(Clone)]
pub struct Run {
    prepared: Arc<Prepared>,
    /// The cells, packed.
    words: Box<[u64]>,
    stands: Vec<Stand>,
    view: Option<usize>,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nodes: Vec<u32> = self.stands.iter().map(|s| s.node).collect();
        f.debug_struct("Run").field("cells", &self.cells()).field("control", &nodes).finish_non_exhaustive()
    }
}

impl Run {
    /// A run from an initial state, and what happens in it before any step: reports and panics.
    ///
    /// # Errors
    /// Where there is no such initial state.
    pub fn start(prepared: &Arc<Prepared>, initial: usize) -> Result<(Run, Vec<Event>), Error> {
        let words = prepared.initial.get(initial).ok_or(Error::NoSuchInitial(initial))?.clone();
        let stands = prepared.automata.iter().map(|automaton| {
            let edge = automaton.start().clone();
            Stand { node: edge.to, edge, told: 0 }
        });
        let stands = stands.collect();
        let mut run = Run { prepared: prepared.clone(), words, stands, view: None };
        let mut events = Vec::new();
        for actor in 0..prepared.actors() {
            run.tell(actor, &mut events);
        }
        Ok((run, events))
    }

    /// The actors that can take a step, with the number of results that it can have.
    #[must_use]
    pub fn enabled(&self) -> Vec<(usize, u8)> {
        let actors = self.prepared.actors();
        let may = match self.view {
            Some(view) => view..view + 1,
            None if self.is_dead() => 0..0,
            None if self.at_rest() => 0..self.stands.len(),
            None => 0..actors,
        };
        may.filter_map(|actor| self.results(actor).map(|results| (actor, results))).collect()
    }

    /// The step that an actor is about to take; none where it has ended.
    #[must_use]
    pub fn pending(&self, actor: usize) -> Option<Step> {
        match self.standing(actor) {
            Standing::Pending(step) => Some(step),
            Standing::Done(_) | Standing::Panicked(_) | Standing::Unsupported(_) => None,
        }
    }

    /// The word that an actor returned; none where it has not ended.
    #[must_use]
    pub fn returned(&self, actor: usize) -> Option<Word> {
        match self.standing(actor) {
            Standing::Done(word) => Some(word),
            Standing::Pending(_) | Standing::Panicked(_) | Standing::Unsupported(_) => None,
        }
    }

    /// Takes an actor's step; of the results that it can have, the one numbered `choice`.
    ///
    /// # Errors
    /// Where that step is not enabled, or the model is broken.
    pub fn step(&mut self, actor: usize, choice: u8) -> Result<Vec<Event>, Error> {
        if self.choices(actor).is_none_or(|choices| choice >= choices) {
            return Err(Error::NotEnabled { actor, choice });
        }
        let Some(step) = self.pending(actor) else { return Err(Error::NotEnabled { actor, choice }) };
        if actor >= self.prepared.actors() {
            self.view = Some(actor);
        }
        let mut events = Vec::new();
        let stand = &self.stands[actor];
        self.tell_steps(actor, &stand.edge.emissions[stand.told..], &mut events);
        let broken = self.prepared.broken(&step, &self.words);
        let result = match self.prepared.execute(actor, &step, &mut self.words)? {
            Effect::Done(result) => result,
            Effect::Choice(_) => Word::from(choice),
            Effect::Blocked => return Err(Error::NotEnabled { actor, choice }),
        };
        let (label, shown) = (step.label.to_string(), step.shown(result));
        let kind = EventKind::Step { label, result: shown, scheduling_point: true };
        events.push(self.event(actor, Some(&step), kind));
        for (property, witness) in broken {
            let kind = EventKind::Bad { property: property.to_owned(), witness };
            events.push(self.event(actor, Some(&step), kind));
        }
        let edge = self.prepared.automata[actor].follow(self.stands[actor].node, result)?;
        self.stands[actor] = Stand { node: edge.to, edge, told: 0 };
        self.tell(actor, &mut events);
        if let Standing::Done(result) = self.standing(actor) {
            events.push(self.event(actor, None, EventKind::Ended { result }));
        }
        Ok(events)
    }

    /// Starts a view, by its number among the views, and tells what it does before its first step.
    ///
    /// # Errors
    /// Where the run is not at rest, or another view has started.
    pub fn start_view(&mut self, view: usize) -> Result<Vec<Event>, Error> {
        let actor = self.prepared.actors() + view;
        let may = self.view.is_none() && actor < self.stands.len() && self.at_rest();
        if !may && self.view != Some(actor) {
            return Err(Error::NotEnabled { actor, choice: 0 });
        }
        self.view = Some(actor);
        let mut events = Vec::new();
        self.tell(actor, &mut events);
        Ok(events)
    }

    /// The value of each cell.
    #[must_use]
    pub fn cells(&self) -> Vec<Word> {
        self.prepared.packing.unpack(&self.words)
    }

    /// Whether the run is at rest: who must end has ended, and who may wait does.
    #[must_use]
    pub fn at_rest(&self) -> bool {
        let (mut done, mut blocked) = (0, 0);
        for actor in 0..self.prepared.actors() {
            match self.standing(actor) {
                Standing::Done(_) => done |= 1 << actor,
                Standing::Pending(step) if self.effect(actor, &step) == Effect::Blocked => {
                    blocked |= 1 << actor;
                }
                Standing::Pending(_) => {}
                Standing::Panicked(_) | Standing::Unsupported(_) => return false,
            }
        }
        self.prepared.at_rest(done, blocked)
    }

    /// The state as words: two runs of the same scenario with equal words go on alike.
    #[must_use]
    pub fn state(&self) -> Vec<u64> {
        let mut state = self.words.to_vec();
        state.extend(self.stands.iter().map(|s| u64::from(s.node)));
        state.push(self.view.map_or(0, |view| view as u64));
        state
    }

    /// The scenario that is run.
    #[must_use]
    pub fn prepared(&self) -> &Arc<Prepared> {
        &self.prepared
    }

    fn standing(&self, actor: usize) -> Standing {
        self.prepared.automata[actor].node(self.stands[actor].node).control.clone()
    }

    fn effect(&self, actor: usize, step: &Step) -> Effect {
        let mut words = self.words.clone();
        // A broken step is told when it is taken.
        self.prepared.execute(actor, step, &mut words).unwrap_or(Effect::Done(0))
    }

    fn is_dead(&self) -> bool {
        (0..self.prepared.actors()).any(|actor| self.stands[actor].node >= PANICKED_FROM)
    }

    /// How many results an actor's step can have here; none where it can't be taken.
    fn results(&self, actor: usize) -> Option<u8> {
        match self.effect(actor, &self.pending(actor)?) {
            Effect::Done(_) => Some(1),
            Effect::Choice(of) => Some(of.max(1)),
            Effect::Blocked => None,
        }
    }

    fn choices(&self, actor: usize) -> Option<u8> {
        let may = match self.view {
            Some(view) => view == actor,
            None if actor < self.prepared.actors() => !self.is_dead(),
            None => actor < self.stands.len() && self.at_rest(),
        };
        if may { self.results(actor) } else { None }
    }

    /// Tells what an actor did up to its next step, but the frames that it entered last.
    fn tell(&mut self, actor: usize, events: &mut Vec<Event>) {
        let edge = self.stands[actor].edge.clone();
        let standing = self.standing(actor);
        let entered = |s: &&Step| matches!(s.action, Action::Control(Frame::Call | Frame::Loop { .. }));
        let held = match standing {
            Standing::Pending(_) => edge.emissions.iter().rev().take_while(entered).count(),
            Standing::Done(_) | Standing::Panicked(_) | Standing::Unsupported(_) => 0,
        };
        let told = edge.emissions.len() - held;
        let from = self.stands[actor].told.min(told);
        self.tell_steps(actor, &edge.emissions[from..told], events);
        self.stands[actor].told = told;
        if let Standing::Panicked(message) = standing {
            let witness = self.panic_witness(actor, &message);
            let kind = EventKind::Bad { property: built_in::KERNEL_BUG.id.to_owned(), witness };
            events.push(self.event(actor, None, kind));
        }
    }

    fn panic_witness(&self, actor: usize, message: &str) -> String {
        if actor < self.prepared.actors() {
            message.to_owned()
        } else {
            format!("{}: {message}", self.prepared.name(actor))
        }
    }

    fn tell_steps(&self, actor: usize, steps: &[Step], events: &mut Vec<Event>) {
        for step in steps.iter().filter(|step| step.is_shown()) {
            let label = step.label.to_string();
            let kind = match step.action {
                Action::Control(Frame::Call | Frame::Loop { .. }) => EventKind::Enter { label },
                Action::Control(Frame::Round { .. }) => EventKind::Round { label },
                Action::Control(Frame::Leave { result }) => {
                    EventKind::Leave { label, result: step.shown(result) }
                }
                Action::Report { property, witness } => {
                    EventKind::Bad { property: property.to_owned(), witness: witness.to_string() }
                }
                _ => EventKind::Step { label, result: String::new(), scheduling_point: false },
            };
            events.push(self.event(actor, Some(step), kind));
        }
    }

    pub(crate) fn event(&self, actor: usize, step: Option<&Step>, kind: EventKind) -> Event {
        Event {
            actor: self.prepared.name(actor).to_owned(),
            kind,
            file: step.map_or(String::new(), |s| s.location.path().into_owned()),
            line: step.map_or(0, |s| s.location.line),
        }
    }
}
