//! Programs as a naive enumerator runs them: program counters instead of histories, its own reading of each
//! action. Nothing here is shared with the engine.

use machine::{Action, Order, Place, Word};

use super::program::{Broken, Op, PANICS};

/// What a block belongs to, and what its loop remembers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
enum Frame {
    Body,
    /// With the spare register to put back.
    Call(u16),
    Pair,
    /// Of so many rounds, how many are done.
    Count(u8, u8),
    /// In a circle of so many, where; with the spare register.
    Cycle(u8, u8, u16),
    Spin(u16),
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
struct Counter {
    block: usize,
    at: usize,
    frame: Frame,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub(crate) struct Thread {
    stack: Vec<Counter>,
    acc: u16,
    spare: u16,
    panicked: Option<u8>,
    /// What it came to that is not modelled.
    pub(crate) lacks: Option<u8>,
}

impl Thread {
    pub(crate) fn is_dead(&self) -> bool {
        self.panicked.is_some() || self.lacks.is_some()
    }

    /// The word that it returned.
    pub(crate) fn returned(&self) -> Option<Word> {
        let word = Word::from(self.acc) | Word::from(self.spare) << 16;
        (!self.is_dead() && self.stack.is_empty()).then_some(word)
    }
}

/// An instruction: an operation whose blocks are named by number.
#[derive(Clone, Debug)]
enum Ins {
    Plain(Op),
    Enter(Frame, usize),
    If(u16, usize, usize),
}

/// A program of one actor; block 0 is all of it.
#[derive(Clone, Default, Debug)]
pub(crate) struct Code(Vec<Vec<Ins>>);

impl Code {
    pub(crate) fn new(ops: &[Op]) -> Code {
        let mut code = Code::default();
        code.add(ops);
        code
    }

    fn add(&mut self, ops: &[Op]) -> usize {
        let number = self.0.len();
        self.0.push(Vec::new());
        for op in ops {
            let ins = match op {
                Op::Call(body) => Ins::Enter(Frame::Call(0), self.add(body)),
                Op::Pair(body) => Ins::Enter(Frame::Pair, self.add(body)),
                Op::Count(rounds, body) => Ins::Enter(Frame::Count(*rounds, 0), self.add(body)),
                Op::Cycle(rounds, body) => Ins::Enter(Frame::Cycle(*rounds, 0, 0), self.add(body)),
                Op::Spin(body) => Ins::Enter(Frame::Spin(0), self.add(body)),
                Op::If(number, then, or) => Ins::If(*number, self.add(then), self.add(or)),
                plain => Ins::Plain(plain.clone()),
            };
            self.0[number].push(ins);
        }
        number
    }

    /// In front of its first step, and what it reports before that.
    pub(crate) fn start(&self, broken: &mut Vec<Broken>) -> Thread {
        let first = Counter { block: 0, at: 0, frame: Frame::Body };
        let mut thread = Thread { stack: vec![first], acc: 0, spare: 0, panicked: None, lacks: None };
        self.settle(&mut thread, broken);
        thread
    }

    /// Ends a block, or goes round.
    fn leave(thread: &mut Thread, broke: bool) {
        let Some(mut counter) = thread.stack.pop() else { return };
        let acc = thread.acc;
        match counter.frame {
            Frame::Body | Frame::Pair => return,
            Frame::Call(spare) => {
                thread.spare = spare;
                return;
            }
            Frame::Count(rounds, done) => {
                if broke || done + 1 >= rounds {
                    return;
                }
                counter.frame = Frame::Count(rounds, done + 1);
            }
            Frame::Cycle(rounds, at, spare) => {
                thread.spare = spare;
                if broke || acc % 2 == 1 {
                    return;
                }
                let at = (at + 1) % rounds;
                counter.frame = Frame::Cycle(rounds, at, spare);
                thread.acc = u16::from(at);
            }
            Frame::Spin(spare) => {
                thread.spare = spare;
                if broke || acc > 0 {
                    return;
                }
                thread.acc = 0;
            }
        }
        counter.at = 0;
        thread.stack.push(counter);
    }

    /// Runs what is not seen by others, up to the next scheduling point.
    fn settle(&self, thread: &mut Thread, broken: &mut Vec<Broken>) {
        while let Some(counter) = thread.stack.last_mut() {
            let Some(ins) = self.0[counter.block].get(counter.at) else {
                Code::leave(thread, false);
                continue;
            };
            if let Ins::Plain(Op::StoreAcc(..)) = ins {
                return;
            }
            if let Ins::Plain(Op::Take(action, _)) = ins
                && !matches!(action, Action::Report { .. })
            {
                return;
            }
            counter.at += 1;
            match ins {
                Ins::Enter(frame, block) => {
                    let frame = match *frame {
                        Frame::Call(_) => Frame::Call(thread.spare),
                        Frame::Cycle(rounds, at, _) => Frame::Cycle(rounds, at, thread.spare),
                        Frame::Spin(_) => Frame::Spin(thread.spare),
                        other => other,
                    };
                    if matches!(frame, Frame::Cycle(..) | Frame::Spin(_)) {
                        thread.acc = 0;
                    }
                    thread.stack.push(Counter { block: *block, at: 0, frame });
                }
                Ins::If(number, then, or) => {
                    let block = if thread.acc == *number { *then } else { *or };
                    thread.stack.push(Counter { block, at: 0, frame: Frame::Body });
                }
                Ins::Plain(Op::Take(Action::Report { property, witness }, _)) => {
                    broken.push(((*property).to_owned(), witness.to_string()));
                }
                Ins::Plain(Op::Save) => thread.spare = thread.acc,
                Ins::Plain(Op::Swap) => (thread.acc, thread.spare) = (thread.spare, thread.acc),
                Ins::Plain(Op::Add(number)) => thread.acc = (thread.acc + number) % 16,
                Ins::Plain(Op::Break(number)) if thread.acc == *number => {
                    // The blocks of an `If` are no frames.
                    while thread.stack.len() > 1 && thread.stack.last().unwrap().frame == Frame::Body {
                        thread.stack.pop();
                    }
                    Code::leave(thread, true);
                }
                Ins::Plain(Op::Panic(number, message)) if thread.acc == *number => {
                    thread.panicked = Some(*message);
                    broken.push(("kernel-bug".to_owned(), PANICS[usize::from(*message)].to_owned()));
                    return;
                }
                Ins::Plain(Op::Lack(number, which)) if thread.acc == *number => {
                    thread.lacks = Some(*which);
                    return;
                }
                Ins::Plain(_) => {}
            }
        }
    }

