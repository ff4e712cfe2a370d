//! Random programs. What is drawn is made to fit the program's cells afterwards, so that programs
//! shrink.

use machine::{Action, Demand, Field, Label, Order, Place, Word};
use proptest::collection::vec;
use proptest::prelude::*;

use super::program::{Op, Program, Role};

/// Programs of every kind: 1 to 5 actors, some of them daemons or adversaries, cells of 1 to 32 bits, several
/// initial states, views, panics. One in twelve may break a rule about cells.
pub(crate) fn programs() -> impl Strategy<Value = Program> {
    let width = prop_oneof![Just(1_u8), Just(3), Just(8), Just(17), Just(31), Just(32)];
    let role = |most| (block(3, most), weighted(4), weighted(5));
    let actors = prop_oneof![
        1 => vec(role(6), 1),
        2 => vec(role(5), 2),
        2 => vec(role(3), 3),
        2 => vec(role(2), 4),
        1 => vec(role(2), 5),
    ];
    let views = prop_oneof![2 => Just(Vec::new()), 1 => vec(block(2, 4), 1..3)];
    let initial = vec(vec(bits(), 5), 1..5);
    let flags = (weighted(2), weighted(3), weighted(3), weighted(12));
    (vec(width, 1..6), actors, views, initial, flags).prop_map(
        |(widths, actors, views, initial, (killed, state, rest, loose))| {
            let actors = actors.into_iter().map(|(ops, daemon, adversary)| Role { ops, daemon, adversary });
            let program = Program { widths, initial, actors: actors.collect(), views, killed, state, rest };
            fitted(program, loose)
        },
    )
}

/// Two or three actors over three cells, without views, panics and properties: what other engines are
/// compared by.
pub(crate) fn plain_programs() -> impl Strategy<Value = Program> {
    let actors = prop_oneof![vec(vec(plain_op(), 2..6), 2), vec(vec(plain_op(), 1..4), 3)];
    let initial = vec(vec(0..8_u64, 3), 1..3);
    (actors, any::<bool>(), any::<bool>(), initial).prop_map(|(actors, daemon, adversary, initial)| {
        let last = actors.len() - 1;
        let role = |(number, ops)| Role {
            ops,
            daemon: daemon && number == last,
            adversary: adversary && number == last,
        };
        let actors = actors.into_iter().enumerate().map(role).collect();
        let (killed, state, rest) = (true, false, false);
        fitted(Program { widths: vec![3; 3], initial, actors, views: Vec::new(), killed, state, rest }, false)
    })
}

/// Two or three actors over three cells that mostly go round.
pub(crate) fn loops() -> impl Strategy<Value = Program> {
    let body = || round(vec(plain_op(), 0..3));
    let part = prop_oneof![
        3 => body().prop_map(Op::Spin),
        1 => (1..4_u8, body()).prop_map(|(rounds, body)| Op::Cycle(rounds, body)),
        1 => plain_op(),
    ];
    let actors = vec((vec(part, 1..3), weighted(3), weighted(3)), 2..4);
    let initial = vec(vec(0..8_u64, 3), 1..3);
    (actors, initial, any::<bool>()).prop_map(|(actors, initial, killed)| {
        let actors = actors.into_iter().map(|(ops, daemon, adversary)| Role { ops, daemon, adversary });
        let (actors, views, state, rest) = (actors.collect(), Vec::new(), false, false);
        fitted(Program { widths: vec![3; 3], initial, actors, views, killed, state, rest }, false)
    })
}

