//! The state after each step of a schedule, as what changes.

use std::collections::BTreeMap;

use machine::Word;
use scenario::{Scenario, Schedule};
use serde::Serialize;

use crate::lines::is_scheduling_point;

/// What a reader sees of a state: values by name, such as `contents`: `o0 n1 | ? ?`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Seen {
    /// The lines of the scenario's picture. A line's name is what stands before the first gap of two blanks, and
    /// its value what follows; a line without a gap is the value of its number (`line 2`). Of a file of two pages, what
    /// stands below a page is that page's: `contents of page 1`, `buffer 0 of page 1`. Any other name that is there
    /// already gets the first number that is free: `name.1`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub picture: BTreeMap<String, String>,
    /// The locks that are held or waited for, and by whom: `i_rwsem`: `write`; `mmap lock`: `read by write, munmap
    /// queued`; `page 0 lock` (the number is the frame's): `write`; `journal`: `handle of write`. Whoever held one before the first step and is not
    /// named by its cell is `somebody`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<String, String>,
}

/// What a step changes of it: the new value of a name, or none where the name goes. What is not named stays.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Change {
    /// Of the picture.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub picture: BTreeMap<String, Option<String>>,
    /// Of the locks.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<String, Option<String>>,
}

/// The states along a schedule: the field `states` of a bad state in JSON.
///
/// ```json
/// {"initial": {"picture": {"page": "-", "contents": "o0 o1 | ? ?"}, "held": {}},
///  "changes": [{"picture": {"page": "locked"}, "held": {"page 0 lock": "write"}}, {}]}
/// ```
///
/// `changes` has an object for each step of `schedule`, in order; one that changes nothing is empty. With the changes
/// made, one after the other, `initial` becomes what `picture` tells of the bad state.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct States {
    /// Before the first step.
    pub initial: Seen,
    /// What each step changes.
    pub changes: Vec<Change>,
}

impl Change {
    /// Makes the change.
    pub fn apply(&self, to: &mut Seen) {
        for (change, seen) in [(&self.picture, &mut to.picture), (&self.held, &mut to.held)] {
            for (name, value) in change {
                match value {
                    Some(value) => drop(seen.insert(name.clone(), value.clone())),
                    None => drop(seen.remove(name)),
                }
            }
        }
    }

    fn between(old: &Seen, new: &Seen) -> Change {
        let differ = |old: &BTreeMap<String, String>, new: &BTreeMap<String, String>| {
            let gone = old.keys().filter(|name| !new.contains_key(*name)).map(|name| (name.clone(), None));
            let set = new.iter().filter(|(name, value)| old.get(*name) != Some(value));
            gone.chain(set.map(|(name, value)| (name.clone(), Some(value.clone())))).collect()
        };
        Change { picture: differ(&old.picture, &new.picture), held: differ(&old.held, &new.held) }
    }
}

impl States {
    /// The states of `schedule`, of which `cells` are the cells before the first step and after each; none where
    /// there are not as many of them as that.
    #[must_use]
    pub fn of(
        scenario: &Scenario,
        schedule: &Schedule,
        cells: impl IntoIterator<Item = Vec<Word>>,
    ) -> Option<States> {
        let mut cells = cells.into_iter();
        let mut before = cells.next()?;
        let mut holders = Holders::default();
        holders.note(scenario, None, &before, "somebody");
        let initial = Seen { picture: picture_by_name(scenario, &before), held: holders.told(scenario) };
        let mut seen = initial.clone();
        let mut changes = Vec::with_capacity(schedule.steps());
        for event in schedule.events.iter().filter(|event| is_scheduling_point(event)) {
            let after = cells.next()?;
            // Most steps only look.
            if after == before {
                changes.push(Change::default());
                continue;
            }
            holders.note(scenario, Some(&before), &after, &event.actor);
            let new = Seen { picture: picture_by_name(scenario, &after), held: holders.told(scenario) };
            changes.push(Change::between(&seen, &new));
            (before, seen) = (after, new);
        }
        cells.next().is_none().then_some(States { initial, changes })
    }

    /// What is seen after the last step.
    #[must_use]
    pub fn last(&self) -> Seen {
        let mut seen = self.initial.clone();
        for change in &self.changes {
            change.apply(&mut seen);
        }
        seen
    }
}