    /// The step that a thread is in front of, and its number.
    pub(crate) fn pending(&self, thread: &Thread) -> Option<(Action, i32)> {
        let counter = thread.stack.last().filter(|_| !thread.is_dead())?;
        match self.0[counter.block].get(counter.at)? {
            Ins::Plain(Op::Take(action, number)) => Some((*action, *number)),
            Ins::Plain(Op::StoreAcc(at, mask, number)) => {
                let (value, order) = (Word::from(thread.acc) & mask, Order::Relaxed);
                Some((Action::Store { at: *at, value, order }, *number))
            }
            _ => None,
        }
    }

    /// The thread after its step returned this.
    pub(crate) fn advance(&self, thread: &Thread, result: Word, broken: &mut Vec<Broken>) -> Thread {
        let mut after = thread.clone();
        after.acc = result as u16;
        if let Some(counter) = after.stack.last_mut() {
            counter.at += 1;
        }
        self.settle(&mut after, broken);
        after
    }
}

/// What a step does.
pub(crate) enum Taken {
    Blocked,
    /// Cells and result, of each way; and what it breaks.
    Done(Vec<(Vec<Word>, Word)>, Vec<Broken>),
    /// It may not do it: no such cell, or a value that does not fit.
    Wrong,
}

pub(crate) fn take(action: &Action, cells: &[Word], widths: &[u8]) -> Taken {
    let mut new = cells.to_vec();
    let put = |new: &mut Vec<Word>, at: Place, value: Word| {
        new[usize::from(at.0)] = value;
        value < 2_u64.pow(u32::from(widths[usize::from(at.0)]))
    };
    let cell = |at: Place| cells[usize::from(at.0)];
    let changed = |old: Word, clear: Word, set: Word| (old - (old & clear)) | set;
    let mut broken = Vec::new();
    let (fits, result) = match *action {
        Action::Load { at, mask, .. } => (true, cell(at) & mask),
        Action::Store { at, value, .. } => (put(&mut new, at, value), 0),
        Action::Change { at, clear, set, mask, .. } => {
            (put(&mut new, at, changed(cell(at), clear, set)), cell(at) & mask)
        }
        Action::Await { at, mask, .. } if cell(at) & mask > 0 => return Taken::Blocked,
        Action::Await { at, clear, set, .. } => (put(&mut new, at, changed(cell(at), clear, set)), 0),
        Action::Try { at, mask, .. } if cell(at) & mask > 0 => (true, 0),
        Action::Try { at, clear, set, .. } => (put(&mut new, at, changed(cell(at), clear, set)), 1),
        Action::CompareExchange { at, expected, new: to, .. } => match cell(at) {
            old if old == expected => (put(&mut new, at, to), old),
            old => (true, old),
        },
        Action::Add { at, value, mask, .. } => {
            let old = cell(at);
            (put(&mut new, at, old.wrapping_add(value) & mask), old)
        }
        Action::Move { from, to } => (put(&mut new, to, cell(from)), 0),
        Action::CopyUser { entry, need, frame, frames, stride, unit, to } => {
            let entry = cell(entry);
            if (0..64).all(|bit| need >> bit & 1 == 0 || entry >> bit & 1 == 1) {
                let named = entry / 2_u64.pow(u32::from(frame.shift)) % 2_u64.pow(u32::from(frame.width));
                let from = u64::from(frames.0) + named * u64::from(stride) + u64::from(unit);
                let Some(value) = cells.get(from as usize) else { return Taken::Wrong };
                (put(&mut new, to, *value), 1)
            } else {
                (true, 0)
            }
        }
        Action::Fence { .. } => (true, 0),
        Action::Choose { of } => {
            let ways = (0..of).map(|choice| (new.clone(), Word::from(choice)));
            return Taken::Done(ways.collect(), broken);
        }
        Action::Require { at, demands } => {
            for demand in demands.iter().flatten() {
                let allowed: Vec<Word> = (0..64).filter(|v| demand.among >> v & 1 == 1).collect();
                if !allowed.contains(&cell(at)) {
                    broken.push((demand.property.to_owned(), demand.witness.to_string()));
                }
            }
            (true, 0)
        }
        Action::Report { .. } | Action::Reach { .. } | Action::Control(_) => unreachable!("not a step"),
    };
    if fits { Taken::Done(vec![(new, result)], broken) } else { Taken::Wrong }
}
