//! Small random programs, as data, and run as models.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use machine::{
    Action, Flow, Label, Layout, Machine, Order, Peek, Place, Step, Unsupported, Word, again, bug, call,
    show_number, unsupported,
};
use scenario::{Actor, Body, Check, Ending, Initial, Kind, Predicate, Property, Scenario};

/// An actor has two registers, an accumulator and a spare one, of 16 bits.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// A step, known by its number; its result becomes the accumulator.
    Take(Action, i32),
    /// Stores those bits of the accumulator.
    StoreAcc(Place, Word, i32),
    /// To the spare register.
    Save,
    Swap,
    Add(u16),
    /// A `call` that gives back the accumulator.
    Call(Vec<Op>),
    /// A `call` that gives back both registers.
    Pair(Vec<Op>),
    /// An `again` loop of so many rounds at most, whose state is both registers and the count.
    Count(u8, Vec<Op>),
    /// An `again` loop whose state counts in a circle of so many; left on an odd accumulator.
    Cycle(u8, Vec<Op>),
    /// An `again` loop without a state that goes round until the accumulator is not 0.
    Spin(Vec<Op>),
    /// Whether the accumulator is this.
    If(u16, Vec<Op>, Vec<Op>),
    /// Leaves the innermost frame if the accumulator is this.
    Break(u16),
    /// Panics if the accumulator is this, with a message of this number.
    Panic(u16, u8),
    /// Comes to what is not modelled if the accumulator is this; with a number.
    Lack(u16, u8),
}

#[derive(Clone, Debug)]
pub(crate) struct Role {
    pub(crate) ops: Vec<Op>,
    pub(crate) daemon: bool,
    pub(crate) adversary: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Of each cell, in bits.
    pub(crate) widths: Vec<u8>,
    pub(crate) initial: Vec<Vec<Word>>,
    pub(crate) actors: Vec<Role>,
    pub(crate) views: Vec<Vec<Op>>,
    /// Whether a fatal signal can be pending.
    pub(crate) killed: bool,
    /// Whether there is a property over whole states, and one over states at rest.
    pub(crate) state: bool,
    pub(crate) rest: bool,
}

pub(crate) const NAMES: [&str; 5] = ["a", "b", "c", "d", "e"];
pub(crate) const VIEWS: [&str; 2] = ["v", "w"];

/// Who goes round, as a livelock or what is unkillable names them; none where somebody waits.
pub(crate) fn who_goes_round(witness: &str) -> Option<BTreeSet<&str>> {
    let names = witness.strip_suffix(" goes round").or(witness.strip_suffix(" go round"))?;
    Some(names.split(" and ").collect())
}
pub(crate) const PANICS: [&str; 3] = ["boom 0", "boom 1", "boom 2"];

/// What is not modelled, by its number.
pub(crate) fn lacking(which: u8) -> Unsupported {
    let (file, function) = ("fs/toy.c".to_owned(), format!("toy_{which}"));
    Unsupported { file, line: u32::from(which) + 1, function, what: "toy()".to_owned(), hint: String::new() }
}

/// Property and witness.
pub(crate) type Broken = (String, String);

/// What the property over whole states sees.
pub(crate) fn state_broken(cells: &[Word]) -> Vec<(&'static str, i32)> {
    let mut seen = Vec::new();
    if cells[0] & 1 == 1 && cells[cells.len() - 1] & 2 == 2 {
        seen.push(("both", 0));
    }
    if cells.iter().sum::<Word>() % 7 == 6 {
        seen.push(("sum", (cells[0] & 3) as i32));
    }
    seen
}

/// What the property over states at rest sees.
pub(crate) fn rest_broken(cells: &[Word], returned: &[Word]) -> Vec<(&'static str, i32)> {
    let weighed = returned.iter().zip(1..).map(|(word, weight)| word * weight);
    let sum = cells.iter().sum::<Word>() + weighed.sum::<Word>();
    if sum % 5 == 3 { vec![("rest", (sum % 3) as i32)] } else { Vec::new() }
}

/// How a run ended: part of the memory, and part of what the first actor returned.
pub(crate) fn ending(cells: &[Word], returned: &[Word]) -> Ending {
    Ending::of(&[("", &format!("cell 0 is {}", cells[0] & 3)), ("", &format!("a gives {}", returned[0] & 3))])
}

/// Whether a signal is pending.
pub(crate) fn is_killed(cells: &[Word]) -> bool {
    cells[0] & 1 == 1
}

#[derive(Clone, Copy, Default)]
struct Registers {
    acc: u16,
    spare: u16,
}

/// Takes a step that is told by its number.
fn take(m: &dyn Machine, action: Action, number: i32) -> u16 {
    m.perform(Step::new(action, Label::new("step", &[number])).showing(show_number)) as u16
}

