//! What a scenario and a step may not do.

use std::cell::Cell;
use std::collections::BTreeSet;

use machine::{Action, Control, Flaw, Layout, Memory, Peek, Place, Step, Word};
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
    let mut names = BTreeSet::new();
    for initial in &scenario.initial {
        let (name, given) = (&initial.name, initial.cells.len());
        if !names.insert(name) {
            return Some(format!("two initial states are named `{name}`"));
        }
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

/// The rule that a step breaks whatever the state.
pub(super) fn step_flaw(scenario: &Scenario, step: &Step) -> Option<String> {
    step.action.flaw(scenario.layout.len()).map(|flaw| flaw.to_string())
}

fn no_such_cell(at: Place, declared: usize) -> String {
    Flaw::NoSuchCell { at, declared }.to_string()
}

/// What is wrong with a model, and where.
pub(super) fn told(actor: &str, step: &Step, flaw: &str) -> String {
    format!("`{actor}`, {} at {}: {flaw}", step.name(), step.location)
}

/// The frames that an actor has open, to see that each is left once.
#[derive(Default)]
pub(super) struct Frames(Vec<(Step, bool)>);

impl Frames {
    /// Follows a step; what is wrong with it.
    pub(super) fn follow(&mut self, step: &Step) -> Option<&'static str> {
        let Action::Control(control) = step.action else { return None };
        match (control, self.0.last()) {
            (Control::Call, _) => self.0.push((*step, false)),
            (Control::Loop { .. }, _) => self.0.push((*step, true)),
            (Control::Leave { .. }, Some(_)) => {
                self.0.pop();
            }
            (Control::Round { .. }, Some((_, true))) | (Control::Misfit { .. }, _) => {}
            (Control::Leave { .. } | Control::Round { .. }, _) => {
                return Some("leaves or goes round a frame that it has not entered");
            }
        }
        None
    }

    /// The step that opened a frame which is open where the model returns.
    pub(super) fn open(&self) -> Option<(&Step, &'static str)> {
        self.0.last().map(|(step, _)| (step, "this frame is still open where the model returns"))
    }
}

/// What someone who belongs to the scenario makes of a memory; an error where they look at a cell that
/// is not declared.
pub(super) fn looked<R>(
    cells: &[Word],
    who: impl FnOnce() -> String,
    look: impl FnOnce(&dyn Peek) -> R,
) -> Result<R, String> {
    let memory = Looked { cells, missing: Cell::new(None) };
    let seen = look(&memory);
    match memory.missing.get() {
        None => Ok(seen),
        Some(at) => {
            let flaw = no_such_cell(at, cells.len());
            Err(format!("{} looks at a cell that is not declared: {flaw}", who()))
        }
    }
}

struct Looked<'a> {
    cells: &'a [Word],
    missing: Cell<Option<Place>>,
}

impl Peek for Looked<'_> {
    fn peek(&self, at: Place) -> Word {
        let value = self.cells.get(at.index()).copied();
        if value.is_none() {
            self.missing.set(Some(at));
        }
        value.unwrap_or(0)
    }
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
            return Some(no_such_cell(at, self.cells.len()));
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
