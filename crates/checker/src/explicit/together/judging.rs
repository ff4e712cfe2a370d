//! Cycles, judged together: each class of states by one process.
//!
//! A cycle stays within one class ([`LocalCycles`]), and everything that follows a state was met by somebody. So whoever has a
//! class needs no more than the states that are on each cycle, and comes to the others himself.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::member::{Member, More, Stop, Stopping};
use super::search::Share;
use crate::explicit::cycles::{
    Judged, KINDS, LocalCycles, Verdicts, Wrong, judge_classes, judged, movers, way_round,
};
use crate::explicit::expand::Expander;
use crate::explicit::findings::{Bad, Findings, Named, Told};
use crate::explicit::key::{Key, SHARDS, control_of, memory_of};
use crate::explicit::ledger::Counted;
use crate::explicit::prepared::Prepared;
use crate::explicit::trace::order;
use crate::explicit::visited::hashed;

/// States that a process gives away in a round.
const ROUND: usize = 1 << 14;

/// What is wrong with the cycles of all processes.
pub(super) struct Verdict<const R: usize> {
    pub(super) bad: Vec<Bad>,
    /// By kind: what is wrong, in the same order everywhere, by the states that this process has.
    pub(super) judged: Vec<Judged>,
    /// By kind: the states of what this process judged, and what they are numbered from in that order.
    own: Verdicts<Key<R>>,
    first: [usize; KINDS],
}

/// What a process tells of something wrong: what, who has to move there, and whether somebody waits.
type Meta = (Told, u16, bool);

/// Names for classes that are the same in all processes: of each control state what a class has of it.
struct ClassNames(Vec<Vec<u32>>);

impl ClassNames {
    fn new(prepared: &Prepared, cycles: &LocalCycles) -> ClassNames {
        let automata = prepared.automata[..prepared.actors()].iter().enumerate();
        let names = automata.map(|(actor, automaton)| {
            let order = order(automaton);
            // Of those on one cycle, the name of the first.
            let mut first = vec![u32::MAX; automaton.len() + 1];
            let living = |node: &u32| (*node as usize) < automaton.len();
            for (name, node) in (0..).zip(&order).filter(|(_, node)| living(node)) {
                let cycle = &mut first[cycles.of_control(actor, *node) as usize];
                *cycle = name.min(*cycle);
            }
            let mut names = vec![0; automaton.len()];
            for (name, node) in (0..).zip(&order).filter(|(_, node)| living(node)) {
                names[*node as usize] = match cycles.of_control(actor, *node) {
                    0 => 2 * name,
                    cycle => 2 * first[cycle as usize] + 1,
                };
            }
            names
        });
        ClassNames(names.collect())
    }

    fn class<const R: usize>(&self, key: &Key<R>) -> u64 {
        let names = self.0.iter().enumerate();
        // Who is dead is on no cycle.
        let name = |(actor, names): (usize, &Vec<u32>)| {
            names.get(control_of(key, actor) as usize).copied().map_or(u64::MAX, u64::from)
        };
        hashed(names.map(name))
    }
}

/// Judges all cycles of a search that was not cut.
pub(super) fn judge<const R: usize>(
    member: &mut Member,
    share: &Share<R>,
    findings: &Findings,
) -> Result<Verdict<R>, processes::Error> {
    let (prepared, limits) = (member.prepared, member.limits);
    let ledger = &limits.ledger;
    let cycles = LocalCycles::of(prepared, ledger).map_err(Stopping::from);
    let cycles = member.note(cycles)?;
    let mut expander = Expander::new(prepared, member.memories, findings, share.effects.clone());
    let mut starts = Counted::new(ledger);
    let given = match &cycles {
        Some(cycles) => give_starts(member, share, cycles, &mut expander, &mut starts)?,
        None => member.round(More::Stopped, &mut member.nothing())?.1,
    };
    starts.sort_unstable();
    let mut own = Verdicts::default();
    if let Some(cycles) = cycles.filter(|_| given != More::Stopped) {
        let classes = starts.chunk_by(|(one, _), (other, _)| one == other);
        let classes = classes.map(|class| class.iter().map(|(_, key)| *key));
        let judged = |()| judge_classes(prepared, &cycles, limits, expander, classes);
        let verdicts = limits.go_on().and_then(judged);
        own = member.note(verdicts.map_err(Stopping::from))?.unwrap_or_default();
    }
    drop(starts);
    match told(member, share, findings, own) {
        Ok(verdict) => Ok(verdict),
        Err(Stop::Noted) => Ok(Verdict::none()),
        Err(Stop::Lost(lost)) => Err(lost),
    }
}

/// Gives the states that are on each cycle to those who judge them, and takes what is to be judged here.
fn give_starts<const R: usize>(
    member: &mut Member,
    share: &Share<R>,
    cycles: &LocalCycles,
    expander: &mut Expander,
    starts: &mut Counted<(u64, Key<R>)>,
) -> Result<More, processes::Error> {
    let names = ClassNames::new(member.prepared, cycles);
    let mut last = None;
    let states = (0..SHARDS).flat_map(|shard| share.states.on_each_cycle(shard));
    let states = states.filter(|(state, key, by)| {
        // Who moves on a cycle stays on one of its own. A state may come several times.
        cycles.movers(key) & by != 0 && last.replace(*state) != Some(*state)
    });
    let say = |member: &mut Member, (_, key, _), outgoing: &mut [Vec<u64>]| {
        let class = names.class(&key);
        let to = &mut outgoing[member.of_hash(class)];
        to.push(class);
        member.say_whole(&key, to);
        Ok(())
    };
    give(member, states, say, |member, from, mut words| {
        while let Some(&class) = words.split_off_first() {
            let (key, _) = member.hear(from, &mut words, expander)?;
            starts.push((class, key))?;
        }
        Ok(())
    })
}

