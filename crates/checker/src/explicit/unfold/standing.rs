//! Where a model stands after a step.

use std::fmt;
use std::sync::Arc;

use machine::{Step, Unsupported, Word};

use super::tape::told;

/// Where a model stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Standing {
    /// In front of this step.
    Pending(Step),
    /// At its end, with this word.
    Done(Word),
    /// At an assertion of the modelled code that failed.
    Panicked(Arc<str>),
    /// At something that is not modelled.
    Unsupported(Arc<Unsupported>),
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Standing::Pending(step) => f.write_str(&told(step)),
            Standing::Done(word) => write!(f, "its end with {word}"),
            Standing::Panicked(message) => write!(f, "its panic `{message}`"),
            Standing::Unsupported(missing) => write!(f, "what is not modelled, {missing}"),
        }
    }
}

/// Where a model stands and what it did on the way, twice: what first differs, in words.
pub(super) fn difference(one: (&Standing, &[Step]), other: (&Standing, &[Step])) -> Option<(String, String)> {
    if one == other {
        return None;
    }
    let same = one.1.iter().zip(other.1).take_while(|(a, b)| a == b).count();
    let tell = |(control, emissions): (&Standing, &[Step])| match emissions.get(same) {
        Some(step) => told(step),
        None => control.to_string(),
    };
    Some((tell(one), tell(other)))
}
