//! A state in words: the number of its memory and the control states of the actors.

use super::unfold::CONTROL_BITS;

/// A state: bits 0 to 27 are its memory, then come two control states, then three in each further word.
pub(crate) type Key<const R: usize> = [u64; R];

pub(crate) const MEMORY_BITS: u32 = 28;
pub(crate) const MEMORY_MASK: u64 = (1 << MEMORY_BITS) - 1;
pub(crate) const CONTROL_MASK: u64 = (1 << CONTROL_BITS) - 1;

/// How many actors `words` words have room for.
pub(crate) const fn room(words: usize) -> usize {
    3 * words - 1
}

/// Word and shift of an actor's control state.
#[inline]
pub(crate) const fn position(actor: usize) -> (usize, u32) {
    match actor {
        0 | 1 => (0, MEMORY_BITS + CONTROL_BITS * actor as u32),
        _ => (1 + (actor - 2) / 3, CONTROL_BITS * ((actor - 2) % 3) as u32),
    }
}

#[inline]
pub(crate) fn memory_of<const R: usize>(key: &Key<R>) -> u32 {
    (key[0] & MEMORY_MASK) as u32
}

#[inline]
pub(crate) fn control_of<const R: usize>(key: &Key<R>, actor: usize) -> u32 {
    let (word, shift) = position(actor);
    (key[word] >> shift & CONTROL_MASK) as u32
}

/// The state after `actor` moved to `control` and memory became `memory`.
#[inline]
pub(crate) fn moved<const R: usize>(key: &Key<R>, actor: usize, control: u32, memory: u32) -> Key<R> {
    let mut key = *key;
    let (word, shift) = position(actor);
    key[word] = key[word] & !(CONTROL_MASK << shift) | u64::from(control) << shift;
    key[0] = key[0] & !MEMORY_MASK | u64::from(memory);
    key
}

pub(crate) const SHARD_BITS: u32 = 6;
pub(crate) const SHARDS: usize = 1 << SHARD_BITS;

/// The shard of a memory, which is also that of its states.
#[inline]
pub(crate) fn home(memory: u32) -> usize {
    memory as usize % SHARDS
}
