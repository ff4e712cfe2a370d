//! `--html FILE`: results as a page beside what a command prints.

use std::fs::{self, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use report::Finding;
use report::html::{Beside, Opens, Page, Told};
use scenario::{BadState, Coverage, Outcome, Releases, Scenario};

use crate::error::Error;
use crate::kernel::Kernel;
use crate::recorded::open_steps;
use crate::states::states;
use crate::target::Chosen;

/// The sources of the models and of their words, by the folder that they are in.
const SOURCES: [(&str, &[(&str, &str)]); 3] = [
    ("models/", models::SOURCES),
    ("crates/page-state/", page_state::SOURCES),
    ("crates/fault/", fault::SOURCES),
];

/// A page that is written when a command is done.
#[derive(Debug)]
pub(crate) struct Html {
    file: PathBuf,
    page: Page,
}

impl Html {
    /// A page about what `command` finds, to be written to `file`, if one is asked for. That it can be is found out here,
    /// before anything is searched.
    ///
    /// # Errors
    /// If the file can't be made: there is no such folder, it may not be written, or what is there is no file.
    pub(crate) fn begin(file: Option<&Path>, command: &str, opens: Opens) -> Result<Option<Html>, Error> {
        let Some(file) = file else { return Ok(None) };
        let file = target_of(file)?;
        // It is gone again at once: a search that is stopped leaves nothing behind.
        drop(beside(&file)?);
        Ok(Some(Html { file, page: Page::new(command, opens) }))
    }

    /// Adds what `engine` found in a scenario, where the text of `kernel` was run, if it was one's.
    pub(crate) fn add(
        &mut self,
        of: Of<'_>,
        engine: &str,
        (scenario, outcome): (&Scenario, &Outcome),
        kernel: Option<&Kernel>,
    ) {
        self.put(of, engine, (scenario, outcome), kernel, 1);
    }

    /// Adds one bad state, which has this number in its scenario.
    pub(crate) fn add_one(
        &mut self,
        of: Of<'_>,
        (scenario, bad): (&Scenario, &BadState),
        kernel: Option<&Kernel>,
        number: usize,
    ) {
        let looked_at = [bad.property.clone()].into();
        let coverage = Coverage::Sampled { executions: 1 };
        let outcome = Outcome { bad: vec![bad.clone()], coverage, looked_at, ..Outcome::default() };
        self.put(of, "explicit", (scenario, &outcome), kernel, number);
    }

    fn put(
        &mut self,
        Of { path, variant, stands, about }: Of<'_>,
        engine: &str,
        (scenario, outcome): (&Scenario, &Outcome),
        kernel: Option<&Kernel>,
        first: usize,
    ) {
        let (states, key_steps) = (states(scenario), open_steps(scenario));
        let told = |bad| Told { states: states(bad), key_steps: key_steps(bad) };
        let told: Vec<Told> = outcome.bad.iter().map(told).collect();
        let source = |file: &str, line: u32| match kernel.and_then(|kernel| kernel.line(file, line)) {
            Some(text) => Some(text.to_owned()),
            None => line_of_model(file, line),
        };
        let finding = Finding { path, variant, stands, scenario, engine, outcome };
        self.page.add(finding, &Beside { about, first, told: &told, source: &source });
    }

    /// Adds a scenario whose model can't be searched.
    pub(crate) fn broken(&mut self, chosen: &Chosen<'_>, why: &Error) {
        let Of { path, variant, about, .. } = Of::from(chosen);
        self.page.broken((path, variant, about), &(chosen.case.build)(), &why.to_string());
    }

    /// Adds a scenario that could have been asked, and was not.
    pub(crate) fn leave_out(&mut self, Chosen { path, variant, case }: &Chosen<'_>) {
        self.page.leave_out(&path.name, &variant.name, &(case.build)());
    }

    /// Writes the page: the whole of it, or nothing.
    ///
    /// # Errors
    /// If it can't be written; what was in the file before is still there then.
    pub(crate) fn write(self) -> Result<(), Error> {
        let wrong = |why| wrong(&self.file, why);
        let page = self.page.render().map_err(|why| wrong(io::Error::other(why)))?;
        let mut file = beside(&self.file)?;
        file.write_all(page.as_bytes()).map_err(wrong)?;
        // What a full disk has to say, it says here at the latest.
        file.as_file().sync_all().map_err(wrong)?;
        file.persist(&self.file).map_err(|why| wrong(why.error))?;
        Ok(())
    }
}

/// What a result is of, under the names by which it is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Of<'r> {
    pub(crate) path: &'r str,
    pub(crate) variant: &'r str,
    pub(crate) stands: Option<Releases>,
    /// What the variant stands for.
    pub(crate) about: &'r str,
}

