//! `shortcopy survey`

use std::collections::BTreeMap;
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use scenario::{Coverage, Missing, Scenario};
use tables::{Text, Tree, TreePath};
use tree::survey::{Survey as Hooks, Table};

use crate::arguments::Survey;
use crate::engine::{Answer, Searcher};
use crate::error::Error;
use crate::grounds::Grounds;
use crate::kernel::Kernel;
use crate::output::Output;
use crate::status::Status;
use crate::target::{Breadth, Chosen, choose};

/// What the scenarios of a path came to.
#[derive(Default)]
struct Sums {
    scenarios: usize,
    states: u64,
    cut: usize,
    violated: usize,
    missing: BTreeMap<Missing, usize>,
}

/// Tells what of a kernel tree is run, with which words, and what is missing; and which of its file systems have no
/// path.
///
/// # Errors
/// No tree, a target that means nothing, a model that can't be searched, an output that can't be written.
pub(crate) fn survey(
    kernel: Option<&Kernel>,
    arguments: &Survey,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let Some(kernel) = kernel else {
        return Err(Error::Usage("`survey` is about a kernel tree: name it with `--tree DIR`".to_owned()));
    };
    let breadth = Breadth::of(arguments.all);
    let mut chosen = choose(&kernel.catalog, &arguments.targets, breadth)?;
    if !arguments.all {
        let is_alone = |scenario: &Scenario| scenario.actors.iter().filter(|of| !of.daemon).count() == 1;
        chosen.retain(|chosen| is_alone(&(chosen.case.build)()));
    }
    let mut sums: BTreeMap<&str, Sums> = BTreeMap::new();
    let mut grounds = Grounds::with(&arguments.tree.assume);
    searcher.search(&arguments.bounds.explicit(), &chosen, |at, answer| {
        let Answer { scenario, outcome, .. } = answer?;
        let sum = sums.entry(&chosen[at].path.name).or_default();
        sum.scenarios += 1;
        sum.states += outcome.states;
        sum.cut += usize::from(!matches!(outcome.coverage, Coverage::Exhausted | Coverage::Pruned));
        sum.violated += usize::from(scenario::verdict(&scenario, &outcome) == scenario::Verdict::Violated);
        for missing in &outcome.unsupported {
            *sum.missing.entry(missing.clone()).or_default() += 1;
        }
        grounds.add(&outcome);
        Ok(())
    })?;
    let bold = Style::new().bold();
    let release = kernel.catalog[0].variants[0].name.as_str();
    let scope = if arguments.all { "all scenarios" } else { "the scenarios of the writer alone" };
    out.line(&format!("{bold}{}{bold:#} is {release}; searched: {scope}", kernel.name))?;
    let mut status = Status::AsRecorded;
    for of in &kernel.paths {
        if let Some(sum) = sums.get(of.path.name.as_str()) {
            path(of, sum, out)?;
            let is_whole = sum.cut == 0 && sum.missing.is_empty();
            status = status.max(if is_whole { Status::AsRecorded } else { Status::Unknown });
        }
    }
    grounds.tell(out)?;
    if arguments.targets.is_empty() {
        hooks(kernel, &chosen, out)?;
    }
    out.flush()?;
    Ok(status)
}

/// What is known of a path.
fn path(of: &TreePath, sum: &Sums, out: &mut Output) -> Result<(), Error> {
    let bold = Style::new().bold();
    let Sums { scenarios, states, cut, violated, missing } = sum;
    out.line(&format!(
        "\n{bold}{}{bold:#}: {}; {}",
        of.path.name, of.path.sentence, of.path.variants[0].sentence
    ))?;
    let mut runs = match missing.len() {
        0 => "runs".to_owned(),
        1 => "1 thing is missing".to_owned(),
        n => format!("{n} things are missing"),
    };
    runs.push_str(&format!(": {scenarios} scenarios, {states} states, {violated} violated"));
    if *cut > 0 {
        runs.push_str(&format!(", {cut} cut"));
    }
    out.line(&format!("  {runs}"))?;
    let mut functions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (file, name) in of.text.functions() {
        functions.entry(file.to_string()).or_default().push(name.to_string());
    }
    let used = of.text.used();
    list("functions", functions.iter().map(|(file, names)| (file.as_str(), names.join(" "))), out)?;
    list("words", [("", used.words.join(" "))].into_iter(), out)?;
    let mut nothing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, reason) in used.nothing {
        nothing.entry(reason).or_default().push(name);
    }
    list("nothing", nothing.iter().map(|(reason, names)| (*reason, names.join(" "))), out)?;
    let assumed = used.assumptions.iter();
    let assumed = assumed.map(|(of, table)| (*table, format!("{}()={}: {}", of.name, of.value, of.reason)));
    list("assumed", assumed, out)
}

