//! Scenarios and properties in a few sentences.

use std::sync::Arc;

use machine::{Label, Layout, Machine, Peek, Place, Word};

use crate::{Actor, Check, Ending, Initial, Kind, Picture, Property, Scenario};

/// What the body of an actor may return.
pub trait Returned {
    /// It as a word, which properties and endings are given.
    fn into_word(self) -> Word;
}

impl Returned for () {
    fn into_word(self) -> Word {
        0
    }
}

macro_rules! returned {
    ($($number:ty),*) => {$(
        impl Returned for $number {
            fn into_word(self) -> Word {
                Word::from(self)
            }
        }
    )*};
}
returned!(bool, u8, u16, u32, Word);

impl Returned for i32 {
    /// The bits of the number.
    fn into_word(self) -> Word {
        Word::from(self.cast_unsigned())
    }
}

/// The name of the initial state that a scenario has unless it is told others.
const ALL_ZERO: &str = "all zero";

impl Scenario {
    /// A scenario about these cells, which are all zero at the beginning. It has no actors and no properties beside
    /// the built-in ones; a picture shows every cell.
    ///
    /// ```
    /// use machine::{Layout, Machine, Order};
    /// use scenario::{Property, Scenario};
    ///
    /// let mut layout = Layout::new();
    /// let counter = layout.shared("counter", 2);
    /// let increment = move |m: &dyn Machine| {
    ///     let value = counter.load(m, Order::Relaxed);
    ///     counter.store(m, value + 1, Order::Relaxed);
    /// };
    /// let scenario = Scenario::new("two-increments", layout)
    ///     .about("two actors increment a counter without a lock")
    ///     .actor("a", increment)
    ///     .actor("b", increment)
    ///     .property(Property::finally("lost-update", "an increment is lost", move |state, _| {
    ///         counter.value(state) == 2
    ///     }));
    /// assert_eq!((scenario.picture)(&scenario.initial[0].cells), "counter  0\n");
    /// ```
    #[must_use]
    pub fn new(name: impl Into<String>, layout: Layout) -> Scenario {
        Scenario {
            name: name.into(),
            sentence: String::new(),
            initial: vec![Initial { name: ALL_ZERO.to_owned(), cells: vec![0; layout.len()] }],
            picture: every_cell(&layout),
            layout,
            actors: Vec::new(),
            views: Vec::new(),
            properties: Vec::new(),
            reachable: Vec::new(),
            ending: None,
            killed: None,
            final_state: None,
            facts: None,
            grounds: None,
            assumptions: None,
        }
    }

    /// What it is about, in one sentence.
    #[must_use]
    pub fn about(self, sentence: impl Into<String>) -> Scenario {
        Scenario { sentence: sentence.into(), ..self }
    }

    /// It begins in this state and no other: these cells have these values, all others are 0.
    #[must_use]
    pub fn initial(self, name: impl Into<String>, values: &[(Place, Word)]) -> Scenario {
        Scenario { initial: Vec::new(), ..self }.or_initial(name, values)
    }

    /// It may begin in this state, too. Names must differ.
    #[must_use]
    pub fn or_initial(mut self, name: impl Into<String>, values: &[(Place, Word)]) -> Scenario {
        let mut cells = vec![0; self.layout.len()];
        for &(at, value) in values {
            if at.index() >= cells.len() {
                // Too many cells: an engine tells that of this state.
                cells.resize(at.index() + 1, 0);
            }
            cells[at.index()] = value;
        }
        self.initial.push(Initial { name: name.into(), cells });
        self
    }

    /// There is a fair actor that must come to its end.
    #[must_use]
    pub fn actor<R: Returned>(
        self,
        name: &'static str,
        body: impl Fn(&dyn Machine) -> R + Send + Sync + 'static,
    ) -> Scenario {
        self.with(Actor::new(name, move |m| body(m).into_word()))
    }

