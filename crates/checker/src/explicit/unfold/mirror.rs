//! One thread's view of an automaton.

use std::sync::Arc;

use machine::Word;
use rustc_hash::FxHashMap;

use super::{Automaton, Node, Standing};
use crate::explicit::Error;

/// One thread's view of an automaton: look-ups without locks.
pub(crate) struct Mirror<'a> {
    automaton: &'a Automaton,
    nodes: Vec<Option<Seen>>,
}

struct Seen {
    node: Arc<Node>,
    /// By result, where it is small; `u32::MAX` is unknown.
    small: Vec<u32>,
    large: FxHashMap<Word, u32>,
}

impl<'a> Mirror<'a> {
    pub(crate) fn new(automaton: &'a Automaton) -> Mirror<'a> {
        Mirror { automaton, nodes: Vec::new() }
    }

    fn seen(&mut self, number: u32) -> &mut Seen {
        let index = number as usize;
        if self.nodes.len() <= index {
            self.nodes.resize_with(index + 1, || None);
        }
        self.nodes[index].get_or_insert_with(|| Seen {
            node: self.automaton.node(number),
            small: Vec::new(),
            large: FxHashMap::default(),
        })
    }

    /// Where the model stands in a control state. Not for panics.
    pub(crate) fn control(&mut self, number: u32) -> &Standing {
        &self.seen(number).node.control
    }

    /// Where it goes when its pending step returns `result`.
    pub(crate) fn next(&mut self, from: u32, result: Word) -> Result<u32, Error> {
        const SMALL: Word = 64;
        const UNKNOWN: u32 = u32::MAX;
        let automaton = self.automaton;
        let seen = self.seen(from);
        if result >= SMALL {
            if let Some(&to) = seen.large.get(&result) {
                return Ok(to);
            }
            let to = automaton.follow(from, result)?.to;
            seen.large.insert(result, to);
            return Ok(to);
        }
        let index = result as usize;
        if seen.small.len() <= index {
            seen.small.resize(index + 1, UNKNOWN);
        }
        if seen.small[index] == UNKNOWN {
            seen.small[index] = automaton.follow(from, result)?.to;
        }
        Ok(seen.small[index])
    }
}
