//! In which orders those come who are there.

use super::{Initial, Medium, Stands};
use crate::order::{Order, Turn, Who};
use crate::test::{Memory, Source};

/// Somebody beside the writer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Beside {
    /// Who comes at any time.
    Any(Who),
    /// Who comes when the write has returned, perhaps after the file was synced, or synced and dropped.
    Later(Who),
    /// Who comes before the write, and perhaps once more when that has returned.
    First {
        /// Who comes.
        who: Who,
        /// Whether he comes again.
        again: bool,
    },
}

/// A way to have a source: what it is when the write begins, and what may become of it meanwhile.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    pub(super) source: Source,
    pub(super) loss: Option<Who>,
    pub(super) stands: Stands,
}

const WRITER: Turn = Turn::Alone(Who::Writer);

/// The orders in which those come who are there, with a source that may be lost.
pub(super) fn orders(initial: &Initial<'_>, source: Source, loss: Option<Who>) -> Vec<Order> {
    let is_latched = source.is_latched();
    let any: Vec<Who> = initial.beside.iter().filter_map(any_time).collect();
    let held = writers(initial, loss, is_latched);
    let mut all: Vec<Vec<Turn>> = Vec::new();
    match any[..] {
        [] => {
            all.push(vec![WRITER]);
            all.extend(held.iter().map(|(time, lost)| vec![Turn::Held(Who::Writer, *time, lost.clone())]));
        }
        _ if is_latched => {
            all.extend(permutations(&any).into_iter().map(|all| vec![Turn::Held(Who::Writer, 1, all)]));
        }
        _ => {
            // One after the other.
            let everybody = [&[Who::Writer][..], &any].concat();
            all.extend(
                permutations(&everybody).into_iter().map(|all| all.into_iter().map(Turn::Alone).collect()),
            );
            for (time, lost) in held.iter().chain([&(1, Vec::new())]).filter(|_| writer_asks(initial) > 0) {
                let meanwhile = [lost, &any[..]].concat();
                all.extend(
                    permutations(&meanwhile).into_iter().map(|all| vec![Turn::Held(Who::Writer, *time, all)]),
                );
            }
            all.extend(any.iter().flat_map(|who| beside_held(initial, *who, &any)));
        }
    }
    all.into_iter().flat_map(|turns| later(initial, turns)).map(Order::of).collect()
}

fn any_time(beside: &Beside) -> Option<Who> {
    match beside {
        Beside::Any(who) => Some(*who),
        _ => None,
    }
}

/// The blocks that are on disk and not in the page cache.
fn cold<'i>(initial: &'i Initial<'_>) -> impl Iterator<Item = usize> + 'i {
    let is_cold = move |block: usize| match initial.page_cache {
        "page absent" => true,
        partly => partly
            .strip_prefix("page partly uptodate (")
            .and_then(|rest| rest.strip_suffix(')')?.parse().ok())
            .is_some_and(|uptodate: usize| uptodate != block),
    };
    let on_disk = initial.blocks.bytes().enumerate().filter(|(_, letter)| *letter == b'M');
    on_disk.map(|(block, _)| block).filter(move |block| is_cold(*block))
}

/// How often the writer asks for something that can be held: for blocks of a page that he does not write whole, or for
/// an answer to a page of data.
fn writer_asks(initial: &Initial<'_>) -> usize {
    let Initial { page_units, block_units, position, length, .. } = *initial;
    let end = position + length;
    match initial.medium {
        Medium::Memory => 0,
        Medium::Server if initial.source == "invalid" || initial.source == "empty-then-invalid" => 0,
        Medium::Server => end.div_ceil(page_units) - position / page_units,
        Medium::Disk => {
            let partly = cold(initial).filter(|block| {
                let (from, to) = (block * block_units, (block + 1) * block_units);
                from < end && position < to && (from < position || end < to)
            });
            let pages: std::collections::BTreeSet<usize> =
                partly.map(|block| block * block_units / page_units).collect();
            pages.len()
        }
    }
}

/// Whether who reads the file asks for something that can be held.
fn reader_asks(initial: &Initial<'_>) -> bool {
    match initial.medium {
        Medium::Memory => false,
        Medium::Disk => cold(initial).next().is_some(),
        Medium::Server => initial.page_cache == "page absent" && initial.size > 0,
    }
}

/// The times at which the writer is held and its source lost.
fn writers(initial: &Initial<'_>, loss: Option<Who>, is_latched: bool) -> Vec<(usize, Vec<Who>)> {
    let Some(loss) = loss.filter(|_| !is_latched) else { return Vec::new() };
    (1..=writer_asks(initial)).map(|time| (time, vec![loss])).collect()
}

/// Somebody but the writer is held while the others come, the writer before, among or behind them.
fn beside_held(initial: &Initial<'_>, who: Who, any: &[Who]) -> Vec<Vec<Turn>> {
    let others: Vec<Who> = any.iter().copied().filter(|other| *other != who).collect();
    let with_writer = || [&others[..], &[Who::Writer]].concat();
    let held = |meanwhile: Vec<Who>| Turn::Held(who, 1, meanwhile);
    match who {
        Who::Read(..) | Who::Load | Who::Store(_) | Who::Write(..) | Who::Truncate(_)
            if reader_asks(initial) =>
        {
            permutations(&with_writer()).into_iter().map(|meanwhile| vec![held(meanwhile)]).collect()
        }
        Who::Commit | Who::Writeback if initial.medium != Medium::Memory => {
            let after = || permutations(&others).into_iter().filter(|all| !all.is_empty());
            let mut all: Vec<Vec<Turn>> = after().map(|meanwhile| vec![WRITER, held(meanwhile)]).collect();
            // A commit has what it commits by itself; there is something to be written back when it was written before.
            if who == Who::Commit || initial.page_cache.ends_with("checkpoint") {
                all.extend(permutations(&with_writer()).into_iter().map(|meanwhile| vec![held(meanwhile)]));
            }
            all
        }
        _ => Vec::new(),
    }
}

