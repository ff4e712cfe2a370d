//! What is in a checkpoint, and how it is put together again.

use std::collections::BTreeSet;
use std::io;
use std::ops::Deref;
use std::sync::{Arc, MutexGuard};

use rustc_hash::FxHashSet;
use scenario::{BadState, Ending};
use serde::{Deserialize, Serialize};

use super::file::{Reader, Writer};
use crate::explicit::distinct::number_at;
use crate::explicit::error::Refused;
use crate::explicit::findings::{Bad, Findings, Named, Places, Rest, Told};
use crate::explicit::key::{Key, MEMORY_BITS, SHARD_BITS, SHARDS, control_of, home, memory_of};
use crate::explicit::ledger::{Counted, Full, Ledger};
use crate::explicit::limits::Limits;
use crate::explicit::memories::Memories;
use crate::explicit::prepared::Prepared;
use crate::explicit::reduce::{Growth, Reduction};
use crate::explicit::sets::Sets;
use crate::explicit::trace::Trace;
use crate::explicit::unfold::{Automaton, CONTROL_BITS, Link, PANICKED_FROM, Reach};
use crate::explicit::visited::Shard;

/// Which of the searches of a question it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(super) enum Stage {
    /// The first one, as long as it is small.
    Small,
    /// The one with equal actors in order.
    Symmetric,
    /// The reduced one.
    Reduced,
    /// The one of everything.
    Plain,
}

/// Where a search stands, in few words.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Stand {
    pub(super) stage: Stage,
    pub(super) states: u64,
    pub(super) transitions: u64,
    pub(super) seconds: f64,
    pub(super) peak: u64,
    /// Whether anything was found.
    pub(super) found: bool,
    /// What the searches before this one came to.
    pub(super) before: Vec<BadState>,
}

/// Where a level begins.
pub(super) struct Mark {
    /// How many memories there are, by shard.
    pub(super) memories: Vec<usize>,
    /// How far the models are unfolded. They may be further when it is written: who judges looks at what comes next, and a
    /// reduction that learned of that would choose otherwise.
    pub(super) reaches: Vec<Reach>,
    pub(super) transitions: u64,
    pub(super) sets: Sets,
    pub(super) found: bool,
    /// Whether the file has it.
    pub(super) written: bool,
}

/// What a search has, with its states by shard.
pub(crate) struct Has<'a, S> {
    pub(crate) shards: &'a [S],
    pub(crate) memories: &'a Memories,
    pub(crate) places: &'a Places,
    /// Of a reduced search how far it has grown, and what was chosen of the states of each shard.
    pub(crate) reduced: Option<(Growth, Vec<MutexGuard<'a, Counted<u16>>>)>,
}

/// A search where a level begins.
#[derive(Default)]
pub(crate) struct Restored<const R: usize> {
    pub(crate) shards: Vec<Shard<R>>,
    /// What was chosen of the states of a reduced search, by shard, and how far.
    pub(crate) chosen: Vec<Counted<u16>>,
    pub(crate) sets: Sets,
    pub(crate) states: u64,
    pub(crate) transitions: u64,
    pub(crate) found: bool,
}

/// Why a checkpoint can't be read: it is refused, or there is no room.
pub(super) enum Trouble {
    Refused(Refused),
    Full,
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Trouble {
        Trouble::Refused(refused)
    }
}

impl From<Full> for Trouble {
    fn from(_: Full) -> Trouble {
        Trouble::Full
    }
}

/// How many models there are, and words of a state and of a memory.
fn shape<const R: usize>(prepared: &Prepared) -> [usize; 3] {
    [prepared.automata.len(), R, prepared.packing.words()]
}

