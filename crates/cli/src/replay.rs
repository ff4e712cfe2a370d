//! Finds the run that a recorded schedule tells.
//!
//! A schedule is recorded as the text that a reviewer reads. What it tells settles who takes each
//! step; what it leaves open, such as the steps and choices inside a folded frame, is searched, breadth first:
//! every way is stepped, shown, and given up where it shows something else. The shortest run that shows what is
//! recorded is found, as the recorded one was the shortest.

use std::borrow::Borrow;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use checker::stepper::{Prepared, Run};
use machine::Word;
use report::{Block, Folding, Line, Mark};
use scenario::{BadState, Check, Event, EventKind, Scenario, Schedule};

/// A run that shows what is recorded.
#[derive(Debug)]
pub struct Replayed {
    /// What happens before the first step, and at each step, with the cells after it.
    pub stages: Vec<Stage>,
}

impl Replayed {
    /// The bad state that the run comes to, which `block` records.
    #[must_use]
    pub fn shows(&self, block: &Block) -> BadState {
        BadState {
            property: block.property.clone(),
            witness: block.witness.clone(),
            promised: block.promised,
            cells: self.stages.last().map_or(Vec::new(), |stage| stage.cells.clone()),
            schedule: Schedule {
                initial: block.initial.clone(),
                events: events(&self.stages).cloned().collect(),
            },
        }
    }
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
        recorded,
        furthest: 0,
        came: Vec::new(),
        tried: HashSet::new(),
        failure: None,
    };
    search.everyone()?;
    let stages = vec![Arc::new(Stage { events, cells: run.cells() })];
    match search.shortest(Way { run, stages, shown: 0, entry: None, view: None })? {
        Some(stages) => Ok(Replayed { stages: stages.into_iter().map(Arc::unwrap_or_clone).collect() }),
        None => Err(match search.failure.take() {
            Some(failure) => failure,
            None => search.no_such_run(),
        }),
    }
}

/// A run, and what it shows so far.
struct Way {
    run: Run,
    /// Shared by the ways that begin with them.
    stages: Vec<Arc<Stage>>,
    /// How many lines it is known to show as recorded.
    shown: usize,
    /// The state in which the cycle began.
    entry: Option<Vec<u64>>,
    /// The view that takes steps, by its number among everyone.
    view: Option<usize>,
}

/// What decides how a search goes on: lines shown, state, and that in which the cycle began.
type Juncture = (usize, Vec<u64>, Option<Vec<u64>>);

struct Search<'a> {
    scenario: &'a Scenario,
    block: &'a Block,
    recorded: Vec<Line>,
    /// How many lines were shown as recorded, on the ways that went furthest.
    furthest: usize,
    /// What these showed next.
    came: Vec<String>,
    /// Where the search has been.
    tried: HashSet<Juncture>,
    /// Why a run that shows everything does not count.
    failure: Option<Error>,
}

