//! What steps do, remembered, and shared by threads without locks.
//!
//! The effect of a step depends only on the memory and on the control state of the actor that takes it, and is
//! asked for in many states. A question is forgotten when another takes its slot. Those about the memories of a shard
//! are side by side.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::key::{MEMORY_BITS, SHARD_BITS};
use super::ledger::{Held, Ledger};
use super::unfold::CONTROL_BITS;

/// What an actor at a control state does to a memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Effect {
    /// Nothing any more: it is done.
    Done,
    /// Nothing: it can't move.
    Blocked,
    /// It makes this memory, and stands at this control state then.
    Moves { to: u32, memory: u32 },
    /// Its step has so many results and changes nothing.
    Chooses(u8),
}

const ACTOR_BITS: u32 = 4;
const QUESTION_BITS: u32 = MEMORY_BITS + CONTROL_BITS + ACTOR_BITS;
/// An answer's lower half is never 0.
const KIND_BITS: u32 = 2;
const ANSWER_BITS: u32 = KIND_BITS + MEMORY_BITS + CONTROL_BITS;
const HALF_BITS: u32 = ANSWER_BITS / 2;
const HALF_MASK: u64 = (1 << HALF_BITS) - 1;
/// What each half of an answer says of its question; the slot says the rest.
const TAG_BITS: u32 = u64::BITS - HALF_BITS;

const BITS_FIRST: u32 = QUESTION_BITS - TAG_BITS;
const BITS_MAX: u32 = 18;
/// The part of all memory that they may take.
const PART: u64 = 32;

/// Effects by question, each in two words with half of the answer. Each word names the question, so that two that
/// were written by different threads are told from an answer, or are halves of the same one.
pub(crate) struct Effects {
    slots: Box<[[AtomicU64; 2]]>,
    bits: u32,
    _held: Held,
}

/// A slot, and what tells a question from others that have it.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    slot: usize,
    tag: u64,
}

/// Other bits for each question: first the shard of its memory.
#[inline]
const fn scrambled(question: u64) -> u64 {
    const BITS: u32 = QUESTION_BITS - SHARD_BITS;
    const MASK: u64 = (1 << BITS) - 1;
    const SHIFT: u32 = BITS / 2;
    let shard = question & ((1 << SHARD_BITS) - 1);
    let rest = question >> SHARD_BITS;
    let rest = rest ^ rest >> SHIFT;
    let rest = rest.wrapping_mul(0xa076_1d64_78bd_642f) & MASK;
    shard << BITS | (rest ^ rest >> SHIFT)
}

impl Effects {
    /// Room for a few.
    pub(crate) fn new(ledger: &Arc<Ledger>) -> Arc<Effects> {
        Arc::new(Effects::with(BITS_FIRST, Held::new(ledger)))
    }

    fn with(bits: u32, held: Held) -> Effects {
        Effects { slots: (0..1 << bits).map(|_| Default::default()).collect(), bits, _held: held }
    }

    /// Takes others that fit a frontier of so many states, if these don't and there is room for them.
    pub(crate) fn fit(effects: &mut Arc<Effects>, frontier: usize, ledger: &Arc<Ledger>) {
        let fits = |bits: u32| 1 << bits >= frontier * 2;
        let bits = (effects.bits..BITS_MAX).step_by(2).find(|&bits| fits(bits)).unwrap_or(BITS_MAX);
        let mut held = Held::new(ledger);
        if bits > effects.bits && held.grow_to(size_of::<[AtomicU64; 2]>() << bits, PART).is_ok() {
            *effects = Arc::new(Effects::with(bits, held));
        }
    }

    #[inline]
    pub(crate) fn ask(&self, actor: usize, control: u32, memory: u32) -> Asked {
        let question = u64::from(memory)
            | u64::from(control) << MEMORY_BITS
            | (actor as u64) << (MEMORY_BITS + CONTROL_BITS);
        let scrambled = scrambled(question);
        Asked { slot: (scrambled >> (QUESTION_BITS - self.bits)) as usize, tag: scrambled << HALF_BITS }
    }

    /// The effect that was kept for a question.
    #[inline]
    pub(crate) fn get(&self, asked: Asked) -> Option<Effect> {
        let [low, high] = &self.slots[asked.slot];
        let low = low.load(Ordering::Acquire) ^ asked.tag;
        let high = high.load(Ordering::Relaxed) ^ asked.tag;
        // Other questions leave bits of their tags. The lower half is written last, and is not 0.
        if low | high > HALF_MASK || low == 0 {
            return None;
        }
        let answer = low | high << HALF_BITS;
        let operand = answer >> KIND_BITS;
        Some(match answer & ((1 << KIND_BITS) - 1) {
            MOVES => {
                let memory = (operand & ((1 << MEMORY_BITS) - 1)) as u32;
                Effect::Moves { to: (operand >> MEMORY_BITS) as u32, memory }
            }
            CHOOSES => Effect::Chooses(operand as u8),
            _ if operand == 0 => Effect::Done,
            _ => Effect::Blocked,
        })
    }

