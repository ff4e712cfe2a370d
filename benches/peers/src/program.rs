//! A scenario's automata as guarded commands, which every engine can be told in its own words.
//!
//! An actor stands at a control state. Each command of it has a guard on one cell, writes one cell, and leads to another
//! control state: all of that is one step. A step of the scenario with several results is a command for each of them, of which
//! the guards exclude each other; but a choice has none. Cells that always hold the same are left out.

use checker::explicit::{Automaton, Control as Standing, Way};
use machine::{Action, Field, Place, Word};
use scenario::Scenario;
use serde::{Deserialize, Serialize};

/// A scenario as guarded commands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) cells: Vec<Cell>,
    /// The values of the cells, of each initial state.
    pub(crate) initial: Vec<Vec<Word>>,
    pub(crate) actors: Vec<Actor>,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Cell {
    pub(crate) name: String,
    /// In bits.
    pub(crate) width: u8,
}

#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Actor {
    pub(crate) name: String,
    pub(crate) start: u32,
    pub(crate) controls: Vec<Control>,
}

/// A control state.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Control {
    /// What can be done: nothing at an actor's end.
    Living(Vec<Command>),
    /// Nobody moves any more.
    Dead,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Command {
    pub(crate) guard: Option<Guard>,
    pub(crate) write: Option<Write>,
    /// The control state that it leads to.
    pub(crate) to: u32,
    /// Whether the actor reports a bug.
    pub(crate) reports: bool,
}

/// Whether some bits of a cell have a value, or have it not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Guard {
    pub(crate) cell: usize,
    pub(crate) mask: Word,
    pub(crate) value: Word,
    pub(crate) is_equal: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Write {
    /// The cell keeps these bits, and has those.
    Bits { cell: usize, keep: Word, set: Word },
    /// It becomes what another one is.
    Copy { from: usize, to: usize },
}

impl Write {
    /// The cell that is written.
    pub(crate) fn target(&self) -> usize {
        match *self {
            Write::Bits { cell, .. } => cell,
            Write::Copy { to, .. } => to,
        }
    }
}

impl Guard {
    fn holds(&self, value: Word) -> bool {
        (value & self.mask == self.value) == self.is_equal
    }
}

impl Program {
    /// The program of a scenario with these automata.
    pub(crate) fn new(name: &str, scenario: &Scenario, automata: &[Automaton]) -> Program {
        let cells = scenario.layout.cells().iter().map(|c| Cell { name: c.name.clone(), width: c.width });
        let program = Program {
            name: name.to_owned(),
            cells: cells.collect(),
            initial: scenario.initial.iter().map(|initial| initial.cells.clone()).collect(),
            actors: automata.iter().map(|automaton| actor(automaton, scenario.layout.len())).collect(),
        };
        program.without_constants()
    }

