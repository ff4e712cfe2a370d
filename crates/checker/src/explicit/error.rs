//! What is wrong with a scenario, a model or a checkpoint, so that nothing can be searched.

use std::fmt;
use std::path::PathBuf;

use machine::{Flaw, Label, Location, Step, Word};

/// The step at which a model breaks a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Spot {
    /// The actor's name.
    pub actor: &'static str,
    /// The step.
    pub step: Label,
    /// The line that takes it.
    pub location: Location,
}

impl Spot {
    pub(crate) fn new(actor: &'static str, step: &Step) -> Spot {
        Spot { actor, step: step.name(), location: step.location }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spot { actor, step, location } = self;
        write!(f, "`{actor}`, {step} at {location}")
    }
}

/// A scenario or model that can't be searched. None of these is a finding about the modelled kernel.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// Another process that searches the same says what is wrong.
    #[error("in process {process}: {why}")]
    Elsewhere {
        /// Which, from 0 on.
        process: usize,
        /// What it says.
        why: String,
    },
    /// The scenario has no initial state.
    #[error("the scenario has no initial state")]
    NoInitial,
    /// Two properties have one id, so that nobody can tell which of them is promised.
    #[error("the scenario has two properties with the id `{0}`; give each an id of its own")]
    RepeatedProperty(&'static str),
    /// An initial state has too many or too few cells.
    #[error("initial state `{initial}` gives {given} cells, the layout has {declared}")]
    InitialLength {
        /// The initial state's name.
        initial: String,
        /// How many cells it gives.
        given: usize,
        /// How many there are.
        declared: usize,
    },
    /// An initial value does not fit its cell.
    #[error("initial state `{initial}`: {value:#x} does not fit the {width} bits of cell `{cell}`")]
    InitialWidth {
        /// The initial state's name.
        initial: String,
        /// The cell's name.
        cell: String,
        /// The value.
        value: Word,
        /// The cell's width.
        width: u8,
    },
    /// Two initial states have one name, so that a schedule can't tell which it begins with.
    #[error("two initial states are named `{0}`")]
    InitialTwice(String),
    /// A step writes a value that does not fit the cell.
    #[error("{at}: {value:#x} does not fit the {width} bits of cell `{cell}`")]
    ValueTooWide {
        /// Where.
        at: Spot,
        /// The cell's name.
        cell: String,
        /// The value.
        value: Word,
        /// The cell's width.
        width: u8,
    },
    /// A step breaks a rule of all steps: it names a cell that is not declared, say.
    #[error("{at}: {flaw}")]
    Flawed {
        /// Where.
        at: Spot,
        /// The rule.
        flaw: Flaw,
    },
    /// A property, a picture or the like looks at a cell that is not declared.
    #[error("{who} looks at a cell that is not declared: {flaw}")]
    LooksBeyond {
        /// Who looks, `property ID` for instance.
        who: String,
        /// What at.
        flaw: Flaw,
    },
    /// A frame is left, or a loop goes round, that was not entered.
    #[error(
        "{at}: leaves or goes round a frame that it has not entered; `call` and `again` keep them balanced"
    )]
    UnbalancedFrame {
        /// Where.
        at: Spot,
    },
    /// The model returned inside a frame.
    #[error("{at}: this frame is still open where the model returns; `call` and `again` keep them balanced")]
    OpenFrame {
        /// The step that opened the frame.
        at: Spot,
    },
    /// The model remembers something besides the results of its steps, or what frames keep of them.
    #[error(
        "`{actor}`: this model has a memory of its own (a `Cell`, a static, the clock?): with all that \
         happened it comes to {remembering}, with what `call` and `again` keep of it to {forgetting}"
    )]
    HiddenState {
        /// The actor's name.
        actor: &'static str,
        /// What it does when nothing is forgotten.
        remembering: String,
        /// What it does when a frame that was left is its result.
        forgetting: String,
    },
    /// The model collects results without end, all of which its future may depend on.
    #[error("{at}: more than {max} results and frames are remembered here (a retry loop without `again`?)")]
    HistoryTooLong {
        /// Where it stands.
        at: Spot,
        /// How many may be.
        max: usize,
    },
    /// The model is no function of the results of its steps.
    #[error("`{actor}`: this model returned another step for the same history: {detail}")]
    NotDeterministic {
        /// The actor's name.
        actor: &'static str,
        /// What was expected and what came.
        detail: String,
    },
    /// The model panicked, by no assertion of the modelled code.
    #[error("`{actor}` panicked: {message} (an assertion of the modelled code is `machine::bug_on`)")]
    Panicked {
        /// The actor's name.
        actor: &'static str,
        /// What the panic says.
        message: String,
    },
    /// The model unfolds into too many control states: a loop that is no `again`, or states that
    /// count without end.
    #[error("`{actor}` unfolds into more than {max} control states (a retry loop without `again`?)")]
    TooManyControlStates {
        /// The actor's name.
        actor: &'static str,
        /// How many are allowed.
        max: u32,
    },
    /// The model calls itself without end.
    #[error("{at}: the model has used up its stack of {bytes} bytes (a recursion without an end?)")]
    TooDeep {
        /// Where it was then.
        at: Spot,
        /// How large the stack is.
        bytes: usize,
    },
    /// The system has no memory for another model.
    #[error("no room for a stack of {bytes} bytes that a model runs on: {why}")]
    NoStack {
        /// How large the stack would be.
        bytes: usize,
        /// What the system says.
        why: std::io::ErrorKind,
    },
    /// The model goes on without ever taking a scheduling point.
    #[error("{at}: the model went on for {steps} steps and frames without a scheduling point")]
    Endless {
        /// Where it was then.
        at: Spot,
        /// How many were counted.
        steps: u32,
    },
    /// A view has too many states to be run from every state at rest.
    #[error("view `{view}` has more than {max} states when it runs alone")]
    ViewTooLarge {
        /// The view's name.
        view: &'static str,
        /// How many are allowed.
        max: usize,
    },
    /// A run was asked for a step that is not enabled.
    #[error("actor {actor} can't take a step with choice {choice} here")]
    NotEnabled {
        /// The actor's index.
        actor: usize,
        /// The choice.
        choice: u8,
    },
    /// The search can't go on from a checkpoint, which is left as it is.
    #[error("{}: {why}", file.display())]
    Checkpoint {
        /// Which.
        file: PathBuf,
        /// What is wrong with it, and what to do.
        why: Refused,
    },
    /// What was moved to a disk could not be read. What was found since then may be wrong, and is not told.
    #[error("{}: {why}: what was moved there from memory can't be read; name a folder on another disk, or none", folder.display())]
    Disk {
        /// The folder.
        folder: PathBuf,
        /// What went wrong.
        why: String,
    },
    /// A run was asked to start in an initial state that does not exist.
    #[error("there is no initial state {0}")]
    NoSuchInitial(usize),
}