/// The lines of the picture of a state by their names.
#[must_use]
pub fn picture_by_name(scenario: &Scenario, cells: &[Word]) -> BTreeMap<String, String> {
    let mut named = BTreeMap::new();
    let mut page = String::new();
    for (number, line) in (1..).zip(crate::block::picture(scenario, cells)) {
        let (name, value) = match line.split_once("  ") {
            Some((name, value)) => (name.trim().to_owned(), value.trim().to_owned()),
            None => (format!("line {number}"), line.trim().to_owned()),
        };
        if name.strip_prefix("page ").is_some_and(|number| number.parse::<usize>().is_ok()) {
            page.clone_from(&name);
        }
        let is_of_page = !page.is_empty() && (name == "contents" || name.starts_with("buffer "));
        let name = if is_of_page { format!("{name} of {page}") } else { name };
        let free = |name: &String| !named.contains_key(name);
        let numbered = (1..).map(|number| format!("{name}.{number}"));
        if let Some(name) = std::iter::once(name.clone()).chain(numbered).find(free) {
            named.insert(name, value);
        }
    }
    named
}

/// Who holds what. Cells tell it in the words of their layout: a page's flags `locked`, a lock `held by actor 1`, an
/// mmap lock `written`, `read by actor 0`, `actor 2 queued`, a journal `handle of actor 1`. Whoever makes a cell say so is the one who holds it or waits.
#[derive(Default)]
struct Holders {
    /// By cell, what it says of holders, and who made it.
    cells: BTreeMap<usize, Vec<(String, String)>>,
}

impl Holders {
    /// Looks at the cells that a step of `actor` changed; at all where there were none before.
    fn note(&mut self, scenario: &Scenario, before: Option<&[Word]>, after: &[Word], actor: &str) {
        for (at, cell) in scenario.layout.cells().iter().enumerate().take(after.len()) {
            if before.is_some_and(|before| before[at] == after[at]) {
                continue;
            }
            let known = self.cells.remove(&at).unwrap_or_default();
            let who =
                |phrase: &String| known.iter().find(|(old, _)| old == phrase).map(|(_, who)| who.clone());
            let phrases = phrases(&(cell.show)(after[at])).into_iter();
            let now: Vec<_> = phrases
                .map(|phrase| {
                    let who = who(&phrase).unwrap_or_else(|| actor.to_owned());
                    (phrase, who)
                })
                .collect();
            if !now.is_empty() {
                self.cells.insert(at, now);
            }
        }
    }

    fn told(&self, scenario: &Scenario) -> BTreeMap<String, String> {
        let name = |at: usize| {
            let name = scenario.layout.cells()[at].name.as_str();
            name.strip_suffix(" flags").map_or_else(|| name.to_owned(), |page| format!("{page} lock"))
        };
        let phrase = |(phrase, who): &(String, String)| match phrase.split(' ').next() {
            Some("read") => format!("read by {who}"),
            Some("written") => format!("written by {who}"),
            Some("handle") => format!("handle of {who}"),
            Some("actor") => format!("{who} queued"),
            _ => who.clone(),
        };
        let told = |phrases: &Vec<_>| phrases.iter().map(phrase).collect::<Vec<_>>().join(", ");
        self.cells.iter().map(|(&at, phrases)| (name(at), told(phrases))).collect()
    }
}

/// What a cell's value says of who holds a lock or waits for it.
fn phrases(shown: &str) -> Vec<String> {
    let words: Vec<&str> = shown.split(' ').collect();
    let is_actor = |at: usize| words.get(at) == Some(&"actor") && words.len() > at + 1;
    let phrase = |at: usize| match words[at] {
        "locked" | "written" => Some(words[at].to_owned()),
        "held" | "read" if words.get(at + 1) == Some(&"by") && is_actor(at + 2) => {
            Some(words[at..at + 4].join(" "))
        }
        "handle" if words.get(at + 1) == Some(&"of") && is_actor(at + 2) => Some(words[at..at + 4].join(" ")),
        "actor" if is_actor(at) && words.get(at + 2) == Some(&"queued") => Some(words[at..at + 3].join(" ")),
        _ => None,
    };
    (0..words.len()).filter_map(phrase).collect()
}

#[cfg(test)]
mod tests {
    use machine::{Layout, show_number};

    use super::*;
    use crate::toy;

