//! SPIN: its verifiers are built from Promela, and run.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde::{Deserialize, Serialize};

use crate::engines::Engine;
use crate::error::Error;
use crate::files;
use crate::measured::Measured;
use crate::program::Program;
use crate::promela::{extra_states, promela};
use crate::usage::Taken;

/// How deep the first run of a verifier may go; a run that is measured gets what that one needed.
const DEPTH: u64 = 1 << 20;
const DEPTH_MAX: u64 = 1 << 30;

/// How to run a verifier.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pan {
    program: PathBuf,
    /// How deep its stack is.
    depth: u64,
    /// Its hash table has two to the power of this slots.
    slots: u32,
    /// States that are SPIN's and not the scenario's.
    extra: u64,
    /// What a verifier of nothing keeps resident, in bytes.
    empty: u64,
}

/// Whether SPIN and a C compiler are there; installs SPIN where Debian's package can be had. Else says what is missing.
pub(crate) fn is_there() -> Result<(), String> {
    let answers = |program: &str, argument: &str| {
        Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success())
    };
    if !answers("gcc", "--version") {
        return Err("there is no gcc; SPIN is skipped (Debian: apt-get install gcc libc6-dev)".to_owned());
    }
    if !answers("spin", "-V") {
        eprintln!("SPIN is not there: trying apt-get install spin");
        let as_root = nix::unistd::geteuid().is_root();
        let mut apt = if as_root { Command::new("apt-get") } else { Command::new("sudo") };
        if !as_root {
            apt.args(["-n", "apt-get"]);
        }
        let install = ["-qq", "-y", "--no-install-recommends", "-o", "Acquire::Retries=1", "install", "spin"];
        // What it says is of no use to who waits for a table; whether SPIN is there then is asked below.
        let _ = apt.env("DEBIAN_FRONTEND", "noninteractive").args(install).output();
    }
    match answers("spin", "-V") {
        true => Ok(()),
        false => {
            Err("SPIN is not there and can't be installed; it is skipped (Debian: apt-get install spin; \
                      else spinroot.com)"
                .to_owned())
        }
    }
}

/// What tells SPIN what to do for an engine: for itself, and for the C compiler.
fn words(engine: Engine) -> (&'static [&'static str], &'static [&'static str]) {
    // Cells that are written and never read are there for whoever looks at a state; and to merge statements, which SPIN does
    // unless told otherwise, leaves states out.
    match engine {
        Engine::SpinReduced => (&["-o2"], &["-DSAFETY"]),
        Engine::SpinCollapse => (&["-o2", "-o3"], &["-DSAFETY", "-DNOREDUCE", "-DCOLLAPSE"]),
        _ => (&["-o2", "-o3"], &["-DSAFETY", "-DNOREDUCE"]),
    }
}

/// The verifier of nothing, to see what every verifier takes.
pub(crate) fn nothing(folder: &Path) -> Result<Pan, Error> {
    let program = compile("active proctype nothing() { false }\n", Engine::Spin, &folder.join("nothing"))?;
    Ok(Pan { program, depth: 10, slots: 10, extra: 0, empty: 0 })
}

/// Builds the verifier of a program of so many states in a folder, and sees how deep it goes. What a verifier of nothing
/// keeps resident is given.
pub(crate) fn build(
    program: &Program,
    engine: Engine,
    states: u64,
    folder: &Path,
    empty: u64,
) -> Result<Pan, Error> {
    let folder = folder.join(words(engine).1.concat());
    let verifier = compile(&promela(program), engine, &folder)?;
    let slots = (u64::BITS - states.leading_zeros()).max(10);
    let mut pan = Pan { program: verifier, depth: DEPTH, slots, extra: extra_states(program), empty };
    loop {
        let said = said(&mut pan.command(false))?;
        if !said.contains("max search depth too small") || pan.depth > DEPTH_MAX {
            pan.depth = number(&said, "depth reached ")? + 2;
            return Ok(pan);
        }
        pan.depth *= 8;
    }
}

/// Makes a verifier, if the one in the folder is another one.
fn compile(promela: &str, engine: Engine, folder: &Path) -> Result<PathBuf, Error> {
    files::make_folder(folder)?;
    let (model, verifier) = (folder.join("model.pml"), folder.join("pan"));
    if verifier.exists() && std::fs::read_to_string(&model).is_ok_and(|known| known == promela) {
        return Ok(verifier);
    }
    let (for_spin, for_gcc) = words(engine);
    files::write(&model, promela)?;
    said(Command::new("spin").args(for_spin).args(["-a", "model.pml"]).current_dir(folder))?;
    let gcc = ["-O2", "-w", "-o", "pan", "pan.c"];
    said(Command::new("gcc").args(for_gcc).args(gcc).current_dir(folder))?;
    Ok(verifier)
}

/// Runs a verifier, in a process that has run nothing else: through everything, or until the first bug.
pub(crate) fn run(pan: &Pan, for_a_bug: bool) -> Result<Measured, Error> {
    let said = said(&mut pan.command(for_a_bug))?;
    let Taken { cpu, resident } = Taken::by_children()?;
    let found = number(&said, "errors: ")? > 0;
    Ok(Measured {
        cpu,
        search: cpu,
        states: number_before(&said, " states, stored")?.saturating_sub(pan.extra),
        exhausted: !found
            && !said.contains("max search depth too small")
            && !said.contains("Search not completed"),
        found,
        resident: resident.saturating_sub(pan.empty),
        ..Measured::default()
    })
}

impl Pan {
    fn command(&self, for_a_bug: bool) -> Command {
        let mut command = Command::new(&self.program);
        // Where actors are left waiting is no error here, and a trail is not wanted.
        command.args(["-E", "-n", &format!("-m{}", self.depth), &format!("-w{}", self.slots)]);
        if !for_a_bug {
            command.arg("-A");
        }
        command.current_dir(self.program.parent().unwrap_or(Path::new(".")));
        command
    }
}

/// Runs a program to its end, and gives what it said.
fn said(command: &mut Command) -> Result<String, Error> {
    let line = format!("{command:?}");
    let output = command.output().map_err(|why| Error::command(&line, why))?;
    let Output { status, stdout, stderr } = output;
    let said = String::from_utf8_lossy(&stdout).into_owned();
    match status.success() {
        true => Ok(said),
        false => Err(Error::command(&line, format!("{status}: {}{said}", String::from_utf8_lossy(&stderr)))),
    }
}

/// The number that follows some words.
fn number(said: &str, after: &str) -> Result<u64, Error> {
    let digits = said.split_once(after).map(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next());
    let number = digits.flatten().and_then(|digits| digits.parse().ok());
    number.ok_or_else(|| Error::NotUnderstood { who: "a verifier of SPIN's", said: said.to_owned() })
}

/// The number that comes before some words; a large one has an exponent.
fn number_before(said: &str, words: &str) -> Result<u64, Error> {
    let number = said.split_once(words).and_then(|(before, _)| before.split_whitespace().next_back());
    let number = number.and_then(|number| number.parse::<f64>().ok()).map(|number| number as u64);
    number.ok_or_else(|| Error::NotUnderstood { who: "a verifier of SPIN's", said: said.to_owned() })
}
