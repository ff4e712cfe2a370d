//! Finds the run that a recorded schedule tells.
//!
//! A schedule is recorded as the text that a reviewer reads. What it tells settles who takes each
//! step; what it leaves open, such as the choices inside a folded word, is searched: every way is
//! stepped, shown, and given up where it shows something else.

use std::collections::HashSet;

use checker::stepper::{Prepared, Run};
use machine::Word;
use report::{Block, Line, Mark};
use scenario::{Check, Event, EventKind, Scenario};

/// A run that shows what is recorded.
#[derive(Debug)]
pub struct Replayed {
    /// What happens before the first step, and at each step, with the cells after it.
    pub stages: Vec<Stage>,
}

/// One scheduling point.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Everything that is told of it.
    pub events: Vec<Event>,
    /// The cells after it.
    pub cells: Vec<Word>,
}

/// Why a schedule can't be replayed.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// It begins in a state that the scenario doesn't have.
    #[error("the scenario has no initial state `{0}`")]
    NoSuchInitial(String),
    /// It is no schedule.
    #[error("line {0} of the schedule can't be read")]
    Unreadable(usize),
    /// No run shows this line.
    #[error("line {line} of the schedule, `{recorded}`: no run shows this{}", instead(.came))]
    NoSuchRun {
        /// The line, from 1, the actors' names not counted.
        line: usize,
        /// What it says.
        recorded: String,
        /// What came instead, on the ways that went furthest.
        came: Vec<String>,
    },
    /// The run is there, and what it is recorded for isn't.
    #[error("the schedule can be taken, and `{0}` is not broken at its end")]
    NotBad(String),
    /// The picture of the state reached is another one.
    #[error(
        "the schedule can be taken, and the state it reaches looks different: `{came}`, recorded `{recorded}`"
    )]
    OtherPicture {
        /// What was recorded.
        recorded: String,
        /// What came.
        came: String,
    },
    /// The engine gives up on the model.
    #[error(transparent)]
    Model(#[from] checker::explicit::Error),
}

fn instead(came: &[String]) -> String {
    match came {
        [] => ", nobody can take a step".to_owned(),
        came => format!(", but `{}`", came.join("` or `")),
    }
}

/// Finds a run of `scenario` that shows what `block` records.
///
/// # Errors
/// The first line that no run shows; or that the bad state isn't reached, or looks different.
pub fn replay(scenario: &Scenario, block: &Block) -> Result<Replayed, Error> {
    let initial = scenario.initial.iter().position(|i| i.name == block.initial);
    let initial = initial.ok_or_else(|| Error::NoSuchInitial(block.initial.clone()))?;
    let recorded = report::parse_columns(&block.schedule.join("\n")).map_err(Error::Unreadable)?;
    let prepared = Prepared::new(scenario)?;
    let (run, events) = Run::start(&prepared, initial)?;
    let mut search = Search {
        scenario,
        block,
        movers: movers(scenario, &recorded, block.steps)?,
        cycle: recorded.iter().position(|l| l.mark == Mark::Cycle).map(|at| steps_before(&recorded, at)),
        recorded,
        furthest: 0,
        came: Vec::new(),
        tried: HashSet::new(),
        failure: None,
    };
    let stages = vec![Stage { events, cells: run.cells() }];
    match search.go(&run, stages, None)? {
        Some(stages) => Ok(Replayed { stages }),
        None => Err(match search.failure.take() {
            Some(failure) => failure,
            None => search.no_such_run(),
        }),
    }
}

/// Who takes each step: whoever has the last line with a number up to it.
fn movers(scenario: &Scenario, recorded: &[Line], steps: usize) -> Result<Vec<usize>, Error> {
    let everyone: Vec<&str> = scenario.actors.iter().chain(&scenario.views).map(|a| a.name).collect();
    let mut movers = Vec::with_capacity(steps);
    for step in 1..=steps {
        let of_step = |line: &&Line| line.number.is_some_and(|n| n <= step);
        let line = recorded.iter().rev().find(of_step).ok_or(Error::Unreadable(0))?;
        let at = recorded.iter().position(|l| std::ptr::eq(l, line)).unwrap_or(0);
        movers.push(everyone.iter().position(|name| *name == line.actor).ok_or(Error::Unreadable(at + 1))?);
    }
    Ok(movers)
}

