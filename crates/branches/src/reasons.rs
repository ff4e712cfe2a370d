//! The comments that say why a branch is not reached.

use std::collections::BTreeSet;

use crate::{Places, Reason};

const FORMS: [(&str, bool); 2] = [("// Not reached: ", false), ("// Not reached by default: ", true)];

/// What begins a reason of another kind: why a kernel word is there.
const OTHER: &str = "Not needed:";

/// A reason and the lines it takes.
pub(crate) struct Commented {
    pub(crate) reason: Reason,
    last: usize,
    /// Whether code stands before it on its line.
    trails: bool,
}

fn comment(line: &str) -> Option<&str> {
    let text = line.trim_start().strip_prefix("//")?;
    (!text.starts_with('/') && !text.starts_with('!')).then(|| text.trim())
}

/// All reasons of a source.
pub(crate) fn reasons(source: &str) -> Vec<Commented> {
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let begun = FORMS.iter().find_map(|&(form, by_default)| Some((line.split_once(form)?, by_default)));
        let Some(((before, text), by_default)) = begun else { continue };
        let mut text = text.trim().to_owned();
        let trails = !before.trim().is_empty();
        let mut last = at;
        while let Some(more) = lines.get(last + 1).and_then(|line| comment(line))
            && !trails
            && FORMS.iter().all(|(form, _)| !lines[last + 1].contains(form))
            && !more.starts_with(OTHER)
        {
            text = format!("{text} {more}");
            last += 1;
        }
        let reason = Reason { line: at + 1, text, by_default };
        found.push(Commented { reason, last: last + 1, trails });
    }
    found
}

/// The number of the reason that stands in one of these places.
pub(crate) fn of(
    reasons: &[Commented],
    source: &str,
    places: &Places,
    branches: &BTreeSet<usize>,
) -> Option<usize> {
    if reasons.is_empty() {
        return None;
    }
    let lines: Vec<&str> = source.lines().collect();
    let text = |line: usize| line.checked_sub(1).and_then(|at| lines.get(at)).map_or("", |text| text.trim());
    let own_line = |is_it: &dyn Fn(&Commented) -> bool| reasons.iter().position(|r| !r.trails && is_it(r));
    let first_in_block = |opened: usize| {
        let comments = (opened + 1..).take_while(|&line| comment(text(line)).is_some());
        let last = comments.last()?;
        let its = |reason: &Commented| (opened + 1..=last).contains(&reason.reason.line);
        own_line(&its).filter(|_| !branches.contains(&(last + 1)))
    };
    let behind = |line: usize| reasons.iter().position(|r| r.trails && r.reason.line == line);
    let above = |line: usize| {
        // What stands above `} else {` is the end of another block.
        let within = |above: &usize| text(*above).starts_with("//") || text(*above).starts_with("#[");
        let upwards = (1..line).rev().take_while(within).filter(|_| !text(line).starts_with('}'));
        upwards.filter_map(|above| own_line(&|r| r.last == above)).next()
    };
    let in_block = places.block.and_then(first_in_block);
    in_block.or_else(|| places.lines.iter().find_map(|&line| behind(line).or_else(|| above(line))))
}
