//! The connections to the other processes.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use socket2::{SockRef, TcpKeepalive};
use timely::communication::allocator::zero_copy::stream::Stream;

use crate::{Agreed, Error, Patience, no_place};

/// Which process is gone.
pub(crate) struct Gone {
    which: AtomicUsize,
    /// All leave, so that an end is no loss.
    closing: AtomicBool,
}

const NOBODY: usize = usize::MAX;

impl Default for Gone {
    fn default() -> Gone {
        Gone { which: AtomicUsize::new(NOBODY), closing: AtomicBool::new(false) }
    }
}

impl Gone {
    pub(crate) fn which(&self) -> Option<usize> {
        Some(self.which.load(Ordering::Acquire)).filter(|which| *which != NOBODY)
    }

    /// The first one stays: who notices it leaves, too, and is noticed by others.
    pub(crate) fn note(&self, process: usize) {
        let _ = self.which.compare_exchange(NOBODY, process, Ordering::AcqRel, Ordering::Relaxed);
    }

    /// All leave from now on.
    pub(crate) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }
}

/// A connection to a process. Where it breaks this is noted, and whoever reads from it waits for ever: what the system says would
/// be a panic to those who read.
pub(crate) struct Link {
    stream: TcpStream,
    process: usize,
    gone: Arc<Gone>,
    /// How many zeros were read last.
    zeros: usize,
}

/// An orderly end: a header without anything in it, whose fields are all 0.
const END: usize = 6 * size_of::<u64>();

impl Link {
    fn new(stream: TcpStream, process: usize, gone: &Arc<Gone>) -> Link {
        Link { stream, process, gone: gone.clone(), zeros: 0 }
    }

    /// Ends it for both, with what was sent so far.
    pub(crate) fn cut(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

impl Read for Link {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.stream.read(into) {
                Ok(0) if self.gone.is_closing() && self.zeros >= END => return Ok(0),
                Ok(read) if read > 0 => {
                    let zeros = into[..read].iter().rev().take_while(|byte| **byte == 0).count();
                    self.zeros = if zeros == read { self.zeros + read } else { zeros };
                    return Ok(read);
                }
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => {
                    self.gone.note(self.process);
                    loop {
                        std::thread::park();
                    }
                }
            }
        }
    }
}

impl Write for Link {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.write(bytes) {
            Err(why) if why.kind() != io::ErrorKind::Interrupted => {
                self.gone.note(self.process);
                Ok(bytes.len())
            }
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

impl Stream for Link {
    fn try_clone(&self) -> io::Result<Link> {
        Ok(Link::new(self.stream.try_clone()?, self.process, &self.gone))
    }

    fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.stream.set_nonblocking(nonblocking)
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        // Who is gone has ended it.
        let _ = self.stream.shutdown(how);
        Ok(())
    }
}

/// What a process says first: these bytes, its number, and what all must agree on.
const GREETING: &[u8; 16] = b"shortcopy group\0";
/// What is answered to one who belongs here, and what he says to that.
const WELCOME: u8 = 1;
/// How long one who connects may take to greet.
const GREETS: Duration = Duration::from_secs(5);
/// From one try to the next.
const AGAIN: Duration = Duration::from_millis(20);

/// Waits for all others to come, and calls those who have a lower number. A link for each but this one.
pub(crate) fn connect(
    listener: TcpListener,
    addresses: &[String],
    number: usize,
    agreed: &Agreed,
    patience: &Patience,
    gone: &Arc<Gone>,
) -> Result<Vec<Option<Link>>, Error> {
    listener.set_nonblocking(true).map_err(no_place(&addresses[number]))?;
    let greeting = |number: usize| {
        let mut greeting = GREETING.to_vec();
        greeting.extend((number as u64).to_le_bytes());
        greeting.extend(agreed);
        greeting
    };
    let until = Instant::now() + patience.join;
    let mut links: Vec<Option<Link>> = addresses.iter().map(|_| None).collect();
    let mut why = vec!["it did not come".to_owned(); addresses.len()];
    while let Some(process) = (0..addresses.len()).find(|other| *other != number && links[*other].is_none()) {
        if patience.interrupt.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        if Instant::now() > until {
            let why = std::mem::take(&mut why[process]);
            return Err(Error::Absent { process, address: addresses[process].clone(), why });
        }
        let mut nobody = true;
        if let Ok((stream, _)) = listener.accept() {
            nobody = false;
            // Who greets in another way is somebody else, or is told so by being left.
            if let Some(other) = greeted(&stream, &greeting, number, addresses.len()) {
                links[other] = Some(Link::new(stream, other, gone));
            }
        }
        for process in (0..number).filter(|process| links[*process].is_none()).collect::<Vec<_>>() {
            let address = &addresses[process];
            match call(address, &greeting(number)) {
                Ok(Some(stream)) => {
                    links[process] = Some(Link::new(stream, process, gone));
                    nobody = false;
                }
                Ok(None) => return Err(Error::Foreign { process, address: address.clone() }),
                Err(error) => why[process] = error.to_string(),
            }
        }
        if nobody {
            std::thread::sleep(AGAIN);
        }
    }
    Ok(links)
}

/// Answers who connected; its number, where it belongs here.
fn greeted(
    mut stream: &TcpStream,
    greeting: &impl Fn(usize) -> Vec<u8>,
    number: usize,
    count: usize,
) -> Option<usize> {
    stream.set_nonblocking(false).ok()?;
    stream.set_read_timeout(Some(GREETS)).ok()?;
    let mut heard = vec![0; greeting(0).len()];
    stream.read_exact(&mut heard).ok()?;
    let other = (number + 1..count).find(|other| greeting(*other) == heard);
    stream.write_all(&[if other.is_some() { WELCOME } else { 0 }]).ok()?;
    // Who has gone away meanwhile will call again.
    let mut answer = [0];
    stream.read_exact(&mut answer).ok()?;
    ready(stream).ok()?;
    other.filter(|_| answer[0] == WELCOME)
}

/// Calls a process: the connection, or none where it does not want this one.
fn call(address: &str, greeting: &[u8]) -> io::Result<Option<TcpStream>> {
    let address = address.to_socket_addrs()?.next();
    let address = address.ok_or_else(|| io::Error::other("there is no such address"))?;
    let mut stream = TcpStream::connect_timeout(&address, GREETS)?;
    // Where nobody listens yet, the system may have chosen that very address for the caller.
    if stream.local_addr()? == stream.peer_addr()? {
        return Err(io::ErrorKind::ConnectionRefused.into());
    }
    stream.set_read_timeout(Some(GREETS))?;
    stream.write_all(greeting)?;
    let mut answer = [0];
    stream.read_exact(&mut answer)?;
    if answer[0] != WELCOME {
        return Ok(None);
    }
    stream.write_all(&answer)?;
    ready(&stream)?;
    Ok(Some(stream))
}

/// How long a machine may be silent that has something to answer, or is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(30);

/// Makes a connection ready for rounds, in which small things are waited for, and a machine may vanish.
fn ready(stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(None)?;
    stream.set_nodelay(true)?;
    let socket = SockRef::from(stream);
    let probes = TcpKeepalive::new().with_time(SILENCE / 3).with_interval(SILENCE / 6);
    socket.set_tcp_keepalive(&probes)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(SILENCE))?;
    Ok(())
}
