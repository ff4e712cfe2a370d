//! The states along the schedules that were found.

use std::cell::OnceCell;

use checker::follow::follow;
use checker::stepper::Prepared;
use report::States;
use scenario::{BadState, Scenario};

/// Runs the schedules of bad states of `scenario` again, and tells the states along each; none for one that
/// sequentially consistent memory does not allow, or that another engine did not tell to its end.
pub fn states(scenario: &Scenario) -> impl Fn(&BadState) -> Option<States> + '_ {
    let prepared = OnceCell::new();
    move |bad| {
        let prepared = prepared.get_or_init(|| Prepared::new(scenario).ok()).as_ref()?;
        let story = follow(prepared, bad).ok()??;
        States::of(scenario, &bad.schedule, story.cells())
    }
}