impl<'r> From<&Chosen<'r>> for Of<'r> {
    fn from(Chosen { path, variant, .. }: &Chosen<'r>) -> Of<'r> {
        Of { path: &path.name, variant: &variant.name, stands: variant.stands, about: &variant.sentence }
    }
}

fn wrong(file: &Path, why: io::Error) -> Error {
    Error::Html { path: file.to_owned(), why }
}

/// The file that is meant: where `file` is a link, what that leads to.
fn target_of(file: &Path) -> Result<PathBuf, Error> {
    match fs::metadata(file).as_ref().map(Metadata::is_file) {
        Ok(true) => fs::canonicalize(file).map_err(|why| wrong(file, why)),
        Ok(false) => {
            let what = "this is no file, and would be replaced by one: name a file, or one that is not there";
            Err(wrong(file, io::Error::other(what)))
        }
        Err(_) => Ok(file.to_owned()),
    }
}

/// A new file in the same folder, which is gone unless it is made to stay.
fn beside(file: &Path) -> Result<tempfile::NamedTempFile, Error> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".shortcopy-").suffix(".html");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // As any new file, or as the one that is replaced; the user's mask takes away from it.
        let known = fs::metadata(file).map(|known| known.permissions());
        builder.permissions(known.unwrap_or_else(|_| fs::Permissions::from_mode(0o666)));
    }
    builder.tempfile_in(folder.unwrap_or(Path::new("."))).map_err(|why| wrong(file, why))
}

/// A line of a model's own source, without what is around it.
fn line_of_model(file: &str, line: u32) -> Option<String> {
    let in_folder = |(folder, files): &(&str, &'static [(&str, &str)])| {
        let name = file.strip_prefix(folder)?;
        files.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
    };
    let text = SOURCES.iter().find_map(in_folder)?;
    let line = text.lines().nth((line as usize).checked_sub(1)?)?.trim();
    Some(line.to_owned()).filter(|line| !line.is_empty())
}

/// A command as it can be given again, without the file.
pub(crate) fn command_line(name: &str, words: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let quoted = |word: &str| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./@:=+,".contains(c);
        match !word.is_empty() && word.chars().all(is_plain) {
            true => word.to_owned(),
            false => format!("'{}'", word.replace('\'', r"'\''")),
        }
    };
    let words = words.into_iter().map(|word| quoted(word.as_ref()));
    std::iter::once(format!("shortcopy {name}")).chain(words).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_models_are_at_hand() {
        let text = line_of_model("models/properties.rs", 1).expect("the file has a line");
        assert!(text.starts_with("//! The rules."), "{text}");
        assert!(line_of_model("crates/fault/src/user_copy.rs", 1).is_some());
        for (file, line) in
            [("models/properties.rs", 0), ("models/properties.rs", 1_000_000), ("/etc/passwd", 1), ("", 0)]
        {
            assert_eq!(line_of_model(file, line), None, "{file}:{line}");
        }
    }

    #[test]
    fn a_command_can_be_given_again() {
        assert_eq!(command_line("check", ["ext4", "--tree=a b"]), "shortcopy check ext4 '--tree=a b'");
        assert_eq!(command_line("replay", ["x#1", "it's"]), r"shortcopy replay 'x#1' 'it'\''s'");
    }
}
