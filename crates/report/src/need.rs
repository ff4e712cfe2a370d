//! What a write path's kernel words are needed for.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use crate::json::tagged;
use crate::named;

/// A kernel word, one way to remove it, and what becomes reachable.
#[derive(Clone, Debug, Serialize)]
pub struct Need<'r> {
    /// `ext4/journalled`.
    pub path: &'r str,
    /// `v4.2`.
    pub variant: &'r str,
    /// The source file.
    pub file: &'r str,
    /// The line in it, from 1.
    pub line: u32,
    /// The functions that the line is part of.
    pub functions: &'r [&'r str],
    /// The word: `set_buffer_uptodate`.
    pub word: &'r str,
    /// How it was removed: `left out`.
    pub removal: String,
    /// What that comes to.
    #[serde(flatten)]
    pub answer: Answer,
    /// Where a bound was met, so that more may become reachable there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cut_in: Vec<String>,
    /// Why the word is there although nothing breaks without it, as the source says; empty if it doesn't.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub reason: &'r str,
}

/// What the removal of a word comes to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case", tag = "answer")]
pub enum Answer {
    /// Something becomes reachable.
    Breaks {
        /// Where: the cheapest scenario that tells.
        scenario: String,
        /// The simplest of what becomes reachable in it.
        property: String,
        /// What tells it from others of the property.
        witness: String,
        /// Whether the file system promises the property.
        promised: bool,
        /// The length of the shortest schedule; 0 for what never happens in any.
        steps: usize,
    },
    /// No rule breaks, and a write ends as it never does with the word: with another result, another size, or
    /// something else behind what it returned; something that a scenario is about may be missing as well.
    Ends {
        /// The cheapest scenario that tells.
        scenario: String,
        /// The first such ending.
        ending: String,
    },
    /// Nothing else was reachable, and something that a scenario is about is not reachable any more.
    Empties {
        /// The cheapest scenario that tells.
        scenario: String,
        /// What is missing.
        witness: String,
    },
    /// The model can't take it, which says nothing about the kernel: a constant answer where it makes no sense.
    CannotTake {
        /// The cheapest scenario that tells.
        scenario: String,
        /// What the engine says.
        why: String,
    },
    /// No scenario needs the word.
    NotNeeded {
        /// The scenarios that were searched because a writer passes the word there and it can make a
        /// difference; 0 for a look that always has the answer it was given.
        scenarios: usize,
    },
    /// Nothing was found, and not everything was looked at.
    Unknown,
    /// The user wanted no more.
    NotLookedAt,
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        match self {
            Answer::Breaks { scenario, property, witness, promised, steps } => {
                let name = named(property, witness, *promised);
                write!(f, "{name}  [{scenario}, {steps} step{}]", plural(*steps))
            }
            Answer::Ends { scenario, ending } => write!(f, "a write ends so: {ending}  [{scenario}]"),
            Answer::Empties { scenario, witness } => write!(f, "only this: {witness}  [{scenario}]"),
            Answer::NotNeeded { scenarios: 0 } => f.write_str("-  [it answers nothing else]"),
            Answer::NotNeeded { scenarios } => write!(f, "-  [{scenarios} scenario{}]", plural(*scenarios)),
            Answer::CannotTake { scenario, why } => write!(f, "the model can't take it: {why}  [{scenario}]"),
            Answer::Unknown => f.write_str("unknown"),
            Answer::NotLookedAt => f.write_str("not looked at"),
        }
    }
}

impl Need<'_> {
    /// As one line of JSON, without the end of the line.
    ///
    /// # Errors
    /// None that is known: all that is written is text and numbers.
    pub fn json_line(&self) -> Result<String, serde_json::Error> {
        tagged("word", self)
    }

    /// Whether nothing needs the word and nobody says why it is there. A look that always has the answer it was
    /// given is no such word: that its other answer is never given is told, with the reason, by the coverage
    /// of the branch behind it.
    #[must_use]
    pub fn is_unexplained(&self) -> bool {
        self.reason.is_empty() && matches!(self.answer, Answer::NotNeeded { scenarios: 1.. })
    }

    /// Whether more may be found where a search was cut, or was not begun.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.cut_in.is_empty() || matches!(self.answer, Answer::Unknown | Answer::NotLookedAt)
    }

    fn found(&self) -> String {
        match self.cut_in.is_empty() {
            true => self.answer.to_string(),
            false => format!("{}; cut in {}", self.answer, shortly(&self.cut_in)),
        }
    }

    fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }
}