    /// All commands.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &Command> {
        self.actors.iter().flat_map(Actor::commands)
    }

    /// Whether an actor can die.
    pub(crate) fn is_mortal(&self) -> bool {
        self.actors.iter().flat_map(|actor| &actor.controls).any(|control| *control == Control::Dead)
    }

    /// The same without the cells that nobody writes and that begin with the same value everywhere.
    fn without_constants(mut self) -> Program {
        let mut is_kept: Vec<bool> = (0..self.cells.len())
            .map(|cell| self.initial.iter().any(|initial| initial[cell] != self.initial[0][cell]))
            .collect();
        for write in self.commands().filter_map(|command| command.write) {
            is_kept[write.target()] = true;
        }
        let number = |cell: usize| is_kept[..cell].iter().filter(|kept| **kept).count();
        let place = |cell: usize| match is_kept[cell] {
            true => Ok(number(cell)),
            false => Err(self.initial[0][cell]),
        };
        let command = |command: &Command| -> Option<Command> {
            let guard = match command.guard.map(|guard| (guard, place(guard.cell))) {
                Some((guard, Ok(cell))) => Some(Guard { cell, ..guard }),
                Some((guard, Err(value))) if !guard.holds(value) => return None,
                Some((_, Err(_))) | None => None,
            };
            let write = command.write.map(|write| match write {
                Write::Bits { cell, keep, set } => Write::Bits { cell: number(cell), keep, set },
                Write::Copy { from, to } => match place(from) {
                    Ok(from) => Write::Copy { from, to: number(to) },
                    Err(set) => Write::Bits { cell: number(to), keep: 0, set },
                },
            });
            Some(Command { guard, write, ..*command })
        };
        let control = |control: &Control| match control {
            Control::Living(commands) => Control::Living(commands.iter().filter_map(command).collect()),
            Control::Dead => Control::Dead,
        };
        let actors = self
            .actors
            .iter()
            .map(|actor| Actor { controls: actor.controls.iter().map(control).collect(), ..actor.clone() });
        let actors = actors.collect();
        let kept = |values: &Vec<Word>| {
            let kept = values.iter().zip(&is_kept).filter(|(_, is_kept)| **is_kept);
            kept.map(|(value, _)| *value).collect()
        };
        let initial = self.initial.iter().map(kept).collect();
        let mut kept = is_kept.iter();
        self.cells.retain(|_| kept.next() == Some(&true));
        Program { actors, initial, ..self }
    }
}

impl Actor {
    /// All commands of it.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &Command> {
        self.controls.iter().flat_map(|control| match control {
            Control::Living(commands) => commands.as_slice(),
            Control::Dead => &[],
        })
    }
}

fn actor(automaton: &Automaton, cells: usize) -> Actor {
    let control = |standing: &Standing| match standing {
        Standing::Pending { action, ways } => {
            Control::Living(ways.iter().flat_map(|way| commands(action, way, cells)).collect())
        }
        Standing::Done => Control::Living(Vec::new()),
        Standing::Dead => Control::Dead,
    };
    let controls = automaton.controls.iter().map(control).collect();
    Actor { name: automaton.name.to_owned(), start: automaton.start, controls }
}

/// What an action does where it has the result of `way`, as [`Action::execute`] says.
fn commands(action: &Action, way: &Way, cells: usize) -> Vec<Command> {
    let result = way.result;
    let guard = |at: Place, mask, value, is_equal| Some(Guard { cell: at.index(), mask, value, is_equal });
    let bits = |at: Place, keep, set| Some(Write::Bits { cell: at.index(), keep, set });
    let command = |guard, write| Command { guard, write, to: way.to, reports: way.reports };
    let one = |guard, write| vec![command(guard, write)];
    match *action {
        Action::Load { at, mask, .. } => one(guard(at, mask, result, true), None),
        Action::Store { at, value, .. } => one(None, bits(at, 0, value)),
        Action::Change { at, clear, set, mask: 0, .. } => one(None, bits(at, !clear, set)),
        Action::Change { at, clear, set, mask, .. } => {
            one(guard(at, mask, result, true), bits(at, !clear, set))
        }
        Action::Await { at, mask, clear, set, .. } => one(guard(at, mask, 0, true), bits(at, !clear, set)),
        Action::Try { at, mask, .. } if result == 0 => one(guard(at, mask, 0, false), None),
        Action::Try { at, mask, clear, set, .. } => one(guard(at, mask, 0, true), bits(at, !clear, set)),
        Action::CompareExchange { at, expected, new, .. } => {
            let write = if result == expected { bits(at, 0, new) } else { None };
            one(guard(at, Word::MAX, result, true), write)
        }
        Action::Add { at, value, mask, .. } => {
            one(guard(at, Word::MAX, result, true), bits(at, 0, result.wrapping_add(value) & mask))
        }
        Action::Move { from, to } => one(None, Some(Write::Copy { from: from.index(), to: to.index() })),
        Action::CopyUser { entry, need, .. } if result == 0 => one(guard(entry, need, need, false), None),
        // A command for each frame that the entry may name.
        Action::CopyUser { entry, need, frame, frames, stride, unit, to } => {
            let named = |number: Word| {
                let from = frames.at(number as usize * usize::from(stride) + usize::from(unit)).index();
                let entry = guard(entry, need | mask_of(frame), need | number << frame.shift, true);
                (from < cells).then(|| command(entry, Some(Write::Copy { from, to: to.index() })))
            };
            let most = frame.of(Word::MAX).min(cells as Word);
            (0..=most).filter_map(named).collect()
        }
        Action::Fence { .. }
        | Action::Choose { .. }
        | Action::Require { .. }
        | Action::Report { .. }
        | Action::Reach { .. }
        | Action::Control(_) => one(None, None),
    }
}

