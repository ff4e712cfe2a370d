//! One indivisible action on shared memory, as data.

use std::fmt;
use std::hash::{Hash, Hasher};

use crate::{CELL_BITS_MAX, Location, Memory, Place, Word};

/// The order that a step imposes on its neighbours, in the kernel's terms (`Documentation/atomic_t.txt`,
/// `Documentation/atomic_bitops.txt`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Order {
    /// None: plain data, `READ_ONCE`, `WRITE_ONCE`, `set_bit`, `clear_bit`.
    Relaxed,
    /// Later accesses stay later: `smp_load_acquire`, taking a lock, `test_and_set_bit_lock`, `smp_rmb`.
    Acquire,
    /// Earlier accesses stay earlier: `smp_store_release`, `clear_bit_unlock`, `smp_wmb`.
    Release,
    /// Both: a value-returning read-modify-write such as `test_and_set_bit`, `smp_mb`.
    Full,
}

/// A field of a cell: `width` bits from bit `shift` on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Field {
    /// The lowest bit.
    pub shift: u8,
    /// How many bits.
    pub width: u8,
}

impl Field {
    /// The field's value in `word`; the bits of an ill-formed field that no word has are 0.
    #[must_use]
    pub const fn of(self, word: Word) -> Word {
        let word = if self.shift < 64 { word >> self.shift } else { 0 };
        if self.width < 64 { word & ((1 << self.width) - 1) } else { word }
    }

    /// Whether it lies within the widest cell.
    #[must_use]
    pub const fn is_well_formed(self) -> bool {
        self.shift as u32 + self.width as u32 <= CELL_BITS_MAX as u32
    }
}

/// What an observer demands of a cell: its value, a number below 64, is one of a set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Demand {
    /// The allowed values, one bit each.
    pub among: u64,
    /// The property that is broken otherwise.
    pub property: &'static str,
    /// What tells this violation from others of the property: which unit, say. Never an address, a
    /// frame or a count that changes without meaning.
    pub witness: Label,
}

/// A name and up to three numbers, as a trace shows them: `set_buffer_uptodate(0)`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Label {
    /// The kernel's word for it.
    pub name: &'static str,
    args: [i32; 3],
    count: u8,
}

impl Label {
    /// No name.
    pub(crate) const NONE: Label = Label { name: "", args: [0; 3], count: 0 };

