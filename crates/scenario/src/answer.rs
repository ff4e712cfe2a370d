//! The answer: what an engine found, how far it looked, and what that comes to.

use std::collections::BTreeSet;
use std::time::Duration;

use machine::Word;
use serde::{Deserialize, Serialize};

use crate::{Assumption, Ending, Missing, Scenario, Schedule};

/// What stopped a search.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// The number of states.
    States,
    /// The memory that the visited set takes.
    Memory,
    /// The time.
    Time,
    /// The number of executions.
    Executions,
    /// The length of one execution.
    Length,
    /// The number of preemptions in one execution.
    Preemptions,
    /// The user.
    Interrupt,
    /// A process of those that searched together, which is gone.
    Process,
}

impl Bound {
    /// It in words: what a search was cut by.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Bound::States => "the bound on states",
            Bound::Memory => "the bound on memory",
            Bound::Time => "the bound on time",
            Bound::Executions => "the bound on executions",
            Bound::Length => "the bound on length",
            Bound::Preemptions => "the bound on preemptions",
            Bound::Interrupt => "the user",
            Bound::Process => "a process that is gone",
        }
    }
}

/// How far an engine may look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Distinct states.
    pub states_max: u64,
    /// Bytes of everything that a search keeps; what the process takes without it is left out.
    pub bytes_max: u64,
    /// Wall-clock time.
    pub time_max: Duration,
    /// Executions of an engine that runs them one by one.
    pub executions_max: u64,
}

impl Default for Bounds {
    /// 200 million states, 8 GiB, ten minutes, 100 million executions.
    fn default() -> Bounds {
        Bounds {
            states_max: 200_000_000,
            bytes_max: 8 << 30,
            time_max: Duration::from_secs(600),
            executions_max: 100_000_000,
        }
    }
}

/// How far an engine looked.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// Everything.
    Exhausted,
    /// Everything but what comes after a place that is not modelled: see [`Outcome::unsupported`].
    Pruned,
    /// Until a bound was met.
    Cut {
        /// Which.
        bound: Bound,
    },
    /// Some executions, drawn by chance or chosen.
    Sampled {
        /// How many.
        executions: u64,
    },
    /// Nothing: the engine can't hold this scenario.
    Unsupported,
}

/// A distinct bad state: a property, a witness, and the best way there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BadState {
    /// The property's id.
    pub property: String,
    /// What tells it from others of the property.
    pub witness: String,
    /// Whether the file system promises the property.
    pub promised: bool,
    /// The value of each cell in the bad state; empty where the engine can't tell.
    pub cells: Vec<Word>,
    /// The way there.
    pub schedule: Schedule,
}

/// What an engine answers.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// The distinct bad states, ordered by property and witness.
    pub bad: Vec<BadState>,
    /// How the runs that were looked at end, sorted: all ways there are where everything was looked at.
    pub endings: Vec<Ending>,
    /// How far it looked.
    pub coverage: Coverage,
    /// The ids of the properties that it looked at, wherever it came. What is not in here was not looked at,
    /// and no silence speaks for it.
    pub looked_at: BTreeSet<String>,
    /// The ids of the properties that were left out because the user said so: see [`Outcome::leave_out`].
    pub left_out: BTreeSet<String>,
    /// Whether orders of steps that make no difference were left out: states and transitions are those that were left.
    pub reduced: bool,
    /// Distinct states; 0 where the engine has none.
    pub states: u64,
    /// Transitions between them; executions' steps where the engine has none.
    pub transitions: u64,
    /// Executions; 0 where the engine has none.
    pub executions: u64,
    /// The most bytes that were counted at one time, over all phases; 0 where the engine counts none.
    pub bytes: u64,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// What was reached, sorted.
    pub reached: Vec<String>,
    /// What is not modelled and was reached, sorted: the executions that reach it were not followed further.
    /// Wherever the search was cut, there may be more.
    pub unsupported: Vec<Missing>,
    /// What was assumed, sorted: the verdict rests on it.
    pub assumptions: Vec<Assumption>,
    /// Why nothing was looked at, or what else there is to say; mostly empty.
    pub remark: String,
}

