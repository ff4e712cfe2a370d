//! Two locks that are taken in a retry loop: who doesn't get the second gives the first back and tries again.

use shortcopy::{Flow, Label, Layout, Machine, Scenario, Shared, again};

/// Takes both locks and gives them back.
fn with_both(m: &dyn Machine, first: Shared, second: Shared) {
    again(m, Label::new("retry", &[]), (), |()| {
        first.lock(m);
        if second.try_lock(m) {
            return Flow::Done(());
        }
        first.unlock(m);
        Flow::Again(())
    });
    second.unlock(m);
    first.unlock(m);
}

/// Two who want both locks, in the same order or not.
pub fn livelock(same_order: bool) -> Scenario {
    let mut layout = Layout::new();
    let (left, right) = (layout.lock("left"), layout.lock("right"));
    let (first, second) = if same_order { (left, right) } else { (right, left) };
    Scenario::new("livelock", layout)
        .about("two take two locks, and give back what they have if they can't have both")
        .actor("a", move |m| with_both(m, left, right))
        .actor("b", move |m| with_both(m, first, second))
}

#[cfg(test)]
mod tests {
    use shortcopy::{
        Bound, Bounds, Coverage, Engine, Verdict, ask_within, assert_holds, assert_not_violated,
        assert_violated,
    };

    use super::*;

    #[test]
    fn two_who_give_way_to_each_other_go_round_for_ever() {
        let scenario = livelock(false);
        insta::assert_snapshot!(assert_violated!(scenario, "livelock").told());
        // Chance ends every execution in the end.
        assert_not_violated!(scenario, Engine::SHUTTLE);
        // loom sees executions without an end, can't tell whether they are fair, and says that it was cut.
        let few = Bounds { executions_max: 200, ..Bounds::default() };
        let answer = ask_within(&scenario, Engine::Loom, &few);
        assert_eq!(answer.verdict, Verdict::Unknown);
        assert_eq!(answer.outcome.coverage, Coverage::Cut { bound: Bound::Executions });
    }

    #[test]
    fn the_same_order_ends() {
        let scenario = livelock(true);
        insta::assert_snapshot!(assert_holds!(scenario).told());
        assert_holds!(scenario, Engine::Loom);
        assert_not_violated!(scenario, Engine::SHUTTLE);
    }
}