/// Gives some things away in rounds, to oneself, too, and takes what others give. Whether somebody stopped.
fn give<T>(
    member: &mut Member,
    mut things: impl Iterator<Item = T>,
    say: impl Fn(&mut Member, T, &mut [Vec<u64>]) -> Result<(), Stopping>,
    mut take: impl FnMut(&mut Member, usize, &[u64]) -> Result<(), Stopping>,
) -> Result<More, processes::Error> {
    let mut outgoing = member.nothing();
    loop {
        let mut own = More::Nothing;
        for (given, thing) in things.by_ref().enumerate() {
            let said = say(member, thing, &mut outgoing);
            member.note(said)?;
            if given + 1 == ROUND {
                own = More::Something;
                break;
            }
        }
        if member.limits.look() {
            own = More::Stopped;
        }
        let (came, more) = member.round(own, &mut outgoing)?;
        for (from, said) in came.iter().enumerate() {
            let taken = take(member, from, said.words());
            member.note(taken)?;
        }
        if more != More::Something {
            return Ok(more);
        }
    }
}

/// Tells all others what is wrong, and where.
fn told<const R: usize>(
    member: &mut Member,
    share: &Share<R>,
    findings: &Findings,
    own: Verdicts<Key<R>>,
) -> Result<Verdict<R>, Stop> {
    let (prepared, limits) = (member.prepared, member.limits);
    let meta = |wrong: &Wrong<Key<R>>| (wrong.bad.told(), wrong.needed, wrong.waits);
    let whole = member.unless_stopped();
    let metas: Vec<Vec<Meta>> = own.iter().map(|kind| kind.iter().map(meta).collect()).collect();
    let all = member.agree(whole.map(|()| metas))?;
    let mut named = Named::new(&prepared.scenario);
    let mut numbered = Verdicts::<u32>::default();
    let mut first = [0; KINDS];
    let mut bad = Vec::new();
    for (process, metas) in all.into_iter().enumerate() {
        for ((kind, metas), first) in numbered.iter_mut().zip(metas).zip(&mut first) {
            if process == member.number() {
                *first = kind.len();
            }
            for (told, needed, waits) in metas {
                let told = named.bad(told);
                bad.push(told.clone());
                kind.push(Wrong { bad: told, needed, waits, states: Counted::new(&limits.ledger) });
            }
        }
    }
    let mut expander = Expander::new(prepared, member.memories, findings, share.effects.clone());
    let states = own.iter().zip(first).enumerate().flat_map(|(kind, (wrong, first))| {
        let wrong = wrong.iter().zip(first..);
        wrong.flat_map(move |(wrong, number)| wrong.states.iter().map(move |key| (kind, number, *key)))
    });
    let say = |member: &mut Member, (kind, number, key), outgoing: &mut [Vec<u64>]| {
        let to = &mut outgoing[member.home(memory_of(&key))?];
        to.extend([kind as u64, number as u64]);
        member.say(&key, 0, to);
        Ok(())
    };
    give(member, states, say, |member, from, mut words| {
        while !words.is_empty() {
            let Some(&[kind, number]) = words.split_off(..2) else { return Err(Stopping::Garbled(from)) };
            let (key, _) = member.hear(from, &mut words, &mut expander)?;
            let wrong = numbered.get_mut(kind as usize).and_then(|kind| kind.get_mut(number as usize));
            if let (Some(wrong), Some(state)) = (wrong, share.states.find(&key)) {
                wrong.states.push(state)?;
            }
        }
        Ok(())
    })?;
    let judged = judged(prepared, share.states.len(), numbered, &limits.ledger).map_err(Stopping::from);
    let judged = member.note(judged)?.unwrap_or_default();
    let whole = member.unless_stopped();
    member.agree(whole)?;
    Ok(Verdict { bad, judged, own, first })
}

impl<const R: usize> Verdict<R> {
    /// That nothing is wrong, as far as anybody judged.
    pub(super) fn none() -> Verdict<R> {
        Verdict { bad: Vec::new(), judged: Vec::new(), own: Verdicts::default(), first: [0; KINDS] }
    }

    /// A way round from a state, in what is wrong with this number; none where another process judged it.
    pub(super) fn way_round(
        &self,
        member: &Member,
        expander: &mut Expander,
        (kind, number): (usize, usize),
        start: Key<R>,
    ) -> Result<Option<Vec<(u8, u8)>>, Stopping> {
        let wrong = number.checked_sub(self.first[kind]).and_then(|own| self.own[kind].get(own));
        let Some(wrong) = wrong else { return Ok(None) };
        let inside: FxHashSet<Key<R>> = wrong.states.iter().copied().collect();
        let asked = (start, wrong.needed, movers(member.prepared)[kind]);
        let is_inside = |key: &Key<R>| inside.contains(key);
        let ledger: &Arc<_> = &member.limits.ledger;
        Ok(Some(way_round(asked, is_inside, expander, ledger, || member.limits.patience())?))
    }
}
