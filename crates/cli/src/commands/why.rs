//! `shortcopy why`

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use checker::explicit::{self, Options};
use checker::necessity::{KernelWord, Removal, Scope, Watched, Words, watch, without};
use report::{Answer, Need};
use scenario::{BadState, Bound, Coverage, Outcome, Scenario, WritePath, built_in};

use crate::arguments::{Format, Why};
use crate::cut::Cuts;
use crate::engine::Searcher;
use crate::error::Error;
use crate::output::Output;
use crate::reasons::reason;
use crate::status::Status;
use crate::story::defines_words;
use crate::target::{Breadth, Chosen, choose_of};

/// Without a word there may be so many times the states, and [`STATES_LEAST`], before the search is cut.
const GROWTH_MAX: u64 = 10;

/// So many states are always looked at.
const STATES_LEAST: u64 = 2_000_000;

/// What belongs to a write path. jbd2's functions are words of the file systems that call them.
const SCOPE: Scope = Scope {
    is_writer: |name| name.split(|c: char| !c.is_alphabetic()).any(|word| word == "write"),
    defines_words,
};

/// Removes each kernel word of a write path in turn and shows what becomes reachable.
///
/// # Errors
/// A target that means nothing, a broken model, an output that can't be written.
pub(crate) fn why(
    catalog: &[WritePath],
    arguments: &Why,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let chosen = choose_of(catalog, &arguments.targets, Breadth::of(arguments.all))?;
    let mut status = Status::AsRecorded;
    let same =
        |a: &Chosen<'_>, b: &Chosen<'_>| a.path.name == b.path.name && a.variant.name == b.variant.name;
    let mut left = Cuts::default();
    for variant in chosen.chunk_by(same) {
        if searcher.interrupt.load(Ordering::Relaxed) {
            let coverage = Coverage::Cut { bound: Bound::Interrupt };
            variant.iter().for_each(|chosen| left.note(chosen.target(), coverage));
            status = status.max(Status::Unknown);
            continue;
        }
        status = status.max(why_variant(variant, arguments, searcher, out)?);
    }
    left.tell(arguments.format, "nothing is told of the words there", out)?;
    out.flush()?;
    Ok(status)
}

/// A scenario with its word, searched.
struct Plain {
    name: String,
    scenario: Scenario,
    watched: Watched,
    outcome: Outcome,
}

impl Plain {
    fn has(&self, bad: &BadState) -> bool {
        self.outcome.bad.iter().any(|b| b.property == bad.property && b.witness == bad.witness)
    }
}

