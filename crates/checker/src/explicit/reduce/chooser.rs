//! Which set is taken in a state.

use machine::Action;
use rustc_hash::FxHashMap;

use super::footprint::{self, Footprint, Footprints};
use super::future::{Future, Guard, Guards};
use super::{Fault, Reduction, WHOLE};
use crate::explicit::expand::{Census, Expander, is_dead};
use crate::explicit::key::{Key, control_of, memory_of};
use crate::explicit::prepared::Prepared;
use crate::explicit::unfold::Standing;

/// One thread's means to choose sets.
///
/// Footprints are few, so they have numbers, and whether somebody with one future can be in the way of a step is worked out
/// once for two numbers.
pub(crate) struct Chooser {
    /// What all the rest was worked out from.
    version: u32,
    actors: Vec<OfActor>,
    /// Of each actor and each other one: who is in whose way.
    ways: Vec<Ways>,
    /// The memory that was looked at last, and the guards that are shut in it.
    shut: Option<(u32, Guards)>,
    /// Room to work out a footprint in.
    touched: Box<Footprint>,
}

/// What is known of an actor.
struct OfActor {
    /// What its step touches in the state in hand, by number.
    step: u32,
    by_control: Vec<Stance>,
    /// What is tested before a step is taken.
    tests: Vec<Test>,
    steps: Footprints,
    futures: Vec<Future>,
    by_shut: FxHashMap<Guards, usize>,
    /// Which future was asked for last: mostly it is again.
    last: usize,
    /// What is touched from control states on.
    touched: Footprints,
    /// By number of these: the guards that are opened.
    opened: Vec<Guards>,
}

/// How an actor stands at a control state: what has to be known of it in each state, side by side.
#[derive(Clone, Copy)]
struct Stance {
    /// What the step touches, by number, where no test fails.
    step: u32,
    kind: Kind,
    goes_round: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unknown,
    Done,
    Moves,
    /// It can't move where the test with this number fails.
    Waits(u32),
    /// It touches something else where the test with this number fails.
    Tries(u32),
    /// What it touches depends on memory in another way.
    Copies,
}

/// It fails where these bits of a word are not 0.
struct Test {
    bits: Guard,
    /// What a try touches that fails, by number.
    fails: u32,
}

/// How the actors stand in a state.
#[derive(Clone, Copy, Default)]
pub(crate) struct Stand {
    pub(crate) census: Census,
    /// Who can move, one bit each.
    pub(crate) enabled: u16,
    /// Whose step can begin a round of a loop.
    goes_round: u16,
}

impl OfActor {
    fn new(len: usize) -> OfActor {
        OfActor {
            step: 0,
            by_control: Vec::new(),
            tests: Vec::new(),
            steps: Footprints::new(len),
            futures: Vec::new(),
            by_shut: FxHashMap::default(),
            last: 0,
            touched: Footprints::new(len),
            opened: Vec::new(),
        }
    }

    /// What it touches from a control state on, as long as these guards stay shut; none where nothing is known.
    #[inline]
    fn future(&mut self, reduction: &Reduction, actor: usize, control: u32, shut: Guards) -> Option<u32> {
        let of = &reduction.actors[actor];
        let shut = of.own(shut);
        if self.futures.get(self.last).is_none_or(|last| last.shut() != shut) {
            let OfActor { futures, by_shut, .. } = self;
            self.last = *by_shut.entry(shut).or_insert_with(|| {
                futures.push(Future::new(shut));
                futures.len() - 1
            });
        }
        let number = self.futures[self.last].from(of, control, &mut self.touched)?;
        while self.opened.len() < self.touched.count() {
            let next = self.touched.get(self.opened.len() as u32);
            self.opened.push(reduction.opened(next));
        }
        Some(number)
    }
}

/// Whether who has a future is in the way of a step, by number of the step and of the future.
#[derive(Default)]
struct Ways(Vec<Vec<u8>>);

/// It was worked out.
const KNOWN: u8 = 1;
/// It matters which comes first.
const CONFLICTS: u8 = 2;
/// The step waits for what is written.
const OPENS: u8 = 4;

impl Ways {
    #[inline]
    fn of(&mut self, step: u32, future: u32, (steps, futures): (&Footprints, &Footprints)) -> u8 {
        let (row, column) = (step as usize, future as usize);
        if let Some(&way) = self.0.get(row).and_then(|row| row.get(column))
            && way != 0
        {
            return way;
        }
        let (step, future) = (steps.get(step), futures.get(future));
        let mut way = KNOWN;
        if footprint::conflict(step, future) {
            way |= CONFLICTS;
        }
        if footprint::opens(step, future) {
            way |= OPENS;
        }
        if self.0.len() <= row {
            self.0.resize_with(row + 1, Vec::new);
        }
        let row = &mut self.0[row];
        if row.len() <= column {
            row.resize(column + 1, 0);
        }
        row[column] = way;
        way
    }
}

