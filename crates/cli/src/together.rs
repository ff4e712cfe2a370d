//! The processes that search each scenario together: this one, and those that it starts or that others start.

use std::fs;
use std::net::TcpListener;
use std::os::fd::{AsFd, OwnedFd};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use checker::explicit::{self, together};
use processes::{Group, Patience, Places, loopback};
use scenario::{Bound, Coverage, Outcome, Scenario};

use crate::arguments::Check;
use crate::cache;
use crate::error::Error;

/// How long hosts are waited for: people start them, one after the other.
const PATIENCE: Duration = Duration::from_secs(600);

/// How much longer than a scenario may take a round may, until who is still awaited counts as gone.
const GRACE: Duration = Duration::from_secs(60);

/// How long processes that were started may take to end.
const END: Duration = Duration::from_secs(10);

/// The processes that search together.
pub struct Together {
    group: Mutex<Option<Group>>,
    number: usize,
    children: Mutex<Vec<Child>>,
    /// Whether this one was started by another one, who tells everything.
    is_child: bool,
    interrupt: Arc<AtomicBool>,
}

impl std::fmt::Debug for Together {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Together").field("number", &self.number).finish_non_exhaustive()
    }
}

impl Together {
    /// Brings the processes together, if that is asked for: starts them, or waits for them. `words` are the command line without
    /// what says which process it is.
    ///
    /// # Errors
    /// A file of hosts that says something else, and whoever does not come.
    pub(crate) fn begin(
        arguments: &Check,
        words: &[String],
        program: Option<&PathBuf>,
        interrupt: &Arc<AtomicBool>,
    ) -> Result<Option<Together>, Error> {
        let choice = &arguments.together;
        let mut patience = Patience { interrupt: interrupt.clone(), ..Patience::default() };
        let mut children = Vec::new();
        let mut listener = None;
        let (addresses, number) = match (choice.processes, &choice.hosts, choice.process) {
            (Some(processes), _, _) => {
                let places = loopback(processes.into()).map_err(wrong)?;
                children = start(&places, words, program)?;
                listener = Some(places.listener(0).map_err(wrong)?);
                (places.addresses().to_vec(), 0)
            }
            (None, Some(file), Some(number)) => {
                patience.join = PATIENCE;
                let addresses = hosts(file)?;
                if number >= addresses.len() {
                    let (file, count) = (file.display(), addresses.len());
                    return Err(Error::Usage(format!(
                        "{file} names {count} processes, from 0 on: there is no process {number}"
                    )));
                }
                anstream::eprintln!(
                    "shortcopy: process {number} listens at {}; nothing is authenticated: whoever can reach it can take \
                     part",
                    addresses[number]
                );
                (addresses, number)
            }
            (None, None, Some(number)) if number < choice.at.len() => {
                listener = Some(inherited(&choice.at[number])?);
                (choice.at.clone(), number)
            }
            (None, None, Some(_)) => {
                return Err(Error::Usage(
                    "`--process` says which line of `--hosts` is meant: name both".to_owned(),
                ));
            }
            (None, _, None) => return Ok(None),
        };
        patience.round = Duration::from_secs_f64(arguments.search.bounds.time_max).saturating_add(GRACE);
        let agreed = agreed(words);
        let mut together = Together {
            group: Mutex::default(),
            number,
            children: Mutex::new(children),
            is_child: !choice.at.is_empty(),
            interrupt: interrupt.clone(),
        };
        // Those that were started end with this one, if it fails.
        let group = match listener {
            Some(listener) => Group::join_at(listener, &addresses, number, &agreed, &patience),
            None => Group::join(&addresses, number, &agreed, &patience),
        };
        let group = group.map_err(wrong)?;
        together.group = Mutex::new(Some(group));
        Ok(Some(together))
    }

    /// Searches a scenario with the others.
    pub(crate) fn check(
        &self,
        scenario: &Scenario,
        options: &explicit::Options,
    ) -> Result<Outcome, explicit::Error> {
        let mut group = self.group.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(group) = &mut *group else {
            return Ok(Outcome { coverage: Coverage::Cut { bound: Bound::Process }, ..Outcome::default() });
        };
        together::check_together(scenario, options, group)
    }

