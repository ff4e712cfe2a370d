//! Results as one HTML file that is looked at in a browser: variants against properties, the bad states of each, and
//! their schedules step by step.
//!
//! The file is whole: it loads nothing, and says so to the browser (its content security policy allows nothing but what
//! is in it). The results are `tables` in JSON, deflated, in base64; a script unpacks and draws them. All text
//! that comes from a model, a tree or a file reaches the page as text nodes and attributes, or through the
//! escaping of the template.

mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use minijinja::{Environment, context};
use scenario::{BadState, Fairness, Scenario, verdict};

use crate::block::{Kind, kind};
use crate::json::Finding;
use crate::matrix::Matrix;
use crate::snapshot::verdict_word;
use crate::states::{Seen, States, picture_by_name};
use tables::{Bad, Data, Rule, Searched, Tables, Variant};

/// Style and scripts, in the order in which the page has them. Each script is a part of one program.
const STYLE: &str = include_str!("style.css");
const SCRIPTS: [&str; 7] = [
    include_str!("data.js"),
    include_str!("elements.js"),
    include_str!("state.js"),
    include_str!("schedule.js"),
    include_str!("matrix.js"),
    include_str!("compare.js"),
    include_str!("main.js"),
];

/// What the page shows when it is opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Opens {
    /// Variants against properties.
    Matrix,
    /// The first two variants beside each other.
    Comparison,
    /// The first bad state.
    Schedule,
}

/// What is known of a bad state beyond what the search has found.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The states along its schedule; none where they are not known.
    pub states: Option<States>,
    /// The scheduling points, from 1, that the schedule is about.
    pub key_steps: BTreeSet<usize>,
}

/// What else the page tells of a result.
pub struct Beside<'r> {
    /// What the variant stands for.
    pub about: &'r str,
    /// The number of the first bad state in the scenario, mostly 1.
    pub first: usize,
    /// For each bad state, in their order.
    pub told: &'r [Told],
    /// The text of a line of a source, if it is at hand.
    pub source: &'r dyn Fn(&str, u32) -> Option<String>,
}

impl std::fmt::Debug for Beside<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Beside").field("about", &self.about).finish_non_exhaustive()
    }
}

