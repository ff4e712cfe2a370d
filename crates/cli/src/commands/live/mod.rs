//! `shortcopy live`

mod page;
mod places;
mod predicted;
mod tally;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::Ordering;

use anstyle::{AnsiColor, Style};
use live::{Answer, Closing, MEBIBYTES_MAX, Observed, Place, Runner, Stands, Test};
use scenario::{Scenario, Variant, WritePath};
use serde::Serialize;

use super::final_states::search;
use crate::arguments::{Format, Live, LiveWorker};
use crate::engine::Searcher;
use crate::error::Error;
use crate::output::Output;
use crate::status::Status;
use crate::target::{Breadth, Chosen, choose, is_in};
use page::Page;
use places::{is_known, place};
pub(super) use predicted::tests_of;
use predicted::{Played, Skipped, played, shown};
use tally::{Answers, Tally};

/// How a kernel behaves is seen in these scenarios: who copies first, whether the copy tries again, and what
/// `write_end` makes of a short copy.
const PROBES: [&str; 6] = [
    "beyond-invalid",
    "within-straddling-invalid",
    "extending-straddling-invalid",
    "beyond-straddling-invalid",
    "within-segment-then-invalid",
    "extending-empty-then-invalid",
];

/// How long a run takes, about.
const RUNS_A_SECOND: usize = 200;

/// So many runs that came out outside are told to people in full; programs get them all.
const TOLD_MAX: usize = 10;

const OUTSIDE: Style = AnsiColor::Red.on_default().bold();

/// Runs scenarios on this kernel, and holds what is seen against what is predicted.
///
/// # Errors
/// A target that means nothing, an output that can't be written.
pub(crate) fn live(
    catalog: &[WritePath],
    arguments: &Live,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let program = match &searcher.program {
        Some(program) => program.clone(),
        None => std::env::current_exe()?,
    };
    let mut session = Session {
        runner: Runner { program },
        arguments,
        searcher,
        seen: HashMap::new(),
        closings: Vec::new(),
        page: Page::default(),
        ran: 0,
        outside: 0,
    };
    if let Some(line) = &arguments.test {
        return session.single(line, out);
    }
    let chosen = choose(catalog, &arguments.targets, Breadth::Default)?;
    session.say(out, &format!("on {}", live::kernel()))?;
    for path in catalog {
        let mine: Vec<Chosen<'_>> = chosen.iter().filter(|c| c.path.name == path.name).copied().collect();
        if !mine.is_empty() && (is_known(&path.name) || !arguments.targets.is_empty()) {
            session.path(path, &mine, out)?;
        }
    }
    if let Some(path) = &arguments.page {
        let command = [&["shortcopy live".to_owned()][..], &arguments.targets].concat().join(" ");
        let wrong = |why| Error::Html { path: path.clone(), why };
        std::fs::write(path, session.page.text(&live::kernel(), &command)).map_err(wrong)?;
    }
    if session.ran == 0 {
        session.say(out, "nothing ran")?;
    }
    Ok(match (session.ran, session.outside) {
        (0, _) => Status::NothingRan,
        (_, 0) => Status::AsRecorded,
        _ => Status::Different,
    })
}

/// Is the worker that [`live`] starts.
///
/// # Errors
/// A place that is none, an answer that can't be given.
pub(crate) fn work(arguments: &LiveWorker) -> Result<(), Error> {
    if let Some(process) = live::served(&arguments.place) {
        return Ok(live::serve(process)?);
    }
    let place: Place = arguments.place.parse().map_err(|why: live::NoPlace| Error::Usage(why.to_string()))?;
    Ok(live::work(&place, std::io::stdin().lock(), std::io::stdout().lock())?)
}

/// What is told to programs of a path.
#[derive(Serialize)]
struct Line<'t> {
    kernel: String,
    path: &'t str,
    variant: &'t str,
    chosen_because: &'t str,
    #[serde(flatten)]
    tally: &'t Tally,
}