    /// A name with `args`, of which the first three are kept.
    #[must_use]
    pub fn new(name: &'static str, args: &[i32]) -> Label {
        let mut kept = [0; 3];
        let count = args.len().min(3);
        kept[..count].copy_from_slice(&args[..count]);
        Label { name, args: kept, count: count as u8 }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        if self.count > 0 {
            let args: Vec<String> = self.args[..usize::from(self.count)].iter().map(i32::to_string).collect();
            write!(f, "({})", args.join(", "))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a step does. Every engine matches these exhaustively: a new variant is a serious change.
#[expect(missing_docs, reason = "the fields are the operands that each variant's sentence names")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// Reads a word; returns the masked bits.
    Load { at: Place, mask: Word, order: Order },
    /// Writes a word; returns 0.
    Store { at: Place, value: Word, order: Order },
    /// One read-modify-write, `new = (old & !clear) | set`; returns the masked *old* bits.
    Change { at: Place, clear: Word, set: Word, mask: Word, order: Order },
    /// Blocks until the masked bits are 0, then changes as above; returns 0.
    Await { at: Place, mask: Word, clear: Word, set: Word, order: Order },
    /// The same guard without blocking; returns whether it changed the cell.
    Try { at: Place, mask: Word, clear: Word, set: Word, order: Order },
    /// If the whole cell is `expected`, it becomes `new`; returns the old word.
    CompareExchange { at: Place, expected: Word, new: Word, order: Order },
    /// Adds to a word, `new = (old + value) & mask`; returns the old word. A model whose sum does not fit the cell
    /// is wrong.
    Add { at: Place, value: Word, mask: Word, order: Order },
    /// Copies one unit of data; the value never enters control flow; returns 0.
    Move { from: Place, to: Place },
    /// Copies one unit of user memory: if all bits of `need` are set in the page-table entry,
    /// copies cell `frames + entry.frame * stride + unit` to `to`; returns whether it did.
    ///
    /// Translation and load are one step, because they are one hardware access. A copy through a
    /// stale TLB entry before the flush completes commutes to before the entry was cleared: the frame
    /// is reused only after the flush.
    CopyUser { entry: Place, need: Word, frame: Field, frames: Place, stride: u16, unit: u16, to: Place },
    /// Orders the actor's accesses to relaxed cells; returns 0.
    Fence { order: Order },
    /// Nondeterminism; returns any of `0..of`, and 0 is the uneventful choice.
    Choose { of: u8 },
    /// An observer checks a cell against up to two demands; a violation is recorded and the run goes
    /// on; returns 0.
    Require { at: Place, demands: [Option<Demand>; 2] },
    /// A violation that the actor sees by itself (an event); no scheduling point; returns 0.
    Report { property: &'static str, witness: Label },
    /// This was reached (guards against empty truths); no scheduling point; returns 0.
    Reach { what: &'static str },
    /// Opens or closes a frame of control, see [`crate::call`] and [`crate::again`]; no scheduling point.
    Control(Control),
}

/// The frames that the two control words open and close.
#[expect(missing_docs, reason = "the fields are the words that each variant's sentence names")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Control {
    /// A [`crate::call`] is entered. Answer: [`FINISHED`] and the result where the engine remembers
    /// it, else 0.
    Call,
    /// An [`crate::again`] loop is entered with this state. Answer: [`FINISHED`] and the result where
    /// the engine remembers it, else the state to go on with.
    Loop { state: Word },
    /// The loop goes round with this state: everything that happened in it is forgotten. Answer: the state.
    Round { state: Word },
    /// The innermost frame is left with this result: everything that happened in it is forgotten. Answer: 0.
    Leave { result: Word },
    /// A state or result has more bits than its type says, or its word does not give it back. No answer:
    /// the model breaks a rule, and the engine gives it up (see [`Action::flaw`]).
    Misfit { word: Word, bits: u32 },
}

/// The bit that marks the answer to [`Control::Call`] and [`Control::Loop`] as a remembered result.
pub const FINISHED: Word = 1 << 63;

/// How many bits a loop's state and a frame's result take at most. Those above, up to [`FINISHED`], are free
/// for who stands between a model and an engine and has to remember something where the model forgets.
pub const SMALL_BITS_MAX: u32 = 48;

/// A step: an action, the kernel's word for it, and where the model took it. Only the action
/// takes part in equality and hash.
#[derive(Clone, Copy)]
pub struct Step {
    /// What it does.
    pub action: Action,
    /// What a trace calls it.
    pub label: Label,
    /// How a trace shows its result; empty where there is nothing to say.
    pub show: fn(Word) -> String,
    /// The line of the model (or of the kernel word, inside one) that takes it.
    pub location: Location,
}

impl Step {
    /// A step taken at the caller's line.
    #[must_use]
    #[track_caller]
    pub fn new(action: Action, label: Label) -> Step {
        Step { action, label, show: |_| String::new(), location: Location::caller() }
    }

    /// The same step, its result shown by `show`.
    #[must_use]
    pub fn showing(self, show: fn(Word) -> String) -> Step {
        Step { show, ..self }
    }

    /// Whether a trace shows it: all but the beginning and the end of a [`crate::scope`].
    #[must_use]
    pub fn is_shown(&self) -> bool {
        !(matches!(self.action, Action::Control(_)) && self.label == Label::NONE)
    }

    /// What an error calls it: its label, also where no trace shows it.
    #[must_use]
    pub fn name(&self) -> Label {
        if self.is_shown() { self.label } else { Label::new("scope", &[]) }
    }

    /// Its result, or that of the frame it leaves, as a trace shows it.
    #[must_use]
    pub fn shown(&self, result: Word) -> String {
        (self.show)(result & ((1 << SMALL_BITS_MAX) - 1))
    }

    /// Whether other actors may come between this step and the one before it. The others touch no
    /// shared cell.
    #[must_use]
    pub fn is_scheduling_point(&self) -> bool {
        !matches!(self.action, Action::Report { .. } | Action::Reach { .. } | Action::Control(_))
    }
}

impl PartialEq for Step {
    fn eq(&self, other: &Step) -> bool {
        self.action == other.action
    }
}
impl Eq for Step {}

impl Hash for Step {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.action.hash(state);
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {:?}", self.name(), self.action)
    }
}

/// What executing a step on sequentially consistent memory comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// It happened and returned this.
    Done(Word),
    /// It cannot happen in this state.
    Blocked,
    /// It can return any of `0..of` and changes nothing.
    Choice(u8),
}

impl Action {
    /// Executes the action on sequentially consistent memory. `Require`, `Report`, `Reach` and
    /// `Control` change nothing and return 0: recording them is the engine's part.
    #[inline]
    pub fn execute<M: Memory + ?Sized>(&self, memory: &mut M) -> Effect {
        match *self {
            Action::Load { at, mask, .. } => Effect::Done(memory.peek(at) & mask),
            Action::Store { at, value, .. } => {
                memory.poke(at, value);
                Effect::Done(0)
            }
            Action::Change { at, clear, set, mask, .. } => {
                let old = memory.peek(at);
                memory.poke(at, (old & !clear) | set);
                Effect::Done(old & mask)
            }
            Action::Await { at, mask, clear, set, .. } => {
                let old = memory.peek(at);
                if old & mask != 0 {
                    return Effect::Blocked;
                }
                memory.poke(at, (old & !clear) | set);
                Effect::Done(0)
            }
            Action::Try { at, mask, clear, set, .. } => {
                let old = memory.peek(at);
                if old & mask != 0 {
                    return Effect::Done(0);
                }
                memory.poke(at, (old & !clear) | set);
                Effect::Done(1)
            }
            Action::CompareExchange { at, expected, new, .. } => {
                let old = memory.peek(at);
                if old == expected {
                    memory.poke(at, new);
                }
                Effect::Done(old)
            }
            Action::Add { at, value, mask, .. } => {
                let old = memory.peek(at);
                memory.poke(at, old.wrapping_add(value) & mask);
                Effect::Done(old)
            }
            Action::Move { from, to } => {
                let unit = memory.peek(from);
                memory.poke(to, unit);
                Effect::Done(0)
            }
            Action::CopyUser { entry, need, frame, frames, stride, unit, to } => {
                let value = memory.peek(entry);
                if value & need != need {
                    return Effect::Done(0);
                }
                let from = frames.at(frame.of(value) as usize * usize::from(stride) + usize::from(unit));
                let copied = memory.peek(from);
                memory.poke(to, copied);
                Effect::Done(1)
            }
            Action::Choose { of } => Effect::Choice(of),
            Action::Fence { .. }
            | Action::Require { .. }
            | Action::Report { .. }
            | Action::Reach { .. }
            | Action::Control(_) => Effect::Done(0),
        }
    }

    /// The demands of a `Require` that `value` breaks.
    pub fn broken(&self, value: Word) -> impl Iterator<Item = Demand> + use<> {
        let demands = match *self {
            Action::Require { demands, .. } => demands,
            _ => [None; 2],
        };
        demands.into_iter().flatten().filter(move |d| value >= 64 || d.among & (1 << value) == 0)
    }
}