fn why_variant(
    chosen: &[Chosen<'_>],
    arguments: &Why,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    let Some(Chosen { path, variant, .. }) = chosen.first() else { return Ok(Status::AsRecorded) };
    let heading = format!("{}@{}", path.name, variant.name);
    let (plain, words, cuts) = as_it_is(chosen, arguments, searcher)?;
    if words.words.is_empty() && cuts.is_empty() {
        let targets = arguments.targets.join(" ");
        let message = format!("in `{targets}` no writer of {heading} passes a kernel word: name others");
        return Err(Error::Usage(message));
    }
    let removals: Vec<(&KernelWord, Removal)> =
        words.words.iter().flat_map(|word| word.removals.iter().map(move |&r| (word, r))).collect();
    let files: Vec<Cow<'_, str>> = removals.iter().map(|(word, _)| word.site.location.path()).collect();
    let reason_of =
        |(file, (word, _)): (&Cow<'_, str>, &(&KernelWord, Removal))| reason(file, word.site.location.line);
    let reasons: Vec<String> = files.iter().zip(&removals).map(reason_of).collect();

    let mut needs: Vec<Need<'_>> = Vec::new();
    let name = |(word, removal): &(&KernelWord, Removal)| {
        format!("{}, {}", word.site.word, word.described(*removal))
    };
    let job = |&(word, removal): &(&KernelWord, Removal), options: &Options| {
        remove(&plain, &words, word, removal, options)
    };
    searcher.each(&arguments.bounds, &removals, name, job, |at, (answer, cut_in)| {
        let (word, removal) = removals[at];
        let need = Need {
            path: &path.name,
            variant: &variant.name,
            file: &files[at],
            line: word.site.location.line,
            functions: &word.functions,
            word: word.site.word,
            removal: word.described(removal),
            answer,
            cut_in,
            reason: &reasons[at],
        };
        if arguments.format == Format::Json {
            out.line(&need.json_line().map_err(std::io::Error::from)?)?;
            out.flush()?;
        }
        needs.push(need);
        Ok(())
    })?;
    if arguments.format == Format::Text {
        let bold = anstyle::Style::new().bold();
        let is_wrong = |need: &&Need<'_>| need.is_unexplained() || need.is_open();
        if out.is_quiet() && needs.iter().any(|need| is_wrong(&need)) {
            let wrong: Vec<Need<'_>> = needs.iter().filter(is_wrong).cloned().collect();
            out.news(&format!("{heading}\n{}", report::needs(&wrong)))?;
        }
        out.line(&format!("{bold}{heading}{bold:#}"))?;
        out.write(&report::needs(&needs))?;
        out.line(&summary(&plain, &words, &needs, !cuts.is_empty()))?;
    }
    // The words are those that were passed while it was searched.
    cuts.tell(arguments.format, "there may be more words, and what is told of these is not all", out)?;
    out.flush()?;
    Ok(if needs.iter().any(Need::is_unexplained) {
        Status::Different
    } else if needs.iter().any(Need::is_open) || !cuts.is_empty() {
        Status::Unknown
    } else {
        Status::AsRecorded
    })
}

/// Searches the scenarios as they are, and gathers the words that their writers pass. The cheapest come first.
fn as_it_is(
    chosen: &[Chosen<'_>],
    arguments: &Why,
    searcher: &Searcher,
) -> Result<(Vec<Plain>, Words, Cuts), Error> {
    let mut plain: Vec<Plain> = Vec::new();
    let mut cuts = Cuts::default();
    let job = |chosen: &Chosen<'_>, options: &Options| {
        let (scenario, watched) = ((chosen.case.build)(), Watched::default());
        let outcome = explicit::check(&watch(&scenario, SCOPE, &watched), options);
        (scenario, watched, outcome)
    };
    let name = |chosen: &Chosen<'_>| chosen.target();
    searcher.each(&arguments.bounds, chosen, name, job, |at, (scenario, watched, outcome)| {
        let wrong = |why: explicit::Error| Error::Model { target: chosen[at].target(), why: why.to_string() };
        let outcome = outcome.map_err(wrong)?;
        cuts.note(chosen[at].target(), outcome.coverage);
        plain.push(Plain { name: chosen[at].case.name.clone(), scenario, watched, outcome });
        Ok(())
    })?;
    plain.sort_by_key(|plain| plain.outcome.states);
    let watched: Vec<Watched> = plain.iter().map(|plain| plain.watched.clone()).collect();
    let words = Words::gather(&watched);
    Ok((plain, words, cuts))
}

/// What the removal of a word comes to, and, where that is not settled, the scenarios in which a bound was met.
fn remove(
    plain: &[Plain],
    words: &Words,
    word: &KernelWord,
    removal: Removal,
    options: &Options,
) -> (Answer, Vec<String>) {
    let mut weak: Option<Answer> = None;
    let mut cut: BTreeSet<String> = BTreeSet::new();
    let mut searched = 0;
    for (number, plain) in plain.iter().enumerate() {
        if options.interrupt.as_ref().is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            return (Answer::NotLookedAt, Vec::new());
        }
        if plain.outcome.coverage != Coverage::Exhausted {
            // Who passes the word, and what is new without it, can't be told from what was not looked at.
            cut.insert(plain.name.clone());
            continue;
        }
        if !words.matters(word.site, removal, number) {
            continue;
        }
        let mut options = options.clone();
        let states = STATES_LEAST.max(plain.outcome.states.saturating_mul(GROWTH_MAX));
        options.bounds.states_max = options.bounds.states_max.min(states);
        searched += 1;
        let scenario = without(&plain.scenario, SCOPE, word.site, removal);
        let outcome = match explicit::check(&scenario, &options) {
            Ok(outcome) => outcome,
            Err(why) => {
                let (scenario, why) = (plain.name.clone(), why.to_string());
                weak.get_or_insert(Answer::CannotTake { scenario, why });
                continue;
            }
        };
        match (outcome.coverage, simplest(plain, &outcome)) {
            (Coverage::Cut { bound: Bound::Interrupt }, _) => return (Answer::NotLookedAt, Vec::new()),
            (_, Some(bad)) if bad.property != built_in::EMPTY.id => {
                let answer = Answer::Breaks {
                    scenario: plain.name.clone(),
                    property: bad.property.clone(),
                    witness: bad.witness.clone(),
                    promised: bad.promised,
                    steps: bad.schedule.steps(),
                };
                if bad.promised {
                    return (answer, Vec::new());
                }
                if !matches!(weak, Some(Answer::Breaks { .. })) {
                    weak = Some(answer);
                }
            }
            (_, _)
                if !matches!(weak, Some(Answer::Breaks { .. } | Answer::Ends { .. }))
                    && let Some(ending) = another_ending(plain, &outcome) =>
            {
                weak = Some(Answer::Ends { scenario: plain.name.clone(), ending });
            }
            (Coverage::Exhausted, Some(bad)) => {
                let witness = format!("never reached: {}", bad.witness);
                weak.get_or_insert(Answer::Empties { scenario: plain.name.clone(), witness });
            }
            _ => {}
        }
        if outcome.coverage != Coverage::Exhausted {
            cut.insert(plain.name.clone());
        }
    }
    let answer = match weak {
        Some(weak) => weak,
        None if cut.is_empty() => Answer::NotNeeded { scenarios: searched },
        None => Answer::Unknown,
    };
    (answer, cut.into_iter().collect())
}

/// The simplest of the bad states that were not there before: a promised one if there is one, of the fewest
/// actors, of the fewest steps.
fn simplest<'o>(plain: &Plain, outcome: &'o Outcome) -> Option<&'o BadState> {
    let new = outcome.bad.iter().filter(|bad| !plain.has(bad));
    new.min_by_key(|bad| {
        let untold = bad.schedule.events.is_empty();
        let empty = bad.property == built_in::EMPTY.id;
        (empty, !bad.promised, untold, bad.schedule.actors().len(), bad.schedule.steps())
    })
}