    /// Keeps the effect that a question has.
    pub(crate) fn keep(&self, asked: Asked, effect: Effect) {
        let answer = match effect {
            Effect::Done => STAYS,
            Effect::Blocked => 1 << KIND_BITS | STAYS,
            Effect::Moves { to, memory } => {
                (u64::from(to) << MEMORY_BITS | u64::from(memory)) << KIND_BITS | MOVES
            }
            Effect::Chooses(of) => u64::from(of) << KIND_BITS | CHOOSES,
        };
        let [low, high] = &self.slots[asked.slot];
        high.store(asked.tag | answer >> HALF_BITS, Ordering::Relaxed);
        low.store(asked.tag | answer & HALF_MASK, Ordering::Release);
    }
}

const STAYS: u64 = 1;
const MOVES: u64 = 2;
const CHOOSES: u64 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(scrambled: u64) -> u64 {
        const BITS: u32 = QUESTION_BITS - SHARD_BITS;
        const MASK: u64 = (1 << BITS) - 1;
        let odd = 0xa076_1d64_78bd_642f_u64;
        // Newton's iteration doubles the bits that are right.
        let inverse = (0..6).fold(odd, |x, _| x.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(x))));
        let (shard, rest) = (scrambled >> BITS, scrambled & MASK);
        let rest = rest ^ rest >> (BITS / 2);
        let rest = rest.wrapping_mul(inverse) & MASK;
        shard | (rest ^ rest >> (BITS / 2)) << SHARD_BITS
    }

    /// Some effect of each kind, a function of the question.
    fn effect(question: u64) -> Effect {
        let word = question.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        match word >> 62 {
            0 => Effect::Done,
            1 => Effect::Blocked,
            2 => Effect::Chooses((word >> 40) as u8),
            _ => {
                let (to, memory) = (word as u32 >> (32 - CONTROL_BITS), (word >> 32) as u32 >> 4);
                Effect::Moves { to, memory }
            }
        }
    }

    #[test]
    fn every_question_is_scrambled_into_one_of_its_own() {
        assert_eq!(TAG_BITS + BITS_FIRST, QUESTION_BITS);
        for low in 0..1 << 16 {
            for question in [low, low << 17, low << (QUESTION_BITS - 16)] {
                assert!(scrambled(question) >> QUESTION_BITS == 0);
                assert_eq!(undone(scrambled(question)), question);
            }
        }
    }

    #[test]
    fn the_largest_and_the_smallest_effects_are_kept_whole() {
        let effects = Effects::new(&Arc::new(Ledger::new(0)));
        let largest = Effect::Moves { to: (1 << CONTROL_BITS) - 1, memory: (1 << MEMORY_BITS) - 1 };
        let asked = [(0, 0, 0), (11, (1 << CONTROL_BITS) - 1, (1 << MEMORY_BITS) - 1)];
        for (actor, control, memory) in asked {
            let asked = effects.ask(actor, control, memory);
            assert_eq!(effects.get(asked), None);
            for effect in [
                Effect::Done,
                Effect::Blocked,
                Effect::Chooses(1),
                largest,
                Effect::Moves { to: 0, memory: 0 },
            ] {
                effects.keep(asked, effect);
                assert_eq!(effects.get(asked), Some(effect));
            }
        }
    }

    #[test]
    fn threads_that_take_each_others_slots_get_right_answers() {
        let effects = Effects::new(&Arc::new(Ledger::new(0)));
        let met: u64 = std::thread::scope(|scope| {
            let threads = [1, 3, 5, 7].map(|seed: u64| {
                let effects = &effects;
                scope.spawn(move || {
                    let (mut met, mut at) = (0, seed);
                    for _ in 0..400_000 {
                        at = at
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1_442_695_040_888_963_407);
                        // Few slots, and many questions for each.
                        let question = undone((at >> 60) << (QUESTION_BITS - BITS_FIRST) | at >> 32 & 0xf);
                        let memory = (question & ((1 << MEMORY_BITS) - 1)) as u32;
                        let control = (question >> MEMORY_BITS) as u32 & ((1 << CONTROL_BITS) - 1);
                        let actor = (question >> (MEMORY_BITS + CONTROL_BITS)) as usize;
                        let asked = effects.ask(actor, control, memory);
                        match effects.get(asked) {
                            Some(kept) => {
                                assert_eq!(kept, effect(question));
                                met += 1;
                            }
                            None => effects.keep(asked, effect(question)),
                        }
                    }
                    met
                })
            });
            threads.into_iter().map(|thread| thread.join().expect("no wrong answer")).sum()
        });
        assert!(met > 10_000, "only {met} answers were met");
    }
}
