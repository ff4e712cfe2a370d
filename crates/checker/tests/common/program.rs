//! Small random programs, as data: run as models, and compiled for the naive enumerator.

use std::sync::Arc;

use machine::{Action, Demand, Field, Flow, Label, Machine, Order, Place, Step, Word, again, call};
use proptest::prelude::*;
use scenario::{Actor, Ending, Scenario};

/// Cells of 3 bits.
pub(crate) const CELLS: usize = 3;

#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// A step; its result becomes the accumulator.
    Take(Action),
    /// A `call`; the accumulator goes in and comes out.
    Call(Vec<Op>),
    /// An `again` loop of so many rounds at most, left early on an odd accumulator.
    Again(u8, Vec<Op>),
    /// An `again` loop that goes round until the accumulator is not 0.
    Spin(Vec<Op>),
    /// Only where the accumulator is not 0.
    If(Vec<Op>),
}

pub(crate) fn model(m: &dyn Machine, ops: &[Op], acc: Word) -> Word {
    ops.iter().fold(acc, |acc, op| match op {
        Op::Take(action) => {
            let name = match action {
                Action::Await { .. } => "await",
                _ => "step",
            };
            let result = m.perform(Step::new(*action, Label::new(name, &[])).showing(|w| w.to_string()));
            if action_answers(action) { result } else { acc }
        }
        Op::Call(body) => Word::from(call(m, Label::new("call", &[]), || model(m, body, acc) as u8)),
        Op::Again(rounds, body) => {
            let first = (acc as u8, 0_u8);
            let round = |(acc, done): (u8, u8)| {
                let acc = model(m, body, Word::from(acc)) as u8;
                if acc & 1 == 1 || done + 1 >= *rounds {
                    Flow::Done(acc)
                } else {
                    Flow::Again((acc, done + 1))
                }
            };
            Word::from(again(m, Label::new("again", &[]), first, round))
        }
        Op::Spin(body) => {
            let round = |acc: u8| {
                let acc = model(m, body, Word::from(acc)) as u8;
                if acc != 0 { Flow::Done(acc) } else { Flow::Again(acc) }
            };
            Word::from(again(m, Label::new("spin", &[]), acc as u8, round))
        }
        Op::If(body) => {
            if acc != 0 {
                model(m, body, acc)
            } else {
                acc
            }
        }
    })
}

/// Reports give no answer worth keeping.
pub(crate) fn action_answers(action: &Action) -> bool {
    !matches!(action, Action::Report { .. } | Action::Reach { .. })
}

/// What the naive enumerator runs.
#[derive(Clone, Debug)]
pub(crate) enum Ins {
    Take(Action),
    /// Pushes a loop's count of rounds.
    Begin,
    /// To the first instruction of the body, unless the loop is done: rounds, or none of a spin.
    Round(Option<u8>, usize),
    UnlessZero(usize),
}

pub(crate) fn compile(ops: &[Op], into: &mut Vec<Ins>) {
    for op in ops {
        match op {
            Op::Take(action) => into.push(Ins::Take(*action)),
            Op::Call(body) => compile(body, into),
            Op::Again(_, body) | Op::Spin(body) => {
                let rounds = if let Op::Again(rounds, _) = op { Some(*rounds) } else { None };
                into.push(Ins::Begin);
                let start = into.len();
                compile(body, into);
                into.push(Ins::Round(rounds, start));
            }
            Op::If(body) => {
                let test = into.len();
                into.push(Ins::UnlessZero(0));
                compile(body, into);
                into[test] = Ins::UnlessZero(into.len());
            }
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) actors: Vec<Vec<Op>>,
    /// What the last actor is.
    pub(crate) daemon: bool,
    pub(crate) adversary: bool,
    pub(crate) initial: Vec<Vec<Word>>,
}

/// How a run ended: part of the memory, and part of what the first actor returned.
pub(crate) fn ending(cells: &[Word], returned: &[Word]) -> Ending {
    let odd = if returned[0] % 2 == 1 { "odd" } else { "even" };
    Ending::of(&[("", &format!("cell 1 is {}", cells[1])), (&odd[..1], odd)])
}

/// Whether a signal is pending where this is in cell 0.
pub(crate) fn is_killed(word: Word) -> bool {
    word >= 2
}

pub(crate) const NAMES: [&str; 3] = ["a", "b", "c"];

impl Program {
    pub(crate) fn scenario(&self) -> Scenario {
        let actors = self.actors.iter().zip(NAMES).map(|(ops, name)| {
            let ops = ops.clone();
            Actor::new(name, move |m| model(m, &ops, 0))
        });
        let mut actors: Vec<Actor> = actors.collect();
        let last = actors.pop().map(|last| if self.daemon { last.daemon() } else { last });
        actors.extend(last.map(|last| if self.adversary { last.adversary() } else { last }));
        let mut scenario = super::scenario(CELLS, actors);
        scenario.killed = Some(Arc::new(|memory| is_killed(memory.peek(Place(0)))));
        scenario.ending = Some(Arc::new(|memory, returned| {
            let cells: Vec<Word> = (0..CELLS as u16).map(|cell| memory.peek(Place(cell))).collect();
            ending(&cells, returned)
        }));
        scenario.initial = self
            .initial
            .iter()
            .enumerate()
            .map(|(number, cells)| scenario::Initial { name: format!("{number}"), cells: cells.clone() })
            .collect();
        scenario
    }
}

fn place() -> impl Strategy<Value = Place> {
    (0..CELLS as u16).prop_map(Place)
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Relaxed), Just(Order::Acquire), Just(Order::Release), Just(Order::Full)]
}

