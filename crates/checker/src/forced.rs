//! Schedules that can be forced: nobody is interrupted but where he can be parked.
//!
//! Somebody who has begun goes on until he has ended, waits for another, or is in front of a step where he can be [parked];
//! only there others go on. The engine knows nothing of that. The question is another one: a scenario whose actors pass a turn
//! on, which is a cell, by steps around their own. What is found is told without these, as a schedule of the scenario as it
//! is, in which it is run once more.
//!
//! [parked]: scenario::Parking

use std::sync::Arc;

use machine::{Action, Flow, Label, Machine, Order, Place, Step, Word, again, call, show_number};
use scenario::{
    BadState, Body, Coverage, Event, Fairness, Outcome, Parked, Parking, Scenario, Schedule, built_in,
};

use crate::explicit::{self, Options, Prepared, end_with};
use crate::follow::{Story, follow};
use crate::stepper::Run;

/// Whether a property is asked: what goes on for ever is not, for that needs nobody parked, nor what is to be reached.
#[must_use]
pub fn is_asked(property: &str) -> bool {
    ![built_in::LIVELOCK.id, built_in::UNKILLABLE.id, built_in::EMPTY.id].contains(&property)
}

/// Why it is not known what can be forced.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The scenario or a model can't be searched.
    #[error(transparent)]
    Model(#[from] explicit::Error),
    /// A state is at rest only where a daemon waits, and a daemon that may stop anywhere keeps the turn.
    #[error(
        "it has a daemon that waits and one that may stop anywhere: nobody can tell then what is at rest"
    )]
    Daemons,
    /// What was found is no run of the scenario, which is a mistake of ours.
    #[error("the schedule that was found for {property}: {witness} is none of the scenario")]
    NoRun {
        /// The property.
        property: String,
        /// What tells the bad state from others.
        witness: String,
    },
}

/// The bad states of a scenario that can be forced, each with the schedule of fewest context switches and, among those,
/// fewest steps; how far the search came.
///
/// # Errors
/// Where the scenario can't be searched in this way.
pub fn check(
    scenario: &Scenario,
    parking: &Parking,
    options: &Options,
) -> Result<(Vec<BadState>, Coverage), Error> {
    let is_daemon = |fairness| scenario.actors.iter().any(|a| a.daemon && a.fairness == fairness);
    if is_daemon(Fairness::Fair) && is_daemon(Fairness::Adversary) {
        return Err(Error::Daemons);
    }
    let Outcome { bad, coverage, .. } = explicit::check(&taking_turns(scenario, parking), options)?;
    let plain = Prepared::new(scenario)?;
    let asked = bad.into_iter().filter(|bad| is_asked(&bad.property));
    let told = asked.map(|bad| in_scenario(&plain, bad)).filter_map(Result::transpose);
    Ok((told.collect::<Result<_, Error>>()?, coverage))
}

/// The cell that is 1 while somebody has the turn; what is done about it is told by its name.
const TURN: &str = "turn";

/// The scenario whose actors keep the turn until they are done, wait, or can be parked.
fn taking_turns(scenario: &Scenario, parking: &Parking) -> Scenario {
    let mut asked = Scenario { ending: None, reachable: Vec::new(), ..scenario.clone() };
    let turn = asked.layout.cell(TURN, 1, show_number);
    asked.initial.iter_mut().for_each(|initial| initial.cells.push(0));
    for actor in &mut asked.actors {
        let (body, parking) = (actor.body.clone(), parking.clone());
        actor.body = Body::new(move |m: &dyn Machine| {
            let turns = Turns { m, turn, parking: &parking };
            turns.take();
            let returned = body.run(&turns);
            turns.give_up();
            returned
        });
    }
    asked
}

/// Stands between an actor and the engine.
struct Turns<'m> {
    m: &'m dyn Machine,
    turn: Place,
    parking: &'m Parking,
}