/// Two to four actors that take locks, touch little while they have them, and now and then wait for something else:
/// what a lock keeps others from is what a reduction lives on.
pub(crate) fn locking() -> impl Strategy<Value = Program> {
    const RELAXED: Order = Order::Relaxed;
    let data = || (2..5_u16).prop_map(Place);
    let touch = move || {
        let step = prop_oneof![
            3 => (data(), 0..4_u64).prop_map(|(at, value)| Action::Store { at, value, order: RELAXED }),
            2 => data().prop_map(|at| Action::Load { at, mask: 7, order: RELAXED }),
            1 => (data(), data()).prop_map(|(from, to)| Action::Move { from, to }),
            1 => (data(), 1..4_u64).prop_map(|(at, mask)| Action::Await { at, mask, clear: 0, set: 0, order: RELAXED }),
            1 => (data(), 1..8_u64).prop_map(|(at, clear)| Action::Change { at, clear, set: 0, mask: 0, order: RELAXED }),
            1 => (data(), demand()).prop_map(|(at, demand)| Action::Require { at, demands: [Some(demand), None] }),
            1 => (1..3_u8).prop_map(|of| Action::Choose { of }),
        ];
        step.prop_map(|action| Op::Take(action, 0))
    };
    let section = move || {
        (0..2_u16, 1..4_u64, vec(touch(), 1..3)).prop_map(|(lock, mask, mut body)| {
            let at = Place(lock);
            let take = Action::Await { at, mask, clear: 0, set: mask, order: RELAXED };
            body.insert(0, Op::Take(take, 0));
            body.push(Op::Take(Action::Change { at, clear: mask, set: 0, mask: 0, order: RELAXED }, 0));
            body
        })
    };
    let part = prop_oneof![
        4 => section(),
        2 => vec(touch(), 1..2),
        1 => round(section()).prop_map(|body| vec![Op::Count(2, body)]),
        1 => round(section()).prop_map(|body| vec![Op::Spin(body)]),
    ];
    let actors = vec((vec(part, 1..3), weighted(5), weighted(5)), 2..5);
    let initial = vec(vec(prop_oneof![3 => Just(0), 1 => 0..4_u64], 5), 1..3);
    (actors, initial, weighted(2), weighted(2)).prop_map(|(actors, initial, state, killed)| {
        let role =
            |(ops, daemon, adversary): (Vec<Vec<Op>>, _, _)| Role { ops: ops.concat(), daemon, adversary };
        let actors = actors.into_iter().map(role).collect();
        let (widths, views, rest) = (vec![3; 5], Vec::new(), false);
        fitted(Program { widths, initial, actors, views, killed, state, rest }, false)
    })
}

/// Somebody who waits until none of some bits is set, and others who set and clear one each: again and again, or a few
/// times. Whether there is always one that is set is a matter of the order in which they do.
pub(crate) fn crossing() -> impl Strategy<Value = Program> {
    const RELAXED: Order = Order::Relaxed;
    const GATE: Place = Place(0);
    let step = |action| Op::Take(action, 0);
    let own = move |number: u16| {
        let (at, value) = (Place(1 + number), prop_oneof![Just(0), Just(1)]);
        value.prop_map(move |value| step(Action::Store { at, value, order: RELAXED }))
    };
    let flips = move |number: u16| {
        let bit = 1 << number;
        let flip = prop_oneof![Just((bit, 0)), Just((0, bit))].prop_map(move |(clear, set)| {
            step(Action::Change { at: GATE, clear, set, mask: 0, order: RELAXED })
        });
        vec(prop_oneof![3 => flip, 1 => own(number)], 1..5)
    };
    let flipper = move |number: u16| {
        let at = Place(1 + number);
        let looked = move |mut body: Vec<Op>| {
            body.insert(0, step(Action::Load { at, mask: 0, order: RELAXED }));
            body
        };
        let again = flips(number).prop_map(move |body| vec![Op::Spin(looked(body))]);
        let few =
            (1..3_u8, flips(number)).prop_map(move |(rounds, body)| vec![Op::Count(rounds, looked(body))]);
        let ops = prop_oneof![3 => again, 1 => few, 1 => flips(number)];
        (ops, weighted(8)).prop_map(|(ops, adversary)| Role { ops, daemon: true, adversary })
    };
    let others = prop_oneof![
        2 => (flipper(0), flipper(1)).prop_map(|(a, b)| vec![a, b]),
        1 => (flipper(0), flipper(1), flipper(2)).prop_map(|(a, b, c)| vec![a, b, c]),
    ];
    let wait = (1..8_u64, prop_oneof![2 => Just(0), 1 => Just(4)]);
    (wait, others, vec(vec(0..8_u64, 4), 1..3)).prop_map(move |((mask, set), mut actors, initial)| {
        let wait = Action::Await { at: GATE, mask, clear: 0, set, order: RELAXED };
        actors.insert(0, Role { ops: vec![step(wait)], daemon: false, adversary: false });
        let (widths, views, killed, state, rest) = (vec![3; 4], Vec::new(), false, false, false);
        fitted(Program { widths, initial, actors, views, killed, state, rest }, false)
    })
}