/// Why a search can't go on from a checkpoint, and what to do.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// The system does not hand it out.
    #[error("this checkpoint can't be read: {0}; see that it can, or take it away")]
    Unreadable(String),
    /// It is something else.
    #[error("this is no checkpoint of a search; name another file, or take it away")]
    Foreign,
    /// It is of another format.
    #[error(
        "this checkpoint has format {is}, and this program reads {wanted}: go on with the program that wrote it, \
         or take it away to search from the beginning"
    )]
    Format {
        /// The one that it has.
        is: u32,
        /// The one that can be read.
        wanted: u32,
    },
    /// It is not as it was written.
    #[error("this checkpoint is damaged or cut short; take it away to search from the beginning")]
    Damaged,
    /// Another program wrote it.
    #[error(
        "another program, or one with other models, wrote this checkpoint: go on with that one, or take it away to \
         search from the beginning"
    )]
    Program,
    /// It is of another question.
    #[error("this checkpoint is of {of}; name another place, or take it away to search from the beginning")]
    Question {
        /// The name of that question.
        of: String,
    },
    /// It is of a search that leaves out something else.
    #[error(
        "this checkpoint is of a search that leaves out something else (`--reduce`): ask for the same, or take it \
         away to search from the beginning"
    )]
    Reduction,
    /// The models say something else than they did.
    #[error("the models have changed since this checkpoint; take it away to search from the beginning")]
    Models,
    /// There is no room for it.
    #[error("{states} states are in this checkpoint, more than the bound on memory has room for: allow more")]
    TooLarge {
        /// How many there are.
        states: u64,
    },
}
