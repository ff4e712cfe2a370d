//! A level of the search: the pieces of its frontier, and who takes them.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::effects::Effects;
use super::visited::Apart;

/// States that one thread takes from the frontier at a time: of a small one fewer, so that all end together.
const PIECE_MAX: usize = 512;
const PIECE_MIN: usize = 16;
const PIECES: usize = 128;

/// Some states of a shard.
type Piece = (usize, Range<usize>);

/// The pieces of a frontier, by owner, and how many of them are taken.
type Pieces = Vec<(Vec<Piece>, Apart<AtomicUsize>)>;

/// What the threads do in a level.
pub(crate) struct Level {
    pub(crate) pieces: Pieces,
    pub(crate) effects: Arc<Effects>,
    /// Whether all threads work on it.
    pub(crate) together: bool,
    /// How many states there are by now.
    pub(crate) states: usize,
}

impl Level {
    /// A piece of one's own, or, if there is none left, of another's.
    pub(crate) fn take(&self, worker: usize) -> Option<&Piece> {
        let (before, from) = self.pieces.split_at(worker);
        from.iter().chain(before).find_map(|(pieces, taken)| {
            let left = taken.0.load(Ordering::Relaxed) < pieces.len();
            if left { pieces.get(taken.0.fetch_add(1, Ordering::Relaxed)) } else { None }
        })
    }
}

/// The states of each shard that are new, in pieces, by owner.
pub(crate) fn pieces(new: &[Range<usize>], threads: usize, owned: impl Fn(usize) -> Range<usize>) -> Pieces {
    let frontier: usize = new.iter().map(Range::len).sum();
    let len = (frontier / PIECES).clamp(PIECE_MIN, PIECE_MAX);
    let of_owner = |worker| {
        let pieces = owned(worker).flat_map(|shard| {
            let Range { start, end } = new[shard];
            (start..end).step_by(len).map(move |from| (shard, from..end.min(from + len)))
        });
        (pieces.collect(), Apart(AtomicUsize::new(0)))
    };
    (0..threads).map(of_owner).collect()
}
