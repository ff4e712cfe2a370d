//! A bad state as a block of text: property, initial state, picture, schedule.

use std::collections::BTreeSet;
use std::fmt;

use machine::Word;
use scenario::{BadState, Property, Scenario, built_in};

use crate::columns::{Look, columns, parse};
use crate::lines::lines;

/// A distinct bad state as a snapshot records it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// Its number, from 1 through the file.
    pub number: usize,
    /// The property's id.
    pub property: String,
    /// What tells it from others of the property.
    pub witness: String,
    /// Whether the file system promises the property.
    pub promised: bool,
    /// The name of the initial state.
    pub initial: String,
    /// How many scheduling points the schedule takes.
    pub steps: usize,
    /// Where a bad state of the same kind is told, `within-absent #3`; then the picture and the
    /// schedule are left out here.
    pub as_in: Option<String>,
    /// The picture of the bad state, line by line.
    pub picture: Vec<String>,
    /// The schedule in columns, line by line, the first being the actors' names.
    pub schedule: Vec<String>,
}

/// What makes two bad states of one kind: see [`Block::kind`].
pub(crate) type Kind = (String, String, bool, BTreeSet<String>);

impl Block {
    /// What there is to record of `bad`.
    #[must_use]
    pub fn of(number: usize, bad: &BadState, scenario: &Scenario) -> Block {
        Block {
            number,
            property: bad.property.clone(),
            witness: bad.witness.clone(),
            promised: bad.promised,
            initial: bad.schedule.initial.clone(),
            steps: bad.schedule.steps(),
            as_in: None,
            picture: picture(scenario, &bad.cells),
            schedule: own_lines(&shown(bad, scenario, Look::default())),
        }
    }

    /// Whether both are the same bad state, reached in whatever way.
    #[must_use]
    pub fn is_same_state(&self, other: &Block) -> bool {
        self.property == other.property && self.witness == other.witness && self.promised == other.promised
    }

    /// Whether both are the same but for their numbers, as far as both tell.
    #[must_use]
    pub fn is_same(&self, other: &Block) -> bool {
        let way = |b: &Block| (b.initial.clone(), b.steps);
        let shown = self.picture == other.picture && self.schedule == other.schedule;
        let told = self.as_in.is_none() && other.as_in.is_none();
        self.is_same_state(other) && way(self) == way(other) && (shown || !told)
    }

    /// Property, witness without its numbers, and who takes steps: where these are the same, the
    /// stories are too, as far as a reader cares.
    pub(crate) fn kind(&self) -> Kind {
        let lines = parse(&self.schedule.join("\n")).unwrap_or_default();
        let cast = lines.into_iter().filter(|l| l.number.is_some()).map(|l| l.actor).collect();
        let witness = self.witness.chars().filter(|c| !c.is_ascii_digit()).collect();
        (self.property.clone(), witness, self.promised, cast)
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = named(&self.property, &self.witness, self.promised);
        let as_in = self.as_in.as_ref().map_or(String::new(), |told| format!("{AS_IN}{told}"));
        writeln!(f, "{:<10}{name}{as_in}", format!("#{}", self.number))?;
        writeln!(f, "initial   {}", self.initial)?;
        writeln!(f, "steps     {}", self.steps)?;
        if self.as_in.is_some() {
            return Ok(());
        }
        for line in &self.picture {
            writeln!(f, "{line}")?;
        }
        writeln!(f)?;
        for line in &self.schedule {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

/// `journal-bypass: buffer(0)`, and whether it is promised.
#[must_use]
pub fn named(property: &str, witness: &str, promised: bool) -> String {
    let colon = if witness.is_empty() { "" } else { ": " };
    let mark = if promised { "" } else { NOT_PROMISED };
    format!("{property}{colon}{witness}{mark}")
}

/// What follows the name of a bad state that breaks no promise.
pub(crate) const NOT_PROMISED: &str = " (not promised)";

/// Between the name of a bad state and where its like is told.
pub(crate) const AS_IN: &str = ", as in ";

/// The picture of a state, line by line; none where the engine could not tell the cells.
#[must_use]
pub fn picture(scenario: &Scenario, cells: &[Word]) -> Vec<String> {
    if cells.len() == scenario.layout.len() && !cells.is_empty() {
        own_lines(&(scenario.picture)(&cells.to_vec()))
    } else {
        Vec::new()
    }
}

/// The schedule of a bad state in columns.
#[must_use]
pub fn shown(bad: &BadState, scenario: &Scenario, look: Look) -> String {
    let views: Vec<&str> = scenario.views.iter().map(|v| v.name).collect();
    columns(&lines(&bad.schedule.events), &views, look)
}

/// The property with this id: one of the scenario's or a built-in one.
#[must_use]
pub fn property<'s>(scenario: &'s Scenario, id: &str) -> Option<&'s Property> {
    static BUILT_IN: [Property; 5] = built_in::ALL;
    scenario.properties.iter().chain(&BUILT_IN).find(|p| p.id == id)
}

/// The lines of a text that are not blank, without what trails.
fn own_lines(text: &str) -> Vec<String> {
    text.lines().map(|l| l.trim_end().to_owned()).filter(|l| !l.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy;

    #[test]
    fn a_block_is_read_like_a_litmus_test() {
        let outcome = toy::outcome();
        insta::assert_snapshot!(Block::of(3, &outcome.bad[1], &toy::scenario()), @r"
        #3        stale-read: unit(0) (not promised)
        initial   page absent, blocks mapped
        steps     8
        page      1

              write                            munmap
              generic_perform_write
           1    fault_in_readable(4) = 0
                write_begin(0, 4)
           2      lock_page
           3      set_buffer_new(0)
           4                                   munmap = 0
                write_begin = 0
           5    copy_from_user_atomic(4) = 0
           7    set_buffer_dirty(0)
                ^ journal-bypass: buffer(0)
              generic_perform_write = -14
              -- read --
           8  load(0) = Stale
              ^ stale-read: unit(0)
        ");
    }

    #[test]
    fn built_in_properties_are_known() {
        let scenario = toy::scenario();
        assert!(property(&scenario, "stale-read").is_some_and(|p| !p.promised));
        assert!(property(&scenario, "deadlock").is_some_and(|p| p.promised));
        assert!(property(&scenario, "nothing").is_none());
    }
}