impl Search<'_> {
    /// Whether all that take steps are there.
    fn everyone(&self) -> Result<(), Error> {
        let stranger = |line: &Line| {
            line.mark != Mark::Cycle && !line.actor.is_empty() && self.number_of(&line.actor).is_none()
        };
        self.recorded.iter().position(stranger).map_or(Ok(()), |at| Err(Error::Unreadable(at + 1)))
    }

    fn number_of(&self, actor: &str) -> Option<usize> {
        self.scenario.actors.iter().chain(&self.scenario.views).position(|a| a.name == actor)
    }

    /// The stages of the shortest run that goes on from `way` and shows what is recorded.
    fn shortest(&mut self, way: Way) -> Result<Option<Vec<Arc<Stage>>>, Error> {
        let mut ways = VecDeque::from([way]);
        while let Some(mut way) = ways.pop_front() {
            let more = report::settled(events(&way.stages), &self.recorded, way.shown);
            if !self.agrees(way.shown, &more) {
                continue;
            }
            way.shown += more.len();
            let next = self.recorded.get(way.shown);
            if next.is_some_and(|line| line.mark == Mark::Cycle) && way.entry.is_none() {
                way.entry = Some(way.run.state());
                if let Some(last) = way.stages.last_mut() {
                    Arc::make_mut(last).events.push(nobody(EventKind::Cycle));
                }
                ways.push_front(way);
                continue;
            }
            // What follows depends on nothing else.
            if !self.tried.insert((way.shown, way.run.state(), way.entry.clone())) {
                continue;
            }
            // Frames that are left, and what is broken, may be shown only at the end.
            let all = way.shown + 1 >= self.recorded.len();
            if let Some(stages) = self.end(&way, all)? {
                return Ok(Some(stages));
            }
            let Some(mover) = self.recorded.get(way.shown).and_then(|line| self.number_of(&line.actor))
            else {
                continue;
            };
            if !self.step(&way, mover, &mut ways)? {
                self.differs(way.shown, None);
            }
        }
        Ok(None)
    }

    /// Lets an actor take its step, with every result; whether it can.
    fn step(&self, way: &Way, mover: usize, ways: &mut VecDeque<Way>) -> Result<bool, Error> {
        let enabled = way.run.enabled();
        let Some(&(_, choices)) = enabled.iter().find(|(actor, _)| *actor == mover) else { return Ok(false) };
        for choice in 0..choices {
            let mut run = way.run.clone();
            let events = run.step(mover, choice)?;
            let mut stages = way.stages.clone();
            stages.push(Arc::new(Stage { events, cells: run.cells() }));
            let view = (mover >= self.scenario.actors.len()).then_some(mover);
            ways.push_back(Way { run, stages, shown: way.shown, entry: way.entry.clone(), view });
        }
        Ok(true)
    }

    /// If all steps are taken: the stages, if the bad state is there and what is recorded was shown. Where `all`
    /// lines were shown, this must be so.
    fn end(&mut self, way: &Way, all: bool) -> Result<Option<Vec<Arc<Stage>>>, Error> {
        if let Some(stages) = self.ends(way, way.stages.clone(), all)? {
            return Ok(Some(stages));
        }
        if !way.run.at_rest() {
            return Ok(None);
        }
        // A view may tell something before its first step.
        for view in 0..self.scenario.views.len() {
            let (mut run, mut stages) = (way.run.clone(), way.stages.clone());
            let Ok(events) = run.start_view(view) else { continue };
            let begun = Way { run, stages: Vec::new(), shown: 0, entry: None, view: way.view };
            match stages.last_mut() {
                Some(last) if !events.is_empty() => Arc::make_mut(last).events.extend(events),
                _ => continue,
            }
            if let Some(stages) = self.ends(&begun, stages, all)? {
                return Ok(Some(stages));
            }
        }
        Ok(None)
    }

    fn ends(
        &mut self,
        way: &Way,
        mut stages: Vec<Arc<Stage>>,
        all: bool,
    ) -> Result<Option<Vec<Arc<Stage>>>, Error> {
        let Block { property, witness, .. } = self.block;
        let bad = EventKind::Bad { property: property.clone(), witness: witness.clone() };
        let Some(last) = stages.last_mut() else { return Ok(None) };
        // A schedule ends with what it is for.
        match last.events.iter().position(|e| e.kind == bad) {
            Some(at) => Arc::make_mut(last).events.truncate(at + 1),
            None if self.is_bad(way) => Arc::make_mut(last).events.push(nobody(bad)),
            None if !all => return Ok(None),
            None => {
                self.failure = Some(Error::NotBad(report::named(property, witness, true)));
                return Ok(None);
            }
        }
        let shown = report::lines(events(&stages), Folding::As(&self.recorded));
        let same =
            shown.len() == self.recorded.len() && shown.iter().zip(&self.recorded).all(|(a, b)| a.says(b));
        if !same {
            if all && self.agrees(0, &shown) {
                self.differs(shown.len(), None);
            }
            return Ok(None);
        }
        let picture = report::picture(self.scenario, &way.run.cells());
        if picture != self.block.picture {
            let (came, recorded) = (picture.join(" / "), self.block.picture.join(" / "));
            self.failure = Some(Error::OtherPicture { recorded, came });
            return Ok(None);
        }
        Ok(Some(stages))
    }

    /// Whether the state that a run has reached breaks what the block says.
    fn is_bad(&self, way: &Way) -> bool {
        let run = &way.run;
        let Block { property, witness, .. } = self.block;
        let cells = run.cells();
        let mut seen = Vec::new();
        let mut see = |label: machine::Label| seen.push(label.to_string());
        let property_of = self.scenario.properties.iter().find(|p| p.id == *property);
        match property_of.map(|p| &p.check) {
            Some(Check::State(check)) => {
                check(&cells, &mut see);
                return seen.contains(witness);
            }
            Some(Check::Final(check)) if run.at_rest() => {
                let returned: Vec<Word> =
                    (0..self.scenario.actors.len()).map(|a| run.returned(a).unwrap_or(0)).collect();
                check(&cells, &returned, &mut see);
                return seen.contains(witness);
            }
            _ => {}
        }
        let is_deadlock = *property == scenario::built_in::DEADLOCK.id;
        if is_deadlock { self.is_stuck(way) } else { way.entry == Some(run.state()) }
    }

    /// Whether somebody who must end waits.
    fn is_stuck(&self, way: &Way) -> bool {
        let run = &way.run;
        let enabled = run.enabled();
        let waits = |who: usize| run.pending(who).is_some() && !enabled.iter().any(|(e, _)| *e == who);
        let actors = self.scenario.actors.len();
        match way.view {
            Some(view) => waits(view),
            None if run.at_rest() => (actors..actors + self.scenario.views.len()).any(waits),
            None => (0..actors).any(|actor| !self.scenario.actors[actor].daemon && waits(actor)),
        }
    }

    /// Whether these lines, of which the first is number `from`, are as recorded.
    fn agrees(&mut self, from: usize, shown: &[Line]) -> bool {
        let recorded = &self.recorded[from..];
        let differs = |(a, b): (&Line, &Line)| !a.says(b);
        let at = shown.iter().zip(recorded).position(differs);
        match at.or_else(|| (shown.len() > recorded.len()).then_some(recorded.len())) {
            Some(at) => {
                self.differs(from + at, Some(&shown[at]));
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

fn events<S: Borrow<Stage>>(stages: &[S]) -> impl Iterator<Item = &Event> {
    stages.iter().flat_map(|stage| &stage.borrow().events)
}

fn nobody(kind: EventKind) -> Event {
    Event { actor: String::new(), kind, file: String::new(), line: 0 }
}
