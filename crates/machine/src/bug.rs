//! The modelled code's own assertions.

use std::panic::resume_unwind;

/// What a failed assertion of the modelled code unwinds with: the machine is dead, and an engine records a
/// finding. Any other panic of a model is a mistake in the model, and no finding about the kernel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bug {
    /// The assertion, as the modelled code has it.
    pub said: String,
}

/// The modelled code's own `BUG` fires: nothing follows.
///
/// # Panics
/// Always, with a [`Bug`].
pub fn bug(said: impl Into<String>) -> ! {
    resume_unwind(Box::new(Bug { said: said.into() }))
}

/// The modelled code's own `BUG_ON` or assertion: it fires if the condition is true.
///
/// # Panics
/// With a [`Bug`], if it fires.
pub fn bug_on(condition: bool, said: &str) {
    if condition {
        bug(said);
    }
}