/// A state, as sets are chosen for it.
struct Here<'a, const R: usize> {
    reduction: &'a Reduction,
    key: &'a Key<R>,
    /// The actors that can move, and those that wait, one bit each.
    enabled: u16,
    blocked: u16,
    /// The guards that are shut.
    shut: Guards,
}

impl Chooser {
    pub(crate) fn new(prepared: &Prepared) -> Chooser {
        let len = footprint::len(&prepared.packing);
        let actors = prepared.actors();
        Chooser {
            version: 0,
            actors: (0..actors).map(|_| OfActor::new(len)).collect(),
            ways: (0..actors * actors).map(|_| Ways::default()).collect(),
            shut: None,
            touched: vec![0; len].into_boxed_slice(),
        }
    }

    /// Sees how the actors stand in a state, without a look at what follows.
    pub(crate) fn look_at<const R: usize>(
        &mut self,
        reduction: &Reduction,
        expander: &mut Expander,
        key: &Key<R>,
    ) -> Stand {
        if self.version != reduction.version {
            self.version = reduction.version;
            self.actors.fill_with(|| OfActor::new(self.touched.len()));
            self.ways.fill_with(Ways::default);
            self.shut = None;
        }
        let mut stand = Stand::default();
        if is_dead(key, self.actors.len()) {
            stand.census.dead = true;
            return stand;
        }
        for actor in 0..self.actors.len() {
            let control = control_of(key, actor);
            let stance = match self.actors[actor].by_control.get(control as usize) {
                Some(stance) if stance.kind != Kind::Unknown => *stance,
                _ => self.stance(reduction, expander, actor, control),
            };
            let of = &self.actors[actor];
            let mut failing = |test: u32| {
                let test = &of.tests[test as usize];
                let (word, bits) = test.bits;
                (expander.words(memory_of(key))[word] & bits != 0).then_some(test.fails)
            };
            let mut step = stance.step;
            match stance.kind {
                Kind::Done => stand.census.done |= 1 << actor,
                Kind::Waits(test) => stand.census.blocked |= u16::from(failing(test).is_some()) << actor,
                Kind::Tries(test) => step = failing(test).unwrap_or(step),
                Kind::Copies => step = self.copying(reduction, expander, key, actor),
                Kind::Moves | Kind::Unknown => {}
            }
            self.actors[actor].step = step;
            stand.goes_round |= u16::from(stance.goes_round) << actor;
        }
        stand.enabled = ((1 << self.actors.len()) - 1) & !(stand.census.done | stand.census.blocked);
        stand
    }

    /// The actors whose steps are to be taken in the state that was looked at last, or [`WHOLE`] where that is everybody's. At
    /// least those in `taken`, which are not none but where a set was chosen before; after a step of one in `last` nothing
    /// follows.
    pub(crate) fn choose<const R: usize>(
        &mut self,
        reduction: &Reduction,
        expander: &mut Expander,
        (key, stand): (&Key<R>, Stand),
        (last, taken): (u16, u16),
    ) -> u16 {
        let (enabled, blocked) = (stand.enabled, stand.census.blocked);
        if enabled.count_ones() < 2 || enabled == taken {
            return WHOLE;
        }
        let sticky = if reduction.lacks(Fault::Sticky) { 0 } else { stand.goes_round & enabled | last };
        let fair = if reduction.lacks(Fault::Fair) { u16::MAX } else { reduction.fair };
        let seeds = enabled & !sticky & fair;
        if seeds == 0 || taken & sticky != 0 {
            return WHOLE;
        }
        let memory = memory_of(key);
        let shut = match self.shut {
            Some((last, shut)) if last == memory => shut,
            _ => reduction.shut(expander.words(memory)),
        };
        self.shut = Some((memory, shut));
        let here = Here { reduction, key, enabled, blocked, shut };
        let fits = |set: &u16| set & sticky == 0 && *set != enabled;
        if taken != 0 {
            return Some(self.closed(&here, taken) & enabled).filter(fits).unwrap_or(WHOLE);
        }
        // Of sets of one size the one with the last actors, the same for any number of threads.
        let mut least = None;
        for seed in (0..u16::BITS).rev().filter(|seed| seeds >> seed & 1 != 0) {
            let set = self.closed(&here, 1 << seed) & enabled;
            let order = |set: &u16| (set.count_ones(), std::cmp::Reverse(*set));
            least = least.into_iter().chain(Some(set).filter(fits)).min_by_key(order);
            if least.is_some_and(|set| set.count_ones() == 1) {
                break; // none is smaller, and those of earlier actors come later
            }
        }
        least.unwrap_or(WHOLE)
    }

