//! The command lines that a document shows.

/// A command line, as the document has it: its words, of which the first is `shortcopy`.
pub(crate) type Line = Vec<String>;

/// Every command line in frames and between backticks, and what of them can't be read.
pub(crate) fn shown(document: &str) -> Vec<Line> {
    let (mut lines, mut prose, mut is_framed) = (Vec::new(), String::new(), false);
    for line in document.lines() {
        if line.trim_start().starts_with("```") {
            is_framed = !is_framed;
        } else if is_framed {
            let line = line.trim().trim_start_matches("- ").trim_start_matches("run: ");
            lines.extend(commands(line));
        } else if let Some(command) = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) {
            lines.extend(command.split_once(": ").into_iter().flat_map(|(_, command)| commands(command)));
        } else {
            prose += line;
            prose.push('\n');
        }
    }
    lines.extend(prose.split('`').skip(1).step_by(2).flat_map(commands));
    lines
}

/// The command lines in a line of a shell; a pipe, a file and a comment end one.
fn commands(line: &str) -> Vec<Line> {
    let (mut lines, mut words, mut word, mut is_quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut rest = line.chars().chain(['\n']).peekable();
    while let Some(c) = rest.next() {
        let begins = word.is_empty() && !is_quoted;
        match c {
            '\'' => is_quoted = !is_quoted,
            ';' | '|' | '\n' if !is_quoted && (c != '\n' || rest.peek().is_none()) => {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
                lines.push(std::mem::take(&mut words));
            }
            '#' | '>' | '&' if begins => {
                lines.push(std::mem::take(&mut words));
                // Up to the next command.
                while rest.next_if(|c| c != &';' && c != &'|').is_some() {}
            }
            c if c.is_whitespace() && !is_quoted => {
                words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            }
            c => word.push(c),
        }
    }
    lines.retain(|words| words.first().is_some_and(|first| first == "shortcopy") && words.len() > 1);
    lines
}
