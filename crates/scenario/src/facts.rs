//! What a scenario is made of, for readers who don't know its model, and for programs.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

/// What a scenario is made of. All names are kebab-case.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Facts {
    /// What the signs in the [picture](crate::Scenario::picture) of a state mean, in a sentence or two.
    pub legend: String,
    /// How large what is, in the model's unit: `page` 4, `block` 2.
    pub geometry: BTreeMap<&'static str, u64>,
    /// Where the data comes from; none where none is written.
    pub source: Option<&'static str>,
    /// Who is there beside the one that the scenario is about.
    pub companions: Vec<&'static str>,
    /// What else it depends on, the same in all initial states: `truncate-to` 1, `second-position` 0.
    pub conditions: BTreeMap<&'static str, Fact>,
    /// The initial states, as many and in the same order as those of the scenario.
    pub initial: Vec<BTreeMap<&'static str, Fact>>,
}

/// A fact about an initial state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fact {
    /// A number, in the model's unit where it is a size or a position.
    Number(u64),
    /// Words.
    Text(String),
    /// Whether it is so.
    Flag(bool),
}

impl Serialize for Fact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Fact::Number(number) => serializer.serialize_u64(*number),
            Fact::Text(text) => serializer.serialize_str(text),
            Fact::Flag(flag) => serializer.serialize_bool(*flag),
        }
    }
}