/// Writes what a search has, without what was added since the mark.
pub(super) fn write<const R: usize, S: Deref<Target = Shard<R>>>(
    to: &mut Writer,
    prepared: &Prepared,
    mark: &Mark,
    has: &Has<S>,
) -> io::Result<()> {
    let lens = &mark.memories;
    to.put(&shape::<R>(prepared))?;
    let mut models = prepared.automata.iter().zip(&mark.reaches);
    models.try_for_each(|(automaton, reach)| write_automaton(to, automaton, *reach))?;
    to.put(&Trace::up_to(prepared, &mark.reaches).digest())?;
    if let Some((growth, _)) = &has.reduced {
        to.put(growth)?;
    }
    let width = prepared.packing.words();
    for (shard, len) in lens.iter().enumerate() {
        to.number(*len as u64)?;
        to.rows(*len, width, |local, row| has.memories.read(number_at(shard, local), row))?;
    }
    for shard in has.shards {
        let (expanded, len, again) = shard.level();
        to.number(expanded as u64)?;
        to.number(len as u64)?;
        to.rows(len, R, |number, row| row.copy_from_slice(&shard.get(number)))?;
        to.number(again.len() as u64)?;
        to.rows(again.len(), 1, |at, row| row[0] = again[at])?;
    }
    write_places(to, lens, has.places)?;
    has.reduced.iter().try_for_each(|(_, chosen)| write_chosen(to, mark, has.shards, chosen))
}

/// The control states in the order of their numbers, by the way on which each was met first, and all ways.
fn write_automaton(to: &mut Writer, automaton: &Automaton, reach: Reach) -> io::Result<()> {
    for (origins, len) in automaton.origins().iter().zip([reach.living, reach.dead]) {
        to.number(len as u64)?;
        to.rows(len, 2, |number, row| {
            let (from, result) = origins[number].unwrap_or((NOWHERE, 0));
            row.copy_from_slice(&[from.into(), result]);
        })?;
    }
    let links = automaton.links_since(0);
    to.number(reach.links as u64)?;
    to.rows(reach.links, 3, |number, row| {
        let Link { from, result, to, .. } = links[number];
        row.copy_from_slice(&[from.into(), result, to.into()]);
    })
}

/// Where the first control state comes from.
const NOWHERE: u32 = u32::MAX;

fn write_places(to: &mut Writer, lens: &[usize], places: &Places) -> io::Result<()> {
    let Places { by_memory, by_rest, by_view, endings, all, open } = places;
    // What is new in the level that is undone will be new again.
    let is_left = |memory: &u32| (*memory as usize >> SHARD_BITS) < lens[home(*memory)];
    let each = |bad: &[Bad]| bad.iter().map(Bad::told).collect::<Vec<Told>>();
    let of_memories: Vec<_> = by_memory.iter().filter(|(memory, _)| is_left(memory)).collect();
    to.number(of_memories.len() as u64)?;
    of_memories.into_iter().try_for_each(|(memory, bad)| to.put(&(memory, each(bad))))?;
    let of_rests = || by_rest.iter().filter(|(rest, _)| is_left(&rest.0) && !open.0.contains(rest));
    to.number(of_rests().count() as u64)?;
    of_rests().try_for_each(|(rest, bad)| to.put(&(rest, each(bad))))?;
    let of_views = || by_view.iter().filter(|(memory, _)| is_left(memory) && !open.1.contains(memory));
    to.number(of_views().count() as u64)?;
    of_views().try_for_each(|(memory, bad)| to.put(&(memory, each(bad))))?;
    to.put(endings)?;
    to.put(&all.iter().map(Bad::told).collect::<Vec<Told>>())
}

