//! The write that is asked for.

/// A write: position and length, in units.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Request {
    /// Where it starts, in units.
    pub pos: usize,
    /// How long it is, in units, at least 1.
    pub len: usize,
}

impl Request {
    /// Whether it asks for this position.
    #[must_use]
    pub fn holds(self, position: usize) -> bool {
        (self.pos..self.pos + self.len).contains(&position)
    }
}
