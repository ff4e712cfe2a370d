//! Data that is published by a flag: without barriers the flag can be seen before the data.

use shortcopy::Order::{Acquire, Relaxed, Release};
use shortcopy::{Layout, Machine, Order, Property, Scenario};

/// The flag is stored and loaded in these orders.
pub fn publication(store: Order, load: Order) -> Scenario {
    let mut layout = Layout::new();
    let (data, ready) = (layout.shared("data", 1), layout.shared("ready", 1));
    let publish = move |m: &dyn Machine| {
        data.store(m, 1, Relaxed);
        ready.store(m, 1, store);
    };
    let read = move |m: &dyn Machine| ready.load(m, load) == 0 || data.load(m, Relaxed) == 1;
    Scenario::new("publication", layout)
        .about("one publishes data by a flag, another reads it")
        .actor("publish", publish)
        .actor("read", read)
        .property(
            Property::finally("unpublished", "the flag is seen without the data", |_, returned| {
                returned[1] == 1
            })
            .effect("the reader works with memory that was never initialised"),
        )
}

/// Without barriers.
pub fn without_barriers() -> Scenario {
    publication(Relaxed, Relaxed)
}

/// With the barriers that it takes.
pub fn with_barriers() -> Scenario {
    publication(Release, Acquire)
}

#[cfg(test)]
mod tests {
    use shortcopy::{Engine, assert_holds, assert_not_violated, assert_violated};

    use super::*;

    #[test]
    fn only_weak_memory_shows_what_barriers_are_for() {
        let scenario = without_barriers();
        insta::assert_snapshot!(assert_violated!(scenario, "unpublished", Engine::Loom).told());
        assert_holds!(scenario);
        assert_holds!(scenario, Engine::LoomSequential);
        assert_not_violated!(scenario, Engine::SHUTTLE);
    }

    #[test]
    fn it_takes_both_barriers() {
        assert_violated!(publication(Release, Relaxed), "unpublished", Engine::Loom);
        assert_violated!(publication(Relaxed, Acquire), "unpublished", Engine::Loom);
        let scenario = with_barriers();
        insta::assert_snapshot!(assert_holds!(scenario, Engine::Loom).told());
        assert_holds!(scenario);
        assert_not_violated!(scenario, Engine::SHUTTLE);
    }
}
