//! What a scenario and a step may not do.

use std::cell::Cell;

use machine::{Action, Layout, Memory, Peek, Place, Step, Word};
use scenario::Scenario;

/// What is wrong with a scenario, so that it can't be run.
pub(crate) fn flaw(scenario: &Scenario) -> Option<String> {
    if scenario.initial.is_empty() {
        return Some("the scenario has no initial state".to_owned());
    }
    if let Some(id) = scenario.repeated_property() {
        return Some(format!(
            "the scenario has two properties with the id `{id}`; give each an id of its own"
        ));
    }
    let declared = scenario.layout.len();
    for initial in &scenario.initial {
        let (name, given) = (&initial.name, initial.cells.len());
        if given != declared {
            return Some(format!("initial state `{name}` gives {given} cells, the layout has {declared}"));
        }
        for (cell, &value) in scenario.layout.cells().iter().zip(&initial.cells) {
            if value >> cell.width != 0 {
                let (width, cell) = (cell.width, &cell.name);
                return Some(format!(
                    "initial state `{name}`: {value:#x} does not fit the {width} bits of cell `{cell}`"
                ));
            }
        }
    }
    None
}

/// A cell that a step names and that does not exist. The frame of a `CopyUser` is not known yet.
pub(super) fn no_such_cell(scenario: &Scenario, step: &Step) -> Option<String> {
    let named: [Option<Place>; 2] = match step.action {
        Action::Load { at, .. }
        | Action::Store { at, .. }
        | Action::Change { at, .. }
        | Action::Await { at, .. }
        | Action::Try { at, .. }
        | Action::Require { at, .. } => [Some(at), None],
        Action::Move { from, to } => [Some(from), Some(to)],
        Action::CopyUser { entry, to, .. } => [Some(entry), Some(to)],
        Action::Fence { .. }
        | Action::Choose { .. }
        | Action::Report { .. }
        | Action::Reach { .. }
        | Action::Control(_) => [None, None],
    };
    let missing = named.into_iter().flatten().find(|at| at.index() >= scenario.layout.len())?;
    Some(format!("there is no cell {}", missing.index()))
}

/// A memory that remembers what it was asked for in vain.
pub(super) struct Checked<'a> {
    layout: &'a Layout,
    cells: &'a mut [Word],
    missing: Cell<Option<Place>>,
    too_wide: Option<(Place, Word)>,
}

impl<'a> Checked<'a> {
    pub(super) fn new(layout: &'a Layout, cells: &'a mut [Word]) -> Checked<'a> {
        Checked { layout, cells, missing: Cell::new(None), too_wide: None }
    }

    /// What went wrong.
    pub(super) fn flaw(&self) -> Option<String> {
        if let Some(at) = self.missing.get() {
            return Some(format!("there is no cell {}", at.index()));
        }
        self.too_wide.map(|(at, value)| {
            let cell = &self.layout.cells()[at.index()];
            format!("{value:#x} does not fit the {} bits of cell `{}`", cell.width, cell.name)
        })
    }
}

impl Peek for Checked<'_> {
    fn peek(&self, at: Place) -> Word {
        let value = self.cells.get(at.index()).copied();
        if value.is_none() {
            self.missing.set(Some(at));
        }
        value.unwrap_or(0)
    }
}

impl Memory for Checked<'_> {
    fn poke(&mut self, at: Place, value: Word) {
        match self.layout.cells().get(at.index()) {
            None => self.missing.set(Some(at)),
            Some(cell) if value >> cell.width != 0 => self.too_wide = Some((at, value)),
            Some(_) => self.cells[at.index()] = value,
        }
    }
}
