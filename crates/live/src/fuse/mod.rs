//! A file server over `/dev/fuse` whose files are in memory, one folder of them; or one file, on which somebody has a file
//! system. What it is asked for can be held, and failed, at a chosen moment.
//!
//! It is a process of its own: who waits for an answer can't die before it comes, so that the two must not be one.

mod hold;
mod wire;

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::getppid;

use crate::memory::MEBIBYTES_MAX;
use crate::pattern::ON_DISK;

use hold::Held;
pub(crate) use hold::{Control, What};
use wire::{Bytes, int, long, name};

/// How long the mount may take.
const MOUNTED_WITHIN: Duration = Duration::from_secs(10);

/// How long it serves on when the process that it serves has ended: what is mounted there is written back and goes.
const LEFT_WITHIN: Duration = Duration::from_secs(15);

/// How often to look whether that process is there, and whether something is held too long, in milliseconds.
const LOOK_EVERY: u16 = 100;

/// How large a file may become, in bytes: more than any test writes.
const FILE_MAX: usize = 1 << 16;

/// The largest write, in bytes.
const WRITE_MAX: usize = 1 << 17;

/// How long the kernel may keep what it was told of a file, in seconds: nobody else changes it.
const VALID: u64 = 3600;

/// The folder's number; files have those behind it.
const ROOT: u64 = 1;

const IN_HEADER: usize = 40;
const DIRECT_IO: u32 = 1;
const KEEP_CACHE: u32 = 1 << 1;
const PARALLEL_DIRECT_WRITES: u32 = 1 << 6;
const SET_SIZE: u32 = 1 << 3;
/// `FUSE_ASYNC_READ`, `FUSE_BIG_WRITES`, `FUSE_MAX_PAGES`.
const ABILITIES: u32 = 1 | 1 << 5 | 1 << 22;
const ASYNC_DIO: u32 = 1 << 15;
const WRITEBACK_CACHE: u32 = 1 << 16;

/// The name of the file that [`Served::Disk`] has.
pub(crate) const DISK: &str = "disk";

/// What is served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Served {
    /// Files, each write of which comes through at once.
    WrittenThrough,
    /// Files that the kernel writes back when it likes, where it can.
    WrittenBack,
    /// One file, for a file system to lie on.
    Disk,
}

impl Served {
    const ALL: [Served; 3] = [Served::WrittenThrough, Served::WrittenBack, Served::Disk];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Served::WrittenThrough => "through",
            Served::WrittenBack => "back",
            Served::Disk => "disk",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Served> {
        Served::ALL.into_iter().find(|served| served.name() == name)
    }

    fn abilities(self) -> u32 {
        match self {
            Served::WrittenThrough => ABILITIES,
            Served::WrittenBack => ABILITIES | WRITEBACK_CACHE,
            Served::Disk => ABILITIES | ASYNC_DIO,
        }
    }
}

/// Why a request is not done, as the kernel wants to hear it.
struct Refused(i32);

struct Server {
    served: Served,
    /// Each file that was made, by number behind the root's; a name that was taken away is none.
    files: Vec<(Option<Vec<u8>>, Vec<u8>)>,
}

/// A request.
struct Request {
    opcode: u32,
    unique: u64,
    node: u64,
    body: Vec<u8>,
}

impl Request {
    fn read(bytes: &[u8]) -> Option<Request> {
        let (header, body) = bytes.split_at_checked(IN_HEADER)?;
        Some(Request {
            opcode: int(header, 4).ok()?,
            unique: long(header, 8).ok()?,
            node: long(header, 16).ok()?,
            body: body.to_vec(),
        })
    }
}