/// The programs of `of`, in which something is not modelled at up to five places, in actors and views.
pub(crate) fn lacking(of: impl Strategy<Value = Program>) -> impl Strategy<Value = Program> {
    let place = (any::<u16>(), 0..3_u16, 0..4_u8);
    (of, vec(place, 1..6)).prop_map(|(mut program, places)| {
        for (at, number, which) in places {
            let roles = program.actors.iter_mut().map(|role| &mut role.ops);
            let mut blocks: Vec<&mut Vec<Op>> = roles.chain(&mut program.views).collect();
            let count = blocks.len();
            lack(blocks.swap_remove(usize::from(at) % count), usize::from(at) / count, number, which);
        }
        program
    })
}

/// Puts one into a block, or a block in it.
fn lack(ops: &mut Vec<Op>, at: usize, number: u16, which: u8) {
    let (here, inside) = (at % (ops.len() + 1), at / (ops.len() + 1));
    match ops.get_mut(here) {
        Some(
            Op::Call(body)
            | Op::Pair(body)
            | Op::Count(_, body)
            | Op::Cycle(_, body)
            | Op::Spin(body)
            | Op::If(_, body, _),
        ) if inside % 4 != 0 => lack(body, inside / 4, number, which),
        // A loop takes a step in each round; this takes none, and may come before it.
        _ => ops.insert(here, Op::Lack(number, which)),
    }
}

/// True once in so many times.
fn weighted(times: u32) -> impl Strategy<Value = bool> {
    prop_oneof![times - 1 => Just(false), 1 => Just(true)]
}

fn place() -> impl Strategy<Value = Place> {
    (0..60_u16).prop_map(Place)
}

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Relaxed), Just(Order::Acquire), Just(Order::Release), Just(Order::Full)]
}

fn bits() -> impl Strategy<Value = Word> {
    prop_oneof![8 => 0..8_u64, 1 => 0..1_u64 << 32]
}

fn demand() -> impl Strategy<Value = Demand> {
    let property = prop_oneof![Just("demand"), Just("other")];
    (any::<u64>(), any::<u64>(), property, 0..3_i32).prop_map(|(one, other, property, unit)| Demand {
        among: one | other,
        property,
        witness: Label::new("unit", &[unit]),
    })
}

fn action() -> impl Strategy<Value = Action> {
    let copy = (place(), 0..3_u64, (0..3_u8, 0..3_u8), place(), (0..2_u16, 0..2_u16), place());
    prop_oneof![
        3 => (place(), bits(), order()).prop_map(|(at, mask, order)| Action::Load { at, mask, order }),
        3 => (place(), bits(), order()).prop_map(|(at, value, order)| Action::Store { at, value, order }),
        2 => (place(), bits(), bits(), bits(), order())
            .prop_map(|(at, clear, set, mask, order)| Action::Change { at, clear, set, mask, order }),
        3 => (place(), 0..8_u64, 0..8_u64, 0..4_u64, order())
            .prop_map(|(at, mask, clear, set, order)| Action::Await { at, mask, clear, set, order }),
        2 => (place(), 0..8_u64, bits(), bits(), order())
            .prop_map(|(at, mask, clear, set, order)| Action::Try { at, mask, clear, set, order }),
        1 => (place(), 0..4_u64, bits(), order())
            .prop_map(|(at, expected, new, order)| Action::CompareExchange { at, expected, new, order }),
        1 => (place(), bits(), prop_oneof![Just(7), Just(Word::MAX)], order())
            .prop_map(|(at, value, mask, order)| Action::Add { at, value, mask, order }),
        1 => (place(), place()).prop_map(|(from, to)| Action::Move { from, to }),
        1 => copy.prop_map(|(entry, need, (shift, width), frames, (stride, unit), to)| {
            Action::CopyUser { entry, need, frame: Field { shift, width }, frames, stride, unit, to }
        }),
        1 => order().prop_map(|order| Action::Fence { order }),
        2 => (1..4_u8).prop_map(|of| Action::Choose { of }),
        1 => (place(), proptest::option::of(demand()), proptest::option::of(demand()))
            .prop_map(|(at, first, second)| Action::Require { at, demands: [first, second] }),
        1 => (0..3_i32).prop_map(|number| Action::Report {
            property: "report",
            witness: Label::new("event", &[number]),
        }),
    ]
}

