//! What a search runs lies in the sources that its result is known by: asked of the marks of a search of the
//! marked models. A process of its own, because marks are of the process.

use std::collections::BTreeSet;

use checker::explicit::{Options, check};
use cli::cache::Texts;
use scenario::{Bounds, WritePath};

/// States of each scenario: where code is reached at all, it mostly is soon.
const STATES_MAX: u64 = 1_000;

/// Every so manieth scenario of a variant.
const EVERY: usize = 6;

fn reached() -> BTreeSet<usize> {
    let marks = marked::reached();
    (0..marks.len()).filter(|&branch| marks[branch]).collect()
}

#[test]
fn what_is_run_is_reached_by_text() {
    let texts = Texts::new("models", models::SOURCES);
    let (plain, marked) = (models::paths(), marked::paths());
    let options =
        Options { bounds: Bounds { states_max: STATES_MAX, ..Bounds::default() }, ..Options::default() };
    let mut before = reached();
    let mut looked = 0;
    for (WritePath { name, variants, .. }, marked) in plain.iter().zip(&marked) {
        let origin =
            variants.last().and_then(|v| v.origin.as_ref()).expect("models tell what they are made of");
        let files = texts.reach(&origin.code).expect("they are of this crate");
        let cases = &marked.variants.last().expect("there is one").cases;
        for case in cases.iter().step_by(EVERY) {
            check(&(case.build)(), &options).expect("the model can be searched");
        }
        let after = reached();
        for &branch in after.difference(&before) {
            let branch = &marked::BRANCHES[branch];
            // What tells of variants and bugs runs for all paths at once.
            let told = matches!(branch.function, "paths" | "bugs" | "row" | "rows");
            assert!(told || files.contains(branch.file), "{name} runs {}:{}", branch.file, branch.line);
            looked += 1;
        }
        before = after;
    }
    assert!(looked > 500, "only {looked} branches were reached");
}
