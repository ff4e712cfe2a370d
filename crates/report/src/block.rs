//! A bad state as a block of text: property, initial state, picture, schedule.

use std::collections::BTreeSet;
use std::fmt;

use machine::Word;
use scenario::{BadState, Check, EventKind, Property, Scenario, built_in};

use crate::columns::{Look, columns};
use crate::lines::{Folding, lines, name_of};

/// A distinct bad state as a snapshot records it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Block {
    /// Its number, from 1 through the scenario.
    pub number: usize,
    /// The property's id.
    pub property: String,
    /// What tells it from others of the property.
    pub witness: String,
    /// Whether the file system promises the property.
    pub promised: bool,
    /// The name of the initial state.
    pub initial: String,
    /// Where a bad state of the same kind is told; then the picture and the schedule are left out here.
    pub as_in: Option<AsIn>,
    /// The picture of the bad state, line by line.
    pub picture: Vec<String>,
    /// The schedule in columns, line by line, the first being the actors' names.
    pub schedule: Vec<String>,
}

/// Another bad state of the same property.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AsIn {
    /// The scenario that it is in.
    pub scenario: String,
    /// What tells it from others of the property.
    pub witness: String,
}

impl Block {
    /// What there is to record of `bad`; the frames around `open`, which are numbers of scheduling points from 1,
    /// are not folded.
    #[must_use]
    pub fn of(number: usize, bad: &BadState, scenario: &Scenario, open: &BTreeSet<usize>) -> Block {
        let folding = Folding::AllBut(open);
        Block {
            picture: picture(scenario, &bad.cells),
            schedule: own_lines(&shown(bad, scenario, folding, Look::default())),
            ..Block::untold(number, bad, None)
        }
    }

    /// What there is to record of `bad` where another of its kind is told.
    pub(crate) fn like(number: usize, bad: &BadState, told: AsIn) -> Block {
        Block::untold(number, bad, Some(told))
    }

    fn untold(number: usize, bad: &BadState, as_in: Option<AsIn>) -> Block {
        Block {
            number,
            property: bad.property.clone(),
            witness: bad.witness.clone(),
            promised: bad.promised,
            initial: bad.schedule.initial.clone(),
            as_in,
            picture: Vec::new(),
            schedule: Vec::new(),
        }
    }

    /// Whether this records `bad`, reached in whatever way.
    #[must_use]
    pub fn is_same_state(&self, bad: &BadState) -> bool {
        self.property == bad.property && self.witness == bad.witness && self.promised == bad.promised
    }

    /// Whether this records `bad` and the way there, as far as it is told: from the same initial state and, where
    /// this block has a schedule, to the same picture by a schedule that reads the same with the same frames folded.
    #[must_use]
    pub fn records(&self, bad: &BadState, scenario: &Scenario) -> bool {
        if !self.is_same_state(bad) || self.initial != bad.schedule.initial {
            return false;
        }
        if self.as_in.is_some() {
            return true;
        }
        let Ok(recorded) = crate::columns::parse(&self.schedule.join("\n")) else { return false };
        let shown = own_lines(&shown(bad, scenario, Folding::As(&recorded), Look::default()));
        self.picture == picture(scenario, &bad.cells) && self.schedule == shown
    }
}

/// What makes two bad states of one kind: property, witness without its numbers, and what the schedule is about:
/// for each step that matters who takes it, in which functions, and what it is. Where these are the same, the
/// stories are too, as far as a reader cares.
pub(crate) type Kind = (String, String, bool, BTreeSet<Vec<String>>);

pub(crate) fn kind(bad: &BadState, scenario: &Scenario, key_steps: &BTreeSet<usize>) -> Kind {
    let mut about = BTreeSet::new();
    let mut frames: Vec<(&str, &str)> = Vec::new();
    let mut point = 0;
    // What is looked at finally is seen when the last one ends, whoever that is.
    let check = property(scenario, &bad.property).map(|p| &p.check);
    let last = bad.schedule.steps();
    let matters = |point: usize| {
        let at_rest = point == last && key_steps.len() > 1 && matches!(check, Some(Check::Final(_)));
        key_steps.contains(&point) && !at_rest
    };
    for event in &bad.schedule.events {
        let actor = event.actor.as_str();
        match &event.kind {
            EventKind::Enter { label } => frames.push((actor, name_of(label))),
            EventKind::Leave { .. } => {
                if let Some(at) = frames.iter().rposition(|(who, _)| *who == actor) {
                    frames.remove(at);
                }
            }
            EventKind::Step { label, scheduling_point: true, .. } => {
                point += 1;
                if matters(point) {
                    let within = frames.iter().filter(|(who, _)| *who == actor).map(|(_, name)| *name);
                    let way = std::iter::once(actor).chain(within).chain([name_of(label)]);
                    about.insert(way.map(str::to_owned).collect());
                }
            }
            _ => {}
        }
    }
    (bad.property.clone(), without_numbers(&bad.witness), bad.promised, about)
}