    /// How an actor stands at a control state that was not asked for yet.
    #[cold]
    fn stance(
        &mut self,
        reduction: &Reduction,
        expander: &mut Expander,
        actor: usize,
        control: u32,
    ) -> Stance {
        let OfActor { by_control, tests, steps, .. } = &mut self.actors[actor];
        let (mut number, mut kind) = (0, Kind::Done);
        if let Some(Standing::Pending(step)) = expander.standing(actor, control) {
            let action = step.action;
            let packing = &expander.prepared().packing;
            let touched = &mut self.touched;
            let mut step = |action: &Action| {
                touched.fill(0);
                footprint::add(touched, action, packing);
                *footprint::groups_mut(touched) = reduction.groups_of(touched);
                steps.number(touched)
            };
            number = step(&action);
            let (test, fails) = match action {
                Action::Await { at, mask, .. } => (packing.bits(at, mask), 0),
                Action::Try { at, mask, order, .. } => {
                    (packing.bits(at, mask), step(&Action::Load { at, mask, order }))
                }
                _ => (None, 0),
            };
            let test = test.map(|bits| {
                let known = tests.iter().position(|test| test.bits == bits && test.fails == fails);
                known.unwrap_or_else(|| {
                    tests.push(Test { bits, fails });
                    tests.len() - 1
                }) as u32
            });
            kind = match (action, test) {
                (Action::Await { .. }, Some(test)) => Kind::Waits(test),
                (Action::Try { .. }, Some(test)) => Kind::Tries(test),
                (Action::CopyUser { .. }, _) => Kind::Copies,
                _ => Kind::Moves,
            };
        }
        let stance = Stance { step: number, kind, goes_round: reduction.actors[actor].goes_round(control) };
        let control = control as usize;
        if by_control.len() <= control {
            let unknown = Stance { step: 0, kind: Kind::Unknown, goes_round: false };
            by_control.resize(control + 1, unknown);
        }
        by_control[control] = stance;
        stance
    }

    /// What the copy that an actor stands in front of touches in this memory, by number.
    #[cold]
    fn copying<const R: usize>(
        &mut self,
        reduction: &Reduction,
        expander: &mut Expander,
        key: &Key<R>,
        actor: usize,
    ) -> u32 {
        let control = control_of(key, actor);
        self.touched.fill(0);
        if let Some(Standing::Pending(step)) = expander.standing(actor, control) {
            let action = step.action;
            let packing = &expander.prepared().packing;
            footprint::add_copy(&mut self.touched, &action, packing, expander.words(memory_of(key)));
            *footprint::groups_mut(&mut self.touched) = reduction.groups_of(&self.touched);
        }
        self.actors[actor].steps.number(&self.touched)
    }

    /// The guards that stay shut as long as only `others` move.
    fn stay_shut<const R: usize>(&mut self, here: &Here<R>, others: u16) -> Guards {
        let mut shut = here.shut;
        loop {
            let opened = bits(others.into()).fold(0, |opened, other| {
                let of = &mut self.actors[other];
                let future = of.future(here.reduction, other, control_of(here.key, other), shut);
                opened | future.map_or(0, |future| of.opened[future as usize] & shut)
            });
            if opened == 0 || here.reduction.lacks(Fault::Guards) {
                return shut;
            }
            shut &= !opened;
        }
    }

    /// The least set with these actors that nobody outside is in the way of.
    fn closed<const R: usize>(&mut self, here: &Here<R>, mut set: u16) -> u16 {
        let everybody = here.enabled | here.blocked;
        let opens = if here.reduction.lacks(Fault::Opening) { 0 } else { OPENS };
        loop {
            let others = everybody & !set;
            let shut = self.stay_shut(here, others);
            let mut more = 0;
            for other in bits(others.into()) {
                let control = control_of(here.key, other);
                let future = self.actors[other].future(here.reduction, other, control, shut);
                let Some(future) = future else { continue };
                let in_the_way = bits(set.into()).any(|actor| {
                    let (of, futures) = (&self.actors[actor], &self.actors[other].touched);
                    let ways = &mut self.ways[actor * self.actors.len() + other];
                    let way = ways.of(of.step, future, (&of.steps, futures));
                    way & if here.enabled & 1 << actor != 0 { CONFLICTS } else { opens } != 0
                });
                more |= u16::from(in_the_way) << other;
            }
            if more == 0 {
                return set;
            }
            set |= more;
        }
    }
}

/// The numbers of the bits that are set.
fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let number = set.trailing_zeros() as usize;
        set &= set.wrapping_sub(1);
        (number < 64).then_some(number)
    })
}
