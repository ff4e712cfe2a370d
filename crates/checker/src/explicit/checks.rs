//! What is looked at as a whole: states, and how runs end.

use machine::Word;
use scenario::{Check, Ending, Property};

use super::error::Error;
use super::findings::Bad;
use super::prepared::Prepared;

impl Prepared {
    /// What the properties over whole states see in a memory.
    pub(crate) fn state_checks(&self, words: &[u64]) -> Result<Vec<Bad>, Error> {
        let mut bad = Vec::new();
        for property in &self.scenario.properties {
            if let Check::State(check) = &property.check {
                let mut see = |witness: machine::Label| bad.push(Bad::new(property.id, witness.to_string()));
                self.looked(words, || named(property), |memory| check(memory, &mut see))?;
            }
        }
        bad.sort();
        bad.dedup();
        Ok(bad)
    }

    /// Whether any property is over whole states.
    pub(crate) fn has_state_checks(&self) -> bool {
        self.scenario.properties.iter().any(|p| matches!(p.check, Check::State(_)))
    }

    /// What the final checks see at rest.
    pub(crate) fn final_checks(&self, words: &[u64], returned: &[Word]) -> Result<Vec<Bad>, Error> {
        let mut bad = Vec::new();
        for property in &self.scenario.properties {
            if let Check::Final(check) = &property.check {
                let mut see = |witness: machine::Label| bad.push(Bad::new(property.id, witness.to_string()));
                self.looked(words, || named(property), |memory| check(memory, returned, &mut see))?;
            }
        }
        bad.sort();
        bad.dedup();
        Ok(bad)
    }

    /// How a run ended that is at rest here, where the scenario tells.
    pub(crate) fn ending(&self, words: &[u64], returned: &[Word]) -> Result<Option<Ending>, Error> {
        let Some(ending) = &self.scenario.ending else { return Ok(None) };
        let who = || "what tells how a run ends".to_owned();
        self.looked(words, who, |memory| ending(memory, returned)).map(Some)
    }
}

fn named(property: &Property) -> String {
    format!("property `{}`", property.id)
}
