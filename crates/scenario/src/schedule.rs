//! A schedule: the recorded choice of actor and result, step by step.

use serde::{Deserialize, Serialize};

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventKind {
    /// A step was taken.
    Step {
        /// Its label: `set_buffer_uptodate(0)`.
        label: String,
        /// Its result as shown; empty where there is nothing to say.
        result: String,
        /// Whether it is a scheduling point.
        scheduling_point: bool,
    },
    /// A function, word or loop was entered.
    Enter {
        /// Its label: `ext4_write_begin(0, 4)`.
        label: String,
    },
    /// The innermost function, word or loop was left.
    Leave {
        /// Its label.
        label: String,
        /// Its result as shown; empty where there is nothing to say.
        result: String,
    },
    /// The innermost loop goes round.
    Round {
        /// Its label.
        label: String,
    },
    /// A property was broken here.
    Bad {
        /// Its id.
        property: String,
        /// What tells this violation from others of the property.
        witness: String,
    },
    /// The actor came to its end.
    Ended {
        /// Its result.
        result: u64,
    },
    /// What follows repeats for ever.
    Cycle,
}

/// One line of a schedule.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// The actor's name; that of a view carries on after the actors' last step.
    pub actor: String,
    /// What happened.
    pub kind: EventKind,
    /// The source file; empty where there is none.
    pub file: String,
    /// The line in it, from 1; 0 where there is none.
    pub line: u32,
}

/// A way from an initial state to a bad one.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Schedule {
    /// The name of the initial state.
    pub initial: String,
    /// What happened, in order.
    pub events: Vec<Event>,
}

impl Schedule {
    /// How many scheduling points it takes.
    #[must_use]
    pub fn steps(&self) -> usize {
        let is_step = |e: &&Event| matches!(e.kind, EventKind::Step { scheduling_point: true, .. });
        self.events.iter().filter(is_step).count()
    }

    /// How often another actor goes on than the one that took the step before.
    #[must_use]
    pub fn switches(&self) -> usize {
        let is_step = |e: &&Event| matches!(e.kind, EventKind::Step { scheduling_point: true, .. });
        let who: Vec<&str> = self.events.iter().filter(is_step).map(|e| e.actor.as_str()).collect();
        who.windows(2).filter(|two| two[0] != two[1]).count()
    }

    /// The names of the actors that take steps, in the order of their first one.
    #[must_use]
    pub fn actors(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for event in &self.events {
            let is_step = matches!(event.kind, EventKind::Step { scheduling_point: true, .. });
            if is_step && !names.contains(&event.actor.as_str()) {
                names.push(&event.actor);
            }
        }
        names
    }
}
