//! Results as JSON, one object per line.

use std::collections::{BTreeMap, BTreeSet};

use machine::Word;
use scenario::{
    Assumption, BadState, Coverage, Event, EventKind, Fact, Missing, Outcome, Releases, Scenario, Verdict,
    verdict,
};
use serde::Serialize;

use crate::block;
use crate::lines::is_scheduling_point;
use crate::states::States;

/// The JSON schema of every line that a command writes, by the line's field `schema`. What is added to a line leaves
/// its version as it is; what is taken away, or means something else, is a new one.
pub const SCHEMA: &str = include_str!("../schema/shortcopy-1.json");

/// The version that [`SCHEMA`] describes.
const VERSION: u32 = 1;

/// A value as a line of JSON that says what it is, without the end of the line.
///
/// # Errors
/// None that is known: all that is written is text and finite numbers.
pub fn tagged<T: Serialize>(what: &str, value: &T) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Tagged<'v, T> {
        schema: String,
        #[serde(flatten)]
        value: &'v T,
    }
    serde_json::to_string(&Tagged { schema: format!("shortcopy/{what}/{VERSION}"), value })
}

/// A result and what it is the result of.
#[derive(Clone, Copy, Debug)]
pub struct Finding<'r> {
    /// `ext4/journalled`.
    pub path: &'r str,
    /// `v4.2`.
    pub variant: &'r str,
    /// The releases in which the variant stands, if it is in some.
    pub stands: Option<Releases>,
    /// What was asked.
    pub scenario: &'r Scenario,
    /// `explicit`, `loom`, `shuttle`.
    pub engine: &'r str,
    /// What was answered.
    pub outcome: &'r Outcome,
}

/// What was asked, of which variant.
#[derive(Serialize)]
pub(crate) struct Asked<'r> {
    path: &'r str,
    variant: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stands: Option<String>,
    scenario: &'r str,
    sentence: &'r str,
    /// How large what is, in units.
    #[serde(skip_serializing_if = "Option::is_none")]
    geometry: Option<&'r BTreeMap<&'static str, u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    companions: Option<&'r [&'static str]>,
    /// What else the question depends on.
    #[serde(skip_serializing_if = "Option::is_none")]
    conditions: Option<&'r BTreeMap<&'static str, Fact>>,
}

impl<'r> Asked<'r> {
    pub(crate) fn of(
        path: &'r str,
        variant: &'r str,
        stands: Option<Releases>,
        scenario: &'r Scenario,
    ) -> Asked<'r> {
        let facts = scenario.facts.as_ref();
        Asked {
            path,
            variant,
            stands: stands.map(|releases| releases.to_string()),
            scenario: &scenario.name,
            sentence: &scenario.sentence,
            geometry: facts.map(|facts| &facts.geometry),
            source: facts.and_then(|facts| facts.source),
            companions: facts.map(|facts| &facts.companions[..]),
            conditions: facts.map(|facts| &facts.conditions),
        }
    }
}

#[derive(Serialize)]
struct Line<'r> {
    #[serde(flatten)]
    asked: Asked<'r>,
    initial_states: Vec<State<'r>>,
    /// The ids of the properties that the file system promises.
    promised: BTreeSet<&'static str>,
    engine: &'r str,
    verdict: Verdict,
    coverage: Coverage,
    looked_at: &'r BTreeSet<String>,
    /// Promised, and neither looked at nor left out.
    not_looked_at: Vec<&'r str>,
    left_out: &'r BTreeSet<String>,
    /// Whether orders of steps that make no difference were left out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    reduced: bool,
    states: u64,
    transitions: u64,
    executions: u64,
    bytes: u64,
    seconds: f64,
    bad_states: Vec<Bad<'r>>,
    endings: Vec<String>,
    reached: &'r [String],
    /// What is not modelled and was reached.
    #[serde(skip_serializing_if = "<[Missing]>::is_empty")]
    unsupported: &'r [Missing],
    /// What the verdict rests on.
    #[serde(skip_serializing_if = "<[Assumption]>::is_empty")]
    assumptions: &'r [Assumption],
    #[serde(skip_serializing_if = "str::is_empty")]
    remark: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'r str>,
}

/// An initial state.
#[derive(Serialize)]
pub(crate) struct State<'r> {
    name: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    facts: Option<&'r BTreeMap<&'static str, Fact>>,
}

/// The initial states of a scenario, in their order.
pub(crate) fn initial_states(scenario: &Scenario) -> impl Iterator<Item = State<'_>> {
    let told = |number: usize| scenario.facts.as_ref().and_then(|facts| facts.initial.get(number));
    let all = scenario.initial.iter().enumerate();
    all.map(move |(number, state)| State { name: &state.name, facts: told(number) })
}

