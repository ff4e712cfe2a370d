//! What each process calls the control states.
//!
//! Models are unfolded where they are followed, so the processes give other numbers to the same control state. Each tells all
//! others which step led to which of its numbers, before it names that in a state; they follow the same step.

use crate::explicit::error::Error;
use crate::explicit::prepared::Prepared;
use crate::explicit::unfold::{CONTROL_BITS, PANICKED_FROM, Standing};

/// The control states of all processes by our numbers.
pub(super) struct Names {
    /// By process and automaton.
    theirs: Vec<Vec<Theirs>>,
    /// How many edges of each automaton were told.
    told: Vec<usize>,
}

/// Our numbers by theirs: of control states that go on or are done, and of the others.
#[derive(Clone, Default)]
struct Theirs {
    living: Vec<u32>,
    dead: Vec<u32>,
}

const UNKNOWN: u32 = u32::MAX;

impl Theirs {
    fn get(&self, theirs: u32) -> Option<u32> {
        let ours = match theirs.checked_sub(PANICKED_FROM) {
            None => self.living.get(theirs as usize),
            Some(dead) => self.dead.get(dead as usize),
        };
        ours.copied().filter(|ours| *ours != UNKNOWN)
    }

    fn set(&mut self, theirs: u32, ours: u32) {
        let (all, at) = match theirs.checked_sub(PANICKED_FROM) {
            None => (&mut self.living, theirs as usize),
            Some(dead) => (&mut self.dead, dead as usize),
        };
        if all.len() <= at {
            all.resize(at + 1, UNKNOWN);
        }
        all[at] = ours;
    }
}

/// What one edge takes: the automaton and two control states in a word, and the result.
const EDGE: usize = 2;
const AUTOMATON_SHIFT: u32 = 48;
const TO_SHIFT: u32 = 24;
const CONTROL_MASK: u64 = (1 << TO_SHIFT) - 1;

impl Names {
    pub(super) fn new(prepared: &Prepared, processes: usize) -> Names {
        let begun = prepared.automata.iter().map(|automaton| {
            let mut theirs = Theirs::default();
            // Everybody begins with the first step.
            theirs.set(automaton.start().to, automaton.start().to);
            theirs
        });
        let begun: Vec<Theirs> = begun.collect();
        Names { told: vec![0; begun.len()], theirs: vec![begun; processes] }
    }

    /// Adds what was unfolded since the last time: how many edges, and these.
    pub(super) fn news(&mut self, prepared: &Prepared, into: &mut Vec<u64>) {
        let at = into.len();
        into.push(0);
        for ((number, automaton), told) in prepared.automata.iter().enumerate().zip(&mut self.told) {
            let links = automaton.links_since(*told);
            *told += links.len();
            into[at] += links.len() as u64;
            for link in links {
                let numbers = (number as u64) << AUTOMATON_SHIFT | u64::from(link.to) << TO_SHIFT;
                into.extend([numbers | u64::from(link.from), link.result]);
            }
        }
    }

    /// Learns what a process tells, and takes it off the words; whether it can be right.
    pub(super) fn learn(
        &mut self,
        process: usize,
        prepared: &Prepared,
        words: &mut &[u64],
    ) -> Result<bool, Error> {
        let count = words.split_off_first().and_then(|count| usize::try_from(*count).ok());
        let Some(edges) = count.and_then(|count| words.split_off(..count.checked_mul(EDGE)?)) else {
            return Ok(false);
        };
        let mut broken = Ok(true);
        for edge in edges.chunks_exact(EDGE) {
            let (numbers, result) = (edge[0], edge[1]);
            let [from, to] = [numbers & CONTROL_MASK, numbers >> TO_SHIFT & CONTROL_MASK].map(|n| n as u32);
            let number = (numbers >> AUTOMATON_SHIFT) as usize;
            let Some(theirs) = self.theirs[process].get_mut(number) else { return Ok(false) };
            let automaton = &prepared.automata[number];
            let goes_on = |ours: &u32| {
                *ours < PANICKED_FROM && matches!(automaton.node(*ours).control, Standing::Pending(_))
            };
            let Some(ours) = theirs.get(from).filter(goes_on) else {
                // What follows a broken step is not known here.
                if broken.is_err() {
                    continue;
                }
                return Ok(false);
            };
            if to >> CONTROL_BITS != 0 {
                return Ok(false);
            }
            match automaton.follow(ours, result) {
                Ok(edge) => theirs.set(to, edge.to),
                Err(error) => broken = Err(error),
            }
        }
        broken
    }

    /// Our number for what a process calls so.
    #[inline]
    pub(super) fn ours(&self, process: usize, automaton: usize, theirs: u32) -> Option<u32> {
        self.theirs[process][automaton].get(theirs)
    }
}
