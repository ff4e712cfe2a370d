//! `shortcopy live`

mod page;
mod places;
mod predicted;
mod tally;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::convert::Infallible;

use anstyle::{AnsiColor, Style};
use live::{Answer, Closing, MEBIBYTES_MAX, Medium, Observed, Place, Runner, Stands, Test};
use scenario::{Scenario, Variant, WritePath};
use serde::Serialize;

use super::final_states::search;
use crate::arguments::{Format, Live, LiveWorker};
use crate::engine::Searcher;
use crate::error::Error;
use crate::output::Output;
use crate::recorded::Records;
use crate::status::Status;
use crate::target::{Breadth, Chosen, choose, is_in};
use crate::work::in_order;
use page::Page;
use places::{is_known, medium, place};
pub(super) use predicted::tests_of;
use predicted::{Played, Skipped, played, shown, unplayable};
use tally::{Answers, Tally};

/// How a kernel behaves is seen in these scenarios: who copies first, whether the copy tries again, what `write_end` makes of
/// a short copy, and what becomes of a store behind the end.
const PROBES: [&str; 7] = [
    "store-behind-end-then-write-beyond",
    "beyond-invalid",
    "within-straddling-invalid",
    "extending-straddling-invalid",
    "beyond-straddling-invalid",
    "within-segment-then-invalid",
    "extending-empty-then-invalid",
];

/// How long a run takes, about.
const RUNS_A_SECOND: usize = 200;

/// So many tests run one after the other in a place, at most.
const PIECE: usize = 400;

/// So many places are there at once, at most. Who waits there does not keep a processor busy.
const AT_ONCE: usize = 4;

/// So many runs that came out outside are told to people in full; programs get them all.
const TOLD_MAX: usize = 10;

/// What is not told how to do: defects of kernels that people use, by which data is lost or somebody else's is seen.
pub(super) const WITHHELD: [&str; 4] = ["stale-on-disk", "lost-write", "foreign-block", "foreign-write"];

