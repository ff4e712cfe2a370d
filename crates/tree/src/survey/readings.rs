//! Files read twice: as they are configured, and with all that their conditions ask for.

use std::collections::BTreeSet;

use c_text::{Config, File, Hints, Name, Program, parse};

use super::{Missed, Table, Text};

/// How often a condition may stand in another that was not known.
const ROUNDS_MAX: usize = 8;

/// The files that were read.
pub(super) struct Readings<'a> {
    config: &'a Config,
    hints: &'a Hints,
    /// As they are configured.
    pub(super) configured: Program,
    /// Those that ask for what the configuration does not know, with all of that defined.
    pub(super) full: Program,
    pub(super) missed: Vec<Missed>,
}

impl<'a> Readings<'a> {
    pub(super) fn new(config: &'a Config, hints: &'a Hints) -> Readings<'a> {
        let program = || Program::new(config.clone(), hints.clone());
        Readings { config, hints, configured: program(), full: program(), missed: Vec::new() }
    }

    pub(super) fn miss(&mut self, file: &str, why: String) {
        self.missed.push(Missed { file: file.into(), why });
    }

    /// Reads a file, once.
    pub(super) fn read(&mut self, file: &str, text: &[u8]) {
        if self.configured.file(file).is_some() {
            return;
        }
        let read = match parse(file, text, self.config, self.hints) {
            Ok(read) => read,
            Err(why) => return self.miss(file, why.to_string()),
        };
        match self.with_all(&read, text) {
            Ok(None) => {}
            Ok(Some(full)) => self.full.add(full),
            Err(why) => self.miss(file, format!("{why} (with all that its conditions ask for)")),
        }
        self.configured.add(read);
    }

    fn with_all(&self, read: &File, text: &[u8]) -> Result<Option<File>, c_text::ReadError> {
        let (mut config, mut asked, mut full) = (self.config.clone(), read.asked.clone(), None);
        for _ in 0..ROUNDS_MAX {
            if asked.is_empty() {
                break;
            }
            config = asked.keys().fold(config, |config, name| config.on(name));
            let file = parse(&read.name, text, &config, self.hints)?;
            asked = file.asked.clone();
            full = Some(file);
        }
        Ok(full)
    }

    /// The names of functions that are in none of the files.
    pub(super) fn unknown(&self, tables: &[Table]) -> BTreeSet<Name> {
        let hooks =
            tables.iter().flat_map(|table| table.hooks.iter().map(|hook| (&table.file, &hook.function)));
        let is_unknown = |(file, name): &(&Name, &Name)| matches!(self.function(name, file), Text::Nowhere);
        hooks.filter(is_unknown).map(|(_, name)| name.clone()).collect()
    }

    /// What a file calls by this name.
    pub(super) fn function(&self, name: &str, from: &str) -> Text {
        for program in [&self.configured, &self.full] {
            match program.function(name, from) {
                Ok(Some(function)) => return Text::Function(function.clone()),
                Ok(None) => {}
                Err(why) => return Text::Ambiguous(why),
            }
            if let Some(why) = program.unparsed(name, from) {
                return Text::Unparsed(why.clone());
            }
        }
        Text::Nowhere
    }
}
