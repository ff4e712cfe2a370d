//! `shortcopy merge`

use scenario::WritePath;

use super::check::{Take, tell_all};
use crate::arguments::{Arguments, Check, Command, Merge};
use crate::engine::{Answer, not_begun};
use crate::error::Error;
use crate::output::Output;
use crate::parts::{Parts, Told};
use crate::recorded::Records;
use crate::status::Status;
use crate::target::choose_of;

/// Tells what the parts of a check came to, as the check would have told it in one.
///
/// # Errors
/// A file that is no part, or one of another check or another program; what [`tell_all`] gives.
pub(crate) fn merge(catalog: &[WritePath], merge: &Merge, out: &mut Output) -> Result<Status, Error> {
    let parts = Parts::read(&merge.parts)?;
    let Merge { format, schedules, html, snapshots, .. } = merge;
    let (html, snapshots) = (html.clone(), snapshots.clone());
    let check = Check { format: *format, schedules: *schedules, html, snapshots, ..command(&parts)? };
    let chosen = choose_of(catalog, &check.targets, check.breadth())?;
    for shard in &parts.missing {
        anstream::eprintln!("shortcopy: part {shard} is not there: what is in it counts as not looked at");
    }
    let search = |take: &mut Take<'_>| {
        chosen.iter().enumerate().try_for_each(|(at, chosen)| {
            let target = chosen.target();
            let outcome = match parts.get(&target) {
                Some(Told::Outcome(outcome)) => (**outcome).clone(),
                Some(Told::Broken(why)) => return take(at, Err(Error::Model { target, why: why.clone() })),
                None => not_begun(),
            };
            take(at, Ok(Answer { scenario: (chosen.case.build)(), outcome, kept: None }))
        })
    };
    let records = Records::find(check.snapshots.as_deref(), catalog)?;
    tell_all(records, None, &check, &chosen, None, search, out)
}

/// The check that they are parts of.
fn command(parts: &Parts) -> Result<Check, Error> {
    let line = ["shortcopy"].into_iter().chain(parts.command.iter().map(String::as_str));
    match Arguments::read(line).map(|arguments| arguments.command) {
        Ok(Command::Check(check)) => Ok(check),
        _ => Err(Error::Usage(format!("`{}` is no check that has parts", parts.command.join(" ")))),
    }
}