#[derive(Serialize)]
pub(crate) struct Bad<'r> {
    property: &'r str,
    witness: &'r str,
    promised: bool,
    /// What it means, where the requirement comes from, and what a user sees of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    sentence: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    requirement: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    effect: Option<&'static str>,
    depth: usize,
    initial: &'r str,
    picture: Vec<String>,
    schedule: Vec<Step<'r>>,
    /// See [`States`].
    #[serde(skip_serializing_if = "Option::is_none")]
    states: Option<&'r States>,
}

/// A scheduling point, or the beginning of a cycle.
#[derive(Serialize)]
struct Step<'r> {
    actor: &'r str,
    step: &'r str,
    #[serde(skip_serializing_if = "str::is_empty")]
    result: &'r str,
    file: &'r str,
    line: u32,
    /// The functions and words it is in, the innermost last.
    within: Vec<&'r str>,
    /// What is left, and what is broken, after it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    then: Vec<String>,
    /// Whether the cycle begins here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cycle: bool,
}

/// How a result was come to, where there is more to say.
#[derive(Clone, Copy, Debug, Default)]
pub struct How<'r> {
    /// The command that repeats it, where more than the target decides what is found.
    pub command: Option<&'r str>,
    /// How it was known already, if it was.
    pub cached: Option<&'r str>,
    /// For each bad state, in their order, the states along its schedule, where they are known.
    pub states: &'r [Option<States>],
}

/// A result as one line of JSON, without the end of the line.
///
/// # Errors
/// None that is known: all that is written is text and finite numbers.
pub fn line(finding: Finding<'_>, how: How<'_>) -> Result<String, serde_json::Error> {
    let How { command, cached, states } = how;
    let Finding { path, variant, stands, scenario, engine, outcome } = finding;
    let line = Line {
        asked: Asked::of(path, variant, stands, scenario),
        initial_states: initial_states(scenario).collect(),
        promised: scenario.promised(),
        engine,
        verdict: verdict(scenario, outcome),
        coverage: outcome.coverage,
        looked_at: &outcome.looked_at,
        not_looked_at: outcome.not_looked_at(scenario),
        left_out: &outcome.left_out,
        reduced: outcome.reduced,
        states: outcome.states,
        transitions: outcome.transitions,
        executions: outcome.executions,
        bytes: outcome.bytes,
        seconds: outcome.seconds,
        bad_states: bad_states(scenario, &outcome.bad, states),
        endings: outcome.endings.iter().map(ToString::to_string).collect(),
        reached: &outcome.reached,
        unsupported: &outcome.unsupported,
        assumptions: &outcome.assumptions,
        remark: &outcome.remark,
        cached,
        command,
    };
    tagged("result", &line)
}

/// A scenario that can't be searched as one line of JSON, without the end of the line: its write path, its variant, its
/// name, and why.
///
/// # Errors
/// None that is known: all that is written is text.
pub fn broken_line(
    path: &str,
    variant: &str,
    scenario: &str,
    broken: &str,
) -> Result<String, serde_json::Error> {
    let what =
        serde_json::json!({ "path": path, "variant": variant, "scenario": scenario, "broken": broken });
    tagged("broken", &what)
}

/// A schedule that was run step by step.
#[derive(Clone, Copy, Debug)]
pub struct Rerun<'r> {
    /// `ext4/journalled`.
    pub path: &'r str,
    /// `v4.2`.
    pub variant: &'r str,
    /// The releases in which the variant stands, if it is in some.
    pub stands: Option<Releases>,
    /// Of which.
    pub scenario: &'r Scenario,
    /// Which of the schedules of the scenario, from 1.
    pub number: usize,
    /// What is broken at its end: the property, and what tells it from others.
    pub broken: (&'r str, &'r str),
    /// What the run came to, and the states along it where they are known; or none, and why.
    pub came_to: Result<(&'r BadState, Option<&'r States>), &'r str>,
    /// Whether the run, or that there is none, is as it should be.
    pub as_recorded: bool,
}

/// A schedule that was run as one line of JSON, without the end of the line.
///
/// # Errors
/// None that is known: all that is written is text and finite numbers.
pub fn rerun_line(rerun: Rerun<'_>) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Line<'r> {
        #[serde(flatten)]
        asked: Asked<'r>,
        number: usize,
        property: &'r str,
        witness: &'r str,
        as_recorded: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<&'r str>,
        bad: Option<Bad<'r>>,
    }
    let Rerun { path, variant, stands, scenario, number, broken, came_to, as_recorded } = rerun;
    let (property, witness) = broken;
    let line = Line {
        asked: Asked::of(path, variant, stands, scenario),
        number,
        property,
        witness,
        as_recorded,
        why: came_to.err(),
        bad: came_to.ok().map(|(bad, states)| bad_state(scenario, bad, states)),
    };
    tagged("replay", &line)
}