    /// There are fair actors that do the same. Of states in which they have changed places one is enough, where there are many: then it
    /// is less to look at than actors that were added one by one.
    #[must_use]
    pub fn actors<R: Returned, const N: usize>(
        mut self,
        names: [&'static str; N],
        body: impl Fn(&dyn Machine) -> R + Send + Sync + 'static,
    ) -> Scenario {
        let one = Actor::new("", move |m| body(m).into_word());
        self.actors.extend(names.map(|name| Actor { name, ..one.clone() }));
        self
    }

    /// There is this actor: [`Actor::daemon`], [`Actor::adversary`].
    #[must_use]
    pub fn with(mut self, actor: Actor) -> Scenario {
        self.actors.push(actor);
        self
    }

    /// When all is at rest, somebody looks at it in this way, alone.
    #[must_use]
    pub fn view<R: Returned>(
        mut self,
        name: &'static str,
        body: impl Fn(&dyn Machine) -> R + Send + Sync + 'static,
    ) -> Scenario {
        self.views.push(Actor::new(name, move |m| body(m).into_word()));
        self
    }

    /// This must not be broken.
    #[must_use]
    pub fn property(mut self, property: Property) -> Scenario {
        self.properties.push(property);
        self
    }

    /// This must be reached at least once (`machine::reach`).
    #[must_use]
    pub fn reaches(mut self, what: &'static str) -> Scenario {
        self.reachable.push(what);
        self
    }

    /// Tells in a few words how a run ended, from the state at rest and the words that the actors returned, in the
    /// order of the actors.
    #[must_use]
    pub fn ending(self, tell: impl Fn(&dyn Peek, &[Word]) -> String + Send + Sync + 'static) -> Scenario {
        let teller = move |state: &dyn Peek, returned: &[Word]| Ending::of(&[("", &tell(state, returned))]);
        Scenario { ending: Some(Arc::new(teller)), ..self }
    }

    /// Shows a state in a few lines.
    #[must_use]
    pub fn picture(self, show: impl Fn(&dyn Peek) -> String + Send + Sync + 'static) -> Scenario {
        Scenario { picture: Arc::new(show), ..self }
    }
}

/// A picture with a line for each cell: its name, and what it shows.
fn every_cell(layout: &Layout) -> Picture {
    let cells = layout.cells().to_vec();
    let width = cells.iter().map(|cell| cell.name.chars().count()).max().unwrap_or(0);
    Arc::new(move |state| {
        let line = |(index, cell): (usize, &machine::Cell)| {
            let shown = (cell.show)(state.peek(Place(index as u16)));
            format!("{:width$}  {shown}\n", cell.name)
        };
        cells.iter().enumerate().map(line).collect()
    })
}

impl Property {
    /// `holds` must be so in every state. The sentence says what it means that it is broken. loom sees no states, so
    /// that it does not look at such a property.
    pub fn always(
        id: &'static str,
        sentence: &'static str,
        holds: impl Fn(&dyn Peek) -> bool + Send + Sync + 'static,
    ) -> Property {
        let check = Check::State(Arc::new(move |state, broken| {
            if !holds(state) {
                broken(Label::new("", &[]));
            }
        }));
        Property::own(id, sentence, Kind::Always, check)
    }

    /// `holds` must be so when all actors are done, of the state and of the words that they returned, in the order
    /// of the actors. The sentence says what it means that it is broken.
    pub fn finally(
        id: &'static str,
        sentence: &'static str,
        holds: impl Fn(&dyn Peek, &[Word]) -> bool + Send + Sync + 'static,
    ) -> Property {
        let check = Check::Final(Arc::new(move |state, returned, broken| {
            if !holds(state, returned) {
                broken(Label::new("", &[]));
            }
        }));
        Property::own(id, sentence, Kind::Finally, check)
    }

    fn own(id: &'static str, sentence: &'static str, kind: Kind, check: Check) -> Property {
        Property { id, sentence, source: "", effect: "", kind, promised: true, check }
    }

    /// What a user sees of it when it is broken.
    #[must_use]
    pub fn effect(self, effect: &'static str) -> Property {
        Property { effect, ..self }
    }

    /// Where the requirement comes from.
    #[must_use]
    pub fn source(self, source: &'static str) -> Property {
        Property { source, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout() -> Layout {
        let mut layout = Layout::new();
        layout.shared("n", 3);
        layout.lock("mutex");
        layout
    }

    #[test]
    fn a_scenario_begins_where_it_is_told() {
        let n = Layout::new().shared("n", 3);
        let mutex = Place(1);
        let states = |scenario: &Scenario| -> Vec<(String, Vec<Word>)> {
            scenario.initial.iter().map(|initial| (initial.name.clone(), initial.cells.clone())).collect()
        };
        let plain = Scenario::new("test", layout());
        assert_eq!(states(&plain), [("all zero".to_owned(), vec![0, 0])]);
        let told = plain.clone().initial("all zero", &[]).or_initial("full", &[n.is(7), (mutex, 1)]);
        assert_eq!(states(&told), [("all zero".to_owned(), vec![0, 0]), ("full".to_owned(), vec![7, 1])]);
        let missing = plain.initial("beyond", &[(Place(2), 1)]);
        assert_eq!(states(&missing), [("beyond".to_owned(), vec![0, 0, 1])], "an engine tells the error");
        assert_eq!((told.picture)(&vec![7, 1]), "n      7\nmutex  held\n");
    }

    #[test]
    fn a_condition_that_does_not_hold_breaks_its_property_once() {
        let broken = |property: &Property, cells: &[Word], returned: &[Word]| {
            let mut count = 0;
            match &property.check {
                Check::State(check) => check(&cells.to_vec(), &mut |_| count += 1),
                Check::Final(check) => check(&cells.to_vec(), returned, &mut |_| count += 1),
                Check::Observed => unreachable!("somebody looks"),
            }
            count
        };
        let always = Property::always("small", "n is large", |state| state.peek(Place(0)) < 2);
        assert_eq!((always.kind, always.promised), (Kind::Always, true));
        assert_eq!([1, 2].map(|n| broken(&always, &[n], &[])), [0, 1]);
        let finally = Property::finally("equal", "they differ", |state, returned| {
            returned.iter().all(|&word| word == state.peek(Place(0)))
        });
        assert_eq!(finally.kind, Kind::Finally);
        assert_eq!([1, 2].map(|n| broken(&finally, &[n], &[1, 1])), [0, 1]);
        assert_eq!(always.seen(), "n is large");
        assert_eq!(finally.effect("nobody is told").seen(), "nobody is told");
    }

    #[test]
    fn what_an_actor_returns_is_a_word() {
        let words =
            [().into_word(), true.into_word(), 7_u8.into_word(), (-1).into_word(), Word::MAX.into_word()];
        assert_eq!(words, [0, 1, 7, 0xffff_ffff, Word::MAX]);
    }
}