/// Puts a search together again, in memories of which there are none.
pub(super) fn read<const R: usize>(
    mut from: Reader,
    stand: &Stand,
    prepared: &Prepared,
    limits: &Limits,
    (memories, findings): (&Memories, &Findings),
    reduction: Option<&mut Reduction>,
) -> Result<Restored<R>, Trouble> {
    if from.get::<[usize; 3]>()? != shape::<R>(prepared) {
        return Err(Refused::Models.into());
    }
    let unfolded =
        prepared.automata.iter().map(|_| read_automaton(&mut from)).collect::<Result<Vec<_>, _>>()?;
    let digest = from.get::<u128>()?;
    let models = || unfolded.iter().zip(&prepared.automata);
    let is_reduced = reduction.is_some();
    if let Some(reduction) = reduction {
        let growth: Growth = from.get()?;
        for ((unfolded, automaton), (_, ways)) in models().zip(&growth.known) {
            unfolded.unfold(automaton, *ways)?;
        }
        if !reduction.grow_as(&growth, prepared) {
            return Err(Refused::Damaged.into());
        }
    }
    models().try_for_each(|(unfolded, automaton)| unfolded.unfold(automaton, unfolded.ways.len()))?;
    if digest != Trace::of(prepared).digest() {
        return Err(Refused::Models.into());
    }
    let width = prepared.packing.words();
    let mut lens = Vec::with_capacity(SHARDS);
    for shard in 0..SHARDS {
        let len = from.count(1 << (MEMORY_BITS - SHARD_BITS))?;
        from.rows(len, width, |local, row| match memories.number(row, None)? {
            (number, true) if number == number_at(shard, local) => Ok(()),
            _ => Err(Trouble::Refused(Refused::Damaged)),
        })?;
        lens.push(len);
    }
    for initial in &prepared.initial {
        if memories.number(initial, None)?.1 {
            return Err(Refused::Models.into());
        }
    }
    let mut shards = Vec::with_capacity(SHARDS);
    for at in 0..SHARDS {
        shards.push(read_shard(&mut from, at, prepared, limits, &lens)?);
    }
    findings.restore(read_places(&mut from, prepared, &lens)?)?;
    let ledger = &limits.ledger;
    let (sets, chosen) = match is_reduced {
        true => read_chosen(&mut from, &shards, ledger)?,
        false => Default::default(),
    };
    from.end()?;
    let states = shards.iter().map(|shard: &Shard<R>| shard.len() as u64).sum();
    let Stand { transitions, found, peak, .. } = *stand;
    ledger.raise_peak(peak);
    Ok(Restored { shards, chosen, sets, states, transitions, found })
}

fn read_shard<const R: usize>(
    from: &mut Reader,
    at: usize,
    prepared: &Prepared,
    limits: &Limits,
    lens: &[usize],
) -> Result<Shard<R>, Trouble> {
    let actors = &prepared.automata[..prepared.actors()];
    let mut shard = Shard::new(limits.ceilings.states, actors.len(), Some(at), &limits.ledger);
    let expanded = from.count(limits.ceilings.states)?;
    let len = from.count(limits.ceilings.states)?;
    from.rows(len, R, |_, row| {
        let key: Key<R> = row.try_into().map_err(|_| Refused::Damaged)?;
        let memory = memory_of(&key);
        let stands = |(actor, automaton): (usize, &Arc<Automaton>)| automaton.has(control_of(&key, actor));
        let is_one = home(memory) == at
            && (memory as usize >> SHARD_BITS) < lens[at]
            && actors.iter().enumerate().all(stands);
        if is_one && shard.add_again(&key)? { Ok(()) } else { Err(Trouble::Refused(Refused::Damaged)) }
    })?;
    let words = from.count((len * actors.len()).div_ceil(64))?;
    let mut again = Vec::with_capacity(words);
    from.rows(words, 1, |_, row| {
        again.push(row[0]);
        Ok::<(), Trouble>(())
    })?;
    if expanded > len {
        return Err(Refused::Damaged.into());
    }
    shard.stand_before(expanded, &again)?;
    Ok(shard)
}

/// How a model was unfolded: from where, with which result, and where to.
struct Unfolded {
    /// The way on which each control state was met first, in the order of their numbers.
    origins: Vec<[u64; 3]>,
    /// All ways, in the order in which they were unfolded.
    ways: Vec<[u64; 3]>,
}

fn read_automaton(from: &mut Reader) -> Result<Unfolded, Refused> {
    let mut origins = Vec::new();
    for (first, most) in [(0, PANICKED_FROM), (PANICKED_FROM, (1 << CONTROL_BITS) - PANICKED_FROM)] {
        let nodes = from.count(most as usize)?;
        from.rows(nodes, 2, |number, row| {
            origins.push([row[0], row[1], u64::from(first) + number as u64]);
            Ok::<(), Refused>(())
        })?;
    }
    let mut ways = Vec::new();
    let count = from.count(usize::MAX)?;
    from.rows(count, 3, |_, row| {
        ways.push([row[0], row[1], row[2]]);
        Ok::<(), Refused>(())
    })?;
    Ok(Unfolded { origins, ways })
}

