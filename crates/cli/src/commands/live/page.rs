//! What was run on which kernel, as a page.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::tally::Tally;

/// What is told of each path.
#[derive(Default, Debug)]
pub(super) struct Page {
    rows: Vec<String>,
    why: Vec<String>,
    not_run: BTreeMap<String, usize>,
    not_seen: BTreeMap<String, usize>,
    sums: [usize; 5],
    races: [usize; 2],
    left_out: Vec<String>,
    outside: Vec<String>,
    read_again: [usize; 2],
    damage: Vec<String>,
}

impl Page {
    /// Adds what came of the runs of a variant.
    pub(super) fn add(&mut self, target: &str, why: &str, tally: &Tally) {
        for (reason, count) in &tally.not_run {
            *self.not_run.entry(reason.clone()).or_default() += count;
        }
        let Tally { runs, inside, initial_states, scenarios, predicted, seen, latched, held, beside, .. } =
            tally;
        if *runs == 0 {
            self.left_out.push(format!("- {}: {why}.", target.split('@').next().unwrap_or(target)));
            return;
        }
        // One of each scenario tells it.
        let mut told = BTreeSet::new();
        for one in tally.outside.iter().filter(|one| told.insert(&one.scenario)) {
            self.outside.push(format!(
                "- {target}, {}, {}: {}; predicted {}. `{}`",
                one.scenario,
                one.initial,
                one.observed,
                one.predicted.join(" or "),
                one.command
            ));
        }
        for (scenario, count) in tally.not_seen_by_scenario() {
            *self.not_seen.entry(scenario.to_owned()).or_default() += count;
        }
        for (sum, more) in self.races.iter_mut().zip([tally.attempts, tally.hits]) {
            *sum += more;
        }
        for (sum, more) in self.read_again.iter_mut().zip([tally.read_again, tally.old_size]) {
            *sum += more;
        }
        self.damage.extend(tally.damage.iter().map(|what| format!("- {what}")));
        let outside = tally.outside.len();
        self.rows.push(format!(
            "| {target} | {scenarios} | {initial_states} | {runs} | {latched} | {held} | {beside} | {inside} | {outside} | {seen} of {predicted} |"
        ));
        self.why.push(format!("- {target}: {why}."));
        for (sum, more) in self.sums.iter_mut().zip([*runs, *inside, outside, *seen, *predicted]) {
            *sum += more;
        }
    }

    /// The page, in Markdown.
    pub(super) fn text(&self, kernel: &str, command: &str) -> String {
        let [runs, inside, outside, seen, predicted] = self.sums;
        let mut text = format!(
            "# What a running kernel does\n\n\
             Written by `{command}` on {kernel}. [Commands](commands.md#the-kernel-that-runs) tells what is run and how.\n\n\
             {runs} runs: {inside} inside of what is predicted, {outside} outside. {seen} of {predicted} predicted final\n\
             states were seen. A run is outside where what `write` returned, the size or a unit of the file, through the page\n\
             cache or after it was synced and dropped, is none of the final states of its initial state.\n\n\
             | variant | scenarios | initial states | runs | latched | held | with others | inside | outside | predicted and seen |\n\
             |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n"
        );
        for row in &self.rows {
            let _ = writeln!(text, "{row}");
        }
        let _ = writeln!(
            text,
            "\nA run is *latched* where a fault in the source waits for us, and *held* where a file server of ours, below the file\n\
             system or in its place, holds what it is asked for, or fails it; in those *with others* somebody was there beside the\n\
             writer: before, behind, or while one of them was held."
        );
        let [attempts, hits] = self.races;
        if attempts > 0 {
            let _ = writeln!(
                text,
                "\nRaces of the writer with a reader, and with who takes away its source, were run {attempts} times unaided: {hits}\n\
                 of them came to a final state that no run in an order of ours came to. Nothing depends on it."
            );
        }
        let [read_again, old_size] = self.read_again;
        let _ = match &self.damage[..] {
            [] if read_again == 0 => Ok(()),
            [] => writeln!(
                text,
                "\nThe file systems' own checkers find nothing wrong with the images. {read_again} files were read again after these\n\
                 were mounted anew, and are as before; {old_size} of them but for the size, which is what it was before a write that\n\
                 failed, and had made it larger in memory alone."
            ),
            damage => writeln!(
                text,
                "\nWrong with the images, or with what was read from them when they were mounted anew:\n\n{}",
                damage.join("\n")
            ),
        };
        let _ = writeln!(text, "\nThe variants were chosen so:\n\n{}", self.why.join("\n"));
        if !self.outside.is_empty() {
            let list = self.outside.join("\n");
            let _ = writeln!(
                text,
                "\nOutside, one run of each scenario, with the command that repeats it:\n\n{list}"
            );
        }
        if !self.left_out.is_empty() {
            let _ = writeln!(text, "\nLeft out:\n\n{}", self.left_out.join("\n"));
        }
        if !self.not_seen.is_empty() {
            let _ = writeln!(
                text,
                "\nPredicted and not seen, of all variants. Most of these take a source that goes in the middle of a page, for which a\n\
                 page's end is no substitute, or between two steps of the writer at which nothing of ours can hold it:\n\n\
                 | scenario | how many |\n|---|---:|"
            );
            for (scenario, count) in &self.not_seen {
                let _ = writeln!(text, "| {scenario} | {count} |");
            }
        }
        let _ = writeln!(
            text,
            "\nWhat was not run, in initial states or tests:\n\n| why | how many |\n|---|---:|"
        );
        for (reason, count) in &self.not_run {
            let _ = writeln!(text, "| {reason} | {count} |");
        }
        text
    }
}