/// Runs a block; whether it is left by a `Break`.
fn run(m: &dyn Machine, ops: &[Op], r: &mut Registers) -> bool {
    for op in ops {
        match op {
            Op::Take(action, number) => {
                let result = take(m, *action, *number);
                // A report gives no answer worth keeping.
                if !matches!(action, Action::Report { .. }) {
                    r.acc = result;
                }
            }
            Op::StoreAcc(at, mask, number) => {
                let (value, order) = (Word::from(r.acc) & mask, Order::Relaxed);
                r.acc = take(m, Action::Store { at: *at, value, order }, *number);
            }
            Op::Save => r.spare = r.acc,
            Op::Swap => std::mem::swap(&mut r.acc, &mut r.spare),
            Op::Add(number) => r.acc = (r.acc + number) & 15,
            Op::Call(body) => {
                let before = *r;
                r.acc = call(m, Label::new("call", &[]), || {
                    let mut r = before;
                    run(m, body, &mut r);
                    r.acc
                });
            }
            Op::Pair(body) => {
                let before = *r;
                (r.acc, r.spare) = call(m, Label::new("pair", &[]), || {
                    let mut r = before;
                    run(m, body, &mut r);
                    (r.acc, r.spare)
                });
            }
            Op::Count(rounds, body) => {
                let first = (r.acc, r.spare, 0_u8);
                (r.acc, r.spare) = again(m, Label::new("count", &[]), first, |(acc, spare, done)| {
                    let mut r = Registers { acc, spare };
                    if run(m, body, &mut r) || done + 1 >= *rounds {
                        Flow::Done((r.acc, r.spare))
                    } else {
                        Flow::Again((r.acc, r.spare, done + 1))
                    }
                });
            }
            Op::Cycle(rounds, body) => {
                let spare = r.spare;
                r.acc = again(m, Label::new("cycle", &[]), 0_u8, |at| {
                    let mut r = Registers { acc: u16::from(at), spare };
                    let left = run(m, body, &mut r) || r.acc & 1 == 1;
                    if left { Flow::Done(r.acc) } else { Flow::Again((at + 1) % rounds) }
                });
            }
            Op::Spin(body) => {
                let spare = r.spare;
                r.acc = again(m, Label::new("spin", &[]), (), |()| {
                    let mut r = Registers { acc: 0, spare };
                    let left = run(m, body, &mut r) || r.acc != 0;
                    if left { Flow::Done(r.acc) } else { Flow::Again(()) }
                });
            }
            Op::If(number, then, or) => {
                if run(m, if r.acc == *number { then } else { or }, r) {
                    return true;
                }
            }
            Op::Break(number) if r.acc == *number => return true,
            Op::Panic(number, message) if r.acc == *number => bug(PANICS[usize::from(*message)]),
            Op::Lack(number, which) if r.acc == *number => unsupported(lacking(*which)),
            Op::Break(_) | Op::Panic(..) | Op::Lack(..) => {}
        }
    }
    false
}

fn body(ops: &[Op]) -> impl Fn(&dyn Machine) -> Word + Send + Sync + 'static {
    let ops = ops.to_vec();
    move |m| {
        let mut r = Registers::default();
        run(m, &ops, &mut r);
        Word::from(r.acc) | Word::from(r.spare) << 16
    }
}

impl Program {
    pub(crate) fn scenario(&self) -> Scenario {
        let mut layout = Layout::new();
        for (cell, width) in self.widths.iter().enumerate() {
            layout.cell(format!("cell {cell}"), *width, show_number);
        }
        // Who does the same has one body.
        let mut bodies: BTreeMap<String, Body> = BTreeMap::new();
        let actors = self.actors.iter().zip(NAMES).map(|(role, name)| {
            let same = bodies.entry(format!("{:?}", role.ops)).or_insert_with(|| Body::new(body(&role.ops)));
            let actor = Actor { body: same.clone(), ..Actor::new(name, |_| 0) };
            let actor = if role.daemon { actor.daemon() } else { actor };
            if role.adversary { actor.adversary() } else { actor }
        });
        let count = self.widths.len() as u16;
        let cells = move |memory: &dyn Peek| (0..count).map(|c| memory.peek(Place(c))).collect::<Vec<Word>>();
        let label = |(name, number)| Label::new(name, &[number]);
        let state = Check::State(Arc::new(move |memory, see| {
            state_broken(&cells(memory)).into_iter().for_each(|seen| see(label(seen)));
        }));
        let rest = Check::Final(Arc::new(move |memory, returned, see| {
            rest_broken(&cells(memory), returned).into_iter().for_each(|seen| see(label(seen)));
        }));
        let property = |id, kind, check| {
            let promised = true;
            Property { id, sentence: "", source: "", effect: "", kind, promised, check }
        };
        let state = self.state.then(|| property("state", Kind::Always, state));
        let rest = self.rest.then(|| property("final", Kind::Finally, rest));
        let initial = self.initial.iter().enumerate();
        Scenario {
            name: "program".to_owned(),
            sentence: String::new(),
            layout,
            initial: initial
                .map(|(number, cells)| Initial { name: number.to_string(), cells: cells.clone() })
                .collect(),
            actors: actors.collect(),
            views: self.views.iter().zip(VIEWS).map(|(ops, name)| Actor::new(name, body(ops))).collect(),
            properties: state.into_iter().chain(rest).collect(),
            reachable: Vec::new(),
            ending: Some(Arc::new(move |memory, returned| ending(&cells(memory), returned))),
            killed: self.killed.then(|| -> Predicate { Arc::new(move |memory| is_killed(&cells(memory))) }),
            final_state: None,
            facts: None,
            grounds: None,
            assumptions: None,
            picture: Arc::new(|_| String::new()),
        }
    }
}
