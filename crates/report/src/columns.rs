//! Lines in columns, one per actor, as a commit message of the kernel shows a race; and back.

use std::fmt::{self, Write as _};

use anstyle::{AnsiColor, Style};

use crate::lines::{CYCLE, Line, Mark};

/// No column is wider than this, whatever it says: a long line reaches into the next one, which is
/// empty there.
const WIDTH_MAX: usize = 44;

/// The columns begin here, after the number.
const MARGIN: usize = 6;

/// Columns begin at multiples of this, so that a line that comes or goes seldom moves the others.
const GRID: usize = 16;

/// What stands before a folded frame where steps are not counted.
const FOLDED: &str = "+";

/// What stands in the place of the actors' names where nobody takes a step.
const NOBODY: &str = "--";

/// What a schedule shows beside its steps.
#[derive(Clone, Copy, Debug, Default)]
pub struct Look<'a> {
    /// The number of each scheduling point; otherwise a `+` before what is folded. What is recorded has none,
    /// so that a step more or less changes no other line.
    pub numbers: bool,
    /// Each line's place in the source.
    pub sources: bool,
    /// What stands there, beside the place.
    pub text: Option<SourceText<'a>>,
    /// A line takes no more columns than this, as far as it lies with its place: that is shortened, or left out.
    pub room: Option<usize>,
    /// Colours, as ANSI sequences.
    pub colours: bool,
}

/// Tells what stands at a line of a file; none where nobody knows.
#[derive(Clone, Copy)]
pub struct SourceText<'a>(pub &'a dyn Fn(&str, u32) -> Option<&'a str>);

impl fmt::Debug for SourceText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SourceText")
    }
}

/// The lines in columns. A view of `views` runs when the actors are done: it has a heading of its
/// own and the first column.
#[must_use]
pub fn columns(lines: &[Line], views: &[&str], look: Look<'_>) -> String {
    let columns = Columns::fitting(lines, views);
    let paint = |style: Style, text: &str| {
        if look.colours { format!("{style}{text}{style:#}") } else { text.to_owned() }
    };
    let mut out = String::new();
    let mut view = None;
    let mut header = " ".repeat(MARGIN);
    for (name, offset) in &columns.0 {
        let _ = write!(header, "{:width$}{name}", "", width = offset - (header.chars().count() - MARGIN));
    }
    if columns.0.is_empty() {
        header.push_str(NOBODY);
    }
    let _ = writeln!(out, "{}", paint(Style::new().bold(), header.trim_end()));
    let ends = |l: &Line| columns.offset(&l.actor) + 2 * l.depth + l.text.chars().count();
    let widest = lines.iter().map(ends).max().unwrap_or(0);
    for line in lines {
        if views.contains(&line.actor.as_str()) && view != Some(&line.actor) {
            let _ = writeln!(out, "{}", paint(Style::new().bold(), &heading(&line.actor)));
            view = Some(&line.actor);
        }
        let number = match line.number {
            Some(number) if look.numbers => number.to_string(),
            _ if line.mark == Mark::Folded && !look.numbers => FOLDED.to_owned(),
            _ => String::new(),
        };
        let indent = columns.offset(&line.actor) + 2 * line.depth;
        let style = match line.mark {
            Mark::Bad => AnsiColor::Red.on_default().bold(),
            Mark::Cycle => AnsiColor::Yellow.on_default(),
            Mark::Close => Style::new().dimmed(),
            Mark::Step | Mark::Folded | Mark::Open => Style::new(),
        };
        let text = if style == Style::new() { line.text.clone() } else { paint(style, &line.text) };
        let mut shown = format!("{number:>4}  {:indent$}{text}", "");
        if look.sources && line.line > 0 {
            let gap = widest - ends(line) + 2;
            let room = look.room.map(|room| room.saturating_sub(MARGIN + widest + 2));
            let text = look.text.and_then(|SourceText(text)| text(&line.file, line.line));
            if let Some((source, text)) = place((&line.file, line.line), text, room) {
                let source = paint(Style::new().dimmed(), &source);
                let _ = write!(shown, "{:gap$}{source}{text}", "");
            }
        }
        let _ = writeln!(out, "{}", shown.trim_end());
    }
    out
}

/// A place in a source, and what stands there after two spaces. Where that is more than `room` columns, it is without what
/// stands there, then without folders; none where even that does not fit.
#[must_use]
pub fn place((file, line): (&str, u32), text: Option<&str>, room: Option<usize>) -> Option<(String, String)> {
    let text = text.map_or(String::new(), |text| format!("  {text}"));
    let whole = format!("{file}:{line}");
    let Some(room) = room else { return Some((whole, text)) };
    let long = |text: &str| text.chars().count();
    if long(&whole) + long(&text) <= room {
        return Some((whole, text));
    }
    // `mod.rs` alone is no place.
    let folders = file.match_indices('/').filter(|(at, _)| &file[*at..] != "/mod.rs");
    let ends = folders.map(|(at, _)| format!("…{}:{line}", &file[at..]));
    std::iter::once(whole).chain(ends).find(|place| long(place) <= room).map(|place| (place, String::new()))
}

