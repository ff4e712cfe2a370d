//! The data of a page: whatever occurs more than once is told once, and named by its number from then on.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use scenario::{EventKind, Schedule};
use serde::{Serialize, Serializer};

use crate::lines::{is_scheduling_point, tidy};
use crate::matrix;
use crate::states::{Change, Seen};

/// Everything that the scripts are told.
#[derive(Serialize)]
pub(super) struct Data<'p> {
    pub(super) command: &'p str,
    pub(super) version: &'p str,
    pub(super) opens: &'p str,
    /// By property.
    pub(super) rules: &'p BTreeMap<String, Rule>,
    pub(super) matrix: Vec<matrix::Entry<'p>>,
    pub(super) variants: &'p [Variant],
    #[serde(flatten)]
    pub(super) tables: &'p Tables,
}

/// A property.
#[derive(Serialize, Debug)]
pub(super) struct Rule {
    pub(super) sentence: String,
    pub(super) source: String,
    /// What a user sees of it.
    pub(super) effect: String,
}

/// A variant of a write path.
#[derive(Serialize, Debug)]
pub(super) struct Variant {
    pub(super) path: String,
    pub(super) name: String,
    pub(super) about: String,
    pub(super) scenarios: Vec<Searched>,
}

/// What a scenario came to.
#[derive(Serialize, Debug)]
pub(super) struct Searched {
    /// A string.
    pub(super) name: u32,
    /// A string.
    pub(super) sentence: u32,
    pub(super) verdict: &'static str,
    /// The number of its first bad state.
    pub(super) first: usize,
    /// Whether everything was searched.
    pub(super) is_whole: bool,
    /// Strings.
    pub(super) remarks: Vec<u32>,
    /// One of [`Tables::casts`].
    pub(super) cast: u32,
    pub(super) bad: Vec<Bad>,
}

/// A bad state.
#[derive(Serialize, Debug)]
pub(super) struct Bad {
    /// A string.
    pub(super) property: u32,
    /// A string.
    pub(super) witness: u32,
    pub(super) promised: bool,
    /// A string.
    pub(super) initial: u32,
    /// Where the first one of its kind is in the variant: scenario and bad state, from 0.
    pub(super) as_in: Option<(usize, usize)>,
    /// From 1.
    pub(super) key_steps: Vec<usize>,
    /// One of [`Tables::seen`]: before the first step; where [`Bad::has_states`] is false, in the bad state.
    pub(super) seen: u32,
    pub(super) has_states: bool,
    /// How many tokens it begins with, and how many it ends with, that the one before it in the scenario begins and
    /// ends with; then the tokens between these.
    pub(super) schedule: Vec<u32>,
}

/// Values by number, in the order of their first use.
#[derive(Debug)]
struct Table<T>(HashMap<T, u32>);

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table(HashMap::new())
    }
}

impl<T: Hash + Eq> Table<T> {
    fn number<Q: Hash + Eq + ToOwned<Owned = T> + ?Sized>(&mut self, value: &Q) -> u32
    where
        T: Borrow<Q>,
    {
        if let Some(&known) = self.0.get(value) {
            return known;
        }
        let number = self.0.len() as u32;
        self.0.insert(value.to_owned(), number);
        number
    }
}

impl<T: Serialize> Serialize for Table<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut all: Vec<(&T, u32)> = self.0.iter().map(|(value, &number)| (value, number)).collect();
        all.sort_unstable_by_key(|(_, number)| *number);
        serializer.collect_seq(all.into_iter().map(|(value, _)| value))
    }
}

