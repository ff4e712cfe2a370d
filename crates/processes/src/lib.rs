//! Processes that work together, on one machine or on several, and exchange words in rounds.
//!
//! A [`Group`] is as many processes as there are addresses. In a round each of them gives something to each, and gets what
//! all gave it; nobody comes out of a round before everybody is in it. The rounds are the times of one timely dataflow,
//! which carries the words.
//!
//! It promises that what one gives arrives whole and in its order, and that a process which is gone is noticed by all
//! others, and named; one whose machine has vanished, after half a minute. It does not promise who is at the other end: nothing
//! is authenticated or encrypted, and who speaks another protocol can do what he likes, so it is for networks in which everybody
//! is trusted. A process listens at the address that the group has for it, and nowhere else.
//!
//! ```
//! use processes::{Group, Patience, loopback};
//!
//! let places = loopback(2)?;
//! let sums = std::thread::scope(|scope| {
//!     let member = |number: usize| {
//!         let places = &places;
//!         move || -> Result<u64, processes::Error> {
//!             let mut group = places.join(number, &[7; 32], &Patience::default())?;
//!             let all: Vec<u64> = group.tell(&(number as u64 + 1))?;
//!             group.leave();
//!             Ok(all.iter().sum())
//!         }
//!     };
//!     let other = scope.spawn(member(1));
//!     [member(0)(), other.join().expect("it does not panic")]
//! });
//! assert_eq!(sums, [Ok(3), Ok(3)]);
//! # Ok::<(), processes::Error>(())
//! ```

mod links;
mod rounds;
#[cfg(test)]
mod tests;

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use links::Gone;
use rounds::Rounds;

/// Why processes don't work together.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Error {
    /// There is no place to listen.
    #[error("can't listen at {address}: {why}")]
    NoPlace {
        /// The address of this process.
        address: String,
        /// What the system says.
        why: String,
    },
    /// A process did not come.
    #[error("process {process}, at {address}, does not answer: {why}")]
    Absent {
        /// Which, from 0 on.
        process: usize,
        /// Its address.
        address: String,
        /// What the system says.
        why: String,
    },
    /// A process does something else.
    #[error("process {process}, at {address}, is another program, or was started with other arguments")]
    Foreign {
        /// Which, from 0 on.
        process: usize,
        /// Its address.
        address: String,
    },
    /// A process was there, and is gone.
    #[error("process {process}, at {address}, is gone")]
    Gone {
        /// Which, from 0 on.
        process: usize,
        /// Its address.
        address: String,
    },
    /// A process sent what none does.
    #[error("process {process}, at {address}, sends what can't be read")]
    Garbled {
        /// Which, from 0 on.
        process: usize,
        /// Its address.
        address: String,
    },
    /// The user wants no more, before all were there.
    #[error("interrupted before all processes were there")]
    Interrupted,
}

/// A digest of what all must agree on.
pub type Agreed = [u8; 32];

/// How long to wait.
#[derive(Clone, Debug)]
pub struct Patience {
    /// For all processes to come.
    pub join: Duration,
    /// For the end of a round.
    pub round: Duration,
    /// For that, once the user wants no more, and for all others to leave, too.
    pub leave: Duration,
    /// Set when the user wants no more.
    pub interrupt: Arc<AtomicBool>,
}

impl Default for Patience {
    fn default() -> Patience {
        let (join, leave) = (Duration::from_secs(60), Duration::from_secs(10));
        Patience { join, round: Duration::MAX, leave, interrupt: Arc::default() }
    }
}

/// Addresses on this machine, and who listens there: so nobody else does before a process comes.
pub struct Places {
    addresses: Vec<String>,
    listeners: Vec<TcpListener>,
}

/// Places on this machine for so many processes.
///
/// # Errors
/// Where the system has none.
pub fn loopback(processes: usize) -> Result<Places, Error> {
    let address = "127.0.0.1:0";
    let no_place = no_place(address);
    let listeners: Vec<TcpListener> =
        (0..processes).map(|_| TcpListener::bind(address)).collect::<io::Result<_>>().map_err(&no_place)?;
    let address = |listener: &TcpListener| Ok(listener.local_addr().map_err(&no_place)?.to_string());
    Ok(Places { addresses: listeners.iter().map(address).collect::<Result<_, Error>>()?, listeners })
}

fn no_place(address: &str) -> impl Fn(io::Error) -> Error {
    move |why| Error::NoPlace { address: address.to_owned(), why: why.to_string() }
}

impl Places {
    /// The addresses, by process.
    #[must_use]
    pub fn addresses(&self) -> &[String] {
        &self.addresses
    }

    /// Who listens for a process: what it is started with.
    ///
    /// # Errors
    /// Where the system has no room for one more.
    ///
    /// # Panics
    /// Where there is no such process.
    pub fn listener(&self, number: usize) -> Result<TcpListener, Error> {
        self.listeners[number].try_clone().map_err(no_place(&self.addresses[number]))
    }

    /// [`Group::join`] as the process with this number.
    ///
    /// # Errors
    /// Where one of the others does not come or is another program.
    ///
    /// # Panics
    /// Where there is no such process.
    pub fn join(&self, number: usize, agreed: &Agreed, patience: &Patience) -> Result<Group, Error> {
        Group::join_at(self.listener(number)?, &self.addresses, number, agreed, patience)
    }
}

