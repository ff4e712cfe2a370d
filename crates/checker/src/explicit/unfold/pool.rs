//! The models of a thread that stand in front of a step.
//!
//! Some wait to be asked to go on. Others came to a control state that was known: nobody will ask them, but they
//! came another way, and to walk on with them in the end costs less than to unwind them now.
//!
//! A coroutine belongs to its thread, an automaton to all: so each thread keeps its own, a bounded number,
//! and forgets the oldest. What is not here is run again from its beginning, so nothing depends on it.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;

use corosensei::stack::DefaultStack;
use rustc_hash::FxHashMap;

use super::run::{Model, STACK};
use crate::explicit::error::Error;

/// How many models a thread keeps that wait.
const MODELS_MAX: usize = 128;
/// How many that nobody will ask.
const RETIRED_MAX: usize = 128;
/// How many stacks it keeps for the next ones.
const STACKS_MAX: usize = MODELS_MAX + RETIRED_MAX + 8;

/// An automaton and a control state of it.
type Stand = (u64, u32);

#[derive(Default)]
struct Pool {
    /// Those that wait, each with its number; at one place the oldest first.
    models: FxHashMap<Stand, Vec<(u64, Model)>>,
    len: usize,
    /// How many were put here so far: the number of the next one.
    put: u64,
    /// Where they were put and their numbers, the oldest first; some are gone.
    order: VecDeque<(Stand, u64)>,
    /// Those that nobody will ask, the oldest first.
    retired: VecDeque<(Stand, Model)>,
    stacks: Vec<DefaultStack>,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

impl Pool {
    /// The newest that stands there.
    fn take(&mut self, stand: Stand) -> Option<Model> {
        let newest = self.models.get(&stand)?.len() - 1;
        Some(self.remove(stand, newest))
    }

    fn remove(&mut self, stand: Stand, at: usize) -> Model {
        let Entry::Occupied(mut models) = self.models.entry(stand) else {
            unreachable!("somebody stands there")
        };
        let (_, model) = models.get_mut().remove(at);
        if models.get().is_empty() {
            models.remove();
        }
        self.len -= 1;
        model
    }

    /// Where among those that stand there the one of this number is, if it is still there.
    fn find(models: &FxHashMap<Stand, Vec<(u64, Model)>>, (stand, number): (Stand, u64)) -> Option<usize> {
        models.get(&stand)?.binary_search_by_key(&number, |(number, _)| *number).ok()
    }

    /// Keeps a model, and gives back one that there is no room for.
    fn put(&mut self, stand: Stand, model: Model) -> Option<Model> {
        self.models.entry(stand).or_default().push((self.put, model));
        self.order.push_back((stand, self.put));
        self.put += 1;
        self.len += 1;
        if self.order.len() > 8 * MODELS_MAX {
            // At most MODELS_MAX and one are left, so this is rare.
            self.order.retain(|&placed| Pool::find(&self.models, placed).is_some());
        }
        while self.len > MODELS_MAX {
            let oldest = self.order.pop_front()?;
            if let Some(at) = Pool::find(&self.models, oldest) {
                return Some(self.remove(oldest.0, at));
            }
        }
        None
    }
}

/// A model that stands there.
pub(super) fn take(automaton: u64, node: u32) -> Option<Model> {
    POOL.with_borrow_mut(|pool| pool.take((automaton, node)))
}

/// Keeps a model that stands there.
pub(super) fn put(automaton: u64, node: u32, model: Model) {
    let old = POOL.with_borrow_mut(|pool| pool.put((automaton, node), model));
    // Unwound outside of the pool: that runs model code.
    old.into_iter().for_each(drop_model);
}

/// Keeps a model that nobody will ask to go on.
pub(super) fn retire(automaton: u64, node: u32, model: Model) {
    let old = POOL.with_borrow_mut(|pool| {
        pool.retired.push_back(((automaton, node), model));
        if pool.retired.len() > RETIRED_MAX { pool.retired.pop_front() } else { None }
    });
    old.into_iter().for_each(|(_, model)| drop_model(model));
}

/// All models of an automaton that this thread keeps, and where they stand, those first that nobody would ask.
pub(super) fn take_all(automaton: u64) -> Vec<(u32, Model)> {
    POOL.try_with(|pool| {
        let Ok(mut pool) = pool.try_borrow_mut() else { return Vec::new() };
        let Pool { models, len, order, retired, .. } = &mut *pool;
        let mut all = Vec::new();
        for ((of, node), model) in std::mem::take(retired) {
            if of == automaton {
                all.push((node, model));
            } else {
                retired.push_back(((of, node), model));
            }
        }
        let mut nodes: Vec<u32> = models.keys().filter(|(of, _)| *of == automaton).map(|(_, n)| *n).collect();
        nodes.sort_unstable();
        for node in nodes {
            let waiting = models.remove(&(automaton, node)).unwrap_or_default();
            *len -= waiting.len();
            all.extend(waiting.into_iter().map(|(_, model)| (node, model)));
        }
        order.retain(|((of, _), _)| *of != automaton);
        all
    })
    .unwrap_or_default()
}

/// Ends a model.
pub(super) fn drop_model(model: Model) {
    let stack = model.into_stack();
    // Where the thread ends, the pool may be gone.
    let _ = POOL.try_with(|pool| {
        let Ok(mut pool) = pool.try_borrow_mut() else { return };
        if pool.stacks.len() < STACKS_MAX {
            pool.stacks.push(stack);
        }
    });
}

/// Ends all models of an automaton that this thread keeps.
pub(super) fn clear(automaton: u64) {
    take_all(automaton).into_iter().for_each(|(_, model)| drop_model(model));
}

/// A stack for a model.
///
/// # Errors
/// Where the system has no room for one.
pub(super) fn stack() -> Result<DefaultStack, Error> {
    if let Some(stack) = POOL.with_borrow_mut(|pool| pool.stacks.pop()) {
        return Ok(stack);
    }
    DefaultStack::new(STACK).map_err(|error| Error::NoStack { bytes: STACK, why: error.kind() })
}
