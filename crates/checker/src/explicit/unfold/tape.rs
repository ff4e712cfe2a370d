//! The tape that a model runs along: its canonical history, and what it does beyond.

use machine::{Action, Control as Frame, FINISHED, Flaw, Step, Word};

/// One item of a canonical history.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Item {
    /// A frame was entered and is open.
    Open,
    /// A step at a scheduling point returned this.
    Result(Word),
    /// The innermost loop is in the round that began with this state.
    Round(Word),
    /// A frame was entered and left with this.
    Returned(Word),
}

/// Steps and frames that one run may take without a scheduling point.
pub(super) const PERFORMED_MAX: u32 = 1 << 20;
/// Items that a history may have. A frame that collects more is a loop that is no `again`: each of its
/// rounds would be a control state, with all the rounds before it. The longest of all write paths'
/// has fewer than 60.
pub(super) const HISTORY_MAX: usize = 2048;

/// Why a run ended before the model did.
#[derive(Debug)]
pub(super) enum Stop {
    /// The history ends in front of this step.
    Unanswered(Step),
    /// The model does something else than its history says.
    Mismatch(String),
    /// It goes on without a scheduling point.
    Endless(Step),
    /// Its history is too long.
    TooLong(Step),
    /// It has little stack left.
    TooDeep(Step),
    /// It leaves or goes round a frame that it has not entered.
    Unbalanced(Step),
    /// The step breaks a rule by itself.
    Flawed(Step, Flaw),
}

/// What a model did so far.
pub(super) struct Tape {
    pub(super) items: Vec<Item>,
    cursor: usize,
    /// Where the open frames begin, and what opened them.
    frames: Vec<(usize, Step)>,
    /// What it did beyond the history, besides its scheduling points.
    pub(super) emissions: Vec<Step>,
    performed: u32,
    /// The step that the history's last result answers.
    pub(super) last: Option<Step>,
    pub(super) stop: Option<Stop>,
}

impl Tape {
    pub(super) fn new(items: Vec<Item>) -> Tape {
        let (frames, emissions) = Default::default();
        Tape { items, cursor: 0, frames, emissions, performed: 0, last: None, stop: None }
    }

    /// The item that the model has not come to.
    pub(super) fn left(&self) -> Option<Item> {
        self.items.get(self.cursor).copied()
    }

    /// The step that opened the innermost frame that is open.
    pub(super) fn open(&self) -> Option<Step> {
        self.frames.last().map(|(_, step)| *step)
    }

    /// The step that the run ended in front of returned this, and the run goes on.
    pub(super) fn go_on(&mut self, result: Word) {
        self.push(Item::Result(result));
        self.emissions.clear();
        self.performed = 0;
        self.stop = None;
    }

    /// The answer to a step, or none where the run ends; `room` is whether there is stack to go on.
    pub(super) fn answer(&mut self, step: Step, room: bool) -> Option<Word> {
        if self.stop.is_some() {
            return None;
        }
        if !room {
            return self.end(Stop::TooDeep(step));
        }
        self.performed += 1;
        if self.performed > PERFORMED_MAX {
            return self.end(Stop::Endless(step));
        }
        match step.action {
            Action::Control(frame) => self.frame(frame, step),
            Action::Report { .. } | Action::Reach { .. } => {
                self.emit(step);
                Some(0)
            }
            _ => match self.left() {
                None if self.items.len() > HISTORY_MAX => self.end(Stop::TooLong(step)),
                None => self.end(Stop::Unanswered(step)),
                Some(Item::Result(result)) => {
                    self.cursor += 1;
                    if self.cursor == self.items.len() {
                        self.last = Some(step);
                    }
                    Some(result)
                }
                Some(item) => self.mismatch(step, item),
            },
        }
    }

    fn end(&mut self, stop: Stop) -> Option<Word> {
        self.stop = Some(stop);
        None
    }

    fn emit(&mut self, step: Step) {
        if self.left().is_none() {
            self.emissions.push(step);
        }
    }

    fn push(&mut self, item: Item) {
        self.items.push(item);
        self.cursor = self.items.len();
    }

    fn mismatch(&mut self, step: Step, item: Item) -> Option<Word> {
        self.end(Stop::Mismatch(format!("{} where the history has {item:?}", told(&step))))
    }

    fn frame(&mut self, frame: Frame, step: Step) -> Option<Word> {
        self.emit(step);
        match (frame, self.left()) {
            (Frame::Misfit { .. }, _) => {
                let flaw = step.action.flaw(usize::MAX)?;
                self.end(Stop::Flawed(step, flaw))
            }
            (Frame::Call | Frame::Loop { .. }, Some(Item::Returned(result))) => {
                self.cursor += 1;
                Some(FINISHED | result)
            }
            (Frame::Call, Some(Item::Open)) => {
                self.frames.push((self.cursor, step));
                self.cursor += 1;
                Some(0)
            }
            (Frame::Loop { .. }, Some(Item::Open)) => {
                let Some(&Item::Round(state)) = self.items.get(self.cursor + 1) else {
                    return self.mismatch(step, Item::Open);
                };
                self.frames.push((self.cursor, step));
                self.cursor += 2;
                Some(state)
            }
            (Frame::Call | Frame::Loop { .. }, None) if self.items.len() > HISTORY_MAX => {
                self.end(Stop::TooLong(step))
            }
            (Frame::Call, None) => {
                self.frames.push((self.cursor, step));
                self.push(Item::Open);
                Some(0)
            }
            (Frame::Loop { state }, None) => {
                self.frames.push((self.cursor, step));
                self.push(Item::Open);
                self.push(Item::Round(state));
                Some(state)
            }
            (Frame::Round { state }, None) => {
                let open = self.frames.last().map(|(open, _)| *open);
                let is_loop = |open: &usize| matches!(self.items.get(open + 1), Some(Item::Round(_)));
                let Some(open) = open.filter(is_loop) else { return self.end(Stop::Unbalanced(step)) };
                self.items.truncate(open + 1);
                self.push(Item::Round(state));
                Some(state)
            }
            (Frame::Leave { result }, None) => {
                let Some((open, _)) = self.frames.pop() else { return self.end(Stop::Unbalanced(step)) };
                self.items.truncate(open);
                self.push(Item::Returned(result));
                Some(0)
            }
            // An open frame is open because the history ends inside it.
            (_, Some(item)) => self.mismatch(step, item),
        }
    }
}

/// A step with the line that takes it.
pub(super) fn told(step: &Step) -> String {
    format!("{step:?} at {}", step.location)
}
