//! What is wrong with a scenario or a model, so that it can't be searched.

use machine::Word;

/// A scenario or model that can't be searched. None of these is a finding about the modelled kernel.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
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
    /// A step writes a value that does not fit the cell.
    #[error("`{actor}`, {step}: {value:#x} does not fit the {width} bits of cell `{cell}`")]
    ValueTooWide {
        /// The actor's name.
        actor: &'static str,
        /// The step's label.
        step: String,
        /// The cell's name.
        cell: String,
        /// The value.
        value: Word,
        /// The cell's width.
        width: u8,
    },
    /// A step names a cell that is not declared.
    #[error("`{actor}`, {step}: there is no cell {index}")]
    NoSuchCell {
        /// The actor's name.
        actor: &'static str,
        /// The step's label.
        step: String,
        /// The cell's number.
        index: usize,
    },
    /// The model is no function of the results of its steps.
    #[error("`{actor}`: this model returned another step for the same history: {detail}")]
    NotDeterministic {
        /// The actor's name.
        actor: &'static str,
        /// What was expected and what came.
        detail: String,
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
    /// The model goes on without ever taking a scheduling point.
    #[error("`{actor}` went on for {steps} steps and frames without a scheduling point")]
    Endless {
        /// The actor's name.
        actor: &'static str,
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
    /// A run was asked to start in an initial state that does not exist.
    #[error("there is no initial state {0}")]
    NoSuchInitial(usize),
}