/// The first few of some names.
fn shortly(names: &[String]) -> String {
    const MAX: usize = 3;
    match names.len().saturating_sub(MAX) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names[..MAX].join(", ")),
    }
}

/// The needs of one variant as text: a table by function in the order of the source, and the words that no
/// scenario needs, each with the reason that the source gives.
#[must_use]
pub fn needs(needs: &[Need<'_>]) -> String {
    let mut functions: BTreeMap<(&str, &[&str]), Vec<&Need<'_>>> = BTreeMap::new();
    for need in needs {
        functions.entry((need.file, need.functions)).or_default().push(need);
    }
    let mut functions: Vec<_> = functions.into_iter().collect();
    functions.sort_by_key(|((file, _), needs)| (*file, needs.iter().map(|n| n.line).min()));
    let width = |of: &dyn Fn(&Need<'_>) -> usize| needs.iter().map(of).max().unwrap_or(0);
    let (word, removal) = (width(&|n| n.word.len()), width(&|n| n.removal.len()));
    let mut out = String::new();
    let mut last = "";
    for ((file, functions), needs) in functions {
        if file != last {
            out.push_str(&format!("\n{file}\n"));
            last = file;
        }
        out.push_str(&format!("  {}\n", functions.join(", ")));
        for n in needs {
            let line = format!("  {:5}  {:word$}  {:removal$}  {}", n.line, n.word, n.removal, n.found());
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    let spare = |n: &&Need<'_>| matches!(n.answer, Answer::NotNeeded { .. });
    let spare: Vec<&Need<'_>> = needs.iter().filter(spare).collect();
    if !spare.is_empty() {
        out.push_str("\nno scenario needs it\n");
    }
    let place = spare.iter().map(|n| n.place().len()).max().unwrap_or(0);
    for n in spare {
        let reason = match (n.reason, n.is_unexplained()) {
            (_, true) => "NO REASON IS WRITTEN",
            ("", false) => "it answers nothing else (see `check --coverage`)",
            (reason, false) => reason,
        };
        out.push_str(&format!("  {:place$}  {}, {}: {reason}\n", n.place(), n.word, n.removal));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn need(line: u32, word: &'static str, answer: Answer, reason: &'static str) -> Need<'static> {
        Need {
            path: "toy/write",
            variant: "v1",
            file: "models/toy.rs",
            line,
            functions: if line < 10 { &["write_begin"] } else { &["write_end"] },
            word,
            removal: "left out".to_owned(),
            answer,
            cut_in: Vec::new(),
            reason,
        }
    }

    fn some() -> Vec<Need<'static>> {
        let breaks = |promised, steps| Answer::Breaks {
            scenario: "alone".to_owned(),
            property: "lost-write".to_owned(),
            witness: "unit(0)".to_owned(),
            promised,
            steps,
        };
        vec![
            need(12, "clear_buffer_new", Answer::NotNeeded { scenarios: 3 }, "the next write ignores it"),
            need(7, "folio_zero_segment", breaks(true, 1), ""),
            need(13, "folio_mark_dirty", breaks(false, 14), ""),
            Need {
                cut_in: ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec(),
                ..need(14, "folio_put", Answer::Unknown, "")
            },
            need(15, "smp", Answer::NotNeeded { scenarios: 0 }, ""),
            need(
                16,
                "kmalloc",
                Answer::Empties { scenario: "alone".to_owned(), witness: "whole write".to_owned() },
                "",
            ),
            need(17, "folio_wait", Answer::NotNeeded { scenarios: 2 }, ""),
            need(
                18,
                "i_size_write",
                Answer::Ends { scenario: "alone".to_owned(), ending: "whole, size kept".to_owned() },
                "",
            ),
            need(
                19,
                "copy",
                Answer::CannotTake { scenario: "alone".to_owned(), why: "out of range".to_owned() },
                "",
            ),
            need(20, "folio_unlock", Answer::NotLookedAt, ""),
        ]
    }

    #[test]
    fn the_table_follows_the_source() {
        insta::assert_snapshot!(needs(&some()), @r"

    models/toy.rs
      write_begin
          7  folio_zero_segment  left out  lost-write: unit(0)  [alone, 1 step]
      write_end
         12  clear_buffer_new    left out  -  [3 scenarios]
         13  folio_mark_dirty    left out  lost-write: unit(0) (not promised)  [alone, 14 steps]
         14  folio_put           left out  unknown; cut in a, b, c and 2 more
         15  smp                 left out  -  [it answers nothing else]
         16  kmalloc             left out  only this: whole write  [alone]
         17  folio_wait          left out  -  [2 scenarios]
         18  i_size_write        left out  a write ends so: whole, size kept  [alone]
         19  copy                left out  the model can't take it: out of range  [alone]
         20  folio_unlock        left out  not looked at

    no scenario needs it
      models/toy.rs:12  clear_buffer_new, left out: the next write ignores it
      models/toy.rs:15  smp, left out: it answers nothing else (see `check --coverage`)
      models/toy.rs:17  folio_wait, left out: NO REASON IS WRITTEN
    ");
    }

    #[test]
    fn json_names_the_answer() {
        let lines: Vec<String> = some().iter().map(|n| n.json_line().expect("JSON")).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        {"schema":"shortcopy/word/1","path":"toy/write","variant":"v1","file":"models/toy.rs","line":12,"functions":["write_end"],"word":"clear_buffer_new","removal":"left out","answer":"not-needed","scenarios":3,"reason":"the next write ignores it"}
        {"schema":"shortcopy/word/1","path":"toy/write","variant":"v1","file":"models/toy.rs","line":7,"functions":["write_begin"],"word":"folio_zero_segment","removal":"left out","answer":"breaks","scenario":"alone","property":"lost-write","witness":"unit(0)","promised":true,"steps":1}
        {"schema":"shortcopy/word/1","path":"toy/write","variant":"v1","file":"models/toy.rs","line":13,"functions":["write_end"],"word":"folio_mark_dirty","removal":"left out","answer":"breaks","scenario":"alone","property":"lost-write","witness":"unit(0)","promised":false,"steps":14}
        {"schema":"shortcopy/word/1","path":"toy/write","variant":"v1","file":"models/toy.rs","line":14,"functions":["write_end"],"word":"folio_put","removal":"left out","answer":"unknown","cut_in":["a","b","c","d","e"]}
        {"schema":"shortcopy/word/1","path":"toy/write","variant":"v1","file":"models/toy.rs","line":15,"functions":["write_end"],"word":"smp","removal":"left out","answer":"not-needed","scenarios":0}
        {"schema":"shortcopy/word/1","path":"toy/write","variant":"v1","file":"models/toy.rs","line":16,"functions":["write_end"],"word":"kmalloc","removal":"left out","answer":"empties","scenario":"alone","witness":"whole write"}
        {"schema":"shortcopy/word/1","path":"toy/write","variant":"v1","file":"models/toy.rs","line":17,"functions":["write_end"],"word":"folio_wait","removal":"left out","answer":"not-needed","scenarios":2}
        {"schema":"shortcopy/word/1","path":"toy/write","variant":"v1","file":"models/toy.rs","line":18,"functions":["write_end"],"word":"i_size_write","removal":"left out","answer":"ends","scenario":"alone","ending":"whole, size kept"}
        {"schema":"shortcopy/word/1","path":"toy/write","variant":"v1","file":"models/toy.rs","line":19,"functions":["write_end"],"word":"copy","removal":"left out","answer":"cannot-take","scenario":"alone","why":"out of range"}
        {"schema":"shortcopy/word/1","path":"toy/write","variant":"v1","file":"models/toy.rs","line":20,"functions":["write_end"],"word":"folio_unlock","removal":"left out","answer":"not-looked-at"}
        "#);
    }
}
