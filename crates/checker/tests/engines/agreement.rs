//! Whatever loom finds in small random programs, sequentially consistent, the explicit engine finds; and
//! what that finds, loom finds under the kernel's orders.
//!
//! Where loom finishes and finds less, that is a known gap of loom's: counted and printed, no failure.

use std::cell::Cell;

use crate::common::agreeing::{Met, check_all, check_each, explicitly, explored};
use crate::common::generating::{lacking, plain_programs};
use crate::common::program::Program;
use checker::on_loom;
use proptest::{prop_assert, prop_assert_ne};
use scenario::{Bounds, Coverage};

/// How many programs were compared, how many of them loom finished, and in how many it missed something.
#[derive(Default)]
struct Tally {
    compared: Cell<u32>,
    finished: Cell<u32>,
    gaps: Cell<u32>,
}

impl Tally {
    fn count(of: &Cell<u32>) {
        of.set(of.get() + 1);
    }

    fn gap(&self, program: &Program, missed: &dyn std::fmt::Debug) {
        Tally::count(&self.gaps);
        eprintln!("loom finished and missed {missed:?} of {program:#?}");
    }

    fn tell(&self, finished_min: u32) {
        let Tally { compared, finished, gaps } = self;
        let (compared, finished, gaps) = (compared.get(), finished.get(), gaps.get());
        eprintln!("{compared} programs compared; loom finished {finished}, and missed something in {gaps}");
        assert!(finished >= finished_min, "only {finished} of {compared} were comparable");
        assert_eq!(gaps, KNOWN_GAPS, "see what was printed above for what loom misses now");
    }
}

/// In how many of these programs loom finishes and finds less, its known defects being mended in the
/// engine.
const KNOWN_GAPS: u32 = 0;

fn options(mode: on_loom::Mode) -> on_loom::Options {
    let bounds = Bounds { executions_max: 1_000, ..Bounds::default() };
    on_loom::Options { mode, bounds, steps_max: 40, ..on_loom::Options::default() }
}

#[test]
fn explicit_finds_what_loom_finds() {
    let tally = Tally::default();
    check_all(250, |program| {
        let Some(known) = explicitly(program) else { return Ok(()) };
        let mode = on_loom::Mode::SequentiallyConsistent;
        let (outcome, rests) = on_loom::explore(&program.scenario(), &options(mode));
        let coverage = outcome.coverage;
        prop_assert_ne!(coverage, Coverage::Unsupported, "{}", outcome.remark);
        let met = Met::of((outcome, rests));
        prop_assert!(met.less(&known).is_empty(), "loom alone: {:?}", met.less(&known));
        Tally::count(&tally.compared);
        if coverage == Coverage::Exhausted {
            Tally::count(&tally.finished);
            if met != known {
                tally.gap(program, &known.less(&met));
            }
        }
        Ok(())
    });
    tally.tell(80);
}

/// What can happen step by step can happen under the kernel's orders.
#[test]
fn loom_finds_under_kernel_orders_what_explicit_finds() {
    let tally = Tally::default();
    check_all(250, |program| {
        let Some(known) = explicitly(program) else { return Ok(()) };
        let mode = on_loom::Mode::KernelOrders;
        let (outcome, rests) = on_loom::explore(&program.scenario(), &options(mode));
        Tally::count(&tally.compared);
        // loom has assertions of its own that fail now and then, and says so.
        prop_assert!(
            outcome.coverage != Coverage::Unsupported || outcome.remark.starts_with("loom failed"),
            "{}",
            outcome.remark
        );
        if outcome.coverage == Coverage::Exhausted {
            Tally::count(&tally.finished);
            let missed = known.less(&Met::of((outcome, rests)));
            if !missed.is_empty() {
                tally.gap(program, &missed);
            }
        }
        Ok(())
    });
    tally.tell(60);
}

/// Where something is not modelled, each execution ends there and what is missing is told, by loom too.
#[test]
fn loom_and_explicit_lack_the_same() {
    let (finished, gaps) = (Cell::new(0), Cell::new(0));
    check_each(400, lacking(plain_programs()), |program| {
        let Some((known, missing)) = explored(program) else { return Ok(()) };
        let mode = on_loom::Mode::SequentiallyConsistent;
        let (outcome, rests) = on_loom::explore(&program.scenario(), &options(mode));
        let unknown = outcome.unsupported.iter().find(|lack| !missing.contains(lack));
        prop_assert!(unknown.is_none(), "loom alone: {:?}", unknown);
        prop_assert_ne!(outcome.coverage, Coverage::Exhausted);
        let (pruned, all) = (outcome.coverage == Coverage::Pruned, outcome.unsupported == missing);
        let met = Met::of((outcome, rests));
        prop_assert!(met.less(&known).is_empty(), "loom alone: {:?}", met.less(&known));
        if pruned {
            Tally::count(&finished);
            if !all || met != known {
                Tally::count(&gaps);
                eprintln!("loom finished and missed {:?} of {program:#?}", known.less(&met));
            }
        }
        Ok(())
    });
    assert!(finished.get() > 25, "only {} were comparable", finished.get());
    assert_eq!(gaps.get(), 0, "see what was printed above for what loom misses");
}
