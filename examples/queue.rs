//! A bounded queue of two slots between one who pushes and one who pops.

use shortcopy::Order::{Acquire, Relaxed, Release};
use shortcopy::{Layout, Machine, Property, Scenario, Shared, Word};

/// When an item is published.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Publishes {
    /// Before it is in its slot.
    Early,
    /// When it is there.
    InTime,
}

/// The queue: items are numbered, `head` is the next to be popped and `tail` the next to be pushed.
#[derive(Clone, Copy, Debug)]
struct Queue {
    head: Shared,
    tail: Shared,
    slots: [Shared; 2],
    publishes: Publishes,
}

impl Queue {
    fn slot(self, number: Word) -> Shared {
        self.slots[number as usize % self.slots.len()]
    }

    /// Pushes an item, unless the queue is full.
    fn push(self, m: &dyn Machine, item: Word) {
        let tail = self.tail.load(m, Relaxed);
        if tail - self.head.load(m, Acquire) == self.slots.len() as Word {
            return;
        }
        if self.publishes == Publishes::Early {
            self.tail.store(m, tail + 1, Release);
        }
        self.slot(tail).store(m, item, Relaxed);
        if self.publishes == Publishes::InTime {
            self.tail.store(m, tail + 1, Release);
        }
    }

    /// Pops an item, if there is one.
    fn pop(self, m: &dyn Machine) -> Option<Word> {
        let head = self.head.load(m, Relaxed);
        if head == self.tail.load(m, Acquire) {
            return None;
        }
        let item = self.slot(head).load(m, Relaxed);
        self.head.store(m, head + 1, Release);
        Some(item)
    }
}

/// One pushes so many items, at most 3, numbered from 1; the other pops up to as many.
pub fn queue(publishes: Publishes, items: Word) -> Scenario {
    let mut layout = Layout::new();
    let (head, tail, slots) =
        (layout.shared("head", 2), layout.shared("tail", 2), layout.shared_array("slot", 2));
    let queue = Queue { head, tail, slots, publishes };
    Scenario::new("queue", layout)
        .about("one pushes what fits into a queue of two slots, another pops")
        .actor("push", move |m| (1..=items).for_each(|item| queue.push(m, item)))
        .actor("pop", move |m| {
            let mut last = 0;
            (0..items).filter_map(|_| queue.pop(m)).all(|item| std::mem::replace(&mut last, item) < item)
        })
        .property(Property::finally(
            "torn-item",
            "what is popped was not pushed, or not now",
            |_, returned| returned[1] == 1,
        ))
        .ending(move |state, _| format!("{} pushed, {} popped", tail.value(state), head.value(state)))
}

#[cfg(test)]
mod tests {
    use shortcopy::{Engine, assert_holds, assert_not_violated, assert_violated};

    use super::*;

    #[test]
    fn an_item_that_is_published_early_is_popped_too_soon() {
        let scenario = queue(Publishes::Early, 3);
        insta::assert_snapshot!(assert_violated!(scenario, "torn-item").told());
        assert_violated!(queue(Publishes::Early, 2), "torn-item", Engine::Loom);
        assert_violated!(scenario, "torn-item", Engine::SHUTTLE);
    }

    #[test]
    fn items_that_are_published_in_time_come_in_order() {
        let scenario = queue(Publishes::InTime, 3);
        insta::assert_snapshot!(assert_holds!(scenario).told());
        // loom takes minutes for three.
        assert_holds!(queue(Publishes::InTime, 2), Engine::Loom);
        assert_not_violated!(scenario, Engine::SHUTTLE);
    }
}