/// Serves until the file system is unmounted, or nobody is left who could ask; `process` is whose place it is, and holds what
/// it says over `control`.
///
/// # Errors
/// As reading from the device, and writing to it.
pub(crate) fn serve(mut device: File, control: UnixStream, served: Served, process: i32) -> io::Result<()> {
    let mut server = Server::new(served);
    let mut held = Held::new(control)?;
    let mut bytes = vec![0; WRITE_MAX + 4096];
    let begun = Instant::now();
    let mut left: Option<Instant> = None;
    loop {
        let is_there = getppid().as_raw() == process;
        if !is_there {
            let since = *left.get_or_insert_with(Instant::now);
            if since.elapsed() > LEFT_WITHIN {
                return Ok(());
            }
        }
        for (request, fails) in held.due(is_there) {
            answer(&mut server, &mut device, &request, fails)?;
        }
        let (of_device, said) = {
            let flags = PollFlags::POLLIN;
            let mut polled = vec![PollFd::new(device.as_fd(), flags)];
            if is_there {
                polled.extend(held.control().map(|control| PollFd::new(control.as_fd(), flags)));
            }
            match poll(&mut polled, PollTimeout::from(LOOK_EVERY)) {
                Ok(_) | Err(nix::errno::Errno::EINTR) => {}
                Err(why) => return Err(why.into()),
            }
            let any = |at: usize| {
                polled.get(at).and_then(PollFd::revents).is_some_and(|revents| !revents.is_empty())
            };
            (any(0), any(1))
        };
        if said {
            for (request, fails) in held.hear() {
                answer(&mut server, &mut device, &request, fails)?;
            }
        }
        if !of_device {
            continue;
        }
        let length = match device.read(&mut bytes) {
            Ok(length) => length,
            Err(why) => match why.raw_os_error() {
                Some(libc::EINTR | libc::EAGAIN | libc::ENOENT) => continue,
                Some(libc::ENODEV) => return Ok(()),
                // It is not mounted yet, or never.
                Some(libc::EPERM) if !is_there => return Ok(()),
                Some(libc::EPERM) if begun.elapsed() < MOUNTED_WITHIN => {
                    thread::sleep(Duration::from_millis(1));
                    continue;
                }
                _ => return Err(why),
            },
        };
        let Some(request) = Request::read(&bytes[..length]) else { continue };
        if held.fails(&request) {
            answer(&mut server, &mut device, &request, true)?;
        } else if let Some(request) = held.take(request) {
            answer(&mut server, &mut device, &request, false)?;
        }
    }
}

/// Answers a request, or says that it failed.
fn answer(server: &mut Server, device: &mut File, request: &Request, fails: bool) -> io::Result<()> {
    let Request { opcode, unique, node, body } = request;
    let answered = if fails { Err(Refused(libc::EIO)) } else { server.answer(*opcode, *node, body) };
    let (error, answer) = match answered {
        Ok(Some(Bytes(answer))) => (0, answer),
        Ok(None) => return Ok(()),
        Err(Refused(error)) => (-error, Vec::new()),
    };
    let total = (16 + answer.len()) as u32;
    let header = Bytes::default().int(&[total, error.cast_unsigned()]).long(&[*unique]);
    match device.write_all(&[header.0, answer].concat()) {
        // Who asked has been interrupted, or nobody is left.
        Err(why) if matches!(why.raw_os_error(), Some(libc::ENOENT | libc::ENODEV)) => Ok(()),
        written => written,
    }
}

impl Server {
    fn new(served: Served) -> Server {
        let disk = || (Some(DISK.as_bytes().to_vec()), vec![ON_DISK; MEBIBYTES_MAX << 20]);
        let files = if served == Served::Disk { vec![disk()] } else { Vec::new() };
        Server { served, files }
    }

    /// How much a file may hold.
    fn file_max(&self) -> usize {
        if self.served == Served::Disk { MEBIBYTES_MAX << 20 } else { FILE_MAX }
    }

    fn opened(&self, node: u64) -> Bytes {
        let flags = if self.served == Served::Disk { DIRECT_IO | PARALLEL_DIRECT_WRITES } else { KEEP_CACHE };
        Bytes::default().long(&[node]).int(&[flags, 0])
    }