/// The same with those who come at their own time.
fn later(initial: &Initial<'_>, turns: Vec<Turn>) -> Vec<Vec<Turn>> {
    let mut all = vec![turns];
    for beside in initial.beside {
        all = match *beside {
            Beside::Any(_) => all,
            Beside::Later(who) => {
                let of = |settled: &[Who]| {
                    let more = settled.iter().chain([&who]).copied().map(Turn::Alone);
                    all.iter()
                        .map(|turns| turns.iter().cloned().chain(more.clone()).collect())
                        .collect::<Vec<_>>()
                };
                match initial.medium {
                    Medium::Memory => of(&[]),
                    _ => {
                        [&[][..], &[Who::Sync], &[Who::Sync, Who::Reclaim]].into_iter().flat_map(of).collect()
                    }
                }
            }
            Beside::First { who, again } => all
                .into_iter()
                .map(|turns| {
                    let more = again.then_some(Turn::Alone(who));
                    [Turn::Alone(who)].into_iter().chain(turns).chain(more).collect()
                })
                .collect(),
        };
    }
    all
}

/// A race of all that are there, where it is one that is asked for.
pub(super) fn race(initial: &Initial<'_>) -> Option<(Source, Order)> {
    let (source, loss) = match initial.source {
        "resident" | "absent" => (Memory::Resident, None),
        "unmapped" => (Memory::Resident, Some(Who::Unmap)),
        "dropped" => (Memory::Resident, Some(Who::Drop)),
        _ => return None,
    };
    let source = if initial.source == "absent" { Memory::Absent } else { source };
    let only_readers = initial.beside.iter().all(|beside| matches!(beside, Beside::Any(Who::Read(..))));
    let others: Vec<Who> = loss.into_iter().chain(initial.beside.iter().filter_map(any_time)).collect();
    let is_asked = initial.raced && only_readers && !others.is_empty();
    let all = [&[Who::Writer][..], &others].concat();
    is_asked.then(|| (Source::One(source), Order::of(vec![Turn::AtOnce(all)])))
}

/// Every order of some.
fn permutations(all: &[Who]) -> Vec<Vec<Who>> {
    if all.is_empty() {
        return vec![Vec::new()];
    }
    (0..all.len())
        .flat_map(|at| {
            let mut rest = all.to_vec();
            let first = rest.remove(at);
            permutations(&rest).into_iter().map(move |rest| [&[first][..], &rest].concat())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::ALONE;
    use super::*;

    fn told(initial: &Initial<'_>, source: Source, loss: Option<Who>) -> Vec<String> {
        orders(initial, source, loss).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn who_is_there_comes_before_behind_and_where_somebody_is_held() {
        let resident = Source::One(Memory::Resident);
        assert_eq!(told(&ALONE, resident, None), ["write"]);
        assert_eq!(told(&ALONE, resident, Some(Who::Unmap)), ["write", "write(munmap)"]);
        let in_memory = Initial { medium: Medium::Memory, ..ALONE };
        assert_eq!(told(&in_memory, resident, Some(Who::Unmap)), ["write"]);
        let reader = Initial { beside: &[Beside::Any(Who::Read(0, 4))], ..ALONE };
        let wanted = ["write,read-0+4", "read-0+4,write", "write(read-0+4)", "read-0+4(write)"];
        assert_eq!(told(&reader, resident, None), wanted);
        let latched = Source::One(Memory::LatchedThenFilled);
        assert_eq!(told(&reader, latched, None), ["write(read-0+4)"]);
        let grown = Initial { beside: &[Beside::Later(Who::Truncate(4))], ..ALONE };
        let wanted = ["write,truncate-4", "write,sync,truncate-4", "write,sync,reclaim,truncate-4"];
        assert_eq!(told(&grown, resident, None), wanted);
        let stored = Initial { beside: &[Beside::First { who: Who::Store(2), again: true }], ..ALONE };
        assert_eq!(told(&stored, resident, None), ["store-2,write,store-2"]);
        let crowd =
            Initial { beside: &[Beside::Any(Who::Writeback), Beside::Any(Who::Truncate(0))], ..ALONE };
        assert!(told(&crowd, resident, None).contains(&"write,writeback(truncate-0)".to_owned()));
    }

    #[test]
    fn a_race_is_one_of_readers_and_of_who_takes_the_source() {
        let reader = Initial { beside: &[Beside::Any(Who::Read(0, 4))], raced: true, ..ALONE };
        let told = |initial: &Initial<'_>| race(initial).map(|(_, order)| order.to_string());
        assert_eq!(told(&reader).as_deref(), Some("write|read-0+4"));
        assert_eq!(
            told(&Initial { source: "unmapped", ..reader.clone() }).as_deref(),
            Some("write|munmap|read-0+4")
        );
        assert_eq!(told(&Initial { beside: &[Beside::Any(Who::Truncate(0))], ..reader.clone() }), None);
        assert_eq!(told(&Initial { raced: false, ..reader }), None);
    }
}