fn mask_of(field: Field) -> Word {
    field.of(Word::MAX) << field.shift
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use machine::{Effect, Order};

    use super::*;

    const CELLS: usize = 4;
    const VALUES: Word = 4;

    /// Every memory of a few small cells.
    fn memories() -> impl Iterator<Item = Vec<Word>> {
        (0..VALUES.pow(CELLS as u32))
            .map(|number| (0..CELLS as u32).map(|cell| number / VALUES.pow(cell) % VALUES).collect())
    }

    /// What an action does to a memory, and its results there.
    fn executed(action: &Action, memory: &[Word]) -> (Vec<Word>, BTreeSet<Word>) {
        let mut after = memory.to_vec();
        let results = match action.execute(&mut *after) {
            Effect::Done(result) => BTreeSet::from([result]),
            Effect::Choice(of) => (0..of.into()).collect(),
            Effect::Blocked => BTreeSet::new(),
        };
        (after, results)
    }

    fn written(write: Option<Write>, memory: &[Word]) -> Vec<Word> {
        let mut after = memory.to_vec();
        match write {
            None => {}
            Some(Write::Bits { cell, keep, set }) => after[cell] = after[cell] & keep | set,
            Some(Write::Copy { from, to }) => after[to] = after[from],
        }
        after
    }

    #[test]
    fn commands_do_what_actions_do() {
        let (at, to, order) = (Place(0), Place(1), Order::Relaxed);
        let frame = Field { shift: 1, width: 1 };
        let actions = [
            Action::Load { at, mask: 2, order },
            Action::Store { at, value: 3, order },
            Action::Change { at, clear: 1, set: 2, mask: 1, order },
            Action::Change { at, clear: 1, set: 2, mask: 0, order },
            Action::Await { at, mask: 1, clear: 2, set: 1, order },
            Action::Try { at, mask: 3, clear: 0, set: 1, order },
            Action::CompareExchange { at, expected: 1, new: 2, order },
            Action::Add { at, value: 1, mask: 3, order },
            Action::Move { from: at, to },
            Action::CopyUser { entry: at, need: 1, frame, frames: Place(2), stride: 1, unit: 0, to },
            Action::Fence { order },
            Action::Choose { of: 3 },
            Action::Require { at, demands: [None; 2] },
        ];
        for action in actions {
            let every: BTreeSet<Word> = memories().flat_map(|memory| executed(&action, &memory).1).collect();
            for memory in memories() {
                let (after, results) = executed(&action, &memory);
                for &result in &every {
                    let way = Way { result, to: 0, reports: false };
                    let open = commands(&action, &way, CELLS).into_iter();
                    let open = open.filter(|c| c.guard.is_none_or(|guard| guard.holds(memory[guard.cell])));
                    let does: Vec<_> = open.map(|command| written(command.write, &memory)).collect();
                    let expected = if results.contains(&result) { vec![after.clone()] } else { Vec::new() };
                    assert_eq!(does, expected, "{action:?} = {result} in {memory:?}");
                }
            }
        }
    }
}