/// How many steps are taken before the line at `at`.
fn steps_before(recorded: &[Line], at: usize) -> usize {
    recorded[at..].iter().find_map(|l| l.number).map_or(usize::MAX, |n| n - 1)
}

/// What decides how a search goes on.
type Juncture = (usize, usize, Vec<u64>, Option<Vec<u64>>);

struct Search<'a> {
    scenario: &'a Scenario,
    block: &'a Block,
    movers: Vec<usize>,
    /// After how many steps the cycle begins.
    cycle: Option<usize>,
    recorded: Vec<Line>,
    /// How many lines were shown as recorded, on the ways that went furthest.
    furthest: usize,
    /// What these showed next.
    came: Vec<String>,
    /// Where the search has been: steps taken, lines shown, state, and that in which the cycle began.
    tried: HashSet<Juncture>,
    /// Why a run that shows everything does not count.
    failure: Option<Error>,
}

impl Search<'_> {
    /// Goes on from `run`; `entry` is the state in which the cycle began.
    fn go(
        &mut self,
        run: &Run,
        mut stages: Vec<Stage>,
        mut entry: Option<Vec<u64>>,
    ) -> Result<Option<Vec<Stage>>, Error> {
        let taken = stages.len() - 1;
        if self.cycle == Some(taken) {
            entry = Some(run.state());
            if let Some(last) = stages.last_mut() {
                last.events.push(nobody(EventKind::Cycle));
            }
        }
        // A frame that takes steps and has no number was not folded.
        let opened = |line: usize| self.recorded.get(line).is_some_and(|l| l.number.is_none());
        let shown = report::settled(&events(&stages), opened);
        // What follows depends on nothing else.
        let here = (taken, shown.len(), run.state(), entry.clone());
        if !self.agrees(&shown) || !self.tried.insert(here) {
            return Ok(None);
        }
        let Some(&mover) = self.movers.get(taken) else {
            let views = 0..self.scenario.views.len();
            let found = self.end(run, stages.clone(), entry.clone())?;
            // A view may tell something before its first step.
            return match found {
                None if run.at_rest() => {
                    let told = views.into_iter().map(|view| self.with_view(run, &stages, view));
                    told.collect::<Result<Vec<_>, _>>().map(|told| told.into_iter().flatten().next())
                }
                found => Ok(found),
            };
        };
        let enabled = run.enabled();
        let Some(&(_, choices)) = enabled.iter().find(|(actor, _)| *actor == mover) else {
            self.differs(shown.len(), None);
            return Ok(None);
        };
        for choice in 0..choices {
            let mut next = run.clone();
            let events = next.step(mover, choice)?;
            let mut longer = stages.clone();
            longer.push(Stage { events, cells: next.cells() });
            if let Some(found) = self.go(&next, longer, entry.clone())? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// All steps are taken, and `view` begins.
    fn with_view(&mut self, run: &Run, stages: &[Stage], view: usize) -> Result<Option<Vec<Stage>>, Error> {
        let (mut run, mut stages) = (run.clone(), stages.to_vec());
        let Ok(events) = run.start_view(view) else { return Ok(None) };
        match stages.last_mut() {
            Some(last) if !events.is_empty() => last.events.extend(events),
            _ => return Ok(None),
        }
        self.end(&run, stages, None)
    }

    /// All steps are taken: is the bad state there, and does the run show what is recorded?
    fn end(
        &mut self,
        run: &Run,
        mut stages: Vec<Stage>,
        entry: Option<Vec<u64>>,
    ) -> Result<Option<Vec<Stage>>, Error> {
        let Block { property, witness, .. } = self.block;
        let bad = EventKind::Bad { property: property.clone(), witness: witness.clone() };
        let Some(last) = stages.last_mut() else { return Ok(None) };
        // A schedule ends with what it is for.
        match last.events.iter().position(|e| e.kind == bad) {
            Some(at) => last.events.truncate(at + 1),
            None if self.is_bad(run, entry) => last.events.push(nobody(bad)),
            None => {
                self.failure = Some(Error::NotBad(report::named(property, witness, true)));
                return Ok(None);
            }
        }
        let shown = report::lines(&events(&stages));
        if !self.agrees(&shown) {
            return Ok(None);
        }
        if shown.len() < self.recorded.len() {
            self.differs(shown.len(), None);
            return Ok(None);
        }
        let picture = report::picture(self.scenario, &run.cells());
        if picture != self.block.picture {
            let (came, recorded) = (picture.join(" / "), self.block.picture.join(" / "));
            self.failure = Some(Error::OtherPicture { recorded, came });
            return Ok(None);
        }
        Ok(Some(stages))
    }

    /// Whether the state that a run has reached breaks what the block says.
    fn is_bad(&self, run: &Run, entry: Option<Vec<u64>>) -> bool {
        let Block { property, witness, .. } = self.block;
        let cells = run.cells();
        let mut seen = Vec::new();
        let mut see = |label: machine::Label| seen.push(label.to_string());
        // A property may be looked at in more than one way.
        let mut looked = false;
        for property in self.scenario.properties.iter().filter(|p| p.id == *property) {
            match &property.check {
                Check::State(check) => check(&cells, &mut see),
                Check::Final(check) if run.at_rest() => {
                    let returned: Vec<Word> =
                        (0..self.scenario.actors.len()).map(|a| run.returned(a).unwrap_or(0)).collect();
                    check(&cells, &returned, &mut see);
                }
                _ => continue,
            }
            looked = true;
        }
        if looked {
            return seen.contains(witness);
        }
        let is_deadlock = *property == scenario::built_in::DEADLOCK.id;
        if is_deadlock { self.is_stuck(run) } else { entry == Some(run.state()) }
    }

    /// Whether somebody who must end waits.
    fn is_stuck(&self, run: &Run) -> bool {
        let enabled = run.enabled();
        let waits = |who: usize| run.pending(who).is_some() && !enabled.iter().any(|(e, _)| *e == who);
        let actors = self.scenario.actors.len();
        let views = actors..actors + self.scenario.views.len();
        match self.movers.iter().find(|mover| views.contains(mover)) {
            Some(&view) => waits(view),
            None if run.at_rest() => views.into_iter().any(waits),
            None => (0..actors).any(|actor| !self.scenario.actors[actor].daemon && waits(actor)),
        }
    }

    fn agrees(&mut self, shown: &[Line]) -> bool {
        let differs = |(a, b): (&Line, &Line)| !a.says(b);
        let at = shown.iter().zip(&self.recorded).position(differs);
        match at.or_else(|| (shown.len() > self.recorded.len()).then_some(self.recorded.len())) {
            Some(at) => {
                self.differs(at, Some(&shown[at]));
                false
            }
            None => true,
        }
    }

    /// Remembers that the line at `at` came as `line`, or not at all.
    fn differs(&mut self, at: usize, line: Option<&Line>) {
        if at > self.furthest {
            self.furthest = at;
            self.came.clear();
        }
        if at == self.furthest
            && let Some(line) = line
        {
            let text = format!("{}: {}", line.actor, line.text);
            if !self.came.contains(&text) {
                self.came.push(text);
            }
        }
    }

    fn no_such_run(self) -> Error {
        let recorded = self.recorded.get(self.furthest);
        let recorded = recorded.map_or("the end".to_owned(), |l| format!("{}: {}", l.actor, l.text));
        Error::NoSuchRun { line: self.furthest + 1, recorded, came: self.came }
    }
}

fn events(stages: &[Stage]) -> Vec<Event> {
    stages.iter().flat_map(|s| s.events.iter().cloned()).collect()
}

fn nobody(kind: EventKind) -> Event {
    Event { actor: String::new(), kind, file: String::new(), line: 0 }
}
