//! Ceilings are met, and told.

use machine::{Machine, Place, again};
use scenario::{Actor, Bound, Coverage, Outcome, Scenario};

use super::common::{counter, label, load, scenario, store};
use super::limits::Ceilings;
use super::{Asked, Options, search_scenario};

fn under(scenario: &Scenario, ceilings: Ceilings) -> Outcome {
    let asked = Asked { ceilings, ..Asked::default() };
    search_scenario(scenario, &Options::default(), &asked).expect("a sound scenario").outcome
}

fn cut(outcome: &Outcome) -> (bool, &str) {
    (outcome.coverage == Coverage::Cut { bound: Bound::Memory }, &outcome.remark)
}

#[test]
fn a_search_ends_where_the_numbers_for_memories_or_states_do() {
    let (scenario, most) = (counter(3, 3), Ceilings::default());
    let whole = under(&scenario, most);
    assert_eq!((whole.coverage, whole.remark.as_str()), (Coverage::Exhausted, ""));
    // A counter has 10 memories, some of which share a shard.
    let memories = under(&scenario, Ceilings { memories: 0, ..most });
    assert_eq!(cut(&memories), (true, "the engine has no more numbers for memories"));
    let states = under(&scenario, Ceilings { states: 20, ..most });
    assert_eq!(cut(&states), (true, "the engine has no more numbers for states"));
    assert!(states.states <= 64 * 20 && states.states > 20, "{}", states.states);
}

/// Goes round for ever: counts a cell up to a bound, and begins again.
fn circle(at: Place) -> impl Fn(&dyn Machine) -> u64 {
    move |m| {
        again(m, label("circle"), (), |()| {
            let value = load(m, at);
            store(m, at, (value + 1) % 8);
            machine::Flow::<(), ()>::Again(())
        });
        0
    }
}

#[test]
fn judging_ends_where_the_numbers_for_a_class_of_states_do() {
    let actors = || vec![Actor::new("one", circle(Place(0))), Actor::new("two", circle(Place(1)))];
    let scenario = scenario(2, actors());
    let most = Ceilings::default();
    let whole = under(&scenario, most);
    assert_eq!(whole.bad.len(), 1, "{:#?}", whole.bad);
    // All are in one class, and spread over 64 shards before.
    let few = under(&scenario, Ceilings { states: whole.states as usize / 2, ..most });
    assert_eq!(few.states, whole.states);
    assert_eq!(cut(&few), (true, "the engine has no more numbers for states"));
}