impl Default for Outcome {
    /// Nothing found, nothing looked at.
    fn default() -> Outcome {
        Outcome {
            bad: Vec::new(),
            endings: Vec::new(),
            coverage: Coverage::Unsupported,
            looked_at: BTreeSet::new(),
            left_out: BTreeSet::new(),
            reduced: false,
            states: 0,
            transitions: 0,
            executions: 0,
            bytes: 0,
            seconds: 0.0,
            reached: Vec::new(),
            unsupported: Vec::new(),
            assumptions: Vec::new(),
            remark: String::new(),
        }
    }
}

impl Outcome {
    /// Whether it has schedules, and orders of steps were left out: then they may not be the shortest there are.
    #[must_use]
    pub fn chose_schedules(&self) -> bool {
        self.reduced && self.bad.iter().any(|bad| !bad.schedule.events.is_empty())
    }

    /// What else there is to say: its remark, and what its schedules are the shortest of.
    pub fn remarks(&self) -> impl Iterator<Item = &str> {
        const OF_ORDERS: &str = "schedules are the shortest of the orders of steps that were searched";
        let remark = Some(self.remark.as_str()).filter(|remark| !remark.is_empty());
        remark.into_iter().chain(self.chose_schedules().then_some(OF_ORDERS))
    }

    /// The outcome of a search that was not asked about these properties: what it says about them is gone, and
    /// the verdict is one on the others. Ids that the scenario doesn't ask about mean nothing.
    #[must_use]
    pub fn leave_out(mut self, scenario: &Scenario, properties: &[String]) -> Outcome {
        let asked = scenario.asked();
        for id in properties.iter().filter(|id| asked.contains(id.as_str())) {
            self.bad.retain(|bad| bad.property != *id);
            self.looked_at.remove(id);
            self.left_out.insert(id.clone());
        }
        self
    }

    /// What a search of `scenario` comes to with what was assumed in it and what it reached that is not modelled:
    /// then it can't have looked at everything.
    #[must_use]
    pub fn resting(self, scenario: &Scenario, unsupported: BTreeSet<Missing>) -> Outcome {
        let assumed: BTreeSet<Assumption> = scenario.assumptions.iter().flat_map(|used| used()).collect();
        let coverage = match self.coverage {
            Coverage::Exhausted if !unsupported.is_empty() => Coverage::Pruned,
            coverage => coverage,
        };
        Outcome {
            coverage,
            unsupported: unsupported.into_iter().collect(),
            assumptions: assumed.into_iter().collect(),
            ..self
        }
    }

    /// The promised properties that were neither looked at nor left out.
    #[must_use]
    pub fn not_looked_at(&self, scenario: &Scenario) -> Vec<&'static str> {
        let known = |id: &&str| self.looked_at.contains(*id) || self.left_out.contains(*id);
        scenario.promised().into_iter().filter(|id| !known(id)).collect()
    }
}

/// What an outcome comes to.
#[must_use]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Everything was looked at, for every promised property that was not left out, and none is broken.
    Holds,
    /// A promised property is broken.
    Violated,
    /// Nothing was found, and not everything was looked at.
    Unknown,
    /// The engine can't hold the scenario, or it reaches what is not modelled.
    Unsupported,
}

