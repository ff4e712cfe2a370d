//! The collector of bad states, shared by executions and threads.

use dashmap::DashMap;
use dashmap::mapref::entry::Entry;
use scenario::BadState;

/// The distinct bad states found so far: the first of each property and witness.
///
/// Any number of threads may record at once. What is taken out is sorted, so that the order in which
/// bad states were found does not show; which *schedule* came first is up to the engine.
///
/// ```
/// use checker::Collector;
/// use scenario::{BadState, Schedule};
///
/// let bad = |witness: &str| BadState {
///     property: "stale-read".into(),
///     witness: witness.into(),
///     promised: true,
///     cells: Vec::new(),
///     schedule: Schedule::default(),
/// };
/// let collector = Collector::new();
/// assert!(collector.record("stale-read", "unit(1)", || bad("unit(1)")));
/// assert!(!collector.record("stale-read", "unit(1)", || unreachable!("it is known")));
/// assert!(collector.record("stale-read", "unit(0)", || bad("unit(0)")));
/// let witnesses: Vec<String> = collector.take().into_iter().map(|b| b.witness).collect();
/// assert_eq!(witnesses, ["unit(0)", "unit(1)"]);
/// ```
#[derive(Debug, Default)]
pub struct Collector {
    found: DashMap<(String, String), BadState>,
}

impl Collector {
    /// An empty one.
    #[must_use]
    pub fn new() -> Collector {
        Collector::default()
    }

    /// Records a bad state unless one with this property and witness is known; says whether it was
    /// new. `build` runs only then, while others that record the same are held off.
    pub fn record(&self, property: &str, witness: &str, build: impl FnOnce() -> BadState) -> bool {
        match self.found.entry((property.to_owned(), witness.to_owned())) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                vacant.insert(build());
                true
            }
        }
    }

    /// Whether a bad state with this property and witness is known.
    #[must_use]
    pub fn contains(&self, property: &str, witness: &str) -> bool {
        self.found.contains_key(&(property.to_owned(), witness.to_owned()))
    }

    /// How many distinct bad states there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Takes everything out, ordered by property and witness.
    #[must_use]
    pub fn take(&self) -> Vec<BadState> {
        let keys: Vec<_> = self.found.iter().map(|entry| entry.key().clone()).collect();
        let mut bad: Vec<BadState> =
            keys.iter().filter_map(|key| self.found.remove(key)).map(|(_, bad)| bad).collect();
        bad.sort_by(|a, b| (&a.property, &a.witness).cmp(&(&b.property, &b.witness)));
        bad
    }
}
