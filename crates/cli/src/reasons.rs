//! Why a kernel word stands in a model although no scenario needs it: comments in the source.

/// What a reason begins with.
const MARK: &str = "Not needed:";

/// What begins a reason of another kind: why a branch is not reached.
const OTHER: &str = "Not reached";

/// The reason that a line of a source file gives, behind itself or in the comment before it; empty if it gives
/// none.
pub(crate) fn reason(file: &str, line: u32) -> String {
    let name = file.split_once("models/").map_or(file, |(_, name)| name);
    let text = models::SOURCES.iter().find(|(known, _)| *known == name);
    text.map_or(String::new(), |(_, text)| find(text, line))
}

fn find(text: &str, line: u32) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let Some(at) = (line as usize).checked_sub(1).filter(|&at| at < lines.len()) else {
        return String::new();
    };
    if let Some((_, behind)) = lines[at].split_once("//").and_then(|(_, c)| c.split_once(MARK)) {
        return behind.trim().to_owned();
    }
    // The comment lines right before it, the nearest first.
    let before = lines[..at].iter().rev().map_while(|line| line.trim_start().strip_prefix("//"));
    let mut said: Vec<&str> = Vec::new();
    for comment in before {
        if let Some((_, begin)) = comment.split_once(MARK) {
            said.push(begin.trim());
            said.reverse();
            return said.join(" ");
        }
        said.push(comment.trim());
        if comment.trim().starts_with(OTHER) {
            said.clear();
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
fn write_end() {
    set_buffer_uptodate(bh); // Not needed: it is.
    // Clears what write_begin set.
    clear_buffer_new(bh);
    // The last one.
    // Not needed: nobody looks at it
    // any more.
    folio_put(folio);
    // Not needed: a third one.
    // Not reached: this is
    // of another kind.
    if folio_test_uptodate(folio) {}
}";

    #[test]
    fn a_reason_stands_behind_the_line_or_before_it() {
        let said = [0, 2, 4, 8, 12, 99].map(|line| find(TEXT, line));
        assert_eq!(said, ["", "it is.", "", "nobody looks at it any more.", "a third one.", ""]);
    }

    #[test]
    fn the_sources_are_there() {
        assert!(models::SOURCES.iter().any(|(name, _)| *name == "lib.rs"));
        assert_eq!(reason("models/no-such-file.rs", 1), "");
    }
}