/// Lines of a kind, each with what it is about.
fn list<'l>(
    kind: &str,
    lines: impl Iterator<Item = (&'l str, String)>,
    out: &mut Output,
) -> Result<(), Error> {
    let dim = Style::new().dimmed();
    for (about, what) in lines.filter(|(_, what)| !what.is_empty()) {
        let about = if about.is_empty() { String::new() } else { format!("{dim}{about}:{dim:#} ") };
        out.line(&format!("  {kind:<10}{about}{what}"))?;
    }
    Ok(())
}

/// What file systems without a path lack.
struct MissingWords<'t> {
    tree: &'t Arc<tree::Tree>,
    of: Tree,
    /// By folder, or by file where many share one.
    texts: BTreeMap<String, Text>,
}

/// Folders whose files are no single file system's.
const SHARED: [&str; 3] = ["block", "fs", "mm"];
/// So many missing things are told.
const TOLD: usize = 3;

impl MissingWords<'_> {
    fn new(tree: &Arc<tree::Tree>) -> MissingWords<'_> {
        let of = Tree::new(tree.release().clone(), tree.clone(), Vec::new());
        MissingWords { tree, of, texts: BTreeMap::new() }
    }

    /// What its pair needs that the tables of everybody do not have.
    fn of(&mut self, table: &Table) -> Result<String, Error> {
        let mut hooks = ["write_begin", "write_end"].iter().filter_map(|member| table.hook(member));
        if hooks.any(|hook| !hook.is_configured) {
            return Ok(
                "and it is not in the configuration that is read (models/tables/catalog.rs)".to_owned()
            );
        }
        let folder = table.file.rsplit_once('/').map_or("", |(folder, _)| folder);
        let is_shared = SHARED.contains(&folder);
        let home = if is_shared { table.file.to_string() } else { folder.to_owned() };
        if !self.texts.contains_key(&home) {
            let files = if is_shared {
                vec![home.clone()]
            } else {
                let wrong = |why: tree::Error| Error::Usage(why.to_string());
                let of_c = |file: &String| file.ends_with(".c") || file.ends_with(".h");
                self.tree.files(folder).map_err(wrong)?.into_iter().filter(of_c).collect()
            };
            self.texts.insert(home.clone(), self.of.bare(&files));
        }
        let text = &self.texts[&home];
        let mut all = Vec::new();
        for hook in ["write_begin", "write_end"].iter().filter_map(|member| table.hook(member)) {
            for (place, why) in text.unknowns(&table.file, &hook.function) {
                if !all.iter().any(|(_, known)| *known == why) {
                    all.push((place, why));
                }
            }
        }
        if all.is_empty() {
            return Ok(
                "and nothing is missing by name: it needs an entry in models/tables/paths.rs".to_owned()
            );
        }
        let told = all.iter().take(TOLD).map(|(place, why)| format!("{}:{}: {why}", place.file, place.line));
        let more = all.len().saturating_sub(TOLD);
        let more = if more == 0 { String::new() } else { format!("; and {more} more") };
        let plural = if all.len() == 1 { "thing is" } else { "things are" };
        Ok(format!("{} {plural} missing: {}{more}", all.len(), told.collect::<Vec<_>>().join("; ")))
    }
}

/// Every pair of `write_begin` and `write_end` of the tree, and the path that runs it.
fn hooks(kernel: &Kernel, chosen: &[Chosen<'_>], out: &mut Output) -> Result<(), Error> {
    let Some(program) = kernel.paths.first().map(|of| of.text.program()) else { return Ok(()) };
    let Some(tree) = &kernel.tree else { return Ok(()) };
    let found = Hooks::of(tree, program.config(), program.hints());
    let found = found.map_err(|why| Error::Tree { tree: kernel.name.clone(), why: why.to_string() })?;
    let (bold, without) = (Style::new().bold(), AnsiColor::Magenta.on_default());
    out.line(&format!("\n{bold}write_begin and write_end{bold:#} of the tree"))?;
    let is_pair = |table: &&Table| &*table.record == "address_space_operations";
    let (mut run, mut all) = (0, 0);
    let mut missing = MissingWords::new(tree);
    for table in found.tables.iter().filter(is_pair) {
        let runs = |path: &&str| {
            let entry = kernel.paths.iter().find(|of| **path == *of.path.name);
            entry.is_some_and(|of| of.entries.operations == &*table.name)
        };
        let mut names: Vec<&str> = chosen.iter().map(|of| of.path.name.as_str()).filter(runs).collect();
        names.dedup();
        all += 1;
        run += usize::from(!names.is_empty());
        let hook = |member| table.hook(member).map_or("none", |hook| &*hook.function);
        let said = match &names[..] {
            [] => format!("{without}no path{without:#}, {}", missing.of(table)?),
            names => names.join(", "),
        };
        let (begin, end) = (hook("write_begin"), hook("write_end"));
        out.line(&format!("  {}:{} {}: {begin}, {end}: {said}", table.file, table.at.line, table.name))?;
    }
    out.line(&format!("{run} of {all} are run"))?;
    for missed in &found.missed {
        out.line(&format!("  not understood: {}: {}", missed.file, missed.why))?;
    }
    Ok(())
}