fn load() -> impl Strategy<Value = Op> {
    let load = |(at, mask)| Op::Take(Action::Load { at, mask, order: Order::Relaxed }, 0);
    (place(), prop_oneof![Just(7), Just(1)]).prop_map(load)
}

/// A loop takes a step in each round, or it would never end.
fn round(body: impl Strategy<Value = Vec<Op>>) -> impl Strategy<Value = Vec<Op>> {
    (load(), body).prop_map(|(load, mut body)| {
        body.insert(0, load);
        body
    })
}

fn block(depth: u32, most: usize) -> impl Strategy<Value = Vec<Op>> {
    let take = || action().prop_map(|action| Op::Take(action, 0));
    let leaf = prop_oneof![
        40 => take(),
        2 => (place(), bits()).prop_map(|(at, mask)| Op::StoreAcc(at, mask, 0)),
        2 => Just(Op::Save),
        2 => Just(Op::Swap),
        2 => (0..3_u16).prop_map(Op::Add),
        2 => (0..2_u16).prop_map(Op::Break),
        1 => (0..3_u16, 0..3_u8).prop_map(|(number, message)| Op::Panic(number, message)),
    ];
    let op = leaf.prop_recursive(depth, 10, 3, |inner| {
        let body = vec(inner, 1..3);
        prop_oneof![
            1 => body.clone().prop_map(Op::Call),
            1 => body.clone().prop_map(Op::Pair),
            1 => (1..4_u8, round(body.clone())).prop_map(|(rounds, body)| Op::Count(rounds, body)),
            1 => (1..4_u8, round(body.clone())).prop_map(|(rounds, body)| Op::Cycle(rounds, body)),
            1 => round(body.clone()).prop_map(Op::Spin),
            2 => (0..2_u16, body.clone(), prop_oneof![Just(Vec::new()), body])
                .prop_map(|(number, then, or)| Op::If(number, then, or)),
        ]
    });
    vec(op, 1..=most)
}

fn plain_op() -> impl Strategy<Value = Op> {
    let leaf = action().prop_map(|action| Op::Take(action, 0));
    leaf.prop_recursive(2, 8, 3, |inner| {
        let body = vec(inner, 1..3);
        prop_oneof![
            2 => body.clone().prop_map(Op::Call),
            2 => (1..3_u8, body.clone()).prop_map(|(rounds, body)| Op::Count(rounds, body)),
            1 => round(body.clone()).prop_map(Op::Spin),
            2 => body.prop_map(|body| Op::If(0, Vec::new(), body)),
        ]
    })
}

/// Makes a program fit its cells, and numbers its steps. A loose one may name cells that are not there, and
/// store what does not fit.
fn fitted(mut program: Program, loose: bool) -> Program {
    let mut fit = Fit { widths: program.widths.clone(), loose, steps: 0 };
    let actors = program.actors.iter_mut().map(|role| &mut role.ops);
    actors.chain(&mut program.views).for_each(|ops| fit.block(ops));
    for cells in &mut program.initial {
        cells.truncate(fit.widths.len());
        for (cell, width) in cells.iter_mut().zip(&fit.widths) {
            *cell &= mask(*width);
        }
    }
    program
}

fn mask(width: u8) -> Word {
    (1 << width) - 1
}

struct Fit {
    widths: Vec<u8>,
    loose: bool,
    steps: i32,
}

