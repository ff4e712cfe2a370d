//! How the results of each command are written.

use clap::ValueEnum;

/// How results are written.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// For people.
    Text,
    /// One object per line: a result, or a row.
    Json,
}

/// How the results of `check` are written.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum CheckFormat {
    /// For people.
    Text,
    /// One object per line and result.
    Json,
    /// The shortest way to each bad state, to paste into a mail or a commit message: 72 columns.
    Mail,
    /// For CI systems: a suite for each variant, a case for each scenario.
    Junit,
    /// For code hosts: a result for each bad state, at the line of the model or of the kernel that it is about.
    Sarif,
    /// The kernel's test protocol: a test for each variant, in it one for each scenario.
    Ktap,
}

impl CheckFormat {
    /// The same as a format that any command has; none where only `check` has it.
    #[must_use]
    pub fn plain(self) -> Option<Format> {
        match self {
            CheckFormat::Text => Some(Format::Text),
            CheckFormat::Json => Some(Format::Json),
            _ => None,
        }
    }

    /// Its name on the command line.
    #[must_use]
    pub fn name(self) -> String {
        self.to_possible_value().map_or(String::new(), |value| value.get_name().to_owned())
    }
}

/// How a comparison is written.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum DiffFormat {
    /// For people.
    Text,
    /// An object for each scenario and, last, for the whole, a line each.
    Json,
    /// The shortest way to each new bad state, to paste into a mail or a commit message: 72 columns.
    Mail,
}

impl DiffFormat {
    /// The same as a format that any command has; none where only `diff` has it.
    #[must_use]
    pub fn plain(self) -> Option<Format> {
        match self {
            DiffFormat::Text => Some(Format::Text),
            DiffFormat::Json => Some(Format::Json),
            DiffFormat::Mail => None,
        }
    }
}

/// How a schedule is written.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplayFormat {
    /// Step by step, with what each changes.
    Text,
    /// An object: the bad state as `check` has it, with the states along its schedule.
    Json,
    /// What matters of it, to paste into a mail or a commit message: 72 columns.
    Mail,
}
