//! Where somebody can be stopped by means that an outsider has.

use std::fmt;
use std::sync::Arc;

use machine::{Place, Step, Word};

/// When somebody who is in front of a step can be stopped there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Parked {
    /// Always.
    Always,
    /// While one of these bits of a cell is set.
    While(Place, Word),
}

/// Tells in front of which steps, the control words included, somebody can be stopped for as long as it takes: at a fault that
/// somebody handles when he likes, at a read that is not answered.
#[derive(Clone)]
pub struct Parking(pub Arc<Parks>);

/// When who is in front of a step can be stopped there; none where he never can.
pub type Parks = dyn Fn(&Step) -> Option<Parked> + Send + Sync;

impl Parking {
    /// Nowhere: who waits for another, and who has ended, stands still; nobody else does.
    #[must_use]
    pub fn nowhere() -> Parking {
        Parking(Arc::new(|_| None))
    }
}

impl fmt::Debug for Parking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parking")
    }
}
