//! Rows in columns, one per actor, no line wider than a mail's.

use textwrap::Options;
use unicode_width::UnicodeWidthStr;

use super::rows::{Kind, Row};
use super::{MARGIN, WIDTH};

/// A column is at least so wide that a step can be read in it.
const COLUMN_MIN: usize = 16;

/// A row that does not fit in one line goes on so much further to the right.
const HANGING: usize = 4;

/// The rows as lines.
pub(super) fn columns(rows: &[Row], views: &[&str]) -> String {
    let is_view = |row: &Row| views.contains(&row.actor.as_str());
    let columns = Columns::fitting(rows.iter().filter(|row| !is_view(row)));
    let mut out = columns.as_ref().map_or(String::new(), Columns::header);
    let mut view = None;
    for row in rows {
        if is_view(row) && view != Some(&row.actor) {
            out.push('\n');
            for line in fitted(&format!("afterwards, {}:", row.actor), MARGIN) {
                out.push_str(&format!("{line}\n"));
            }
            view = Some(&row.actor);
        }
        let text = match row.kind {
            Kind::Gap(1) => "... 1 step".to_owned(),
            Kind::Gap(count) => format!("... {count} steps"),
            Kind::Step | Kind::Function | Kind::Bad | Kind::Cycle => row.text.clone(),
        };
        // Where there are too many actors for columns, each row names its own.
        let (offset, text) = match &columns {
            Some(columns) => (columns.offset(&row.actor), text),
            None if row.actor.is_empty() || is_view(row) => (MARGIN, text),
            None => (MARGIN, format!("{}: {text}", row.actor)),
        };
        let indent = offset + indent(row);
        for line in fitted(&text, indent) {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out
}

fn indent(row: &Row) -> usize {
    2 * row.depth
}

/// A text from column `indent` on, in as many lines as it takes.
fn fitted(text: &str, indent: usize) -> Vec<String> {
    // Whatever is that deep begins further to the left.
    let indent = indent.min(WIDTH - COLUMN_MIN);
    let (first, next) = (" ".repeat(indent), " ".repeat(indent + HANGING));
    let options = Options::new(WIDTH).initial_indent(&first).subsequent_indent(&next);
    textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

/// The actors and where their columns begin.
struct Columns(Vec<(String, usize)>);

impl Columns {
    /// Columns of about the same width, those on the right a little more to the left where their lines are long: a
    /// line that is too long for its own column may reach into the next, which is empty there.
    /// None where there are too many of them, or their names are too long.
    fn fitting<'r>(rows: impl Iterator<Item = &'r Row>) -> Option<Columns> {
        let mut actors: Vec<(&str, usize)> = Vec::new();
        for row in rows.filter(|row| !row.actor.is_empty()) {
            let width = match row.kind {
                Kind::Bad => COLUMN_MIN,
                _ => indent(row) + row.text.width(),
            };
            match actors.iter_mut().find(|(name, _)| *name == row.actor) {
                Some((_, widest)) => *widest = width.max(*widest),
                None => actors.push((&row.actor, width)),
            }
        }
        let fair = (WIDTH - MARGIN) / actors.len().max(1);
        let mut columns: Vec<(String, usize)> = Vec::new();
        for (number, (actor, widest)) in actors.into_iter().enumerate() {
            let after = columns.last().map_or(MARGIN, |(name, begins): &(String, usize)| {
                begins + (name.width() + 2).max(COLUMN_MIN.min(fair))
            });
            let begins = (MARGIN + number * fair).min(WIDTH.saturating_sub(widest)).max(after);
            columns.push((actor.to_owned(), begins));
        }
        let fits = |(name, begins): &(String, usize)| begins + name.width().max(COLUMN_MIN) <= WIDTH;
        columns.iter().all(fits).then_some(Columns(columns))
    }

    fn offset(&self, actor: &str) -> usize {
        self.0.iter().find(|(name, _)| name == actor).map_or(MARGIN, |(_, begins)| *begins)
    }

    /// The actors' names, underlined; nothing where nobody takes a step.
    fn header(&self) -> String {
        let mut lines = [String::new(), String::new()];
        for (name, begins) in &self.0 {
            let rule = "-".repeat(name.width());
            for (line, text) in lines.iter_mut().zip([name, &rule]) {
                line.push_str(&" ".repeat(begins.saturating_sub(line.width())));
                line.push_str(text);
            }
        }
        if self.0.is_empty() { String::new() } else { format!("{}\n{}\n", lines[0], lines[1]) }
    }
}
