//! What is asked for and not answered meanwhile.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::Request;

/// How long something is held at most, whoever wants it: nobody can be killed who waits for an answer.
const HELD_MAX: Duration = Duration::from_secs(2);

/// What is held, in bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct What(pub(crate) u8);

impl What {
    /// `FUSE_READ`.
    pub(crate) const READS: What = What(1);
    /// `FUSE_WRITE`.
    pub(crate) const WRITES: What = What(2);
    /// `FUSE_SETATTR`.
    pub(crate) const SIZES: What = What(4);

    /// Either.
    pub(crate) fn and(self, other: What) -> What {
        What(self.0 | other.0)
    }

    fn has(self, opcode: u32) -> bool {
        let bit = match opcode {
            15 => What::READS,
            16 => What::WRITES,
            4 => What::SIZES,
            _ => return false,
        };
        self.0 & bit.0 != 0
    }
}

/// What the server is told, a byte each, and what it says.
mod words {
    /// Holds what comes from here on; a byte says [what](super::What).
    pub(super) const HOLD: u8 = b'h';
    /// Answers what is held, and holds what comes from here on.
    pub(super) const NEXT: u8 = b'n';
    /// Answers what is held, and all that comes.
    pub(super) const GO: u8 = b'g';
    /// Fails reads from here on.
    pub(super) const FAIL: u8 = b'f';
    /// Said: that is done.
    pub(super) const DONE: u8 = b'.';
    /// Said: something more is held.
    pub(super) const HELD: u8 = b'+';
}

/// The server's side.
pub(super) struct Held {
    /// None where nobody is at the other end any more.
    control: Option<UnixStream>,
    what: What,
    fails: bool,
    requests: Vec<(Request, Instant)>,
}

impl Held {
    pub(super) fn new(control: UnixStream) -> io::Result<Held> {
        control.set_nonblocking(true)?;
        Ok(Held { control: Some(control), what: What(0), fails: false, requests: Vec::new() })
    }

    pub(super) fn control(&self) -> Option<&UnixStream> {
        self.control.as_ref()
    }

    fn say(&mut self, word: u8) {
        // Who does not listen is not told.
        let _ = self.control.as_mut().map(|control| control.write_all(&[word]));
    }

    /// Whether a request fails.
    pub(super) fn fails(&self, request: &Request) -> bool {
        self.fails && What::READS.has(request.opcode)
    }

    /// Keeps a request that is held; gives it back where it is not.
    pub(super) fn take(&mut self, request: Request) -> Option<Request> {
        if !self.what.has(request.opcode) {
            return Some(request);
        }
        self.requests.push((request, Instant::now()));
        self.say(words::HELD);
        None
    }

    fn all(&mut self) -> Vec<(Request, bool)> {
        self.requests.drain(..).map(|(request, _)| (request, false)).collect()
    }

    /// What is to be answered because it was held too long, or because nobody is left who holds it.
    pub(super) fn due(&mut self, is_there: bool) -> Vec<(Request, bool)> {
        let is_long = self.requests.first().is_some_and(|(_, since)| since.elapsed() > HELD_MAX);
        if is_there && !is_long {
            return Vec::new();
        }
        (self.what, self.fails) = (What(0), false);
        self.all()
    }

    /// Hears what there is to hear; what is to be answered then, and whether it fails.
    pub(super) fn hear(&mut self) -> Vec<(Request, bool)> {
        let mut said = [0; 64];
        let read = self.control.as_mut().map(|control| control.read(&mut said));
        let length = match read {
            Some(Ok(0)) | None => {
                self.control = None;
                0
            }
            Some(Ok(length)) => length,
            Some(Err(_)) => return Vec::new(),
        };
        let mut due = Vec::new();
        let mut words = said[..length].iter();
        while let Some(&word) = words.next() {
            match word {
                words::HOLD => self.what = What(words.next().copied().unwrap_or(0)),
                words::FAIL => self.fails = true,
                words::NEXT => due.extend(self.all()),
                _ => {
                    (self.what, self.fails) = (What(0), false);
                    due.extend(self.all());
                }
            }
            self.say(words::DONE);
        }
        due
    }
}

/// The other side: holds what a server is asked for.
#[derive(Debug)]
pub(crate) struct Control(UnixStream);

/// How long a server may take to hear.
const HEARD_WITHIN: Duration = Duration::from_secs(2);

impl Control {
    pub(crate) fn new(to_server: UnixStream) -> Control {
        Control(to_server)
    }

    fn tell(&self, said: &[u8]) -> io::Result<()> {
        (&self.0).write_all(said)?;
        self.0.set_read_timeout(Some(HEARD_WITHIN))?;
        let mut word = [0];
        loop {
            (&self.0).read_exact(&mut word)?;
            if word[0] == words::DONE {
                return Ok(());
            }
        }
    }

    /// Holds this from here on.
    pub(crate) fn hold(&self, what: What) -> io::Result<()> {
        self.tell(&[words::HOLD, what.0])
    }

    /// Answers what is held, and holds what comes.
    pub(crate) fn next(&self) -> io::Result<()> {
        self.tell(&[words::NEXT])
    }

    /// Answers what is held, and all that comes.
    pub(crate) fn go(&self) -> io::Result<()> {
        self.tell(&[words::GO])
    }

    /// Fails reads from here on.
    pub(crate) fn fail_reads(&self) -> io::Result<()> {
        self.tell(&[words::FAIL])
    }

    /// Whether something is held that was not before; waits so long for it.
    pub(crate) fn is_held(&self, within: Duration) -> io::Result<bool> {
        self.0.set_read_timeout(Some(within))?;
        let mut word = [0];
        match (&self.0).read(&mut word) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) => Ok(word[0] == words::HELD),
            Err(why) if matches!(why.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Ok(false)
            }
            Err(why) => Err(why),
        }
    }
}
