//! Numbers of states that other checkers agree on.

use crate::common::counter;
use checker::explicit::{Options, check};
use scenario::Coverage;

/// TLC, Rumur and stateright agree on these.
#[test]
fn unlocked_increments_have_the_states_that_others_count() {
    for (rounds, states) in [(3, 614_872), (4, 5_638_672)] {
        let outcome = check(&counter(4, rounds), &Options::default()).unwrap();
        assert_eq!(outcome.states, states);
        assert_eq!(outcome.coverage, Coverage::Exhausted);
        assert_eq!(outcome.bad, []);
    }
}
