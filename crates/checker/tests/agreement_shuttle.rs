//! Whatever shuttle finds in small random programs, the explicit engine finds.

mod common;

use std::cell::Cell;

use checker::on_shuttle;
use common::agreeing::{Met, check_all, explicitly};
use proptest::{prop_assert, prop_assert_eq};
use scenario::Coverage;

#[test]
fn explicit_finds_what_shuttle_finds() {
    let compared = Cell::new(0);
    check_all(400, |program| {
        let Some(known) = explicitly(program) else { return Ok(()) };
        for mode in [
            on_shuttle::Mode::Random { seed: 1, executions: 50 },
            on_shuttle::Mode::Pct { depth: 3, seed: 1, executions: 50 },
        ] {
            let options = on_shuttle::Options { steps_max: 60, ..on_shuttle::Options::new(mode) };
            let (outcome, rests) = on_shuttle::explore(&program.scenario(), &options);
            prop_assert_eq!(outcome.coverage, Coverage::Sampled { executions: 50 }, "{}", outcome.remark);
            let alone = Met::of((outcome, rests)).less(&known);
            prop_assert!(alone.is_empty(), "shuttle alone: {:?}", alone);
            compared.set(compared.get() + 1);
        }
        Ok(())
    });
    let compared = compared.get();
    assert!(compared > 100, "only {compared} were comparable");
}