/// The verdict on what an engine says of a scenario; the only place where one is made.
///
/// ```
/// # use std::sync::Arc;
/// # use scenario::*;
/// # fn of(scenario: &Scenario) {
/// // An engine that saw everything, and does not say what it looked at, has looked at nothing.
/// let everywhere = Outcome { coverage: Coverage::Exhausted, ..Outcome::default() };
/// assert_eq!(verdict(scenario, &everywhere), Verdict::Unknown);
/// # }
/// ```
pub fn verdict(scenario: &Scenario, outcome: &Outcome) -> Verdict {
    if outcome.bad.iter().any(|b| b.promised) {
        return Verdict::Violated;
    }
    if !outcome.unsupported.is_empty() {
        return Verdict::Unsupported;
    }
    match outcome.coverage {
        Coverage::Exhausted if outcome.not_looked_at(scenario).is_empty() => Verdict::Holds,
        Coverage::Exhausted | Coverage::Cut { .. } | Coverage::Sampled { .. } => Verdict::Unknown,
        Coverage::Pruned | Coverage::Unsupported => Verdict::Unsupported,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use machine::Layout;

    use super::*;
    use crate::{Check, Kind, Property, built_in};

    fn rule(id: &'static str, promised: bool) -> Property {
        let (kind, check) = (Kind::Event, Check::Observed);
        Property { id, sentence: "a rule", source: "a test", effect: "", kind, promised, check }
    }

    fn scenario(properties: Vec<Property>) -> Scenario {
        Scenario {
            name: "test".to_owned(),
            sentence: String::new(),
            layout: Layout::new(),
            initial: Vec::new(),
            actors: Vec::new(),
            views: Vec::new(),
            properties,
            reachable: Vec::new(),
            ending: None,
            killed: None,
            final_state: None,
            facts: None,
            grounds: None,
            assumptions: None,
            picture: Arc::new(|_| String::new()),
        }
    }

    fn found(promised: bool, coverage: Coverage) -> Outcome {
        let bad = BadState {
            property: "stale-read".into(),
            witness: "unit(0)".into(),
            promised,
            cells: Vec::new(),
            schedule: Schedule::default(),
        };
        Outcome { bad: vec![bad], ..nothing(coverage) }
    }

    fn nothing(coverage: Coverage) -> Outcome {
        let looked_at = asked().asked().into_iter().map(str::to_owned).collect();
        Outcome { coverage, looked_at, ..Outcome::default() }
    }

    fn asked() -> Scenario {
        scenario(vec![rule("stale-read", true), rule("late", false)])
    }

    #[test]
    fn only_an_exhausted_search_can_hold() {
        let asked = asked();
        for coverage in [
            Coverage::Pruned,
            Coverage::Cut { bound: Bound::Time },
            Coverage::Sampled { executions: 1_000_000 },
            Coverage::Unsupported,
        ] {
            assert_ne!(verdict(&asked, &nothing(coverage)), Verdict::Holds, "{coverage:?}");
            assert_eq!(verdict(&asked, &found(true, coverage)), Verdict::Violated, "{coverage:?}");
            assert_ne!(verdict(&asked, &found(false, coverage)), Verdict::Holds, "{coverage:?}");
        }
        assert_eq!(verdict(&asked, &nothing(Coverage::Exhausted)), Verdict::Holds);
        assert_eq!(verdict(&asked, &found(true, Coverage::Exhausted)), Verdict::Violated);
        assert_eq!(verdict(&asked, &found(false, Coverage::Exhausted)), Verdict::Holds);
    }

    #[test]
    fn what_is_promised_and_not_looked_at_can_not_hold() {
        let asked = asked();
        let all = nothing(Coverage::Exhausted);
        assert_eq!(asked.promised().len(), 5, "its own and the built-in ones: {:?}", asked.promised());
        for id in asked.asked() {
            let mut some = all.clone();
            some.looked_at.remove(id);
            let promised = asked.promised().contains(id);
            let expected = if promised { Verdict::Unknown } else { Verdict::Holds };
            assert_eq!(verdict(&asked, &some), expected, "{id}");
            assert_eq!(some.not_looked_at(&asked), if promised { vec![id] } else { Vec::new() });
            // Unless it was left out, which is then part of the answer.
            let some = some.leave_out(&asked, &[id.to_owned(), "no-such".to_owned()]);
            assert_eq!(verdict(&asked, &some), Verdict::Holds, "{id}");
            assert_eq!(some.left_out, BTreeSet::from([id.to_owned()]));
        }
        let nowhere = Outcome { coverage: Coverage::Exhausted, ..Outcome::default() };
        assert_eq!(verdict(&asked, &nowhere), Verdict::Unknown);
    }

    #[test]
    fn what_is_not_modelled_can_not_hold() {
        let asked = asked();
        let missing = || {
            BTreeSet::from([Missing::from(machine::Unsupported {
                file: "fs/toy.c".into(),
                line: 7,
                function: "toy_write".into(),
                what: "toy() is not modelled".into(),
                hint: "model it".into(),
            })])
        };
        for coverage in [
            Coverage::Exhausted,
            Coverage::Cut { bound: Bound::Time },
            Coverage::Sampled { executions: 1_000_000 },
        ] {
            let part = nothing(coverage).resting(&asked, missing());
            assert_ne!(part.coverage, Coverage::Exhausted);
            assert_eq!(verdict(&asked, &part), Verdict::Unsupported, "{coverage:?}");
            let part = found(true, coverage).resting(&asked, missing());
            assert_eq!((verdict(&asked, &part), part.unsupported.len()), (Verdict::Violated, 1));
            let part = found(false, coverage).resting(&asked, missing());
            assert_eq!(verdict(&asked, &part), Verdict::Unsupported, "{coverage:?}");
        }
        let all = nothing(Coverage::Exhausted).resting(&asked, BTreeSet::new());
        assert_eq!(verdict(&asked, &all), Verdict::Holds);
        assert_eq!(
            missing().first().unwrap().to_string(),
            "fs/toy.c:7: toy() is not modelled (in toy_write)"
        );
    }

    #[test]
    fn what_was_assumed_is_told_once_and_asked_after_the_search() {
        let assumption = |name: &str| Assumption {
            name: name.into(),
            value: "0".into(),
            reason: "why not".into(),
            table: "toy.rs".into(),
        };
        let used = Arc::new(std::sync::Mutex::new(Vec::new()));
        let asking = used.clone();
        let assumptions: crate::Assumed = Arc::new(move || asking.lock().unwrap().clone());
        let asked = Scenario { assumptions: Some(assumptions), ..asked() };
        let plain = nothing(Coverage::Exhausted).resting(&asked, BTreeSet::new());
        assert_eq!((plain.assumptions.len(), verdict(&asked, &plain)), (0, Verdict::Holds));
        used.lock().unwrap().extend(["b()", "a()", "b()"].map(assumption));
        let told = nothing(Coverage::Exhausted).resting(&asked, BTreeSet::new());
        assert_eq!(told.assumptions, ["a()", "b()"].map(assumption));
    }

    #[test]
    fn what_is_left_out_is_not_violated() {
        let asked = asked();
        let left_out = found(true, Coverage::Exhausted).leave_out(&asked, &["stale-read".to_owned()]);
        assert_eq!((left_out.bad.len(), left_out.looked_at.contains("stale-read")), (0, false));
        assert_eq!(verdict(&asked, &left_out), Verdict::Holds);
        let other = found(true, Coverage::Exhausted).leave_out(&asked, &["late".to_owned()]);
        assert_eq!(verdict(&asked, &other), Verdict::Violated);
    }

    #[test]
    fn a_promise_is_one_by_any_of_its_entries() {
        for order in [[true, false], [false, true]] {
            let twice = scenario(order.map(|promised| rule("size", promised)).to_vec());
            assert!(twice.promised().contains("size"), "{order:?}");
        }
    }

    #[test]
    fn who_can_not_be_killed_is_not_asked_whether_he_dies() {
        let mortal = Scenario { killed: Some(Arc::new(|_| true)), ..scenario(Vec::new()) };
        assert!(mortal.promised().contains(built_in::UNKILLABLE.id));
        assert!(!scenario(Vec::new()).asked().contains(built_in::UNKILLABLE.id));
    }
}
