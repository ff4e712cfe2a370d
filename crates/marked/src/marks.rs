//! What was reached.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::BRANCHES;

static REACHED: [AtomicBool; BRANCHES.len()] = [const { AtomicBool::new(false) }; BRANCHES.len()];

/// Which branches were reached so far, by number.
#[must_use]
pub fn reached() -> Vec<bool> {
    REACHED.iter().map(|reached| reached.load(Ordering::Relaxed)).collect()
}

/// Branch `n` is reached.
#[inline]
pub(crate) fn passed(n: usize) {
    // Read first: all threads share the line.
    if !REACHED[n].load(Ordering::Relaxed) {
        REACHED[n].store(true, Ordering::Relaxed);
    }
}

/// Branch `n` is reached where the condition is true, the next one where it is not.
#[inline]
pub(crate) fn tested(n: usize, condition: bool) -> bool {
    passed(n + usize::from(!condition));
    condition
}

/// Branch `n` is reached where there is a value, the next one where there is none.
#[inline]
pub(crate) fn given<T: MayHaveValue>(n: usize, value: T) -> T {
    passed(n + usize::from(!value.has_value()));
    value
}

/// What `?` and the like decide by.
pub(crate) trait MayHaveValue {
    fn has_value(&self) -> bool;
}

impl<T> MayHaveValue for Option<T> {
    fn has_value(&self) -> bool {
        self.is_some()
    }
}

impl<T, E> MayHaveValue for Result<T, E> {
    fn has_value(&self) -> bool {
        self.is_ok()
    }
}

impl<B, C> MayHaveValue for ControlFlow<B, C> {
    fn has_value(&self) -> bool {
        self.is_continue()
    }
}

impl<T: MayHaveValue> MayHaveValue for &T {
    fn has_value(&self) -> bool {
        (*self).has_value()
    }
}