pub(crate) fn without_numbers(witness: &str) -> String {
    witness.chars().filter(|c| !c.is_ascii_digit()).collect()
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = named(&self.property, &self.witness, self.promised);
        let as_in = self.as_in.as_ref().map_or(String::new(), |there| match there.witness == self.witness {
            true => format!("{AS_IN}{}", there.scenario),
            false => there.to_string(),
        });
        writeln!(f, "{:<10}{name}{as_in}", format!("#{}", self.number))?;
        writeln!(f, "initial   {}", self.initial)?;
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

impl fmt::Display for AsIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.witness.is_empty() { "" } else { ": " };
        write!(f, "{AS_IN}{}{colon}{}", self.scenario, self.witness)
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
pub fn shown(bad: &BadState, scenario: &Scenario, folding: Folding<'_>, look: Look<'_>) -> String {
    let views: Vec<&str> = scenario.views.iter().map(|v| v.name).collect();
    columns(&lines(&bad.schedule.events, folding), &views, look)
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
        insta::assert_snapshot!(Block::of(3, &outcome.bad[1], &toy::scenario(), &BTreeSet::from([6])), @r"
        #3        stale-read: unit(0) (not promised)
        initial   page absent, blocks mapped
        page      1

              write                           munmap
              generic_perform_write
           +    fault_in_readable(4) = 0
                write_begin(0, 4)
           +      lock_page
                  set_buffer_new(0)
           +                                  munmap = 0
                write_begin = 0
                copy_from_user_atomic(4)
                  copy(0) = no
                  pagefault_enable
                copy_from_user_atomic = 0
                set_buffer_dirty(0)
                ^ journal-bypass: buffer(0)
              generic_perform_write = -14
              -- read --
              load(0) = Stale
              ^ stale-read: unit(0)
        ");
    }

    #[test]
    fn a_block_records_whatever_reads_the_same() {
        let (scenario, outcome) = (toy::scenario(), toy::outcome());
        let [bad, other] = &outcome.bad[..] else { panic!("two bad states") };
        for open in [BTreeSet::new(), BTreeSet::from([6]), (1..=8).collect()] {
            let block = Block::of(1, bad, &scenario, &open);
            assert!(block.records(bad, &scenario) && !block.records(other, &scenario));
            let changed = |change: &dyn Fn(&mut BadState)| {
                let mut bad = bad.clone();
                change(&mut bad);
                !block.records(&bad, &scenario)
            };
            assert!(changed(&|bad| bad.promised = false));
            assert!(changed(&|bad| bad.cells[0] = 0));
            assert!(changed(&|bad| bad.schedule.initial.push('!')));
            assert!(changed(&|bad| drop(bad.schedule.events.remove(10))), "another actor's step");
            // How long a folded frame takes is not recorded.
            assert_eq!(changed(&|bad| drop(bad.schedule.events.remove(16))), open.contains(&6));
        }
    }

    #[test]
    fn a_step_more_changes_at_most_its_own_line() {
        let (scenario, outcome) = (toy::scenario(), toy::outcome());
        let mut longer = outcome.bad[0].clone();
        longer.schedule.events.insert(17, toy::step("write", "cond_resched", ""));
        for (open, more) in [(BTreeSet::from([8]), 0), (BTreeSet::from([6, 8]), 1)] {
            let text = |bad| Block::of(1, bad, &scenario, &open).to_string();
            let (before, after) = (text(&outcome.bad[0]), text(&longer));
            let (before, mut after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
            assert_eq!(after.len(), before.len() + more);
            after.retain(|line| !line.contains("cond_resched"));
            assert_eq!(after, before);
        }
    }

    #[test]
    fn built_in_properties_are_known() {
        let scenario = toy::scenario();
        assert!(property(&scenario, "stale-read").is_some_and(|p| !p.promised));
        assert!(property(&scenario, "deadlock").is_some_and(|p| p.promised));
        assert!(property(&scenario, "nothing").is_none());
    }
}
