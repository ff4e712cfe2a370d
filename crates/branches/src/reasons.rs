//! The comments that say why a branch is not reached.

use crate::{Places, Reason};

const FORMS: [(&str, bool); 2] = [("// Not reached: ", false), ("// Not reached by default: ", true)];

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
pub(crate) fn of(reasons: &[Commented], source: &str, places: &Places) -> Option<usize> {
    if reasons.is_empty() {
        return None;
    }
    let lines: Vec<&str> = source.lines().collect();
    let text = |line: usize| lines.get(line - 1).map_or("", |text| text.trim());
    let first_in_block = |opened: usize| {
        let mut line = opened + 1;
        while comment(text(line)).is_some() {
            if let Some(at) = reasons.iter().position(|r| !r.trails && r.reason.line == line) {
                return Some(at);
            }
            line += 1;
        }
        None
    };
    let on = |line: usize| reasons.iter().position(|r| r.trails && r.reason.line == line);
    let above = |line: usize| {
        // What stands above `} else {` is the end of another block.
        let mut above = if text(line).starts_with('}') { 0 } else { line - 1 };
        while above > 0 && (text(above).starts_with("//") || text(above).starts_with("#[")) {
            if let Some(at) = reasons.iter().position(|r| !r.trails && r.last == above) {
                return Some(at);
            }
            above -= 1;
        }
        None
    };
    let in_block = places.block.and_then(first_in_block);
    in_block.or_else(|| places.lines.iter().find_map(|&line| on(line).or_else(|| above(line))))
}
