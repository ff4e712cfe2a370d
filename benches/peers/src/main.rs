//! Measures the explicit engine beside its peers: SPIN, stateright, loom and shuttle, on the same scenarios.
//!
//! A scenario's automata are taken as they are ([`export`]) and put into the words of SPIN ([`promela`]) and stateright
//! ([`on_stateright`]) command by command, so that all who go through every state must count the same number of them.
//! loom and shuttle run the models themselves, through the project's own engines ([`ours`]).

mod arguments;
mod engines;
mod error;
mod export;
mod files;
mod goals;
mod job;
mod measured;
mod on_stateright;
mod ours;
mod program;
mod promela;
mod rounds;
mod spin;
mod subjects;
mod table;
mod usage;

use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use serde::Serialize;

use arguments::{Arguments, Inner, Measuring};
use engines::Engine;
use error::Error;
use job::Job;

/// As the command has it, so that all but SPIN allocate with it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.inner {
        None => measure(arguments.measuring),
        Some(Inner::Export { name, to }) => export::export(&name, &to).and_then(|exported| tell(&exported)),
        Some(Inner::Job { job }) => do_job(&job),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("peers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn do_job(job: &str) -> Result<(), Error> {
    let job: Job = serde_json::from_str(job).map_err(|why| Error::command("job", why))?;
    tell(&job.run()?)
}

fn tell(what: &impl Serialize) -> Result<(), Error> {
    let text = serde_json::to_string(what).map_err(|why| Error::command("to tell in JSON", why))?;
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

fn measure(mut measuring: Measuring) -> Result<(), Error> {
    // Programs run in other folders.
    measuring.folder = files::absolute(&measuring.folder)?;
    let wanted =
        Engine::value_variants().iter().copied().filter(|engine| !measuring.without.contains(engine));
    let mut engines: Vec<Engine> = wanted.collect();
    if engines.iter().any(|engine| engine.is_spin())
        && let Err(why) = spin::is_there()
    {
        eprintln!("{why}");
        engines.retain(|engine| !engine.is_spin());
    }
    let whole = subjects::WHOLE.into_iter().map(|name| (name, false));
    let buggy = subjects::BUGGY.into_iter().map(|name| (name, true));
    let is_wanted = |(name, _): &(&str, bool)| {
        measuring.only.is_empty() || measuring.only.iter().any(|part| name.contains(part.as_str()))
    };
    let also = measuring.also.iter().map(|name| (name.as_str(), false));
    let subjects: Vec<(&str, bool)> = whole.chain(buggy).filter(is_wanted).chain(also).collect();
    if subjects.is_empty() || engines.is_empty() {
        return Err(Error::Nothing { only: measuring.only.clone() });
    }
    let mut out = std::io::stdout();
    let mut all = Vec::new();
    for (name, for_a_bug) in subjects {
        let compared = rounds::compare(name, for_a_bug, &engines, &measuring)?;
        writeln!(out, "{}", table::table(&compared))?;
        all.push(compared);
    }
    Ok(write!(out, "{}", goals::goals(&all))?)
}
