//! What the words of results mean, for who asks.

/// What a word is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Subject {
    /// How large things are, and where they are.
    Sizes,
    /// What a unit holds.
    Contents,
    /// The lines of a picture of a state.
    Pictures,
    /// How an initial state is named.
    InitialStates,
    /// How a run ends.
    Endings,
    /// Who takes steps.
    Actors,
    /// What a scenario's name is put together from.
    ScenarioNames,
}

impl Subject {
    /// All of them, in the order in which they are read.
    pub const ALL: [Subject; 7] = [
        Subject::Sizes,
        Subject::Contents,
        Subject::Pictures,
        Subject::InitialStates,
        Subject::Endings,
        Subject::Actors,
        Subject::ScenarioNames,
    ];

    /// Its name, kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Subject::Sizes => "sizes",
            Subject::Contents => "contents",
            Subject::Pictures => "pictures",
            Subject::InitialStates => "initial-states",
            Subject::Endings => "endings",
            Subject::Actors => "actors",
            Subject::ScenarioNames => "scenario-names",
        }
    }
}

/// A word that results use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// What it is about.
    pub subject: Subject,
    /// The word, as results have it.
    pub word: String,
    /// A letter that stands for it in tables; empty where none does.
    pub letter: String,
    /// What it means, in a sentence or two.
    pub meaning: String,
}

/// The parts of a scenario's name, by the glossary: from left to right the longest that fits, or a word that is none.
///
/// ```
/// use scenario::{Entry, Subject, parts};
///
/// let entry = |word: &str| Entry {
///     subject: Subject::ScenarioNames,
///     word: word.to_owned(),
///     letter: String::new(),
///     meaning: String::new(),
/// };
/// let glossary = ["within", "self", "self-mapped"].map(entry);
/// let found = parts(&glossary, "within-self-mapped-and-within-self-made");
/// let words: Vec<_> = found.iter().map(|part| part.map(|entry| entry.word.as_str())).collect();
/// assert_eq!(words, [Ok("within"), Ok("self-mapped"), Ok("within"), Ok("self"), Err("made")]);
/// ```
#[must_use]
pub fn parts<'e>(glossary: &'e [Entry], name: &'e str) -> Vec<Result<&'e Entry, &'e str>> {
    let known: Vec<&Entry> =
        glossary.iter().filter(|entry| entry.subject == Subject::ScenarioNames).collect();
    let mut found = Vec::new();
    let mut rest = name;
    while !rest.is_empty() {
        let begins = |entry: &&&Entry| {
            let after = rest.strip_prefix(entry.word.as_str());
            after.is_some_and(|after| after.is_empty() || after.starts_with('-'))
        };
        let longest = known.iter().filter(begins).max_by_key(|entry| entry.word.len());
        let length = longest.map_or_else(|| rest.find('-').unwrap_or(rest.len()), |entry| entry.word.len());
        match longest {
            Some(&entry) => found.push(Ok(entry)),
            None if &rest[..length] == "and" => {}
            None => found.push(Err(&rest[..length])),
        }
        rest = rest[length..].trim_start_matches('-');
    }
    found
}