fn bad_states<'r>(scenario: &Scenario, all: &'r [BadState], states: &'r [Option<States>]) -> Vec<Bad<'r>> {
    let states = states.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    all.iter().zip(states).map(|(bad, states)| bad_state(scenario, bad, states)).collect()
}

pub(crate) fn bad_state<'r>(scenario: &Scenario, bad: &'r BadState, states: Option<&'r States>) -> Bad<'r> {
    let property = block::property(scenario, &bad.property);
    Bad {
        property: &bad.property,
        witness: &bad.witness,
        promised: bad.promised,
        sentence: property.map(|property| property.sentence),
        requirement: property.map(|property| property.source),
        effect: property.map(scenario::Property::seen),
        depth: bad.schedule.steps(),
        initial: &bad.schedule.initial,
        picture: block::picture(scenario, &bad.cells as &[Word]),
        schedule: steps(&bad.schedule.events),
        states,
    }
}

fn steps(events: &[Event]) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    // Whose, and what.
    let mut open: Vec<(&str, &str)> = Vec::new();
    let mut cycle = false;
    for event in events {
        let actor = event.actor.as_str();
        let then = match &event.kind {
            EventKind::Step { label, result, .. } if is_scheduling_point(event) => {
                let within = open.iter().filter(|(who, _)| *who == actor).map(|(_, label)| *label).collect();
                let Event { file, line, .. } = event;
                steps.push(Step {
                    actor,
                    step: label,
                    result,
                    file,
                    line: *line,
                    within,
                    then: Vec::new(),
                    cycle,
                });
                cycle = false;
                continue;
            }
            EventKind::Enter { label } => {
                open.push((actor, label));
                continue;
            }
            EventKind::Cycle => {
                cycle = true;
                continue;
            }
            EventKind::Leave { label, result } => {
                if let Some(at) = open.iter().rposition(|(who, _)| *who == actor) {
                    open.remove(at);
                }
                if result.is_empty() { label.clone() } else { format!("{label} = {result}") }
            }
            EventKind::Bad { property, witness } => block::named(property, witness, true),
            EventKind::Step { label, .. } => label.clone(),
            EventKind::Round { label } => format!("{label} again"),
            EventKind::Ended { .. } => "ended".to_owned(),
        };
        if let Some(last) = steps.iter_mut().rev().find(|s| s.actor == actor || actor.is_empty()) {
            last.then.push(then);
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy;

    #[test]
    fn a_line_holds_what_a_program_needs() {
        let (scenario, outcome) = (toy::scenario(), toy::outcome());
        let finding = Finding {
            path: "toy/write",
            variant: "v1",
            stands: Some("v3.10 .. v4.6".parse().expect("releases")),
            scenario: &scenario,
            engine: "explicit",
            outcome: &outcome,
        };
        let text = line(finding, How::default()).expect("plain data");
        assert!(!text.contains('\n'));
        let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value["verdict"], "violated");
        assert_eq!(value["coverage"], "exhausted");
        assert_eq!(value["stands"], "v3.10 .. v4.6");
        let promised = ["deadlock", "empty", "journal-bypass", "kernel-bug", "livelock"];
        assert_eq!(value["looked_at"], serde_json::json!([&promised[..], &["stale-read"]].concat()));
        assert_eq!(value["not_looked_at"], serde_json::json!([]));
        assert_eq!(value["left_out"], serde_json::json!([]));
        assert_eq!(value["command"], serde_json::Value::Null);
        let nowhere = scenario::Outcome { looked_at: BTreeSet::new(), bad: Vec::new(), ..outcome.clone() };
        let nowhere = nowhere.leave_out(&scenario, &["livelock".to_owned()]);
        let text =
            line(Finding { outcome: &nowhere, ..finding }, How { command: Some("again"), ..How::default() })
                .expect("plain data");
        let value_of_nothing: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(value_of_nothing["verdict"], "unknown");
        assert_eq!(value_of_nothing["not_looked_at"], serde_json::json!(promised[..4]));
        assert_eq!(value_of_nothing["left_out"], serde_json::json!(["livelock"]));
        assert_eq!(value_of_nothing["command"], "again");
        assert_eq!(
            value["endings"],
            serde_json::json!(["-EFAULT, size kept, rest zeros", "short, size kept"])
        );
        let bad = &value["bad_states"][0];
        assert_eq!(bad["schedule"].as_array().map(Vec::len), bad["depth"].as_u64().map(|d| d as usize));
        insta::assert_snapshot!(bad["schedule"][5], @r#"
        {"actor":"write","file":"models/toy/write.rs","line":10,"step":"pagefault_enable","then":["copy_from_user_atomic(4) = 0"],"within":["generic_perform_write","copy_from_user_atomic(4)"]}
        "#);
    }
}
