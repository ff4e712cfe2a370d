//! A program as a model of stateright's.
//!
//! A state is a few words, in which the cells and the control states are fields: as little as a state can be, so that it
//! is stateright that is measured.

use std::ops::Range;

use smallvec::SmallVec;
use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::program::{Command, Control, Program, Write};

/// What a search came to.
pub(crate) struct Searched {
    pub(crate) states: u64,
    /// Whether a bug was reported, which ends the search.
    pub(crate) found: bool,
}

/// Searches a program breadth first, on one thread: all of it, or until the first bug.
pub(crate) fn search(program: &Program, for_a_bug: bool) -> Searched {
    let wanted = if for_a_bug { HasDiscoveries::Any } else { HasDiscoveries::All };
    let model = Packed::new(program, for_a_bug);
    let searched = model.checker().threads(1).finish_when(wanted).spawn_bfs().join();
    let states = searched.unique_state_count() as u64;
    Searched { states, found: searched.discovery(NO_BUG).is_some() }
}

const NO_BUG: &str = "no bug is reported";

/// The words of a state.
type State = SmallVec<[u64; 8]>;

/// Some bits of a state.
#[derive(Clone, Copy)]
struct Field {
    word: usize,
    shift: u32,
    mask: u64,
}

impl Field {
    fn of(self, state: &State) -> u64 {
        state[self.word] >> self.shift & self.mask
    }

    fn set(self, state: &mut State, value: u64) {
        let word = &mut state[self.word];
        *word = *word & !(self.mask << self.shift) | (value & self.mask) << self.shift;
    }
}

/// Fields side by side, none in two words.
#[derive(Default)]
struct Packing {
    words: usize,
    used: u32,
}

impl Packing {
    fn field(&mut self, width: u32) -> Field {
        if self.words == 0 || self.used + width > u64::BITS {
            (self.words, self.used) = (self.words + 1, 0);
        }
        let field = Field { word: self.words - 1, shift: self.used, mask: u64::MAX >> (u64::BITS - width) };
        self.used += width;
        field
    }
}

/// A program over packed states.
struct Packed {
    initial: Vec<State>,
    /// Where each actor stands, and its commands by control state, numbers in `steps`; no range of the dead.
    actors: Vec<(Field, Vec<Option<Range<u32>>>)>,
    steps: Vec<Step>,
    /// Whether a bug was reported; none where nobody wants to know, since it tells states apart.
    bug: Option<Field>,
    is_mortal: bool,
}

/// A command.
struct Step {
    /// Some bits of a word that are this value, or are not.
    guard: (usize, u64, u64, bool),
    write: Option<Put>,
    control: (Field, u64),
    reports: bool,
}

/// What is written.
enum Put {
    Bits { word: usize, keep: u64, set: u64 },
    Copy { from: Field, to: Field },
}

impl Packed {
    fn new(program: &Program, for_a_bug: bool) -> Packed {
        let mut packing = Packing::default();
        let cells: Vec<Field> = program.cells.iter().map(|cell| packing.field(cell.width.into())).collect();
        let bits = |controls: usize| usize::BITS - controls.leading_zeros();
        let at = program.actors.iter().map(|actor| packing.field(bits(actor.controls.len())));
        let at: Vec<Field> = at.collect();
        let bug = for_a_bug.then(|| packing.field(1));
        let initial = program.initial.iter().map(|values| {
            let mut state = State::from_elem(0, packing.words);
            let values = values.iter().copied().chain(program.actors.iter().map(|actor| actor.start.into()));
            cells.iter().chain(&at).zip(values).for_each(|(field, value)| field.set(&mut state, value));
            state
        });
        let (mut steps, mut actors) = (Vec::new(), Vec::new());
        for (&at, actor) in at.iter().zip(&program.actors) {
            let controls = actor.controls.iter().map(|control| match control {
                Control::Dead => None,
                Control::Living(commands) => {
                    let first = steps.len() as u32;
                    steps.extend(commands.iter().map(|command| Step::new(command, at, &cells)));
                    Some(first..steps.len() as u32)
                }
            });
            let controls = controls.collect();
            actors.push((at, controls));
        }
        Packed { initial: initial.collect(), actors, steps, bug, is_mortal: program.is_mortal() }
    }

    /// The commands of each actor where it stands.
    fn stand<'a>(&'a self, state: &'a State) -> impl Iterator<Item = Option<&'a Range<u32>>> {
        self.actors.iter().map(|(at, controls)| controls[at.of(state) as usize].as_ref())
    }
}

impl Step {
    fn new(command: &Command, at: Field, cells: &[Field]) -> Step {
        let guard = command.guard.map_or((0, 0, 0, true), |guard| {
            let field = cells[guard.cell];
            (field.word, (guard.mask & field.mask) << field.shift, guard.value << field.shift, guard.is_equal)
        });
        let write = command.write.map(|write| match write {
            Write::Copy { from, to } => Put::Copy { from: cells[from], to: cells[to] },
            Write::Bits { cell, keep, set } => {
                let Field { word, shift, mask } = cells[cell];
                Put::Bits { word, keep: !((mask & !keep) << shift), set: set << shift }
            }
        });
        Step { guard, write, control: (at, command.to.into()), reports: command.reports }
    }
}

impl Model for Packed {
    type State = State;
    /// A number in `steps`.
    type Action = u32;

    fn init_states(&self) -> Vec<State> {
        self.initial.clone()
    }

    fn actions(&self, state: &State, actions: &mut Vec<u32>) {
        if self.is_mortal && self.stand(state).any(|commands| commands.is_none()) {
            return;
        }
        for commands in self.stand(state).flatten() {
            actions.extend(commands.clone().filter(|&step| {
                let (word, mask, value, is_equal) = self.steps[step as usize].guard;
                (state[word] & mask == value) == is_equal
            }));
        }
    }

    fn next_state(&self, state: &State, action: u32) -> Option<State> {
        let mut after = state.clone();
        let Step { write, control: (at, to), reports, .. } = &self.steps[action as usize];
        match *write {
            None => {}
            Some(Put::Bits { word, keep, set }) => after[word] = after[word] & keep | set,
            Some(Put::Copy { from, to }) => to.set(&mut after, from.of(state)),
        }
        at.set(&mut after, *to);
        if let Some(bug) = self.bug.filter(|_| *reports) {
            bug.set(&mut after, 1);
        }
        Some(after)
    }

    fn properties(&self) -> Vec<Property<Packed>> {
        // Without a property that may still be broken it would search nothing.
        vec![Property::always(NO_BUG, |model, state| model.bug.is_none_or(|bug| bug.of(state) == 0))]
    }
}
