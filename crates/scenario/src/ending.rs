//! How a run can end, as a litmus test lists its final states.

use std::fmt;
use std::sync::Arc;

use machine::{Peek, Word};
use serde::{Deserialize, Serialize};

/// One thing that an ending tells: what a call returned, what became of a size.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct Term {
    /// In a few words, on one line: `-EFAULT`, `size kept`.
    pub words: String,
    /// In a letter, for a table; empty where it is what a reader expects and a table need not say it.
    pub letter: String,
}

/// How a run ended: what there is to tell of a state at rest, relative to what was asked, so that a scenario
/// with many initial states has few endings.
///
/// ```
/// use scenario::Ending;
///
/// let ending = Ending::of(&[("F", "-EFAULT"), ("", "size kept"), ("0", "rest zeros")]);
/// assert_eq!(ending.to_string(), "-EFAULT, size kept, rest zeros");
/// assert_eq!(ending.letters(), "F0");
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Ending {
    /// Its terms; in all endings of a scenario, those of one kind have the same place.
    pub terms: Vec<Term>,
}

impl Ending {
    /// An ending of these terms, each a letter and its words.
    #[must_use]
    pub fn of(terms: &[(&str, &str)]) -> Ending {
        let term =
            |&(letter, words): &(&str, &str)| Term { words: words.to_owned(), letter: letter.to_owned() };
        Ending { terms: terms.iter().map(term).collect() }
    }

    /// The letters of its terms.
    #[must_use]
    pub fn letters(&self) -> String {
        self.terms.iter().map(|term| term.letter.as_str()).collect()
    }
}

impl fmt::Display for Ending {
    /// The words of its terms.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, term) in self.terms.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{}", term.words)?;
        }
        Ok(())
    }
}

/// Tells how a run ended, from the state at rest and the words that the actors returned, in the order of the
/// actors.
pub type Teller = Arc<dyn Fn(&dyn Peek, &[Word]) -> Ending + Send + Sync>;
