//! Whatever shuttle finds in small random programs, the explicit engine finds.

use std::cell::Cell;

use crate::common::agreeing::{Met, check_all, check_each, explicitly, explored};
use crate::common::generating::{lacking, plain_programs};
use checker::on_shuttle;
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

#[test]
fn shuttle_lacks_what_explicit_lacks() {
    let (compared, listed) = (Cell::new(0), Cell::new(0));
    check_each(400, lacking(plain_programs()), |program| {
        let Some((known, missing)) = explored(program) else { return Ok(()) };
        let mode = on_shuttle::Mode::Random { seed: 1, executions: 50 };
        let options = on_shuttle::Options { steps_max: 60, ..on_shuttle::Options::new(mode) };
        let (outcome, rests) = on_shuttle::explore(&program.scenario(), &options);
        prop_assert_eq!(outcome.coverage, Coverage::Sampled { executions: 50 }, "{}", outcome.remark);
        let unknown = outcome.unsupported.iter().find(|lack| !missing.contains(lack));
        prop_assert!(unknown.is_none(), "shuttle alone: {:?}", unknown);
        listed.set(listed.get() + u32::from(outcome.unsupported == missing));
        let alone = Met::of((outcome, rests)).less(&known);
        prop_assert!(alone.is_empty(), "shuttle alone: {:?}", alone);
        compared.set(compared.get() + 1);
        Ok(())
    });
    let (compared, listed) = (compared.get(), listed.get());
    assert!(compared > 50 && listed > compared / 2, "only {compared} were comparable, {listed} as a whole");
}
