//! Full final states of each initial state, as a litmus test lists them.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use machine::{Peek, Word, show_number};
use serde::Serialize;

use crate::{Ending, Outcome, Scenario, Term};

/// All that there is to see of a run when it is at rest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct FinalState {
    /// What the call returned: a number, or an error as `-EFAULT`.
    pub returned: String,
    /// What a reader finds then.
    pub through_cache: Contents,
    /// What a reader finds after everything was put to where it is kept, and taken out of memory; none where what
    /// is in memory is nowhere else, or where nobody can say.
    pub after_sync: Option<Contents>,
}

/// What a reader finds in a file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize)]
pub struct Contents {
    /// The size, in units.
    pub size: u64,
    /// Each unit below the size, in the letters of a picture.
    pub units: Vec<String>,
}

/// Tells all that there is to see of a state at rest, of it and of the words that the actors returned, in the order of
/// the actors: more than one, where what comes afterwards has a choice.
pub type FinalTeller = Arc<dyn Fn(&dyn Peek, &[Word]) -> Vec<FinalState> + Send + Sync>;

/// The width of the cell that holds an initial state's number.
const NUMBER_BITS: u8 = 16;

impl fmt::Display for Contents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "size {}", self.size)?;
        if self.units.is_empty() { Ok(()) } else { write!(f, ": {}", self.units.join(" ")) }
    }
}

impl fmt::Display for FinalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FinalState { returned, through_cache, after_sync } = self;
        write!(f, "{returned}, {through_cache}")?;
        match after_sync {
            Some(after) if after != through_cache => write!(f, "; after sync {after}"),
            _ => Ok(()),
        }
    }
}

impl Scenario {
    /// The question which final states there are, of each initial state: the same actors from the same states, each of
    /// which remembers its number. Nothing else is asked. None where nobody can tell final states.
    ///
    /// # Panics
    /// Where there are more initial states than numbers, 65,536.
    #[must_use]
    pub fn asking_final_states(&self) -> Option<Scenario> {
        let teller = self.final_state.clone()?;
        assert!(self.initial.len() <= 1 << NUMBER_BITS, "{}: too many initial states", self.name);
        let mut asked = Scenario { views: Vec::new(), properties: Vec::new(), ..self.clone() };
        let number = asked.layout.cell("initial state", NUMBER_BITS, show_number);
        for (at, initial) in asked.initial.iter_mut().enumerate() {
            initial.cells.push(at as Word);
        }
        asked.ending = Some(Arc::new(move |memory: &dyn Peek, returned: &[Word]| {
            let first = plain(memory.peek(number));
            let all = teller(memory, returned);
            Ending { terms: std::iter::once(first).chain(all.iter().flat_map(terms)).collect() }
        }));
        Some(asked)
    }

    /// The final states of each initial state, in the order of those: from what was answered to
    /// [`Scenario::asking_final_states`].
    #[must_use]
    pub fn final_states(&self, outcome: &Outcome) -> Vec<BTreeSet<FinalState>> {
        let mut all = vec![BTreeSet::new(); self.initial.len()];
        for ending in &outcome.endings {
            let Some((number, states)) = ending.terms.split_first() else { continue };
            let of = number.words.parse().ok().and_then(|number: usize| all.get_mut(number));
            if let Some(of) = of {
                of.extend(states.chunks_exact(TERMS).map(state));
            }
        }
        all
    }
}

/// How many terms make a state.
const TERMS: usize = 5;

fn plain(words: impl ToString) -> Term {
    Term { words: words.to_string(), letter: String::new() }
}

fn terms(state: &FinalState) -> [Term; TERMS] {
    let FinalState { returned, through_cache, after_sync } = state;
    let contents = |contents: Option<&Contents>| {
        let [size, units] = contents.map_or([String::new(), String::new()], |contents| {
            [contents.size.to_string(), contents.units.join(" ")]
        });
        [plain(size), plain(units)]
    };
    let ([size, units], [size_then, units_then]) =
        (contents(Some(through_cache)), contents(after_sync.as_ref()));
    [plain(returned), size, units, size_then, units_then]
}

fn state(terms: &[Term]) -> FinalState {
    let contents = |size: &Term, units: &Term| {
        let units = units.words.split_whitespace().map(str::to_owned).collect();
        size.words.parse().ok().map(|size| Contents { size, units })
    };
    FinalState {
        returned: terms[0].words.clone(),
        through_cache: contents(&terms[1], &terms[2]).unwrap_or(Contents { size: 0, units: Vec::new() }),
        after_sync: contents(&terms[3], &terms[4]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_as_it_was_told() {
        let units = |units: &[&str]| units.iter().map(|unit| (*unit).to_owned()).collect::<Vec<_>>();
        let grown = Contents { size: 2, units: units(&["0", "n1"]) };
        let none = Contents { size: 0, units: Vec::new() };
        for (returned, after_sync) in
            [("-EFAULT", None), ("2", Some(grown.clone())), ("0", Some(none.clone()))]
        {
            for through_cache in [grown.clone(), none.clone()] {
                let told =
                    FinalState { returned: returned.into(), through_cache, after_sync: after_sync.clone() };
                assert_eq!(state(&terms(&told)), told);
            }
        }
        let told = FinalState { returned: "2".into(), through_cache: grown, after_sync: Some(none) };
        assert_eq!(told.to_string(), "2, size 2: 0 n1; after sync size 0");
    }
}