/// What stands above a view's lines.
fn heading(view: &str) -> String {
    format!("{:MARGIN$}-- {view} --", "")
}

/// The lines that [`columns`] showed without numbers, sources and colours. Their places are lost, and of their
/// marks those of frames that are not folded.
///
/// # Errors
/// The line, counted from 0, that [`columns`] can't have shown.
pub fn parse(text: &str) -> Result<Vec<Line>, usize> {
    let mut rows = text.lines().enumerate();
    let mut lines = Vec::new();
    let Some((_, header)) = rows.next() else { return Ok(lines) };
    let mut columns = Columns::of_header(header);
    for (row, shown) in rows {
        let at = shown.chars().skip(MARGIN).position(|c| c != ' ').ok_or(row)?;
        let margin: String = shown.chars().take(MARGIN).collect();
        let text: String = shown.chars().skip(MARGIN + at).collect();
        if let Some(view) = text.strip_prefix("-- ").and_then(|t| t.strip_suffix(" --")) {
            columns = Columns(vec![(view.to_owned(), 0)]);
            continue;
        }
        let column = columns.0.iter().rev().find(|(_, offset)| *offset <= at);
        let (actor, offset) = column.map_or(("", 0), |(name, offset)| (name.as_str(), *offset));
        if !(at - offset).is_multiple_of(2) {
            return Err(row);
        }
        let mark = match (margin.trim(), text.as_str()) {
            (FOLDED, _) => Mark::Folded,
            ("", CYCLE) => Mark::Cycle,
            ("", bad) if bad.starts_with("^ ") => Mark::Bad,
            ("", _) => Mark::Step,
            _ => return Err(row),
        };
        // A cycle is nobody's.
        let actor = if mark == Mark::Cycle { "" } else { actor };
        lines.push(Line {
            number: None,
            actor: actor.to_owned(),
            depth: (at - offset) / 2,
            text,
            mark,
            file: String::new(),
            line: 0,
        });
    }
    Ok(lines)
}

/// The actors and where their columns begin, counted from the margin.
struct Columns(Vec<(String, usize)>);

impl Columns {
    fn fitting(lines: &[Line], views: &[&str]) -> Columns {
        let mut columns: Vec<(String, usize)> = Vec::new();
        for line in lines.iter().filter(|l| !views.contains(&l.actor.as_str())) {
            if !line.actor.is_empty() && !columns.iter().any(|(name, _)| *name == line.actor) {
                columns.push((line.actor.clone(), 0));
            }
        }
        let mut offset = 0;
        for (name, begins) in &mut columns {
            *begins = offset;
            let mine = lines.iter().filter(|l| l.actor == *name);
            // The next column must begin to the right of every line of this one.
            let (widest, deepest) = mine.fold((0, 0), |(widest, deepest), line| {
                let indent = 2 * line.depth;
                (widest.max(indent + line.text.chars().count()), deepest.max(indent))
            });
            let width = widest.min(WIDTH_MAX).max(deepest + 1).max(name.chars().count());
            offset = (offset + width + 3).next_multiple_of(GRID);
        }
        Columns(columns)
    }

    /// Names hold single spaces at most; two or more part them.
    fn of_header(header: &str) -> Columns {
        if header.trim() == NOBODY {
            return Columns(Vec::new());
        }
        let header: Vec<char> = header.chars().skip(MARGIN).collect();
        let mut columns: Vec<(String, usize)> = Vec::new();
        for (at, &c) in header.iter().enumerate() {
            let after_gap = at == 0 || (header[at - 1] == ' ' && (at == 1 || header[at - 2] == ' '));
            if c != ' ' && after_gap {
                columns.push((String::new(), at));
            }
            if let Some((name, _)) = columns.last_mut() {
                name.push(c);
            }
        }
        for (name, _) in &mut columns {
            name.truncate(name.trim_end().len());
        }
        Columns(columns)
    }

