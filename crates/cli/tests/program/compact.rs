//! Searches that memory cut, once more with few bits of each state.

use crate::checkpoints::{results, run, text};

/// Some 800,000 states, of which nothing is left out.
const SCENARIO: &str = "ext4/journalled@v6.14:extending-unmapped-with-commit";

#[test]
fn what_memory_cut_is_searched_once_more_and_is_no_verdict() {
    let within = |more: &[&str]| {
        run(&[&["check", SCENARIO, "--threads=1", "--format=json", "--no-cache", "--reduce=none"][..], more]
            .concat())
    };
    let (whole, cut) = (within(&[]), within(&["--memory-max=24"]));
    let compact = within(&["--memory-max=24", "--compact"]);
    assert_eq!((whole.status.code(), cut.status.code(), compact.status.code()), (Some(0), Some(3), Some(3)));
    let [whole, cut, compact] = [&whole, &cut, &compact].map(|output| results(output).remove(0));
    println!("{}", compact["remark"]);
    for same in ["verdict", "coverage", "states", "looked_at"] {
        assert_eq!(compact[same], cut[same], "{same}");
    }
    assert_eq!(compact["endings"], whole["endings"]);
    let told = format!("without cycles: {} states; any was missed with a probability of ", whole["states"]);
    assert!(compact["remark"].as_str().is_some_and(|remark| remark.contains(&told)), "{compact}");
}

#[test]
fn as_text_it_says_how_likely_something_was_missed() {
    let output = run(&[
        "check",
        SCENARIO,
        "--threads=1",
        "--no-cache",
        "--memory-max=24",
        "--reduce=none",
        "--compact",
    ]);
    assert_eq!(output.status.code(), Some(3));
    let words = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("one that is there to be found with "), "{words}");
}
