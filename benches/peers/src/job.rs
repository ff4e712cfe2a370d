//! A job: one engine on one scenario, once, in a process of its own, so that time and memory are its own.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::engines::Engine;
use crate::error::Error;
use crate::export::Exported;
use crate::measured::Measured;
use crate::program::Program;
use crate::spin::Pan;
use crate::usage::Taken;
use crate::{files, on_stateright, ours, spin, subjects};

/// What an engine is to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    pub(crate) engine: Engine,
    /// The scenario's name.
    pub(crate) name: String,
    /// Whether to end at the first bug that an actor reports, instead of going through everything.
    pub(crate) for_a_bug: bool,
    /// What an engine that runs executions may take, by the wall.
    pub(crate) time_max: Duration,
    /// Where the [`Program`] is.
    pub(crate) program: PathBuf,
    /// What SPIN runs.
    pub(crate) pan: Option<Pan>,
}

impl Job {
    /// Does it here: it must be the first that this process does.
    pub(crate) fn run(&self) -> Result<Measured, Error> {
        let pan = self.pan.as_ref().filter(|_| self.engine.is_spin());
        if let Some(pan) = pan {
            return spin::run(pan, self.for_a_bug);
        }
        if self.engine != Engine::Stateright {
            return ours::run(self, subjects::scenario(&self.name)?);
        }
        let program: Program = files::read_program(&self.program)?;
        let before = Taken::here()?;
        let searched = on_stateright::search(&program, self.for_a_bug);
        let after = Taken::here()?;
        let cpu = after.cpu.saturating_sub(before.cpu);
        Ok(Measured {
            cpu,
            search: cpu,
            states: searched.states,
            exhausted: !searched.found,
            found: searched.found,
            resident: after.resident - before.resident,
            ..Measured::default()
        })
    }

    /// Does it in another process.
    pub(crate) fn run_apart(&self) -> Result<Measured, Error> {
        let job = serde_json::to_string(self).map_err(|why| Error::command("job", why))?;
        let what = format!("{} on {}", self.engine.title(), self.name);
        apart(&what, &["job", &job])
    }
}

/// Exports a scenario in another process, so that this one stays small: what it keeps resident is counted to those that
/// it starts.
pub(crate) fn export_apart(name: &str, to: &Path) -> Result<Exported, Error> {
    apart(name, &["export".as_ref(), name.as_ref(), to.as_os_str()])
}

/// Runs this program once more, and takes what it says as JSON.
fn apart<T: DeserializeOwned>(what: &str, arguments: &[impl AsRef<OsStr>]) -> Result<T, Error> {
    let this = std::env::current_exe().map_err(|why| Error::command("this program", why))?;
    let output = Command::new(this).args(arguments).output().map_err(|why| Error::command(what, why))?;
    let said = String::from_utf8_lossy(&output.stderr);
    match (output.status.success(), said.trim().strip_prefix("peers: ")) {
        (true, _) => serde_json::from_slice(&output.stdout).map_err(|why| Error::command(what, why)),
        (false, Some(why)) => Err(Error::Apart(why.to_owned())),
        (false, None) => Err(Error::command(what, format!("{}: {}", output.status, said.trim()))),
    }
}