fn demand() -> impl Strategy<Value = Demand> {
    (0..256_u64, 0..256_u64, 0..2_i32).prop_map(|(one, other, unit)| Demand {
        among: one | other,
        property: "demand",
        witness: Label::new("unit", &[unit]),
    })
}

fn bits() -> impl Strategy<Value = Word> {
    0..8_u64
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => (place(), bits(), order()).prop_map(|(at, mask, order)| Action::Load { at, mask, order }),
        3 => (place(), bits(), order()).prop_map(|(at, value, order)| Action::Store { at, value, order }),
        2 => (place(), bits(), bits(), bits(), order())
            .prop_map(|(at, clear, set, mask, order)| Action::Change { at, clear, set, mask, order }),
        2 => (place(), 1..3_u64, bits(), 0..3_u64, order())
            .prop_map(|(at, mask, clear, set, order)| Action::Await { at, mask, clear, set, order }),
        2 => (place(), bits(), bits(), bits(), order())
            .prop_map(|(at, mask, clear, set, order)| Action::Try { at, mask, clear, set, order }),
        1 => (place(), place()).prop_map(|(from, to)| Action::Move { from, to }),
        1 => (place(), 0..2_u64, place()).prop_map(|(entry, need, to)| Action::CopyUser {
            entry,
            need,
            frame: Field { shift: 1, width: 1 },
            frames: Place(0),
            stride: 1,
            unit: 1,
            to,
        }),
        1 => order().prop_map(|order| Action::Fence { order }),
        1 => (1..3_u8).prop_map(|of| Action::Choose { of }),
        1 => (place(), demand(), proptest::option::of(demand()))
            .prop_map(|(at, first, second)| Action::Require { at, demands: [Some(first), second] }),
        1 => (0..2_i32).prop_map(|number| Action::Report {
            property: "report",
            witness: Label::new("event", &[number]),
        }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    let leaf = action().prop_map(Op::Take);
    leaf.prop_recursive(2, 8, 3, |inner| {
        let body = proptest::collection::vec(inner, 1..3);
        // A loop takes a step in each round, or it would never end.
        let with_step = body.clone().prop_map(|mut body| {
            body.insert(0, Op::Take(Action::Load { at: Place(0), mask: 7, order: Order::Relaxed }));
            body
        });
        prop_oneof![
            2 => body.clone().prop_map(Op::Call),
            2 => (1..3_u8, body.clone()).prop_map(|(rounds, body)| Op::Again(rounds, body)),
            1 => with_step.prop_map(Op::Spin),
            2 => body.prop_map(Op::If),
        ]
    })
}

pub(crate) fn programs() -> impl Strategy<Value = Program> {
    let actor = || proptest::collection::vec(op(), 2..6);
    let actors = prop_oneof![
        proptest::collection::vec(actor(), 2..3),
        proptest::collection::vec(proptest::collection::vec(op(), 1..4), 3..4)
    ];
    of(actors)
}

/// Programs of actors that mostly go round.
pub(crate) fn loops() -> impl Strategy<Value = Program> {
    let body = || {
        let look = (place(), bits()).prop_map(|(at, mask)| Action::Load { at, mask, order: Order::Relaxed });
        (look, proptest::collection::vec(op(), 0..3)).prop_map(|(look, mut body)| {
            body.insert(0, Op::Take(look));
            body
        })
    };
    let part = prop_oneof![2 => body().prop_map(Op::Spin), 1 => op()];
    of(proptest::collection::vec(proptest::collection::vec(part, 1..3), 2..4))
}

fn of(actors: impl Strategy<Value = Vec<Vec<Op>>>) -> impl Strategy<Value = Program> {
    let initial = proptest::collection::vec(proptest::collection::vec(bits(), CELLS..=CELLS), 1..3);
    (actors, any::<bool>(), any::<bool>(), initial).prop_map(|(actors, daemon, adversary, initial)| Program {
        actors,
        daemon,
        adversary,
        initial,
    })
}
