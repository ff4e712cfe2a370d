//! How a write ended is told from the state at rest: result, size, and the file behind the count.

use checker::explicit::{self, Options};
use machine::{Small, Word};
use models::Errno;
use page_state::{Unit, buffer, folio};
use scenario::{Case, Scenario};

fn case(variant: &str, name: &str) -> Case {
    let path = models::paths().remove(0);
    let variant = path.variants.into_iter().find(|v| v.name == variant).expect("a variant");
    variant.cases.iter().find(|case| case.name == name).expect("a scenario").clone()
}

/// A state at rest, made by hand.
struct Rest {
    scenario: Scenario,
    cells: Vec<Word>,
}

impl Rest {
    fn new(scenario: &str, initial: &str) -> Rest {
        let scenario = (case("v6.14", scenario).build)();
        let initial = scenario.initial.iter().find(|i| i.name == initial).expect("an initial state");
        Rest { cells: initial.cells.clone(), scenario }
    }

    fn cell(&mut self, name: &str) -> &mut Word {
        let at = self.scenario.layout.cells().iter().position(|cell| cell.name == name);
        &mut self.cells[at.unwrap_or_else(|| panic!("no cell {name}"))]
    }

    fn hold(&mut self, cell: &str, unit: Unit) {
        *self.cell(cell) = unit.word();
    }

    fn ends(&self, result: Result<u8, Errno>) -> String {
        let ending = self.scenario.ending.as_ref().expect("a write tells how it ended");
        ending(&self.cells, &[result.into_word()]).to_string()
    }
}

const FAULT: Result<u8, Errno> = Err(Errno::Efault);

#[test]
fn what_was_returned() {
    let rest = Rest::new("within-resident", "size 4, blocks MM, page uptodate, write 1+2");
    assert_eq!(rest.ends(Ok(2)), "whole, size kept");
    assert_eq!(rest.ends(Ok(1)), "short, size kept, rest old");
    assert_eq!(rest.ends(Ok(0)), "zero, size kept, rest old");
    assert_eq!(rest.ends(FAULT), "-EFAULT, size kept, rest old");
    assert_eq!(rest.ends(Err(Errno::Eintr)), "-EINTR, size kept, rest old");
    assert_eq!(rest.ends(Err(Errno::Enospc)), "-ENOSPC, size kept, rest old");
}

#[test]
fn what_became_of_the_size() {
    let mut within = Rest::new("within-resident", "size 4, blocks MM, page uptodate, write 1+2");
    *within.cell("i_size") = 2;
    assert_eq!(within.ends(Ok(2)), "whole, size too small");
    let mut extending = Rest::new("extending-resident", "size 0, page absent, write 0+4");
    assert_eq!(extending.ends(FAULT), "-EFAULT, size kept");
    assert_eq!(extending.ends(Ok(3)), "short, size too small");
    *extending.cell("i_size") = 3;
    assert_eq!(extending.ends(Ok(3)), "short, size grown to what was returned");
    // What is behind the count is in the file now: a hole.
    assert_eq!(extending.ends(Ok(2)), "short, size too large, rest old");
    assert_eq!(extending.ends(FAULT), "-EFAULT, size too large, rest old");
}

#[test]
fn what_the_file_holds_behind_the_count() {
    let mut rest = Rest::new("within-resident", "size 4, blocks MM, page uptodate, write 0+4");
    let new = |position| Unit::New { writer: 0, position };
    for (unit, held) in [(0, new(0)), (1, Unit::Zero), (2, Unit::Stale), (3, new(0))] {
        rest.hold(&format!("frame 0 unit {unit}"), held);
    }
    assert_eq!(rest.ends(FAULT), "-EFAULT, size kept, rest new, rest zeros, rest stale, rest misplaced");
    // What was returned is not behind it.
    assert_eq!(rest.ends(Ok(1)), "short, size kept, rest zeros, rest stale, rest misplaced");
    assert_eq!(rest.ends(Ok(3)), "short, size kept, rest misplaced");
    assert_eq!(rest.ends(Ok(4)), "whole, size kept");
    // Of a page that is not uptodate only uptodate buffers count, else the disk.
    *rest.cell("page 0 flags") &= !folio::UPTODATE;
    *rest.cell("page 0 buffer 0") &= !buffer::UPTODATE;
    rest.hold("disk block 0 unit 1", new(1));
    assert_eq!(rest.ends(FAULT), "-EFAULT, size kept, rest old, rest new, rest stale, rest misplaced");
    *rest.cell("page 0 buffer 1") &= !buffer::UPTODATE;
    assert_eq!(rest.ends(FAULT), "-EFAULT, size kept, rest old, rest new");
    // A page that is cached no more tells nothing.
    *rest.cell("page 0 flags") |= folio::UPTODATE;
    *rest.cell("page-cache slot 0") = 0;
    assert_eq!(rest.ends(FAULT), "-EFAULT, size kept, rest old, rest new");
}

/// Of a source whose second page is not mapped: prefault first gives up, today's gives what there is.
#[test]
fn the_orders_of_prefault_and_copy_answer_otherwise() {
    let ends = |variant: &str| -> Vec<String> {
        let scenario = (case(variant, "within-straddling-invalid").build)();
        let outcome = explicit::check(&scenario, &Options::default()).expect("the model can be searched");
        outcome.endings.iter().map(ToString::to_string).collect()
    };
    assert_eq!(ends("v4.2"), ["-EFAULT, size kept, rest old"]);
    assert_eq!(ends("v6.14"), ["short, size kept, rest old"]);
    // Which of the two depends on the file: what write_end takes of a short copy.
    let either = ends("v4.11+copy-first");
    let fault = "-EFAULT, size kept, rest old";
    assert_eq!(either, [fault, &format!("{fault}, rest new"), "short, size kept, rest old"]);
}
