//! One thread's view of an automaton.

use std::sync::Arc;

use machine::{Action, Step, Word};
use rustc_hash::FxHashMap;

use super::standing::Standing;
use super::{Automaton, Node, PANICKED_FROM};
use crate::explicit::error::Error;

/// One thread's view of an automaton: look-ups without locks.
pub(crate) struct Mirror<'a> {
    automaton: &'a Automaton,
    nodes: Vec<Option<Seen>>,
    /// Whether a step was met that reports something, or ends in a panic.
    pub(crate) alarming: bool,
}

struct Seen {
    node: Arc<Node>,
    /// By result, where it is small; `u32::MAX` is unknown.
    small: Vec<u32>,
    large: FxHashMap<Word, u32>,
}

impl<'a> Mirror<'a> {
    pub(crate) fn new(automaton: &'a Automaton) -> Mirror<'a> {
        Mirror { automaton, nodes: Vec::new(), alarming: false }
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
        let seen = self.seen(from);
        let small = result < SMALL;
        let known = match small {
            true => seen.small.get(result as usize).copied().filter(|&to| to != UNKNOWN),
            false => seen.large.get(&result).copied(),
        };
        if let Some(to) = known {
            return Ok(to);
        }
        let edge = self.automaton.follow(from, result)?;
        let reports = |step: &Step| matches!(step.action, Action::Report { .. });
        self.alarming |= edge.to >= PANICKED_FROM || edge.emissions.iter().any(reports);
        let seen = self.seen(from);
        if small {
            let len = seen.small.len().max(result as usize + 1);
            seen.small.resize(len, UNKNOWN);
            seen.small[result as usize] = edge.to;
        } else {
            seen.large.insert(result, edge.to);
        }
        Ok(edge.to)
    }
}