impl Machine for Turns<'_> {
    fn perform(&self, step: Step) -> Word {
        if let Some(parked) = (self.parking.0)(&step) {
            call(self.m, word(), || self.park(parked));
        }
        match step.action {
            Action::Await { at, mask, .. } => {
                again(self.m, word(), (), |()| self.wait(step, at, mask));
                // The result of every wait.
                0
            }
            _ => self.m.perform(step),
        }
    }
}

impl Turns<'_> {
    fn step(&self, action: Action) -> Word {
        self.m.perform(Step::new(action, word()))
    }

    fn take(&self) {
        self.step(Action::Await { at: self.turn, mask: 1, clear: 0, set: 1, order: Order::Full });
    }

    fn give_up(&self) {
        self.step(Action::Store { at: self.turn, value: 0, order: Order::Full });
    }

    fn park(&self, parked: Parked) {
        let can_be = match parked {
            Parked::Always => true,
            Parked::While(at, mask) => self.step(Action::Load { at, mask, order: Order::Relaxed }) != 0,
        };
        if can_be {
            self.give_up();
            self.take();
        }
    }

    /// Takes a step that waits, or gives the turn up until it can be taken. Nobody changes anything while the turn is taken,
    /// so that it can be taken if it could.
    fn wait(&self, step: Step, at: Place, mask: Word) -> Flow<(), ()> {
        if self.step(Action::Load { at, mask, order: Order::Relaxed }) == 0 {
            self.m.perform(step);
            return Flow::Done(());
        }
        self.give_up();
        // By its name a deadlock is known.
        let open = Action::Await { at, mask, clear: 0, set: 0, order: Order::Relaxed };
        self.m.perform(Step::new(open, step.label));
        self.take();
        Flow::Again(())
    }
}

fn word() -> Label {
    Label::new(TURN, &[])
}

/// Whether it is about the turn.
fn is_of_turns(event: &Event) -> bool {
    event.file == machine::Location::caller().path()
}

/// What was found, in the scenario as it is; none where there it may be no bad state: a deadlock beside somebody who goes
/// round for ever, for whose turn others wait.
fn in_scenario(plain: &Arc<Prepared>, mut bad: BadState) -> Result<Option<BadState>, Error> {
    if bad.schedule.events.is_empty() {
        return Ok(Some(bad));
    }
    bad.schedule.events.retain(|event| !is_of_turns(event));
    bad.cells.pop();
    let BadState { property, witness, .. } = &bad;
    let no_run = || Error::NoRun { property: property.clone(), witness: witness.clone() };
    let story = follow(plain, &bad)?.ok_or_else(no_run)?;
    let stuck = |run: &Run| run.enabled().is_empty() && !run.at_rest();
    let in_view = story.steps.last().is_some_and(|&(actor, _)| actor >= plain.actors());
    if *property == built_in::DEADLOCK.id && !in_view && !story.runs.last().is_some_and(stuck) {
        return Ok(None);
    }
    let schedule = schedule(plain, &bad, &story)?;
    Ok(Some(BadState { schedule, ..bad }))
}

/// The schedule of a run, told as the engine tells its own.
fn schedule(plain: &Arc<Prepared>, bad: &BadState, story: &Story) -> Result<Schedule, Error> {
    let initial = bad.schedule.initial.clone();
    let number = plain.scenario().initial.iter().position(|known| known.name == initial);
    let (mut run, mut events) = Run::start(plain, number.unwrap_or(0))?;
    let (mut last, mut view) = (0, None);
    for ((actor, _), choice) in story.steps.iter().zip(&story.choices) {
        last = events.len();
        if *actor >= plain.actors() && view.replace(*actor).is_none() {
            events.extend(run.start_view(actor - plain.actors())?);
        }
        events.extend(run.step(*actor, *choice)?);
    }
    end_with(&mut events, last, &bad.property, &bad.witness);
    Ok(Schedule { initial, events })
}