/// The tables.
#[derive(Serialize, Debug, Default)]
pub(super) struct Tables {
    strings: Table<String>,
    /// Who takes part, and the views: a string, and `actor`, `daemon`, `adversary` or `view`.
    casts: Table<Vec<(u32, &'static str)>>,
    /// The names of what is seen: 0 for the picture or 1 for a lock, and a string.
    names: Table<(u8, u32)>,
    /// What is seen of a state: names and strings by turns.
    seen: Table<Vec<u32>>,
    /// What happens: the kind (see [`number_of`]), and strings: actor, label, result, file; the line; a string,
    /// which is the text of that line. Of a bad state, the label is the property and the result the witness.
    events: Table<[u32; 7]>,
    /// An event; and names and strings by turns for what it changes of what is seen. In place of a string, -1 for a name
    /// that goes.
    tokens: Table<Vec<i64>>,
    /// The tokens of the last schedule.
    #[serde(skip)]
    last: Vec<u32>,
}

/// What the scripts call each kind of event; none for what they don't show.
fn number_of(kind: &EventKind) -> Option<u32> {
    Some(match kind {
        EventKind::Step { scheduling_point: true, .. } => 0,
        EventKind::Enter { .. } => 1,
        EventKind::Leave { .. } => 2,
        EventKind::Round { .. } => 3,
        EventKind::Bad { .. } => 4,
        EventKind::Cycle => 5,
        EventKind::Step { .. } => 6,
        EventKind::Ended { .. } => return None,
    })
}

impl Tables {
    pub(super) fn string(&mut self, text: &str) -> u32 {
        self.strings.number(text)
    }

    pub(super) fn strings(&mut self, texts: &[String]) -> Vec<u32> {
        texts.iter().map(|text| self.string(text)).collect()
    }

    /// Those who take part in a scenario, with what they are.
    pub(super) fn cast<'n>(&mut self, actors: impl Iterator<Item = (&'n str, &'static str)>) -> u32 {
        let cast: Vec<_> = actors.map(|(name, kind)| (self.string(name), kind)).collect();
        self.casts.number(&cast)
    }

    pub(super) fn begin_scenario(&mut self) {
        self.last.clear();
    }

    fn name(&mut self, group: u8, name: &str) -> u32 {
        let name = self.string(name);
        self.names.number(&(group, name))
    }

    pub(super) fn seen(&mut self, seen: &Seen) -> u32 {
        let mut flat = Vec::new();
        for (group, values) in [(0, &seen.picture), (1, &seen.held)] {
            for (name, value) in values {
                flat.push(self.name(group, name));
                flat.push(self.string(value));
            }
        }
        self.seen.number(&flat)
    }

    /// The tokens of a schedule without those that the one before it has, too; see [`Bad::schedule`].
    pub(super) fn schedule(
        &mut self,
        schedule: &Schedule,
        changes: &[Change],
        source: &dyn Fn(&str, u32) -> Option<String>,
    ) -> Vec<u32> {
        let mut changes = changes.iter();
        let mut tokens = Vec::with_capacity(schedule.events.len());
        for event in tidy(&schedule.events) {
            let Some(kind) = number_of(&event.kind) else { continue };
            let (label, result) = match &event.kind {
                EventKind::Step { label, result, .. } | EventKind::Leave { label, result } => {
                    (label.as_str(), result.as_str())
                }
                EventKind::Enter { label } | EventKind::Round { label } => (label.as_str(), ""),
                EventKind::Bad { property, witness } => (property.as_str(), witness.as_str()),
                EventKind::Ended { .. } | EventKind::Cycle => ("", ""),
            };
            let text = source(&event.file, event.line).unwrap_or_default();
            let words = [event.actor.as_str(), label, result, &event.file].map(|text| self.string(text));
            let [actor, label, result, file] = words;
            let text = self.string(&text);
            let mut token =
                vec![i64::from(self.events.number(&[kind, actor, label, result, file, event.line, text]))];
            if let Some(change) = is_scheduling_point(event).then(|| changes.next()).flatten() {
                for (group, values) in [(0, &change.picture), (1, &change.held)] {
                    for (name, value) in values {
                        token.push(i64::from(self.name(group, name)));
                        token.push(value.as_ref().map_or(-1, |value| i64::from(self.string(value))));
                    }
                }
            }
            tokens.push(self.tokens.number(&token));
        }
        let same = |(a, b): &(&u32, &u32)| a == b;
        let begins = tokens.iter().zip(&self.last).take_while(same).count();
        let (rest, last) = (&tokens[begins..], &self.last[begins..]);
        let ends = rest.iter().rev().zip(last.iter().rev()).take_while(same).count();
        let mut own = vec![begins as u32, ends as u32];
        own.extend(&rest[..rest.len() - ends]);
        self.last = tokens;
        own
    }
}
