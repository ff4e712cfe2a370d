//! A bad state in full, for people.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use checker::stepper::Prepared;
use checker::telling_steps::telling_steps;
use report::{Folding, Letter, Look, SourceText, Steps};
use scenario::{BadState, Scenario};

use crate::kernel::Kernel;
use crate::recorded::{open_steps, open_steps_of};
use crate::target::Chosen;

/// Whether a source defines kernel words, and belongs to no write path. jbd2's functions are words of the file systems
/// that call them.
pub(crate) fn defines_words(file: &str) -> bool {
    ["crates/page-state/", "crates/fault/", "models/jbd2/"].iter().any(|folder| file.contains(folder))
}

/// A bad state as a mail tells it; `at`: the target, and the number by which it can be replayed.
pub(crate) fn mailed(
    scenario: &Scenario,
    bad: &BadState,
    kernel: Option<&Kernel>,
    (chosen, number): (&Chosen<'_>, Option<usize>),
) -> String {
    let text = |file: &str, line: u32| kernel?.line(file, line);
    let text = kernel.map(|_| SourceText(&text));
    let target = format!("{}@{}", chosen.path.name, chosen.variant.name);
    let replay = number.map(|number| replay_command(chosen, kernel, number));
    let (steps, replay) = (steps(scenario)(bad), replay.as_deref());
    report::mail(&Letter {
        target: &target,
        scenario,
        bad,
        steps: &steps,
        is_word: &defines_words,
        text,
        replay,
    })
}

/// The command that shows a bad state step by step, by its number.
pub(crate) fn replay_command(chosen: &Chosen<'_>, kernel: Option<&Kernel>, number: usize) -> String {
    let of = kernel.map_or(String::new(), |kernel| format!("--tree={} ", kernel.name));
    format!("shortcopy replay {of}{}#{number}", chosen.target())
}

/// Tells which steps of the schedule of a bad state of `scenario` are told. It is prepared once for all of them.
pub(crate) fn steps(scenario: &Scenario) -> impl Fn(&BadState) -> Steps + '_ {
    let prepared = OnceCell::new();
    move |bad| {
        let prepared = prepared.get_or_init(|| Prepared::new(scenario).ok()).as_ref();
        let telling = prepared.and_then(|prepared| telling_steps(prepared, bad).ok());
        Steps { key: open_steps_of(prepared, bad), telling: telling.flatten() }
    }
}

/// A bad state with its schedule, at the lines of the model or of the kernel's text; `folds`: without what does not
/// matter in it; `room`: the columns of a line.
pub(crate) fn told(
    scenario: &Scenario,
    bad: &BadState,
    kernel: Option<&Kernel>,
    (folds, room): (bool, Option<usize>),
) -> String {
    let text = |file: &str, line: u32| kernel?.line(file, line);
    let text = kernel.map(|_| SourceText(&text));
    let look = Look { numbers: true, sources: true, text, room, colours: true };
    let open = if folds { open_steps(scenario)(bad) } else { BTreeSet::new() };
    let folding = if folds { Folding::AllBut(&open) } else { Folding::Nothing };
    format!("\n{}", report::story(scenario, bad, folding, look))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use unicode_width::UnicodeWidthStr;

    use super::*;
    use crate::arguments::Bounds;
    use crate::engine::{Answer, Searcher};
    use crate::target::{Breadth, choose};

    /// Every bad state of some variants as a mail, by its target, property and number of actors.
    fn mails(targets: &[&str], mut see: impl FnMut(&Chosen<'_>, &BadState, &str)) {
        let catalog = models::paths();
        let targets: Vec<String> = targets.iter().map(|&target| target.to_owned()).collect();
        let chosen = choose(&catalog, &targets, Breadth::Default).expect("they are there");
        let take = |at: usize, answer: Result<Answer, crate::Error>| {
            let Answer { scenario, outcome, .. } = answer?;
            for bad in &outcome.bad {
                see(&chosen[at], bad, &mailed(&scenario, bad, None, (&chosen[at], Some(1))));
            }
            Ok(())
        };
        Searcher::default().search(&Bounds::default().explicit(), &chosen, take).expect("they are searched");
    }

    #[test]
    fn no_line_of_a_mail_is_wider_than_72_columns_and_none_is_empty_of_content() {
        let mut count = 0;
        let targets =
            ["simple/ramfs@v6.18", "generic/block@v6.18", "btrfs/buffered@v6.18", "nfs/write@v6.18"];
        mails(&targets, |chosen, bad, text| {
            count += 1;
            let target = chosen.target();
            for line in text.lines() {
                assert!(line.width() <= report::MAIL_WIDTH, "{target}: {line}\n{text}");
            }
            assert!(text.contains(&bad.property) && text.contains("\neffect     "), "{target}:\n{text}");
            // What is broken, and a step that leads there, unless it is missing on every schedule.
            let rows = text.lines().filter(|line| line.starts_with("  ")).count();
            let marks = text.lines().filter(|line| line.trim_start().starts_with("^ ")).count();
            let is_told = marks > 0 && rows >= marks + 3;
            assert!(is_told || bad.schedule.events.is_empty(), "{target}:\n{text}");
        });
        assert!(count > 100, "only {count} bad states");
    }

    #[test]
    fn real_counterexamples_as_mails() {
        // Short; three actors; a deadlock or a cycle; long, of a journal.
        let asked = [
            ("simple/ramfs@v6.18:beyond-invalid", "wrong-size"),
            ("ext4/ordered@v6.18:within-unmapped-with-reader", "visible-beyond-return"),
            ("generic/block@v2.6.17:within-segment-then-self", "deadlock"),
            ("ext4/journalled@v4.2:within-unmapped", "journal-bypass"),
            ("ext4/journalled@v4.2:within-unmapped", "stale-uptodate"),
        ];
        let mut texts: BTreeMap<(String, String), String> = BTreeMap::new();
        let mut targets: Vec<&str> = asked.iter().map(|(target, _)| *target).collect();
        targets.dedup();
        mails(&targets, |chosen, bad, text| {
            texts.entry((chosen.target(), bad.property.clone())).or_insert_with(|| text.to_owned());
        });
        let texts: Vec<&str> = asked
            .iter()
            .map(|(target, property)| texts[&((*target).to_owned(), (*property).to_owned())].as_str())
            .collect();
        insta::assert_snapshot!(texts.join("\n=====\n\n"));
    }
}