    /// Where an actor's column begins; a view's is the first.
    fn offset(&self, actor: &str) -> usize {
        self.0.iter().find(|(name, _)| name == actor).map_or(0, |(_, offset)| *offset)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::lines::{Folding, lines};
    use crate::toy;

    const NUMBERS: Look<'static> =
        Look { numbers: true, sources: false, text: None, room: None, colours: false };

    fn folded(schedule: &scenario::Schedule) -> Vec<Line> {
        lines(&schedule.events, Folding::AllBut(&BTreeSet::new()))
    }

    #[test]
    fn one_column_per_actor() {
        let lines = folded(&toy::schedule());
        insta::assert_snapshot!(columns(&lines, &["read"], NUMBERS), @r"
           write                                           munmap
           generic_perform_write
        1    fault_in_readable(4) = 0
             write_begin(0, 4)
        2      lock_page
        3      set_buffer_new(0)
        4                                                  munmap = 0
             write_begin = 0
        5    copy_from_user_atomic(4) = 0
        7    set_buffer_dirty(0)
             ^ journal-bypass: buffer(0)
           generic_perform_write = -14
           -- read --
        8  load(0) = Stale
           ^ stale-read: unit(0)
        ");
    }

    #[test]
    fn without_numbers_what_is_folded_is_marked() {
        insta::assert_snapshot!(columns(&folded(&toy::schedule()), &["read"], Look::default()), @r"
           write                                           munmap
           generic_perform_write
        +    fault_in_readable(4) = 0
             write_begin(0, 4)
        +      lock_page
               set_buffer_new(0)
        +                                                  munmap = 0
             write_begin = 0
        +    copy_from_user_atomic(4) = 0
             set_buffer_dirty(0)
             ^ journal-bypass: buffer(0)
           generic_perform_write = -14
           -- read --
           load(0) = Stale
           ^ stale-read: unit(0)
        ");
    }

    #[test]
    fn with_sources() {
        let look = Look { sources: true, ..NUMBERS };
        insta::assert_snapshot!(columns(&folded(&toy::schedule()), &["read"], look), @r"
           write                                           munmap
           generic_perform_write                                       models/toy/write.rs:20
        1    fault_in_readable(4) = 0                                  models/toy/write.rs:20
             write_begin(0, 4)                                         models/toy/write.rs:20
        2      lock_page                                               models/toy/write.rs:20
        3      set_buffer_new(0)                                       models/toy/write.rs:10
        4                                                  munmap = 0  models/toy/write.rs:20
             write_begin = 0                                           models/toy/write.rs:30
        5    copy_from_user_atomic(4) = 0                              models/toy/write.rs:20
        7    set_buffer_dirty(0)                                       models/toy/write.rs:10
             ^ journal-bypass: buffer(0)
           generic_perform_write = -14                                 models/toy/write.rs:30
           -- read --
        8  load(0) = Stale                                             models/toy/write.rs:10
           ^ stale-read: unit(0)
        ");
    }

    #[test]
    fn a_place_is_as_long_as_there_is_room() {
        let told = |text, room| {
            place(("models/toy/write.rs", 20), text, room).map(|(place, text)| format!("{place}{text}"))
        };
        assert_eq!(told(Some("unlock();"), None).as_deref(), Some("models/toy/write.rs:20  unlock();"));
        assert_eq!(told(Some("unlock();"), Some(33)).as_deref(), Some("models/toy/write.rs:20  unlock();"));
        assert_eq!(told(Some("unlock();"), Some(32)).as_deref(), Some("models/toy/write.rs:20"));
        assert_eq!(told(None, Some(21)).as_deref(), Some("…/toy/write.rs:20"));
        assert_eq!(told(None, Some(14)).as_deref(), Some("…/write.rs:20"));
        assert_eq!(told(None, Some(12)), None);
        assert_eq!(place(("models/toy/mod.rs", 20), None, Some(14)), None);
    }

    #[test]
    fn a_cycle_is_shown_as_a_lasso() {
        insta::assert_snapshot!(columns(&folded(&toy::lasso()), &[], NUMBERS), @r"
           write                           reclaim
           retry(0)
        1    get_user(0) = 0
           repeats for ever:
        2                                  clear_pte(0)
        3    copy(0) = no
           retry again
        4    get_user(0) = 0
             ^ livelock: write
        ");
    }

    #[test]
    fn what_is_shown_can_be_read_back() {
        for schedule in [toy::schedule(), toy::lasso()] {
            for shown in [folded(&schedule), lines(&schedule.events, Folding::Nothing)] {
                let read = parse(&columns(&shown, &["read"], Look::default())).expect("own text");
                assert_eq!(shown.len(), read.len());
                for (a, b) in shown.iter().zip(&read) {
                    assert!(a.says(b), "{a:?} reads {b:?}");
                }
            }
        }
    }

    #[test]
    fn a_line_that_was_never_shown_is_refused() {
        assert_eq!(parse("      a\n   x  step"), Err(1));
        assert_eq!(parse("      a\n   1  step"), Err(1));
        assert_eq!(parse("      a\n       odd"), Err(1));
        assert_eq!(parse("      a\n      step\n\n"), Err(2));
    }
}
