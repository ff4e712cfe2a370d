//! What a `#define` defines.

use std::sync::Arc;

use crate::token::{Kind, Token, code};
use crate::{Name, Position};

/// `#define`, in a place that is read.
#[derive(Clone, Debug)]
pub struct Define {
    /// What it defines.
    pub name: Name,
    /// The file.
    pub file: Name,
    /// Where the name stands.
    pub at: Position,
    /// The last line.
    pub end: u32,
    /// Its parameters, if it is like a function; a variadic one ends in `...`.
    pub parameters: Option<Vec<Name>>,
    pub(crate) text: Arc<str>,
    pub(crate) body: Vec<Token>,
}

impl Define {
    /// What it stands for, as one line.
    #[must_use]
    pub fn code(&self) -> String {
        code(&self.text, &self.body)
    }

    fn word(&self, index: usize) -> &str {
        self.body.get(index).map_or("", |token| token.of(&self.text))
    }

    /// Whether an argument that is put in place of this parameter stays together wherever it stands, as it does in
    /// `(x)` and does not in `2 * x`.
    #[must_use]
    pub fn isolates(&self, parameter: &str) -> bool {
        let stands_alone = |index: usize| {
            let before = if index == 0 { "" } else { self.word(index - 1) };
            matches!(before, "" | "(" | "," | "[" | "=" | "{" | ";" | "return")
                && matches!(self.word(index + 1), "" | ")" | "," | "]" | ";" | "}")
        };
        (0..self.body.len()).all(|index| self.word(index) != parameter || stands_alone(index))
    }

    /// Whether it stays together wherever it is used: it is one word, a call, or in parentheses.
    #[must_use]
    pub fn is_together(&self) -> bool {
        let from = match self.body.first() {
            None => return true,
            Some(first) => usize::from(first.kind == Kind::Word),
        };
        if self.body.len() == 1 {
            return true;
        }
        let mut open = 0;
        for index in from..self.body.len() {
            match self.word(index) {
                "(" => open += 1,
                ")" => open -= 1,
                _ => {}
            }
            if open == 0 {
                return index + 1 == self.body.len() && self.word(index) == ")";
            }
        }
        false
    }
}
