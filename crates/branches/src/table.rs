//! The branches of many sources as Rust.

use std::fmt::Write as _;

use crate::Found;

/// Two constants, `BRANCHES` and `REASONS`, of `scenario::Branch` and `scenario::Reason`: what was found in
/// each file, numbered through in this order.
#[must_use]
pub fn table(files: &[(String, Found)]) -> String {
    let (mut branches, mut reasons) = (String::new(), String::new());
    let (mut first_branch, mut first_reason) = (0, 0);
    for (file, found) in files {
        for branch in &found.branches {
            let crate::Branch { function, line, code, way, inside, reason } = branch;
            let inside = inside.map(|inside| first_branch + inside);
            let reason = reason.map(|reason| first_reason + reason);
            let _ = writeln!(
                branches,
                "    Branch {{ file: {file:?}, function: {function:?}, line: {line}, code: {code:?}, \
                 way: Way::{way:?}, inside: {inside:?}, reason: {reason:?} }},"
            );
        }
        for crate::Reason { line, text, by_default } in &found.reasons {
            let _ = writeln!(
                reasons,
                "    Reason {{ file: {file:?}, line: {line}, text: {text:?}, by_default: {by_default} }},"
            );
        }
        first_branch += found.branches.len();
        first_reason += found.reasons.len();
    }
    format!(
        "/// The branches, in the order of files and lines.\n\
         pub const BRANCHES: [Branch; {first_branch}] = [\n{branches}];\n\n\
         /// The reasons, in the order of files and lines.\n\
         pub const REASONS: [Reason; {first_reason}] = [\n{reasons}];\n"
    )
}
