//! A marked source does what the source does, and tells what was reached.

use std::path::Path;

use branches::{Branch, Found, Way, find};

/// What the marks call.
mod marks {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    thread_local! {
        static REACHED: RefCell<BTreeSet<usize>> = const { RefCell::new(BTreeSet::new()) };
    }

    pub(crate) fn take() -> BTreeSet<usize> {
        REACHED.take()
    }

    pub(crate) fn passed(n: usize) {
        REACHED.with_borrow_mut(|reached| reached.insert(n));
    }

    pub(crate) fn tested(n: usize, condition: bool) -> bool {
        passed(n + usize::from(!condition));
        condition
    }

    pub(crate) fn given<T: HasValue>(n: usize, value: T) -> T {
        passed(n + usize::from(!value.has_value()));
        value
    }

    pub(crate) trait HasValue {
        fn has_value(&self) -> bool;
    }
    impl<T> HasValue for Option<T> {
        fn has_value(&self) -> bool {
            self.is_some()
        }
    }
    impl<T> HasValue for &Option<T> {
        fn has_value(&self) -> bool {
            self.is_some()
        }
    }
    impl<T, E> HasValue for Result<T, E> {
        fn has_value(&self) -> bool {
            self.is_ok()
        }
    }
}

#[allow(warnings, clippy::all, reason = "it is as it came out")]
mod marked {
    include!("fixture/marked.rs");
}

use marked::{Kernel, arms, leaves, not_a_model, values};

fn fixture() -> Found {
    find(include_str!("fixture/source.rs")).expect("it is Rust")
}

#[test]
fn the_marked_source_is_as_it_was_run() {
    // An included file has no documents of its own.
    let fresh = fixture().marked(0).replacen("//!", "//", 1);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixture/marked.rs");
    let known = std::fs::read_to_string(&file).unwrap_or_default();
    if fresh != known && std::env::var_os("UPDATE_MARKED").is_some() {
        std::fs::write(&file, &fresh).expect("it can be written");
    }
    assert!(fresh == known, "the marks are out of date (UPDATE_MARKED=1 writes them anew):\n{fresh}");
    assert_eq!(fresh.lines().count(), include_str!("fixture/source.rs").lines().count());
}

/// The branches of a function that were not reached: what decides, and how it never came out.
fn missing(function: &str) -> Vec<(String, Way)> {
    let reached = marks::take();
    let found = fixture();
    let is_missing = |(n, branch): &(usize, Branch)| branch.function == function && !reached.contains(n);
    let missing = found.branches.into_iter().enumerate().filter(is_missing);
    missing.map(|(_, branch)| (branch.code, branch.way)).collect()
}

fn is(missing: &[(String, Way)], expected: &[(&str, Way)]) {
    let missing: Vec<(&str, Way)> = missing.iter().map(|(code, way)| (code.as_str(), *way)).collect();
    assert_eq!(missing, expected);
}

#[test]
fn operands_count_where_they_are_looked_at() {
    assert_eq!(Kernel.operands(false, true, false), 1);
    let function = "Kernel::operands";
    is(
        &missing(function),
        &[
            ("a", Way::True),
            ("b", Way::True),
            ("b", Way::False),
            ("a", Way::True),
            ("b", Way::False),
            ("c", Way::True),
            ("both", Way::True),
            ("both", Way::False),
        ],
    );
    assert_eq!((Kernel.operands(true, true, true), Kernel.operands(true, false, true)), (1, 1));
    assert_eq!((Kernel.operands(false, false, true), Kernel.operands(false, true, true)), (3, 3));
    is(&missing(function), &[("c", Way::False), ("both", Way::True)]);
}

#[test]
fn an_arm_is_reached_when_it_is_taken() {
    assert_eq!((arms(&Kernel, Some(0)), arms(&Kernel, Some(11))), ("zero — nothing", "some"));
    is(
        &missing("arms"),
        &[
            ("n > 9", Way::False),
            ("n.is_multiple_of(2)", Way::True),
            ("Some(n) if n > 9 && n.is_multiple_of(2)", Way::Matches),
        ],
    );
}

#[test]
fn ways_out_are_branches() {
    assert_eq!(leaves(&Kernel, Some(2)), Ok(0));
    is(
        &missing("leaves"),
        &[
            ("let Some(n) = value", Way::Differs),
            ("n == 0", Way::True),
            ("check(k, i)", Way::NoValue),
            ("*i > 1", Way::True),
        ],
    );
    assert_eq!(leaves(&Kernel, None), Err(0));
    assert_eq!(leaves(&Kernel, Some(0)), Ok(0));
    assert_eq!(leaves(&Kernel, Some(4)), Err(3));
    // The filter is only come to in the run before, which is forgotten.
    is(&missing("leaves"), &[("|i|", Way::Called), ("*i > 1", Way::True), ("*i > 1", Way::False)]);
}

#[test]
fn values_decide_too() {
    assert_eq!(values(&Kernel, &Some(9), None), 8);
    is(&missing("values"), &[("value", Way::NoValue), ("n > left", Way::True), ("n > left", Way::False)]);
}

#[test]
fn only_who_takes_steps_is_looked_at() {
    assert_eq!(not_a_model(true), 1);
    assert!(marks::take().is_empty());
    assert!(fixture().branches.iter().all(|branch| branch.function != "not_a_model"));
}