impl Unfolded {
    /// Unfolds a model along the first so many of these ways, with the same numbers.
    fn unfold(&self, automaton: &Automaton, ways: usize) -> Result<(), Refused> {
        let ways = self.ways.get(..ways).ok_or(Refused::Damaged)?;
        let known: FxHashSet<_> = ways.iter().map(|[from, result, _]| (*from, *result)).collect();
        let nowhere = u64::from(NOWHERE);
        let is_known = |[from, result, _]: &&[u64; 3]| *from == nowhere || known.contains(&(*from, *result));
        for &[from, result, to] in self.origins.iter().filter(is_known).chain(ways) {
            let to = u32::try_from(to).map_err(|_| Refused::Damaged)?;
            let leads = match u32::try_from(from).map_err(|_| Refused::Damaged)? {
                NOWHERE => Ok(to == automaton.start().to),
                from => automaton.leads(from, result, to),
            };
            // Whatever is wrong with a model now, it was not when the checkpoint was written.
            if !leads.unwrap_or(false) {
                return Err(Refused::Models);
            }
        }
        Ok(())
    }
}

/// What was chosen of the states of a reduced search.
fn write_chosen<const R: usize, S: Deref<Target = Shard<R>>>(
    to: &mut Writer,
    mark: &Mark,
    shards: &[S],
    chosen: &[impl Deref<Target = Counted<u16>>],
) -> io::Result<()> {
    to.number(mark.sets.grown)?;
    for (at, (shard, chosen)) in shards.iter().zip(chosen).enumerate() {
        let (expanded, ..) = shard.level();
        let chosen = &chosen[..chosen.len().min(expanded)];
        to.number(mark.sets.stale[at] as u64)?;
        to.number(chosen.len() as u64)?;
        to.rows(chosen.len(), 1, |number, row| row[0] = chosen[number].into())?;
    }
    Ok(())
}

fn read_chosen<const R: usize>(
    from: &mut Reader,
    shards: &[Shard<R>],
    ledger: &Arc<Ledger>,
) -> Result<(Sets, Vec<Counted<u16>>), Trouble> {
    let mut sets = Sets { grown: from.number()?, ..Sets::default() };
    let mut all = Vec::with_capacity(SHARDS);
    for (shard, stale) in shards.iter().zip(&mut sets.stale) {
        *stale = from.count(shard.len())?;
        let len = from.count(shard.len())?;
        let mut chosen = Counted::new(ledger);
        chosen.reserve(len)?;
        from.rows(len, 1, |_, row| Ok::<(), Trouble>(chosen.push(row[0] as u16)?))?;
        all.push(chosen);
    }
    Ok((sets, all))
}

fn read_places(from: &mut Reader, prepared: &Prepared, lens: &[usize]) -> Result<Places, Trouble> {
    let mut named = Named::new(&prepared.scenario);
    let mut each = |told: Vec<Told>| told.into_iter().map(|told| named.bad(told)).collect::<Vec<Bad>>();
    let there_is = |memory: u32| match (memory as usize >> SHARD_BITS) < lens[home(memory)] {
        true => Ok(memory),
        false => Err(Refused::Damaged),
    };
    let mut places = Places::default();
    for _ in 0..from.number()? {
        let (memory, told) = from.get::<(u32, Vec<Told>)>()?;
        places.by_memory.insert(there_is(memory)?, each(told));
    }
    for _ in 0..from.number()? {
        let ((memory, returned), told) = from.get::<(Rest, Vec<Told>)>()?;
        places.by_rest.insert((there_is(memory)?, returned), each(told));
    }
    for _ in 0..from.number()? {
        let (memory, told) = from.get::<(u32, Vec<Told>)>()?;
        places.by_view.insert(there_is(memory)?, each(told));
    }
    places.endings = from.get::<BTreeSet<Ending>>()?;
    places.all = each(from.get()?).into_iter().collect();
    Ok(places)
}