    fn file(&mut self, node: u64) -> Result<&mut Vec<u8>, Refused> {
        let at = node.checked_sub(ROOT + 1).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.files.get_mut(at)).map(|(_, data)| data).ok_or(Refused(libc::ENOENT))
    }

    fn attributes(&mut self, node: u64) -> Result<Bytes, Refused> {
        let size = if node == ROOT { 0 } else { self.file(node)?.len() as u64 };
        let mode = if node == ROOT { libc::S_IFDIR | 0o755 } else { libc::S_IFREG | 0o600 };
        let times = [0; 3];
        let owner = [0; 3];
        let bytes = Bytes::default().long(&[node, size, size.div_ceil(512)]).long(&times);
        Ok(bytes.int(&[0, 0, 0, mode, 1]).int(&owner).int(&[4096, 0]))
    }

    fn told_attributes(&mut self, node: u64) -> Result<Bytes, Refused> {
        let Bytes(attributes) = self.attributes(node)?;
        let mut told = Bytes::default().long(&[VALID]).int(&[0, 0]);
        told.0.extend(attributes);
        Ok(told)
    }

    fn entry(&mut self, node: u64) -> Result<Bytes, Refused> {
        let Bytes(attributes) = self.attributes(node)?;
        // A name is asked for each time: files are taken away and made again.
        let mut told = Bytes::default().long(&[node, 0, 0, VALID]).int(&[0, 0]);
        told.0.extend(attributes);
        Ok(told)
    }

    fn number(&self, wanted: &[u8]) -> Option<u64> {
        let at = self.files.iter().position(|(name, _)| name.as_deref() == Some(wanted))?;
        Some(at as u64 + ROOT + 1)
    }

    /// The answer to a request; none where there is none to give. Opcodes are those of `linux/fuse.h`.
    fn answer(&mut self, opcode: u32, node: u64, body: &[u8]) -> Result<Option<Bytes>, Refused> {
        let answer = match opcode {
            // FUSE_INIT
            26 => {
                let abilities = int(body, 12)? & self.served.abilities();
                let pages = (WRITE_MAX / 4096) as u16;
                Bytes::default()
                    .int(&[7, 31, int(body, 8)?, abilities])
                    .short(&[16, 12])
                    .int(&[WRITE_MAX as u32, 1])
                    .short(&[pages, 0])
                    .int(&[0; 8])
            }
            // FUSE_LOOKUP
            1 => {
                let node = self.number(&name(body)).ok_or(Refused(libc::ENOENT))?;
                self.entry(node)?
            }
            // FUSE_CREATE
            35 => {
                let name = name(body.get(16..).unwrap_or_default());
                self.files.push((Some(name), Vec::new()));
                let node = self.files.len() as u64 + ROOT;
                let mut answer = self.entry(node)?;
                answer.0.extend(self.opened(node).0);
                answer
            }
            // FUSE_GETATTR
            3 => self.told_attributes(node)?,
            // FUSE_SETATTR
            4 => {
                if int(body, 0)? & SET_SIZE != 0 {
                    let size = long(body, 16)? as usize;
                    if size > self.file_max() {
                        return Err(Refused(libc::EFBIG));
                    }
                    self.file(node)?.resize(size, 0);
                }
                self.told_attributes(node)?
            }
            // FUSE_OPEN, FUSE_OPENDIR
            14 | 27 => self.opened(node),
            // FUSE_READ
            15 => {
                let (from, size) = (long(body, 8)? as usize, int(body, 16)? as usize);
                let data = self.file(node)?;
                let from = from.min(data.len());
                Bytes(data[from..(from + size).min(data.len())].to_vec())
            }
            // FUSE_WRITE
            16 => {
                let (from, size) = (long(body, 8)? as usize, int(body, 16)? as usize);
                let new = body.get(40..40 + size).ok_or(Refused(libc::EIO))?;
                if from + size > self.file_max() {
                    return Err(Refused(libc::EFBIG));
                }
                let data = self.file(node)?;
                data.resize(data.len().max(from + size), 0);
                data[from..from + size].copy_from_slice(new);
                Bytes::default().int(&[size as u32, 0])
            }
            // FUSE_UNLINK
            10 => {
                let node = self.number(&name(body)).ok_or(Refused(libc::ENOENT))?;
                self.files[(node - ROOT - 1) as usize].0 = None;
                Bytes::default()
            }
            // FUSE_RELEASE
            18 => {
                let at = (node - ROOT - 1) as usize;
                if let Some((None, data)) = self.files.get_mut(at) {
                    data.clear();
                }
                Bytes::default()
            }
            // FUSE_FSYNC, FUSE_RELEASEDIR
            20 | 29 => Bytes::default(),
            // FUSE_STATFS
            17 => {
                Bytes::default().long(&[1 << 20, 1 << 19, 1 << 19, 0, 0]).int(&[4096, 255, 4096]).int(&[0; 7])
            }
            // FUSE_FORGET, FUSE_INTERRUPT, FUSE_BATCH_FORGET
            2 | 36 | 42 => return Ok(None),
            // FUSE_FLUSH among them: who closes a file need not wait.
            _ => return Err(Refused(libc::ENOSYS)),
        };
        Ok(Some(answer))
    }
}
