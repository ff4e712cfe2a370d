//! The models of a thread that stand in front of a step and may be asked to go on.
//!
//! A coroutine belongs to its thread, an automaton to all: so each thread keeps its own, a bounded number,
//! and forgets the oldest. What is not here is run again from its beginning, so nothing depends on it.

use std::cell::RefCell;
use std::collections::VecDeque;

use corosensei::stack::DefaultStack;
use rustc_hash::FxHashMap;

use super::run::{Model, STACK};
use crate::explicit::Error;

/// How many models a thread keeps.
const MODELS_MAX: usize = 128;
/// How many stacks it keeps for the next ones.
const STACKS_MAX: usize = MODELS_MAX + 8;

/// An automaton and a control state of it.
type Stand = (u64, u32);

#[derive(Default)]
struct Pool {
    models: FxHashMap<Stand, Vec<Model>>,
    len: usize,
    /// Where they were put, the oldest first; some are gone.
    order: VecDeque<Stand>,
    stacks: Vec<DefaultStack>,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::default();
}

impl Pool {
    fn take(&mut self, stand: Stand) -> Option<Model> {
        let models = self.models.get_mut(&stand)?;
        let model = models.pop();
        if models.is_empty() {
            self.models.remove(&stand);
        }
        self.len -= usize::from(model.is_some());
        model
    }

    /// Keeps a model, and gives back one that there is no room for.
    fn put(&mut self, stand: Stand, model: Model) -> Option<Model> {
        self.models.entry(stand).or_default().push(model);
        self.order.push_back(stand);
        self.len += 1;
        if self.order.len() > 8 * MODELS_MAX {
            self.order.retain(|stand| self.models.contains_key(stand));
        }
        while self.len > MODELS_MAX {
            let oldest = self.order.pop_front()?;
            if let Some(model) = self.take(oldest) {
                return Some(model);
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
    let models = POOL.try_with(|pool| {
        let Ok(mut pool) = pool.try_borrow_mut() else { return Vec::new() };
        let stands: Vec<Stand> = pool.models.keys().filter(|(of, _)| *of == automaton).copied().collect();
        let models: Vec<Model> =
            stands.iter().filter_map(|stand| pool.models.remove(stand)).flatten().collect();
        pool.len -= models.len();
        pool.order.retain(|(of, _)| *of != automaton);
        models
    });
    models.unwrap_or_default().into_iter().for_each(drop_model);
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