/// One process of those that work together.
pub struct Group {
    number: usize,
    addresses: Vec<String>,
    patience: Patience,
    gone: Arc<Gone>,
    rounds: Option<Rounds>,
}

impl Group {
    /// Joins the others as the process with this number: comes back when all are there, and agree.
    ///
    /// # Errors
    /// Where this one can't listen at its address, or one of the others does not come or is another program.
    ///
    /// # Panics
    /// Where there is no address for the number.
    pub fn join(
        addresses: &[String],
        number: usize,
        agreed: &Agreed,
        patience: &Patience,
    ) -> Result<Group, Error> {
        let listener = TcpListener::bind(&addresses[number]).map_err(no_place(&addresses[number]))?;
        Group::join_at(listener, addresses, number, agreed, patience)
    }

    /// The same for one who listens at its address already.
    ///
    /// # Errors
    /// Where one of the others does not come or is another program.
    ///
    /// # Panics
    /// Where there is no address for the number.
    pub fn join_at(
        listener: TcpListener,
        addresses: &[String],
        number: usize,
        agreed: &Agreed,
        patience: &Patience,
    ) -> Result<Group, Error> {
        let gone = Arc::new(Gone::default());
        let links = links::connect(listener, addresses, number, agreed, patience, &gone)?;
        let rounds = Rounds::begin(links, number, &gone).map_err(no_place(&addresses[number]))?;
        Ok(Group {
            number,
            addresses: addresses.to_vec(),
            patience: patience.clone(),
            gone,
            rounds: Some(rounds),
        })
    }

    /// Which process this is, from 0 on.
    #[must_use]
    pub fn number(&self) -> usize {
        self.number
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.addresses.len()
    }

    /// A round: gives each process what is for it, by its number, and gets what each had for this one.
    ///
    /// # Errors
    /// Where a process is gone; all further rounds fail in the same way.
    pub fn exchange(&mut self, outgoing: Vec<Vec<u64>>) -> Result<Vec<Vec<u64>>, Error> {
        let Some(rounds) = &mut self.rounds else { return Err(self.gone(self.number)) };
        rounds.begin_round(outgoing);
        let began = Instant::now();
        let mut interrupted: Option<Instant> = None;
        loop {
            let came = rounds.wait(Duration::from_millis(100));
            if let Ok(Some(incoming)) = came {
                return Ok(incoming);
            }
            if let Some(process) = self.gone.which() {
                return Err(self.gone(process));
            }
            let is_interrupted = self.patience.interrupt.load(Ordering::Relaxed);
            let since = is_interrupted.then(|| *interrupted.get_or_insert_with(Instant::now));
            // Of one who sends what is no round there are no more, either.
            let is_late = began.elapsed() > self.patience.round
                || since.is_some_and(|since| since.elapsed() > self.patience.leave);
            if came.is_err() || is_late {
                self.gone.note(rounds.silent().unwrap_or(self.number));
            }
        }
    }

    /// A round in which each process tells all the same thing: what each said, by its number.
    ///
    /// # Errors
    /// As [`Group::exchange`], and where something else arrives.
    ///
    /// # Panics
    /// Where `what` can't be written down.
    pub fn tell<T: Serialize + DeserializeOwned>(&mut self, what: &T) -> Result<Vec<T>, Error> {
        let words = to_words(&postcard::to_stdvec(what).expect("plain data"));
        let all = self.exchange(vec![words; self.count()])?;
        let read = |(process, words): (usize, Vec<u64>)| {
            let bytes = to_bytes(&words);
            let read = bytes.and_then(|bytes| postcard::from_bytes(&bytes).ok());
            read.ok_or_else(|| self.garbled(process))
        };
        all.into_iter().enumerate().map(read).collect()
    }

    /// That a process sends what can't be read: nothing is exchanged with anybody any more.
    #[must_use]
    pub fn garbled(&self, process: usize) -> Error {
        self.gone.note(process);
        self.rounds.iter().for_each(Rounds::cut);
        Error::Garbled { process, address: self.address(process) }
    }

    /// Leaves, when all others do. Who is dropped without it is gone for the others.
    pub fn leave(mut self) {
        if let Some(rounds) = self.rounds.take()
            && self.gone.which().is_none()
        {
            rounds.end(self.count(), &self.gone, self.patience.leave);
        }
    }

    fn gone(&self, process: usize) -> Error {
        Error::Gone { process, address: self.address(process) }
    }

    fn address(&self, process: usize) -> String {
        self.addresses.get(process).cloned().unwrap_or_default()
    }
}

/// Bytes as words: their number, then eight in a word.
fn to_words(bytes: &[u8]) -> Vec<u64> {
    let word = |bytes: &[u8]| {
        let mut word = [0; 8];
        word[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    std::iter::once(bytes.len() as u64).chain(bytes.chunks(8).map(word)).collect()
}

/// The bytes of such words; none of others.
fn to_bytes(words: &[u64]) -> Option<Vec<u8>> {
    let (len, words) = words.split_first()?;
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let len = usize::try_from(*len).ok()?;
    if bytes.len() / 8 != len.div_ceil(8) {
        return None;
    }
    bytes.truncate(len);
    Some(bytes)
}