    /// Whether this one tells the results.
    pub(crate) fn tells(&self) -> bool {
        self.number == 0
    }

    /// Whether somebody else started it and hears what is wrong from its own.
    pub(crate) fn is_child(&self) -> bool {
        self.is_child
    }

    /// Ends with the others.
    pub(crate) fn end(&self) {
        let group = self.group.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(group) = group
            && !self.interrupt.load(Ordering::Relaxed)
        {
            group.leave();
        }
        // For whom this one is gone, he leaves by himself when next he has something to say.
        let until = Instant::now() + END;
        let mut children = self.children.lock().unwrap_or_else(PoisonError::into_inner);
        let runs = |child: &mut Child| matches!(child.try_wait(), Ok(None));
        while children.iter_mut().any(runs) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        kill(&mut children);
    }
}

impl Drop for Together {
    /// Where an error ended the work, the processes that were started are ended.
    fn drop(&mut self) {
        kill(&mut self.children.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Ends those that still run, and takes all from the system's list.
fn kill(children: &mut Vec<Child>) {
    for mut child in children.drain(..) {
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// Who listens at an address for a process that was started, which is its standard input.
fn inherited(address: &str) -> Result<TcpListener, Error> {
    let listener = TcpListener::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    match listener.local_addr() {
        Ok(at) if at.to_string() == address => Ok(listener),
        _ => Err(Error::Usage(format!(
            "nobody listens at {address} on standard input: `--processes` begins with that"
        ))),
    }
}

fn wrong(why: processes::Error) -> Error {
    Error::Usage(why.to_string())
}

/// What all processes must agree on: the program, and what it is asked but for its share of the memory.
fn agreed(words: &[String]) -> [u8; 32] {
    let asked = words.iter().filter(|word| !word.starts_with("--memory-max="));
    let mut agreed = blake3::Hasher::new();
    agreed.update(cache::digest_of_program().as_bytes());
    asked.for_each(|word| {
        agreed.update(word.as_bytes()).update(&[0]);
    });
    *agreed.finalize().as_bytes()
}

/// The addresses in a file: one on each line that is not empty or begins with `#`.
fn hosts(file: &PathBuf) -> Result<Vec<String>, Error> {
    let text = fs::read_to_string(file).map_err(|why| Error::File { path: file.clone(), why })?;
    let mut addresses = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let port = line.rsplit_once(':').filter(|(host, _)| !host.is_empty());
        let is_one = port.is_some_and(|(_, port)| port.parse::<u16>().is_ok_and(|port| port > 0));
        if !is_one || line.contains(char::is_whitespace) {
            let (file, number) = (file.display(), number + 1);
            return Err(Error::Usage(format!(
                "{file}:{number}: `{line}` is no HOST:PORT, such as 192.0.2.7:4000"
            )));
        }
        if addresses.iter().any(|other| other == line) {
            let (file, number) = (file.display(), number + 1);
            return Err(Error::Usage(format!(
                "{file}:{number}: `{line}` is there twice: each process listens at an address of its own"
            )));
        }
        addresses.push(line.to_owned());
    }
    if addresses.len() < 2 {
        let file = file.display();
        return Err(Error::Usage(format!("{file}: it takes two processes at least to search together")));
    }
    Ok(addresses)
}

/// Starts all processes but this one. Each gets who listens for it as its standard input.
fn start(places: &Places, words: &[String], program: Option<&PathBuf>) -> Result<Vec<Child>, Error> {
    let addresses = places.addresses();
    let program = match program {
        Some(program) => program.clone(),
        None => std::env::current_exe()?,
    };
    let mut children = Vec::new();
    for number in 1..addresses.len() {
        let mut command = Command::new(&program);
        // The first word is the command; behind `--` nothing is an option.
        let (name, rest) = words.split_at(1);
        command.args(name).arg(format!("--at={}", addresses.join(","))).arg(format!("--process={number}"));
        command.args(rest).stdout(Stdio::null());
        let started = places.listener(number).map_err(wrong).and_then(|listener| {
            command.stdin(OwnedFd::from(listener));
            Ok(command.spawn()?)
        });
        match started {
            Ok(child) => children.push(child),
            Err(why) => {
                kill(&mut children);
                return Err(why);
            }
        }
    }
    Ok(children)
}
