//! Schedules taken again by the naive enumerator, from their text alone.

use std::collections::BTreeSet;

use machine::Word;
use scenario::{BadState, EventKind};

use super::expected::Expected;
use super::graph::State;
use super::naive::{Code, Taken, take};
use super::program::{Broken, NAMES, Program, VIEWS, state_broken};

/// Where a schedule may have led so far.
struct Way<'a> {
    program: &'a Program,
    codes: Vec<Code>,
    names: &'a [&'a str],
    states: BTreeSet<State>,
    /// What the last step broke.
    broken: BTreeSet<Broken>,
    /// The cells in which the cycle begins.
    cycle: Option<BTreeSet<Vec<Word>>>,
}

impl Way<'_> {
    fn cells(&self) -> BTreeSet<Vec<Word>> {
        self.states.iter().map(|(cells, _)| cells.clone()).collect()
    }

    /// One view goes on alone.
    fn start_view(&mut self, view: usize) {
        let code = Code::new(&self.program.views[view]);
        let thread = code.start(&mut Vec::new());
        self.states = self.cells().into_iter().map(|cells| (cells, vec![thread.clone()])).collect();
        (self.codes, self.names) = (vec![code], &VIEWS[view..=view]);
    }

    fn step(&mut self, actor: &str, label: &str, result: &str) -> Result<(), String> {
        if let Some(view) = VIEWS.iter().position(|name| *name == actor)
            && self.names == NAMES
        {
            self.start_view(view);
        }
        let number = self.names.iter().position(|name| *name == actor);
        let number = number.ok_or_else(|| format!("{actor} takes no step here"))?;
        let (code, mut broken, mut next) = (&self.codes[number], Vec::new(), BTreeSet::new());
        for (cells, threads) in &self.states {
            let Some((action, step)) = code.pending(&threads[number]) else { continue };
            let dead = threads.iter().any(|thread| thread.is_dead());
            if dead || format!("step({step})") != label {
                continue;
            }
            let Taken::Done(ways, seen) = take(&action, cells, &self.program.widths) else { continue };
            for (cells, answer) in ways.into_iter().filter(|(_, answer)| answer.to_string() == result) {
                broken.extend(seen.clone());
                let mut threads = threads.clone();
                threads[number] = code.advance(&threads[number], answer, &mut broken);
                next.insert((cells, threads));
            }
        }
        if next.is_empty() {
            return Err(format!("{actor} can't take {label} = {result}"));
        }
        (self.states, self.broken) = (next, broken.into_iter().collect());
        Ok(())
    }
}

/// Takes a bad state's schedule; it must lead to what it tells.
pub(crate) fn follow(program: &Program, expected: &Expected, bad: &BadState) -> Result<(), String> {
    let graph = &expected.graph;
    let initial: usize = bad.schedule.initial.parse().map_err(|_| "no such initial state".to_owned())?;
    let mut way = Way {
        program,
        codes: graph.codes.clone(),
        names: &NAMES,
        states: BTreeSet::from([graph.states[graph.initial[initial]].clone()]),
        broken: graph.at_start.iter().cloned().collect(),
        cycle: None,
    };
    for event in &bad.schedule.events {
        match &event.kind {
            EventKind::Cycle => way.cycle = Some(way.cells()),
            EventKind::Step { label, result, scheduling_point: true } => {
                way.step(&event.actor, label, result)?;
            }
            _ => {}
        }
    }
    // A view may end, or panic, before any step.
    let seen_at_once = |name: &str| {
        let mut seen = Vec::new();
        if let Some(view) = VIEWS.iter().position(|view| *view == name) {
            Code::new(&program.views[view]).start(&mut seen);
        }
        seen
    };
    let told = bad.schedule.events.iter().map(|event| event.actor.as_str());
    way.broken.extend(told.flat_map(seen_at_once));
    let holds = match bad.property.as_str() {
        "kernel-bug" => {
            let message = bad.witness.rsplit(": ").next().unwrap_or_default();
            way.broken.contains(&("kernel-bug".to_owned(), message.to_owned()))
        }
        "state" => way.cells().iter().any(|cells| {
            let mut seen = state_broken(cells).into_iter();
            seen.any(|(name, number)| format!("{name}({number})") == bad.witness)
        }),
        "livelock" | "unkillable" => {
            let closes = way.cycle.as_ref().map(|cycle| !cycle.is_disjoint(&way.cells()));
            return if closes == Some(true) { Ok(()) } else { Err("the cycle does not close".to_owned()) };
        }
        "final" | "deadlock" => true,
        _ => way.broken.contains(&(bad.property.clone(), bad.witness.clone())),
    };
    if !holds {
        return Err(format!("nothing of the kind at the end, but {:?}", way.broken));
    }
    if way.cells().contains(&bad.cells) { Ok(()) } else { Err("other cells at the end".to_owned()) }
}
