//! How much is told, and how wide: for every command.

use clap::Args;

use super::{
    Check, CheckFormat, Command, Corpus, Diff, DiffFormat, Format, List, Live, Matrix, Merge, Replay,
    ReplayFormat, Why,
};

/// How much is told, and how wide.
#[derive(Args, Clone, Debug, Default)]
pub struct Telling {
    /// Tells only what is new or wrong; where nothing is, the exit status alone
    #[arg(long, global = true)]
    pub quiet: bool,
    /// No line is wider, in columns: what is too long goes on below
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(20..))]
    pub width: Option<u16>,
}

impl Telling {
    /// What is said about an option that has no effect with this command, if one was given.
    pub(super) fn without_effect(&self, command: &Command) -> Option<String> {
        if self.quiet && !judges(command) {
            let what = "this command does not judge, or writes for programs";
            return Some(format!("'--quiet' has no effect: {what}"));
        }
        let what = "what is written for programs, shells and mails has lines of its own";
        (self.width.is_some() && !is_text(command)).then(|| format!("'--width' has no effect: {what}"))
    }
}

/// Whether it tells people what is as it should be, and what is not.
fn judges(command: &Command) -> bool {
    let is_one = matches!(
        command,
        Command::Check(_) | Command::Merge(_) | Command::Corpus(_) | Command::Diff(_) | Command::Why(_)
    );
    is_one && is_text(command)
}

/// Whether it writes text for people, of any width.
fn is_text(command: &Command) -> bool {
    match command {
        Command::Check(Check { format, .. }) | Command::Merge(Merge { format, .. }) => {
            *format == CheckFormat::Text
        }
        Command::Diff(Diff { format, .. }) => *format == DiffFormat::Text,
        Command::Replay(Replay { format, .. }) => *format == ReplayFormat::Text,
        Command::List(List { format, .. })
        | Command::Matrix(Matrix { format, .. })
        | Command::Corpus(Corpus { format, .. })
        | Command::Why(Why { format, .. })
        | Command::Live(Live { format, .. }) => *format == Format::Text,
        Command::Explain(_) | Command::Survey(_) | Command::Cache(_) => true,
        Command::Completions(_)
        | Command::Man(_)
        | Command::Engine(_)
        | Command::Reproduce(_)
        | Command::LiveWorker(_) => false,
    }
}