/// Why a page can't be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The data can't be written as JSON.
    #[error("the page's data: {0}")]
    Data(#[from] serde_json::Error),
    /// The data can't be packed.
    #[error("the page's data: {0}")]
    Pack(#[from] std::io::Error),
    /// The template can't be filled in.
    #[error("the page's template: {0}")]
    Template(#[from] minijinja::Error),
}

/// A page that is being made.
#[derive(Debug)]
pub struct Page {
    command: String,
    opens: Opens,
    tables: Tables,
    rules: BTreeMap<String, Rule>,
    variants: Vec<Variant>,
    /// By variant, where the first bad state of each kind is: scenario, bad state.
    kinds: Vec<BTreeMap<Kind, (usize, usize)>>,
    matrix: Matrix,
}

impl Page {
    /// An empty page about what `command` finds.
    #[must_use]
    pub fn new(command: &str, opens: Opens) -> Page {
        Page {
            command: command.to_owned(),
            opens,
            tables: Tables::default(),
            rules: BTreeMap::new(),
            variants: Vec::new(),
            kinds: Vec::new(),
            matrix: Matrix::default(),
        }
    }

    /// Adds a result.
    pub fn add(&mut self, finding: Finding<'_>, beside: &Beside<'_>) {
        let Finding { path, variant, scenario, outcome, .. } = finding;
        self.matrix.add(finding);
        for property in scenario.properties.iter().chain(&scenario::built_in::ALL) {
            let rule = || Rule {
                sentence: property.sentence.to_owned(),
                source: property.source.to_owned(),
                effect: property.seen().to_owned(),
            };
            self.rules.entry(property.id.to_owned()).or_insert_with(rule);
        }
        let at = self.variant(path, variant, beside.about);
        let here = self.variants[at].scenarios.len();
        self.tables.begin_scenario();
        let mut bad_states = Vec::with_capacity(outcome.bad.len());
        for (number, bad) in outcome.bad.iter().enumerate() {
            let told = beside.told.get(number).cloned().unwrap_or_default();
            let first = *self.kinds[at].entry(kind(bad, scenario, &told.key_steps)).or_insert((here, number));
            let as_in = (first != (here, number)).then_some(first);
            bad_states.push(self.bad(scenario, bad, told, as_in, beside.source));
        }
        let searched = Searched {
            name: self.tables.string(&scenario.name),
            sentence: self.tables.string(&scenario.sentence),
            verdict: verdict_word(verdict(scenario, outcome)),
            first: beside.first,
            is_whole: outcome.coverage == scenario::Coverage::Exhausted,
            remarks: self.tables.strings(&remarks(finding)),
            cast: self.tables.cast(cast(scenario)),
            bad: bad_states,
        };
        self.variants[at].scenarios.push(searched);
    }

    /// Adds a scenario that could not be searched, of a variant: path, name, what it stands for.
    pub fn broken(&mut self, (path, variant, about): (&str, &str, &str), scenario: &Scenario, why: &str) {
        let at = self.variant(path, variant, about);
        let searched = Searched {
            name: self.tables.string(&scenario.name),
            sentence: self.tables.string(&scenario.sentence),
            verdict: "broken",
            first: 1,
            is_whole: false,
            remarks: vec![self.tables.string(why)],
            cast: self.tables.cast(cast(scenario)),
            bad: Vec::new(),
        };
        self.variants[at].scenarios.push(searched);
    }

    /// Takes into account that a scenario of a variant was not asked, though it could have been.
    pub fn leave_out(&mut self, path: &str, variant: &str, scenario: &Scenario) {
        self.matrix.leave_out(path, variant, scenario);
    }

    fn variant(&mut self, path: &str, name: &str, about: &str) -> usize {
        let known = self.variants.iter().position(|known| known.path == path && known.name == name);
        known.unwrap_or_else(|| {
            let (path, name, about) = (path.to_owned(), name.to_owned(), about.to_owned());
            self.variants.push(Variant { path, name, about, scenarios: Vec::new() });
            self.kinds.push(BTreeMap::new());
            self.variants.len() - 1
        })
    }

    fn bad(
        &mut self,
        scenario: &Scenario,
        bad: &BadState,
        told: Told,
        as_in: Option<(usize, usize)>,
        source: &dyn Fn(&str, u32) -> Option<String>,
    ) -> Bad {
        let Told { states, key_steps } = told;
        let last = || Seen { picture: picture_by_name(scenario, &bad.cells), ..Seen::default() };
        let (initial, changes) = match &states {
            Some(states) => (&states.initial, &states.changes[..]),
            None => (&last(), &[][..]),
        };
        let tables = &mut self.tables;
        Bad {
            property: tables.string(&bad.property),
            witness: tables.string(&bad.witness),
            promised: bad.promised,
            initial: tables.string(&bad.schedule.initial),
            as_in,
            key_steps: key_steps.into_iter().collect(),
            seen: tables.seen(initial),
            has_states: states.is_some(),
            schedule: tables.schedule(&bad.schedule, changes, source),
        }
    }

    /// The page as text.
    ///
    /// # Errors
    /// None that is known: what is filled in is text.
    pub fn render(&self) -> Result<String, Error> {
        let data = Data {
            command: &self.command,
            version: env!("CARGO_PKG_VERSION"),
            opens: match self.opens {
                Opens::Matrix => "matrix",
                Opens::Comparison => "comparison",
                Opens::Schedule => "schedule",
            },
            rules: &self.rules,
            matrix: self.matrix.entries(),
            variants: &self.variants,
            tables: &self.tables,
        };
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&serde_json::to_vec(&data)?)?;
        let data = BASE64.encode(packed.finish()?);
        let mut templates = Environment::new();
        // By its name, everything that is filled in is escaped unless it is said to be safe.
        templates.add_template("page.html", include_str!("page.html"))?;
        let scripts = SCRIPTS.concat();
        let matrix = self.matrix.to_string();
        let title = format!("{} - shortcopy", self.command);
        let page = context! { title, data, matrix, scripts, style => STYLE };
        Ok(templates.get_template("page.html")?.render(page)?)
    }
}

/// Who takes part, and the views, with what they are.
fn cast(scenario: &Scenario) -> impl Iterator<Item = (&str, &'static str)> {
    let kind = |actor: &scenario::Actor| match actor.fairness {
        Fairness::Adversary => "adversary",
        Fairness::Fair if actor.daemon => "daemon",
        Fairness::Fair => "actor",
    };
    let actors = scenario.actors.iter().map(move |actor| (actor.name, kind(actor)));
    actors.chain(scenario.views.iter().map(|view| (view.name, "view")))
}

/// What has to be said beside a verdict.
fn remarks(finding: Finding<'_>) -> Vec<String> {
    let Finding { scenario, outcome, .. } = finding;
    let mut remarks = Vec::new();
    if let scenario::Coverage::Cut { .. } | scenario::Coverage::Sampled { .. } = outcome.coverage {
        remarks.push("not everything was searched: there may be more".to_owned());
    }
    let not_looked_at = outcome.not_looked_at(scenario);
    if !not_looked_at.is_empty() {
        remarks.push(format!("not looked at: {}", not_looked_at.join(", ")));
    }
    if !outcome.left_out.is_empty() {
        let left_out: Vec<&str> = outcome.left_out.iter().map(String::as_str).collect();
        remarks.push(format!("left out: {}", left_out.join(", ")));
    }
    remarks.extend(outcome.unsupported.iter().map(|missing| format!("not modelled: {missing}")));
    remarks.extend(outcome.assumptions.iter().map(|of| format!("assumed: {of}")));
    remarks.extend(outcome.remarks().map(str::to_owned));
    remarks
}

#[cfg(test)]
mod tests;