/// How a write ends that did not end so before.
fn another_ending(plain: &Plain, outcome: &Outcome) -> Option<String> {
    let is_new = |ending: &&scenario::Ending| !plain.outcome.endings.contains(ending);
    outcome.endings.iter().find(is_new).map(ToString::to_string)
}

/// How much there was to look at.
fn summary(plain: &[Plain], words: &Words, needs: &[Need<'_>], is_cut: bool) -> String {
    let count = |of: fn(&Answer) -> bool| needs.iter().filter(|n| of(&n.answer)).count();
    let mut parts = vec![
        format!("{} break a rule", count(|a| matches!(a, Answer::Breaks { .. }))),
        format!("{} only change how a write ends", count(|a| matches!(a, Answer::Ends { .. }))),
        format!("{} no scenario needs", count(|a| matches!(a, Answer::NotNeeded { scenarios: 1.. }))),
    ];
    for (number, words) in [
        (count(|a| matches!(a, Answer::NotNeeded { scenarios: 0 })), "give the only answer there is"),
        (count(|a| matches!(a, Answer::Empties { .. })), "only empty a scenario"),
        (count(|a| matches!(a, Answer::CannotTake { .. })), "the model can't take"),
        (count(|a| matches!(a, Answer::Unknown)), "unknown"),
        (count(|a| matches!(a, Answer::NotLookedAt)), "not looked at"),
    ] {
        if number > 0 {
            parts.push(format!("{number} {words}"));
        }
    }
    let plural = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    format!(
        "\n{}{} in {}, {}: {}\ngiven back with what was taken: {}; left to loom: {}",
        if is_cut { "at least " } else { "" },
        plural(words.words.len(), "word"),
        plural(plain.len(), "scenario"),
        plural(needs.len(), "removal"),
        parts.join(", "),
        plural(words.give_back.len(), "word"),
        plural(words.barriers.len(), "memory barrier"),
    )
}
