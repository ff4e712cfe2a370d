//! A lock and a flag: who waits for the flag goes to sleep after having looked at it.

use shortcopy::Order::Relaxed;
use shortcopy::{Layout, Machine, Scenario};

/// When the waiter tells that it goes to sleep.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sleeps {
    /// After having given the lock back, with which it looked at the flag: a wake-up in between is lost.
    AfterTheLock,
    /// With the lock, as a condition variable does.
    WithTheLock,
}

/// A waiter, and somebody who sets the flag and wakes it up.
pub fn lost_wakeup(sleeps: Sleeps) -> Scenario {
    let mut layout = Layout::new();
    let (mutex, ready, asleep) =
        (layout.lock("mutex"), layout.shared("ready", 1), layout.shared("asleep", 1));
    let wait = move |m: &dyn Machine| {
        mutex.lock(m);
        let is_ready = ready.load(m, Relaxed) == 1;
        if !is_ready && sleeps == Sleeps::WithTheLock {
            asleep.store(m, 1, Relaxed);
        }
        mutex.unlock(m);
        if !is_ready && sleeps == Sleeps::AfterTheLock {
            asleep.store(m, 1, Relaxed);
        }
        asleep.wait_until_zero(m, Relaxed);
    };
    let wake = move |m: &dyn Machine| {
        mutex.lock(m);
        ready.store(m, 1, Relaxed);
        mutex.unlock(m);
        asleep.store(m, 0, Relaxed);
    };
    Scenario::new("lost-wakeup", layout)
        .about("one waits for a flag that another sets")
        .actor("wait", wait)
        .actor("wake", wake)
}

#[cfg(test)]
mod tests {
    use shortcopy::{Engine, assert_holds, assert_not_violated, assert_violated};

    use super::*;

    #[test]
    fn a_wake_up_before_the_sleep_is_lost() {
        let scenario = lost_wakeup(Sleeps::AfterTheLock);
        insta::assert_snapshot!(assert_violated!(scenario, "deadlock").told());
        assert_violated!(scenario, "deadlock", Engine::Loom);
        assert_violated!(scenario, "deadlock", Engine::SHUTTLE);
    }

    #[test]
    fn who_tells_with_the_lock_is_woken() {
        let scenario = lost_wakeup(Sleeps::WithTheLock);
        insta::assert_snapshot!(assert_holds!(scenario).told());
        assert_holds!(scenario, Engine::Loom);
        assert_not_violated!(scenario, Engine::SHUTTLE);
    }
}