/// What is not forced either, as it harms the machine that it runs on.
const HARMFUL: [&str; 2] = ["kernel-bug", "deadlock"];

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
        records: Records::find(None, catalog)?,
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
    records: Records,
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
            Answer::Raced(all) => {
                let told =
                    |(observed, times): &(Observed, usize)| format!("{times} times {}", shown(observed));
                (all.iter().map(told).collect::<Vec<_>>().join("\n"), Status::AsRecorded)
            }
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
        match why {
            Ok(why) => self.variant(path, variant, chosen, &why, out),
            Err(why) => self.leave_out(path, variant, chosen, &why, out),
        }
    }

    /// Tells that a path is not run, and why.
    fn leave_out(
        &mut self,
        path: &WritePath,
        variant: &Variant,
        chosen: &[Chosen<'_>],
        why: &str,
        out: &mut Output,
    ) -> Result<(), Error> {
        self.say(out, &format!("\n{}: {why}", path.name))?;
        let cases = chosen.iter().filter(|c| c.variant.name == variant.name);
        let states = cases.map(|chosen| (chosen.case.build)().initial.len()).sum();
        let tally =
            Tally { not_run: Skipped::from([(format!("{}: {why}", path.name), states)]), ..Tally::default() };
        self.told(path, variant, why, &tally, out)
    }

    /// The newest variant that does what this kernel does, and how that is known.
    fn choose<'c>(
        &mut self,
        path: &'c WritePath,
        variants: &[&'c Variant],
    ) -> Result<(&'c Variant, Result<String, String>), Error> {
        let plain: Vec<&Variant> = variants.iter().rev().filter(|v| !v.name.contains('+')).copied().collect();
        let Some(&newest) = plain.first().or(variants.last()) else {
            return Err(Error::Usage(format!("{} has no variant", path.name)));
        };
        let mut unlike = Vec::new();
        let mut nearest: Option<(&Variant, usize, usize)> = None;
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
                return Ok((newest, Ok("nothing shows how this kernel behaves".to_owned())));
            }
            if tally.outside.is_empty() {
                let unlike = match unlike.is_empty() {
                    true => String::new(),
                    false => format!(", other than {}", unlike.join(", ")),
                };
                let behaviour = behaviour(&all, &answers);
                let runs = tally.runs;
                let why =
                    format!("the newest that does what this kernel does in {runs} runs{unlike}{behaviour}");
                return Ok((variant, Ok(why)));
            }
            unlike.push(variant.name.as_str());
            let outside = tally.outside.len();
            if nearest.is_none_or(|(_, least, _)| outside < least) {
                nearest = Some((variant, outside, tally.runs));
            }
        }
        let (variant, outside, runs) = nearest.unwrap_or((newest, 0, 0));
        let none =
            format!("no variant does what this kernel does: {outside} of {runs} probing runs are outside");
        // Where the newest is what later kernels have no more, there is nothing to hold them against.
        let ended = newest.stands.filter(|stands| stands.until.is_some());
        Ok(match ended {
            Some(stands) => (newest, Err(format!("{none} at best, and the newest is that of {stands}"))),
            None => (variant, Ok(format!("the nearest; {none}"))),
        })
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
        let mut not_run = Skipped::new();
        let all = self.predict(&cases, &mut not_run)?;
        let tests: usize = all.iter().map(|played| played.tests.len()).sum();
        let (seconds, memory) = (tests.div_ceil(RUNS_A_SECOND), MEBIBYTES_MAX * AT_ONCE);
        let bold = Style::new().bold();
        self.say(out, &format!("\n{bold}{}@{}{bold:#}: {why}", path.name, variant.name))?;
        self.say(
            out,
            &format!("  {tests} runs to do: up to some {seconds} s, {memory} MiB of memory, no disk"),
        )?;
        let answers = self.run(&path.name, &all);
        let mut tally = Tally::count(&all, &answers, not_run);
        tally.close(std::mem::take(&mut self.closings));
        self.ran += tally.runs;
        self.outside += tally.outside.len() + tally.damage.len();
        self.told(path, variant, why, &tally, out)
    }

    /// Tells what came of a path.
    fn told(
        &mut self,
        path: &WritePath,
        variant: &Variant,
        why: &str,
        tally: &Tally,
        out: &mut Output,
    ) -> Result<(), Error> {
        self.page.add(&format!("{}@{}", path.name, variant.name), why, tally);
        match self.arguments.format {
            Format::Text => self.tell(tally, out),
            Format::Json => {
                let (path, variant) = (path.name.as_str(), variant.name.as_str());
                let line = Line { kernel: live::kernel(), path, variant, chosen_because: why, tally };
                out.line(&report::tagged("live", &line).map_err(std::io::Error::from)?)
            }
        }
    }

    /// What is predicted of scenarios, and the tests that play them.
    fn predict(&mut self, cases: &[Chosen<'_>], not_run: &mut Skipped) -> Result<Vec<Played>, Error> {
        let mut all = Vec::new();
        let mut asked = Vec::new();
        for chosen in cases {
            let scenario: Scenario = (chosen.case.build)();
            let forces = self.forces(chosen)?;
            let path = chosen.path.name.as_str();
            match scenario.facts.as_ref().and_then(|facts| unplayable(path, facts, forces)) {
                Some(why) => *not_run.entry(why).or_default() += scenario.initial.len(),
                None => asked.push((*chosen, forces)),
            }
        }
        let name = |(chosen, _): &(Chosen<'_>, _)| chosen.target();
        let search = |(chosen, _): &(Chosen<'_>, _), options: &_| search(chosen, options);
        self.searcher.each(&self.arguments.bounds, &asked, name, search, |at, found| {
            if let Some(found) = found {
                let (scenario, outcome) = found?;
                let (chosen, forces) = asked[at];
                all.extend(played(&chosen.path.name, (&scenario, &outcome), forces, not_run));
            }
            Ok(())
        })?;
        Ok(all)
    }

    /// What a scenario is recorded to come to that is not forced on a kernel.
    fn forces(&mut self, chosen: &Chosen<'_>) -> Result<Option<&'static str>, Error> {
        let snapshot = self.records.snapshot(chosen.path, chosen.variant)?;
        let sections = snapshot.map_or(&[][..], |snapshot| &snapshot.sections);
        let of_it = sections.iter().filter(|section| section.scenario == chosen.case.name);
        let properties: Vec<&str> =
            of_it.flat_map(|section| &section.blocks).map(|block| block.property.as_str()).collect();
        Ok(WITHHELD.into_iter().chain(HARMFUL).find(|property| properties.contains(property)))
    }

    /// Runs the tests of initial states, each once in its place.
    fn run(&mut self, path: &str, all: &[Played]) -> Vec<Answers> {
        let mut places: BTreeMap<Where, Result<Place, String>> = BTreeMap::new();
        let mut by_place: BTreeMap<Where, Vec<Test>> = BTreeMap::new();
        let mut known: HashSet<&Test> = HashSet::new();
        for (test, _) in all.iter().flat_map(|played| &played.tests) {
            let at = where_of(path, test);
            let wanted = match &self.arguments.folder {
                Some(folder) => Ok(Place::Folder(folder.clone())),
                None => place(path, at.0, at.1),
            };
            let place = places.entry(at).or_insert(wanted);
            let tests = by_place.entry(at).or_default();
            if let Ok(place) = place
                && !self.seen.contains_key(&(place.to_string(), test.clone()))
                && known.insert(test)
            {
                tests.push(test.clone());
            }
        }
        let mut failed: BTreeMap<Where, String> = BTreeMap::new();
        let pieces: Vec<(Where, &Place, &[Test])> = by_place
            .iter()
            .filter_map(|(at, tests)| Some((*at, places.get(at)?.as_ref().ok()?, tests)))
            .flat_map(|(at, place, tests)| tests.chunks(PIECE).map(move |piece| (at, place, piece)))
            .collect();
        let (runner, stop) = (&self.runner, &self.searcher.interrupt);
        let job = |(_, place, tests): &(Where, &Place, &[Test])| {
            let mut answers = Vec::new();
            let mut take = |at: usize, answer| answers.push((tests[at].clone(), answer));
            let closing = runner.run(place, tests, stop, &mut take);
            (answers, closing)
        };
        let (seen, closings) = (&mut self.seen, &mut self.closings);
        let taken = in_order(&pieces, AT_ONCE, job, |piece, (answers, closing)| {
            let (at, place, _) = pieces[piece];
            let name = place.to_string();
            seen.extend(answers.into_iter().map(|(test, answer)| ((name.clone(), test), answer)));
            match closing {
                Ok(closing) => closings.extend(closing.map(|closing| (name, closing))),
                Err(why) => drop(failed.insert(at, why.to_string())),
            }
            Ok::<(), Infallible>(())
        });
        let Ok(()) = taken;
        let answer = |test: &Test| match places.get(&where_of(path, test)) {
            Some(Ok(place)) => {
                let name = place.to_string();
                let not =
                    || failed.get(&where_of(path, test)).cloned().unwrap_or_else(|| "interrupted".to_owned());
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
            held,
            beside,
            attempts,
            hits,
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
            "  {seen} of {predicted} predicted final states seen; {latched} of the runs took userfaultfd, {held} a file server \
             that holds what is asked for; in {beside} somebody was there beside the writer"
        ))?;
        if *attempts > 0 {
            out.line(&format!(
                "  {attempts} attempts of races, unaided: {hits} came to a final state that no order that we chose came to"
            ))?;
        }
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

/// The size of blocks of a place, and whether it takes a file server of our own under its file system.
type Where = (usize, bool);

fn where_of(path: &str, test: &Test) -> Where {
    (test.block, test.is_held() && medium(path) == Medium::Disk)
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
