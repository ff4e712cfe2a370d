//! `shortcopy completions` and `shortcopy man`

use std::fmt::Write as _;
use std::path::Path;

use clap::CommandFactory;
use clap::builder::{Resettable, StyledStr};

use crate::arguments::{Arguments, Completions, EXIT_STATUS, Man, TARGETS};
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
    // What is said at the end of the help has sections here.
    let mut command =
        Arguments::command().disable_help_subcommand(true).after_help(Resettable::<StyledStr>::Reset);
    let Some(folder) = &arguments.out else {
        return out.write(&page(&command)?);
    };
    command.build();
    let pages = std::iter::once(&command).chain(command.get_subcommands().filter(|of| !of.is_hide_set()));
    let written = std::fs::create_dir_all(folder).and_then(|()| {
        for command in pages {
            let name = command.get_display_name().unwrap_or_else(|| command.get_name());
            let page = page(command)?;
            std::fs::write(folder.join(format!("{name}.1")), page)?;
        }
        Ok(())
    });
    written.map_err(|why| unwritten(folder, &why))
}

/// The manual page of a command, in roff.
fn page(command: &clap::Command) -> std::io::Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    let mut page = String::from_utf8_lossy(&page).into_owned();
    let [what, examples] = TARGETS;
    let _ = write!(page, ".SH TARGETS\n{what}\n.PP\n.nf\n{examples}\n.fi\n.SH \"EXIT STATUS\"\n");
    for (status, says) in EXIT_STATUS {
        let _ = write!(page, ".TP\n{status}\n{says}\n");
    }
    Ok(page)
}

fn unwritten(folder: &Path, why: &std::io::Error) -> Error {
    Error::Usage(format!("the manual pages can't be written to {}: {why}", folder.display()))
}
