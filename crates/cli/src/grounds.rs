//! What verdicts rest on, and what is missing for them: told with each in a line, and in full once.

use std::collections::BTreeMap;

use anstyle::{AnsiColor, Style};
use scenario::{Assumption, Missing, Outcome};

use crate::error::Error;
use crate::output::Output;

/// What the results of a command rest on and lack, with the number of results of which that is true.
#[derive(Default, Debug)]
pub(crate) struct Grounds {
    assumptions: BTreeMap<Assumption, usize>,
    unsupported: BTreeMap<Missing, usize>,
    results: usize,
    /// What the user assumes, `f()=0`.
    tried: Vec<String>,
}

impl Grounds {
    /// Of a command whose user assumes this.
    pub(crate) fn with(tried: &[String]) -> Grounds {
        Grounds { tried: tried.to_vec(), ..Grounds::default() }
    }

    /// Takes note of a result; gives what is to be said with it at once.
    pub(crate) fn add(&mut self, outcome: &Outcome) -> Vec<String> {
        self.results += 1;
        for assumption in &outcome.assumptions {
            *self.assumptions.entry(assumption.clone()).or_default() += 1;
        }
        for missing in &outcome.unsupported {
            *self.unsupported.entry(missing.clone()).or_default() += 1;
        }
        let mut words = Vec::new();
        match &outcome.unsupported[..] {
            [] => {}
            [one] => words.push(format!("not modelled: {one}")),
            [first, others @ ..] => {
                words.push(format!("not modelled: {first}, and {} more", others.len()));
            }
        }
        words
    }

    /// All of it in sentences, without styles.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let assumed = self.assumptions.keys().map(|assumption| format!("assumed: {assumption}"));
        let missing = self.unsupported.keys().map(|missing| format!("not modelled: {missing}"));
        assumed.chain(missing).collect()
    }

    /// Tells all of it.
    ///
    /// # Errors
    /// An output that can't be written.
    pub(crate) fn tell(&self, out: &mut Output) -> Result<(), Error> {
        let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
        let wanting = AnsiColor::Magenta.on_default();
        let among = |count: usize| {
            if self.results == 1 {
                String::new()
            } else {
                format!(" {dim}[{count} of {}]{dim:#}", self.results)
            }
        };
        if !self.assumptions.is_empty() {
            out.line(&format!("\n{bold}assumed{bold:#}: the verdicts hold where this is true"))?;
        }
        for (assumption, &count) in &self.assumptions {
            out.line(&format!("  {assumption}{}", among(count)))?;
        }
        let is_asked = |tried: &&String| {
            let name = tried.split('=').next().unwrap_or_default().trim();
            self.assumptions.keys().any(|of| of.name == name)
        };
        for tried in self.tried.iter().filter(|tried| !is_asked(tried)) {
            out.line(&format!("{wanting}never asked, so it changes nothing{wanting:#}: {tried}"))?;
        }
        if !self.unsupported.is_empty() {
            out.line(&format!(
                "\n{bold}not modelled{bold:#}: executions end here, and nobody knows how they go on"
            ))?;
        }
        for (missing, &count) in &self.unsupported {
            out.line(&format!("  {wanting}{missing}{wanting:#}{}", among(count)))?;
            if !missing.hint.is_empty() {
                out.line(&format!("    {}", missing.hint))?;
            }
        }
        Ok(())
    }
}
