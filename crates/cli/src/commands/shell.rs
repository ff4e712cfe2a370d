//! `shortcopy completions` and `shortcopy man`

use std::path::Path;

use clap::CommandFactory;

use crate::arguments::{Arguments, Completions, Man};
use crate::error::Error;
use crate::output::Output;

/// Prints what a shell needs to complete command lines.
///
/// # Errors
/// An output that can't be written.
pub(crate) fn completions(arguments: &Completions, out: &mut Output) -> Result<(), Error> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "shortcopy", &mut script);
    out.write(&String::from_utf8_lossy(&script))
}

/// Prints the manual page, or writes one for each command into a folder, which is made if need be.
///
/// # Errors
/// An output that can't be written.
pub(crate) fn man(arguments: &Man, out: &mut Output) -> Result<(), Error> {
    let command = Arguments::command();
    let Some(folder) = &arguments.out else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page)?;
        return out.write(&String::from_utf8_lossy(&page));
    };
    let written = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
    written.map_err(|why| unwritten(folder, &why))
}

fn unwritten(folder: &Path, why: &std::io::Error) -> Error {
    Error::Usage(format!("the manual pages can't be written to {}: {why}", folder.display()))
}