struct Session<'s> {
    runner: Runner,
    arguments: &'s Live,
    searcher: &'s Searcher,
    /// What came of a test in a place: variants share most of them.
    seen: HashMap<(String, Test), Answer>,
    /// What came of the images that tests of a path ran in, and which these were.
    closings: Vec<(String, Closing)>,
    page: Page,
    ran: usize,
    outside: usize,
}

impl Session<'_> {
    fn say(&self, out: &mut Output, text: &str) -> Result<(), Error> {
        match self.arguments.format {
            Format::Text => {
                out.line(text)?;
                out.flush()
            }
            Format::Json => Ok(()),
        }
    }

    /// Runs one test and shows what is to be seen.
    fn single(&mut self, line: &str, out: &mut Output) -> Result<Status, Error> {
        let wrong = |why: String| Error::Usage(why);
        let (place, test) =
            line.split_once(' ').ok_or_else(|| wrong(format!("`{line}` is no place and a test in it")))?;
        let place: Place = place.parse().map_err(|why: live::NoPlace| wrong(why.to_string()))?;
        let test: Test = test.parse().map_err(|why: live::NoTest| wrong(why.to_string()))?;
        let mut answer = Answer::Not("nothing was said".to_owned());
        let ran = self.runner.run(&place, &[test], &self.searcher.interrupt, &mut |_, said| answer = said);
        if let Err(why) = ran {
            answer = Answer::Not(why.to_string());
        }
        let (said, status) = match answer {
            Answer::Ran(observed) => (shown(&observed), Status::AsRecorded),
            Answer::Not(why) => (format!("did not run: {why}"), Status::NothingRan),
            Answer::Hung => ("no answer in time, and it was killed".to_owned(), Status::Different),
        };
        out.line(&said)?;
        Ok(status)
    }

    fn path(&mut self, path: &WritePath, chosen: &[Chosen<'_>], out: &mut Output) -> Result<(), Error> {
        let variants = variants(chosen);
        let names = |target: &String| target.split_once('@').is_some_and(|(part, _)| is_in(part, &path.name));
        if self.arguments.targets.iter().any(names) {
            for variant in variants {
                self.variant(path, variant, chosen, "it was named", out)?;
            }
            return Ok(());
        }
        let (variant, why) = self.choose(path, &variants)?;
        self.variant(path, variant, chosen, &why, out)
    }

    /// The newest variant that does what this kernel does, and how that is known.
    fn choose<'c>(
        &mut self,
        path: &'c WritePath,
        variants: &[&'c Variant],
    ) -> Result<(&'c Variant, String), Error> {
        let plain: Vec<&Variant> = variants.iter().rev().filter(|v| !v.name.contains('+')).copied().collect();
        let Some(&newest) = plain.first().or(variants.last()) else {
            return Err(Error::Usage(format!("{} has no variant", path.name)));
        };
        let mut unlike = Vec::new();
        for &variant in &plain {
            let cases: Vec<Chosen<'_>> = PROBES
                .iter()
                .filter_map(|name| variant.cases.iter().find(|case| case.name == *name))
                .map(|case| Chosen { path, variant, case })
                .collect();
            let mut not_run = Skipped::new();
            let all = self.predict(&cases, &mut not_run)?;
            let answers = self.run(&path.name, &all);
            let tally = Tally::count(&all, &answers, not_run);
            if tally.runs == 0 {
                return Ok((newest, "nothing shows how this kernel behaves".to_owned()));
            }
            if tally.outside.is_empty() {
                let unlike = match unlike.is_empty() {
                    true => String::new(),
                    false => format!(", other than {}", unlike.join(", ")),
                };
                let behaviour = behaviour(&all, &answers);
                let runs = tally.runs;
                return Ok((
                    variant,
                    format!("the newest that does what this kernel does in {runs} runs{unlike}{behaviour}"),
                ));
            }
            unlike.push(variant.name.as_str());
        }
        Ok((newest, "the newest: none does what this kernel does".to_owned()))
    }

    fn variant(
        &mut self,
        path: &WritePath,
        variant: &Variant,
        chosen: &[Chosen<'_>],
        why: &str,
        out: &mut Output,
    ) -> Result<(), Error> {
        let cases: Vec<Chosen<'_>> =
            chosen.iter().filter(|c| c.variant.name == variant.name).copied().collect();
        let bold = Style::new().bold();
        self.say(out, &format!("\n{bold}{}@{}{bold:#}: {why}", path.name, variant.name))?;
        let mut not_run = Skipped::new();
        let all = self.predict(&cases, &mut not_run)?;
        let tests: usize = all.iter().map(|played| played.tests.len()).sum();
        let seconds = tests.div_ceil(RUNS_A_SECOND);
        self.say(
            out,
            &format!("  {tests} runs to do: up to some {seconds} s, {MEBIBYTES_MAX} MiB of memory, no disk"),
        )?;
        let answers = self.run(&path.name, &all);
        let mut tally = Tally::count(&all, &answers, not_run);
        tally.close(std::mem::take(&mut self.closings));
        self.ran += tally.runs;
        self.outside += tally.outside.len() + tally.damage.len();
        self.page.add(&format!("{}@{}", path.name, variant.name), why, &tally);
        match self.arguments.format {
            Format::Text => self.tell(&tally, out),
            Format::Json => {
                let (path, variant) = (path.name.as_str(), variant.name.as_str());
                let line = Line { kernel: live::kernel(), path, variant, chosen_because: why, tally: &tally };
                out.line(&report::tagged("live", &line).map_err(std::io::Error::from)?)
            }
        }
    }

    /// What is predicted of scenarios, and the tests that play them.
    fn predict(&self, cases: &[Chosen<'_>], not_run: &mut Skipped) -> Result<Vec<Played>, Error> {
        let mut all = Vec::new();
        let mut asked = Vec::new();
        for chosen in cases {
            let scenario: Scenario = (chosen.case.build)();
            match scenario.facts.as_ref().and_then(predicted::unplayable) {
                Some(why) => *not_run.entry(why).or_default() += scenario.initial.len(),
                None => asked.push(*chosen),
            }
        }
        self.searcher.each(&self.arguments.bounds, &asked, Chosen::target, search, |_, found| {
            if let Some(found) = found {
                let (scenario, outcome) = found?;
                all.extend(played(&scenario, &outcome, not_run));
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// Runs the tests of initial states, each once in its place.
    fn run(&mut self, path: &str, all: &[Played]) -> Vec<Answers> {
        let mut places: BTreeMap<usize, Result<Place, String>> = BTreeMap::new();
        let mut by_place: BTreeMap<usize, Vec<Test>> = BTreeMap::new();
        let mut known: HashSet<&Test> = HashSet::new();
        for (test, _) in all.iter().flat_map(|played| &played.tests) {
            let wanted = match &self.arguments.folder {
                Some(folder) => Ok(Place::Folder(folder.clone())),
                None => place(path, test.block),
            };
            let place = places.entry(test.block).or_insert(wanted);
            let tests = by_place.entry(test.block).or_default();
            if let Ok(place) = place
                && !self.seen.contains_key(&(place.to_string(), test.clone()))
                && known.insert(test)
            {
                tests.push(test.clone());
            }
        }
        let mut failed: BTreeMap<usize, String> = BTreeMap::new();
        for (block, tests) in by_place {
            let Some(Ok(place)) = places.get(&block) else { continue };
            if tests.is_empty() || self.searcher.interrupt.load(Ordering::Relaxed) {
                continue;
            }
            let name = place.to_string();
            let (seen, runner) = (&mut self.seen, &self.runner);
            let mut take = |at: usize, answer| drop(seen.insert((name.clone(), tests[at].clone()), answer));
            match runner.run(place, &tests, &self.searcher.interrupt, &mut take) {
                Ok(closing) => self.closings.extend(closing.map(|closing| (name, closing))),
                Err(why) => drop(failed.insert(block, why.to_string())),
            }
        }
        let answer = |test: &Test| match places.get(&test.block) {
            Some(Ok(place)) => {
                let name = place.to_string();
                let not = || failed.get(&test.block).cloned().unwrap_or_else(|| "interrupted".to_owned());
                let answer = self.seen.get(&(name.clone(), test.clone()));
                (name, answer.cloned().unwrap_or_else(|| Answer::Not(not())))
            }
            Some(Err(why)) => (String::new(), Answer::Not(why.clone())),
            None => (String::new(), Answer::Not("it has no place".to_owned())),
        };
        all.iter().map(|played| played.tests.iter().map(|(test, _)| answer(test)).collect()).collect()
    }

    fn tell(&self, tally: &Tally, out: &mut Output) -> Result<(), Error> {
        let Tally {
            runs,
            inside,
            near,
            outside,
            initial_states,
            scenarios,
            predicted,
            seen,
            latched,
            read_again,
            old_size,
            damage,
            ..
        } = tally;
        let style = if outside.is_empty() { AnsiColor::Green.on_default() } else { OUTSIDE };
        out.line(&format!(
            "  {runs} runs for {initial_states} initial states of {scenarios} scenarios: {inside} inside, \
             {style}{} outside{style:#}",
            outside.len()
        ))?;
        out.line(&format!(
            "  {seen} of {predicted} predicted final states seen; {latched} of the runs took userfaultfd"
        ))?;
        if *read_again > 0 {
            out.line(&format!(
                "  {read_again} files read again after the images were checked and mounted anew, {old_size} with the size \
                 that was theirs before a write that failed"
            ))?;
        }
        for damage in damage {
            out.line(&format!("  {OUTSIDE}outside{OUTSIDE:#}   {damage}"))?;
        }
        if *near > 0 {
            out.line(&format!("  {near} more runs are only like a scenario, and came to something else"))?;
        }
        for (scenario, count) in tally.not_seen_by_scenario() {
            out.line(&format!("  not seen  {scenario}: {count}"))?;
        }
        for (why, count) in &tally.not_run {
            out.line(&format!("  not run   {count}: {why}"))?;
        }
        for one in outside.iter().take(TOLD_MAX) {
            out.line(&format!("  {OUTSIDE}outside{OUTSIDE:#}   {}, {}", one.scenario, one.initial))?;
            out.line(&format!("    observed   {}", one.observed))?;
            for predicted in &one.predicted {
                out.line(&format!("    predicted  {predicted}"))?;
            }
            out.line(&format!("    again: {}", one.command))?;
        }
        if let Some(more) = outside.len().checked_sub(TOLD_MAX).filter(|&more| more > 0) {
            out.line(&format!("  and {more} more outside; `--format json` has them all"))?;
        }
        out.flush()
    }
}

/// The variants that were chosen, oldest first.
fn variants<'c>(chosen: &[Chosen<'c>]) -> Vec<&'c Variant> {
    let mut all: Vec<&Variant> = Vec::new();
    for Chosen { variant, .. } in chosen {
        if all.last().is_none_or(|last| last.name != variant.name) {
            all.push(variant);
        }
    }
    all
}

/// What the answers to the probes say about the kernel, in words.
fn behaviour(all: &[Played], answers: &[Answers]) -> String {
    let ran = all.iter().zip(answers).flat_map(|(played, answers)| {
        played.tests.iter().zip(answers).filter_map(move |((test, stands), (_, answer))| match answer {
            Answer::Ran(observed) if *stands == Stands::For => Some((played, test, observed)),
            _ => None,
        })
    });
    let (mut copies_first, mut short, mut rejected) = (false, false, false);
    for (played, test, Observed { returned, through_cache, .. }) in ran {
        if played.scenario == "beyond-invalid" {
            copies_first |= through_cache.size != test.size.to_string();
        } else if played.scenario == "within-straddling-invalid" {
            short |= !returned.starts_with('-');
            rejected |= returned.starts_with('-');
        }
    }
    let first = if copies_first { "; the copy comes before the prefault" } else { "" };
    let short = match (short, rejected) {
        (true, true) => "; `write_end` takes some short copies and rejects others",
        (true, false) => "; `write_end` takes short copies",
        (false, true) => "; `write_end` rejects short copies",
        (false, false) => "",
    };
    format!("{first}{short}")
}
