//! The branches of a model's source: which there are, which of them a comment says are not reached, and
//! the same source with a mark at each.
//!
//! A model is ordinary Rust, so its branches are those of the language: `if` and `else`, the operands of
//! `&&` and `||`, `match` arms, `let ... else`, `?`, loop bodies, closures, and the methods of `Option` and
//! `Result` that decide. [`find`] lists those of the functions that can take steps (they are handed a
//! `Kernel`, `Task`, `User` or `Machine`); [`Found::marked`] gives a source that does the same and tells
//! which were reached.
//!
//! Left out is what ends in a panic or in `bug` (a branch that must not be reached, and is an error of the model or a
//! `kernel-bug` where it is), and how a trace shows a result (`showing`).
//! Not looked into are macros.
//!
//! ```
//! let source = "
//!     fn mark(k: &Kernel, folio: Folio) {
//!         // Not reached: every scenario starts from a page that is not uptodate.
//!         if folio_test_uptodate(&k.task, folio) {
//!             folio_mark_dirty(&k.task, folio);
//!         }
//!     }
//! ";
//! let found = branches::find(source).expect("it is Rust");
//! let ways: Vec<_> = found.branches.iter().map(|branch| (branch.way, branch.reason)).collect();
//! use branches::Way::{Called, False, True};
//! assert_eq!(ways, [(Called, None), (True, Some(0)), (False, Some(0))]);
//! ```

mod condition;
mod reasons;
mod table;
mod walk;

use std::collections::BTreeSet;
use std::ops::Range;

pub use table::table;

/// Why a source can't be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Error {
    /// The line, from 1.
    pub line: usize,
    /// What the parser says.
    pub why: String,
}

/// How what decides can come out; `scenario::Way` says what each means.
#[expect(missing_docs, reason = "scenario::Way documents them")]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Way {
    Called,
    True,
    False,
    Matches,
    Differs,
    Value,
    NoValue,
    Round,
}

/// A way that control can go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Branch {
    /// The function that it is in.
    pub function: String,
    /// Its line, from 1.
    pub line: usize,
    /// What decides.
    pub code: String,
    /// How it decides.
    pub way: Way,
    /// The branch around it, by its number in this source.
    pub inside: Option<usize>,
    /// Why it is not reached, by the reason's number in this source.
    pub reason: Option<usize>,
}

/// A comment that says why a branch is not reached:
/// `// Not reached: REASON`, or `// Not reached by default: REASON` where scenarios of other tiers do
/// reach it. It stands at the end of the branch's line, above it, or first in its block (if what follows
/// there is no branch itself), and may go on in the comment lines that follow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reason {
    /// Its line, from 1.
    pub line: usize,
    /// What it says.
    pub text: String,
    /// Whether scenarios of other tiers reach the branch.
    pub by_default: bool,
}

/// What is found in one source.
#[derive(Clone, Debug)]
pub struct Found {
    /// The branches, in the order of the source.
    pub branches: Vec<Branch>,
    /// The reasons, in the order of the source.
    pub reasons: Vec<Reason>,
    source: String,
    edits: Vec<Edit>,
}

/// A text to be put into the source, for the branch of this number.
#[derive(Clone, Debug)]
struct Edit {
    at: usize,
    /// What ends here comes before what begins here.
    begins: bool,
    mark: Mark,
}

#[derive(Clone, Copy, Debug)]
enum Mark {
    /// `passed(n);`
    Passed(usize),
    /// `{ passed(n);` in front of an expression, and `}` behind it.
    Block(usize),
    EndOfBlock,
    /// ` else { passed(n); }`
    Else(usize),
    /// `tested(n, ` in front of a condition: n where it is true, n + 1 where it is false.
    Tested(usize),
    /// `given(n, ` in front of an `Option` or a `Result`: n where there is a value, else n + 1.
    Given(usize),
    /// `)`
    EndOfCall,
}

/// Finds the branches and the reasons of a source.
///
/// # Errors
/// Where it isn't Rust.
pub fn find(source: &str) -> Result<Found, Error> {
    let file = syn::parse_file(source)
        .map_err(|why| Error { line: why.span().start().line, why: why.to_string() })?;
    let reasons = reasons::reasons(source);
    let walked = walk::walk(source, &file);
    let own_lines: BTreeSet<usize> = walked.branches.iter().map(|(branch, _)| branch.line).collect();
    let branches = walked.branches.into_iter().map(|(branch, places)| {
        let reason = reasons::of(&reasons, source, &places, &own_lines);
        Branch { reason, ..branch }
    });
    let branches = branches.collect();
    let reasons = reasons.into_iter().map(|found| found.reason).collect();
    Ok(Found { branches, reasons, source: source.to_owned(), edits: walked.edits })
}

impl Found {
    /// The source with a mark at each branch, each of its lines still where it was: a call of
    /// `crate::marks::passed`, `tested` or `given` with the branch's number, counted from `first`.
    #[must_use]
    pub fn marked(&self, first: usize) -> String {
        let mut edits: Vec<&Edit> = self.edits.iter().collect();
        edits.sort_by_key(|edit| (edit.at, edit.begins));
        let mut out = String::with_capacity(self.source.len() + edits.len() * 32);
        let mut from = 0;
        for edit in edits {
            out.push_str(&self.source[from..edit.at]);
            from = edit.at;
            out.push_str(&match edit.mark {
                Mark::Passed(n) => format!(" crate::marks::passed({});", first + n),
                Mark::Block(n) => format!("{{ crate::marks::passed({}); ", first + n),
                Mark::EndOfBlock => " }".to_owned(),
                Mark::Else(n) => format!(" else {{ crate::marks::passed({}); }}", first + n),
                Mark::Tested(n) => format!("crate::marks::tested({}, ", first + n),
                Mark::Given(n) => format!("crate::marks::given({}, ", first + n),
                Mark::EndOfCall => ")".to_owned(),
            });
        }
        out.push_str(&self.source[from..]);
        out
    }
}

/// Where a branch's reason may stand.
#[derive(Clone, Debug, Default)]
struct Places {
    /// On these lines or right above them; the first that has one counts.
    lines: Vec<usize>,
    /// Right behind the line on which its block opens, if no branch stands beneath.
    block: Option<usize>,
}

/// The text of a range on one line, cut where it is long.
fn excerpt(source: &str, range: Range<usize>) -> String {
    const LONGEST: usize = 80;
    let text = source[range].split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        None => text,
        Some((at, _)) => format!("{} ...", text[..at].trim_end()),
    }
}
