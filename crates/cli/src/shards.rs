//! A check in parts of about the same effort, for as many machines.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::arguments::Shard;
use crate::effort::efforts;
use crate::error::Error;
use crate::recorded::Records;
use crate::target::Chosen;

/// Those of `chosen` that are in a shard, in their order. Every scenario is in one shard, and which one depends on
/// `chosen` and the snapshots alone.
///
/// The largest go first, each to the shard that has least. Scenarios of a variant that are alike follow each other, and so come to
/// different shards.
///
/// # Errors
/// A snapshot that can't be read.
pub(crate) fn part<'c>(
    chosen: &[Chosen<'c>],
    shard: Shard,
    records: &mut Records,
) -> Result<Vec<Chosen<'c>>, Error> {
    let efforts = efforts(chosen, records)?;
    let shards = deal(&efforts, shard.of);
    let of_it = chosen.iter().zip(shards).filter(|(_, of)| of + 1 == shard.number);
    Ok(of_it.map(|(chosen, _)| *chosen).collect())
}

/// To which of `shards` each item goes, from 0: the largest first, each to the one that has least (longest processing
/// time first: Graham, 1969).
fn deal(efforts: &[u64], shards: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..efforts.len()).collect();
    order.sort_by_key(|&at| Reverse(efforts[at]));
    let mut least: BinaryHeap<Reverse<(u64, usize)>> = (0..shards).map(|shard| Reverse((0, shard))).collect();
    let mut dealt = vec![0; efforts.len()];
    for at in order {
        let Some(Reverse((has, shard))) = least.pop() else { break };
        dealt[at] = shard;
        least.push(Reverse((has + efforts[at], shard)));
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_have_about_the_same() {
        let efforts: Vec<u64> = (0..1000).map(|at| 10 + at * 7919 % 997).collect();
        for shards in [1, 2, 3, 7, 20] {
            let mut has = vec![0; shards];
            for (at, shard) in deal(&efforts, shards).into_iter().enumerate() {
                has[shard] += efforts[at];
            }
            let (least, most) = (has.iter().min().copied(), has.iter().max().copied());
            assert!(most.unwrap_or(0) - least.unwrap_or(0) <= 1007, "{has:?}");
        }
        assert_eq!(deal(&[5, 5], 4), [0, 1]);
    }
}
