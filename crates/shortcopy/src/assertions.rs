//! What a test says of an answer.

use scenario::{Coverage, Verdict};

use crate::answer::Answer;

/// Fails unless an engine looked at everything and nothing is broken: `assert_holds!(scenario)` by the explicit
/// engine, `assert_holds!(scenario, Engine::Loom)` by another. Gives the [`Answer`].
///
/// A search that was cut, or an engine that does not look at a property or only samples, fails and says so: see
/// [`assert_not_violated!`](crate::assert_not_violated).
#[macro_export]
macro_rules! assert_holds {
    ($scenario:expr $(,)?) => {
        $crate::assert_holds!($scenario, $crate::Engine::Explicit)
    };
    ($scenario:expr, $engine:expr $(,)?) => {
        $crate::holds($crate::ask(&$scenario, $engine))
    };
}

/// Fails unless an engine finds a bad state of a property: `assert_violated!(scenario, "lost-update")`. Others may be
/// found as well. Gives the [`Answer`].
#[macro_export]
macro_rules! assert_violated {
    ($scenario:expr, $property:expr $(,)?) => {
        $crate::assert_violated!($scenario, $property, $crate::Engine::Explicit)
    };
    ($scenario:expr, $property:expr, $engine:expr $(,)?) => {
        $crate::violated($crate::ask(&$scenario, $engine), $property)
    };
}

/// Fails if an engine finds something broken, or was cut: what can be said of an engine that samples
/// (`assert_not_violated!(scenario, Engine::SHUTTLE)`), or that does not look at all properties. Gives the
/// [`Answer`].
#[macro_export]
macro_rules! assert_not_violated {
    ($scenario:expr, $engine:expr $(,)?) => {
        $crate::not_violated($crate::ask(&$scenario, $engine))
    };
}

/// A question without an actor has but one answer.
///
/// # Panics
/// If there is none.
#[track_caller]
fn asks_something(answer: &Answer) {
    let name = &answer.scenario.name;
    assert!(
        !answer.scenario.actors.is_empty(),
        "`{name}` asks nothing: nobody takes a step; add `.actor(..)`"
    );
}

/// The answer, which says that the scenario holds.
///
/// # Panics
/// If it says anything else, with the answer; or if the scenario has no actor.
#[track_caller]
pub fn holds(answer: Answer) -> Answer {
    asks_something(&answer);
    let why = match answer.verdict {
        Verdict::Holds => return answer,
        Verdict::Violated => "does not hold",
        Verdict::Unknown => match answer.outcome.coverage {
            Coverage::Cut { .. } => "is not known to hold: the search was cut",
            Coverage::Sampled { .. } => "is not known to hold: this engine only samples",
            _ => "is not known to hold: this engine does not look at every property",
        },
        Verdict::Unsupported => "is not known to hold: the engine can't search it",
    };
    panic!("`{}` {why}\n\n{answer}", answer.scenario.name);
}

/// The answer, which says that the property is violated.
///
/// # Panics
/// If it does not, or if nobody asks about such a property; with the answer.
#[track_caller]
pub fn violated(answer: Answer, property: &str) -> Answer {
    let name = &answer.scenario.name;
    let asked = answer.scenario.asked();
    if !asked.contains(property) {
        let known: Vec<&str> = asked.into_iter().collect();
        panic!("`{name}` has no property `{property}`; there are {}", known.join(", "));
    }
    assert!(answer.violates(property), "`{name}`: no violation of `{property}` was found\n\n{answer}");
    answer
}

/// The answer, which has no bad state that breaks a promise.
///
/// # Panics
/// If it has one, or if the search was cut or impossible, with the answer; or if the scenario has no actor.
#[track_caller]
pub fn not_violated(answer: Answer) -> Answer {
    asks_something(&answer);
    let why = match (answer.verdict, answer.outcome.coverage) {
        (Verdict::Holds, _) | (Verdict::Unknown, Coverage::Exhausted | Coverage::Sampled { .. }) => {
            return answer;
        }
        (Verdict::Violated, _) => "does not hold",
        (Verdict::Unknown, _) => "is not known to hold: the search was cut",
        (Verdict::Unsupported, _) => "is not known to hold: the engine can't search it",
    };
    panic!("`{}` {why}\n\n{answer}", answer.scenario.name);
}