    fn named<T: Clone>(pairs: &[(&str, T)]) -> BTreeMap<String, T> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    fn scenario(picture: fn(Word) -> String) -> Scenario {
        let mut layout = Layout::new();
        layout.cell("page 0 flags", 1, |on| if on == 0 { String::new() } else { "locked".to_owned() });
        layout.cell("mmap lock", 2, |lock| {
            ["", "read by actor 0", "read by actor 0 actor 1 queued", "written"][lock as usize].to_owned()
        });
        layout.cell("contents", 4, show_number);
        Scenario {
            layout,
            picture: std::sync::Arc::new(move |state| picture(state.peek(machine::Place(2)))),
            ..toy::scenario()
        }
    }

    fn schedule(actors: &[&str]) -> Schedule {
        let events = actors.iter().map(|actor| toy::step(actor, "step", "")).collect();
        Schedule { initial: "initial".to_owned(), events }
    }

    fn states(picture: fn(Word) -> String, actors: &[&str], cells: &[[Word; 3]]) -> Option<States> {
        States::of(&scenario(picture), &schedule(actors), cells.iter().map(|cells| cells.to_vec()))
    }

    #[test]
    fn a_step_tells_what_it_changes_and_nothing_else() {
        let picture = |value: Word| {
            if value == 9 {
                "page  none".to_owned()
            } else {
                format!("page  is {value}\nbuffer  a\nbuffer  b\nfree")
            }
        };
        let cells = [[0, 0, 1], [0, 0, 1], [0, 0, 2], [0, 0, 9], [0, 0, 2]];
        let states = states(picture, &["write"; 4], &cells).expect("as many states as steps");
        assert_eq!(
            states.initial.picture,
            named(&[
                ("page", "is 1".to_owned()),
                ("buffer", "a".to_owned()),
                ("buffer.1", "b".to_owned()),
                ("line 4", "free".to_owned())
            ])
        );
        let some = |value: &str| Some(value.to_owned());
        assert_eq!(states.changes[0], Change::default());
        assert_eq!(states.changes[1].picture, named(&[("page", some("is 2"))]));
        assert_eq!(
            states.changes[2].picture,
            named(&[("page", some("none")), ("buffer", None), ("buffer.1", None), ("line 4", None)])
        );
        assert_eq!(states.changes[3].picture.len(), 4);
        assert_eq!(states.last().picture, picture_by_name(&scenario(picture), &cells[4]));
    }

    #[test]
    fn what_stands_below_a_page_is_of_that_page() {
        let lines = |value: Word| match value {
            0 => "page 0    absent\npage 1    -\ncontents  o4\nbuffer 0  new\non disk   o0".to_owned(),
            _ => "page      -\ncontents  o4\nbuffer 0  new\non disk   o0".to_owned(),
        };
        let names = |value| picture_by_name(&scenario(lines), &[0, 0, value]).into_keys().collect::<Vec<_>>();
        assert_eq!(names(0), ["buffer 0 of page 1", "contents of page 1", "on disk", "page 0", "page 1"]);
        assert_eq!(names(1), ["buffer 0", "contents", "on disk", "page"]);
    }

    #[test]
    fn who_takes_a_lock_holds_it() {
        let cells = [[1, 0, 0], [0, 0, 0], [1, 1, 0], [1, 2, 0], [1, 3, 0], [0, 0, 0]];
        let states = states(|_| String::new(), &["write", "read", "munmap", "munmap", "view"], &cells)
            .expect("as many");
        let mut seen = states.initial.clone();
        let mut held = vec![seen.held.clone()];
        held.extend(states.changes.iter().map(|change| {
            change.apply(&mut seen);
            seen.held.clone()
        }));
        let all = |pairs: &[(&str, &str)]| {
            named(&pairs.iter().map(|(n, v)| (*n, (*v).to_owned())).collect::<Vec<_>>())
        };
        assert_eq!(
            held,
            [
                all(&[("page 0 lock", "somebody")]),
                all(&[]),
                all(&[("page 0 lock", "read"), ("mmap lock", "read by read")]),
                all(&[("page 0 lock", "read"), ("mmap lock", "read by read, munmap queued")]),
                all(&[("page 0 lock", "read"), ("mmap lock", "written by munmap")]),
                all(&[]),
            ]
        );
    }

    #[test]
    fn a_schedule_without_its_states_tells_none() {
        for (steps, cells) in [(2, 2), (2, 4), (0, 0), (0, 2)] {
            let cells = vec![[0; 3]; cells];
            assert_eq!(states(|_| String::new(), &vec!["write"; steps], &cells), None);
        }
        assert!(states(|_| String::new(), &[], &[[0; 3]]).is_some());
    }
}
