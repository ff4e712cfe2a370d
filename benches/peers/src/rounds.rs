//! Rounds: in each, every engine runs once on a scenario.

use std::path::Path;
use std::time::Duration;

use crate::arguments::Measuring;
use crate::engines::Engine;
use crate::error::Error;
use crate::export::Exported;
use crate::job::{Job, export_apart};
use crate::measured::Measured;
use crate::{files, spin};

/// A scenario, and what each engine took for it: medians.
pub(crate) struct Compared {
    pub(crate) name: String,
    pub(crate) exported: Exported,
    /// Whether the first bug was looked for, and not all states.
    pub(crate) for_a_bug: bool,
    pub(crate) engines: Vec<(Engine, Measured)>,
}

impl Compared {
    /// What an engine took.
    pub(crate) fn by(&self, engine: Engine) -> Option<&Measured> {
        self.engines.iter().find(|(other, _)| *other == engine).map(|(_, measured)| measured)
    }
}

/// Compares engines on a scenario.
pub(crate) fn compare(
    name: &str,
    for_a_bug: bool,
    engines: &[Engine],
    measuring: &Measuring,
) -> Result<Compared, Error> {
    let folder = measuring.folder.join(name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-"));
    files::make_folder(&folder)?;
    let program = folder.join("program");
    eprintln!("{name}");
    let exported = export_apart(name, &program)?;
    // Who asks nothing hears of no bug.
    let engines = engines.iter().filter(|engine| !(for_a_bug && engine.is_bare()));
    let jobs = engines.map(|&engine| {
        let job = Job {
            engine,
            name: name.to_owned(),
            for_a_bug,
            time_max: measuring.time_max(),
            program: program.clone(),
            pan: None,
        };
        if engine.is_spin() { with_verifier(job, exported, &measuring.folder, &folder) } else { Ok(job) }
    });
    let jobs = jobs.collect::<Result<Vec<_>, _>>()?;
    let mut measured = vec![Vec::new(); jobs.len()];
    for round in 1..=measuring.rounds {
        eprintln!("  round {round} of {}", measuring.rounds);
        for (job, measured) in jobs.iter().zip(&mut measured) {
            let once = job.run_apart()?;
            agree(job, &once, exported)?;
            measured.push(once);
        }
    }
    let engines = jobs.iter().zip(&measured).map(|(job, measured)| (job.engine, median(measured))).collect();
    Ok(Compared { name: name.to_owned(), exported, for_a_bug, engines })
}

/// The job with a verifier for it.
fn with_verifier(mut job: Job, exported: Exported, common: &Path, folder: &Path) -> Result<Job, Error> {
    eprintln!("  building {}", job.engine.title());
    let nothing = Job { pan: Some(spin::nothing(common)?), ..job.clone() };
    let empty = nothing.run_apart()?.resident;
    let program = files::read_program(&job.program)?;
    job.pan = Some(spin::build(&program, job.engine, exported.states, folder, empty)?);
    Ok(job)
}

/// Engines that go through all states count the same number of them, and a bug that is there is found.
fn agree(job: &Job, measured: &Measured, exported: Exported) -> Result<(), Error> {
    let (name, engine) = (job.name.clone(), job.engine.title());
    let Measured { states, exhausted, found, .. } = *measured;
    if job.for_a_bug {
        return if exhausted && !found { Err(Error::NoBug { name, engine }) } else { Ok(()) };
    }
    if !exhausted && !job.engine.runs_executions() {
        return Err(Error::NotExhausted(format!("{engine} on {name}")));
    }
    match job.engine.counts_all() && states != exported.states {
        true => Err(Error::Differs { name, engine, states, expected: exported.states }),
        false => Ok(()),
    }
}

/// The medians of what differs from round to round.
fn median(rounds: &[Measured]) -> Measured {
    let last = rounds.last().copied().unwrap_or_default();
    let of = |what: fn(&Measured) -> Duration| {
        let mut all: Vec<Duration> = rounds.iter().map(what).collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().unwrap_or_default()
    };
    let (cpu, search, unfolding) = (of(|m| m.cpu), of(|m| m.search), of(|m| m.unfolding));
    Measured { cpu, search, unfolding, ..last }
}