impl Fit {
    fn block(&mut self, ops: &mut [Op]) {
        for op in ops {
            match op {
                Op::Take(action, number) => {
                    *action = self.action(*action);
                    *number = self.number();
                }
                Op::StoreAcc(at, kept, number) => {
                    *at = self.place(*at);
                    *kept &= mask(self.width(*at));
                    *number = self.number();
                }
                Op::Call(body) | Op::Pair(body) | Op::Spin(body) => self.block(body),
                Op::Count(_, body) | Op::Cycle(_, body) => self.block(body),
                Op::If(_, then, or) => {
                    self.block(then);
                    self.block(or);
                }
                Op::Save | Op::Swap | Op::Add(_) | Op::Break(_) | Op::Panic(..) | Op::Lack(..) => {}
            }
        }
    }

    fn number(&mut self) -> i32 {
        self.steps += 1;
        self.steps
    }

    fn place(&self, at: Place) -> Place {
        Place(at.0 % self.widths.len() as u16)
    }

    fn width(&self, at: Place) -> u8 {
        self.widths[at.index()]
    }

    fn action(&self, action: Action) -> Action {
        let fit = |at: Place, value: Word| value & mask(self.width(self.place(at)));
        match action {
            Action::Load { at, mask, order } => Action::Load { at: self.place(at), mask, order },
            Action::Store { at, value, order } => {
                let value = if self.loose { value } else { fit(at, value) };
                Action::Store { at: self.place(at), value, order }
            }
            Action::Change { at, clear, set, mask, order } => {
                Action::Change { at: self.place(at), clear, set: fit(at, set), mask, order }
            }
            Action::Await { at, mask, clear, set, order } => {
                Action::Await { at: self.place(at), mask, clear, set: fit(at, set), order }
            }
            Action::Try { at, mask, clear, set, order } => {
                Action::Try { at: self.place(at), mask, clear, set: fit(at, set), order }
            }
            Action::CompareExchange { at, expected, new, order } => {
                let (expected, new) = (fit(at, expected), if self.loose { new } else { fit(at, new) });
                Action::CompareExchange { at: self.place(at), expected, new, order }
            }
            Action::Add { at, value, mask, order } => {
                let mask = if self.loose { mask } else { fit(at, mask) };
                Action::Add { at: self.place(at), value, mask, order }
            }
            Action::Move { from, to } => {
                let (from, to) = (self.place(from), self.place(to));
                let fits = self.width(from) <= self.width(to);
                if fits || self.loose { Action::Move { from, to } } else { NOTHING }
            }
            Action::CopyUser { entry, need, frame, frames, stride, unit, to } => {
                let (entry, frames, to) = (self.place(entry), self.place(frames), self.place(to));
                let stride = stride + u16::from(self.loose);
                let last = usize::from(frames.0 + ((1 << frame.width) - 1) * stride + unit);
                let fits = self.widths.iter().all(|width| *width <= self.width(to));
                if last < self.widths.len() && fits || self.loose {
                    Action::CopyUser { entry, need, frame, frames, stride, unit, to }
                } else {
                    NOTHING
                }
            }
            Action::Require { at, demands } => Action::Require { at: self.place(at), demands },
            Action::Fence { .. }
            | Action::Choose { .. }
            | Action::Report { .. }
            | Action::Reach { .. }
            | Action::Control(_) => action,
        }
    }
}

const NOTHING: Action = Action::Fence { order: Order::Relaxed };

/// The same programs, in which some actors do what the first one does, and mostly as it does.
pub(crate) fn twins(programs: impl Strategy<Value = Program>) -> impl Strategy<Value = Program> {
    let alike = vec((weighted(2), weighted(3)), 5);
    (programs, alike, weighted(3)).prop_map(|(mut program, alike, more)| {
        if program.actors.len() == 1 || more && program.actors.len() < 4 {
            program.actors.push(program.actors[0].clone());
        }
        let first = program.actors[0].clone();
        for (role, (alike, freely)) in program.actors.iter_mut().skip(1).zip(alike) {
            if alike {
                let Role { daemon, adversary, .. } = *if freely { &*role } else { &first };
                *role = Role { daemon, adversary, ..first.clone() };
            }
        }
        program
    })
}
