//! Where tests run: a file system of their own, which is gone when the process is.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;
use std::time::Duration;

use nix::mount::{MsFlags, mount, umount};
use nix::sched::{CloneFlags, unshare};
use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use nix::unistd::{getegid, geteuid, syncfs};

use crate::file::Habits;
use crate::fuse::{Control, DISK, Served};
use crate::memory::MEBIBYTES_MAX;
use crate::pattern::ON_DISK;

/// Where tests run.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Place {
    /// A tmpfs of its own.
    Tmpfs,
    /// A ramfs of its own.
    Ramfs,
    /// A fuse file system whose server is ours.
    Fuse {
        /// Whether the kernel writes back when it likes; else each write comes through.
        writes_back: bool,
    },
    /// A folder that is there, in files without a name.
    Folder(PathBuf),
    /// An image on a loop device.
    Image(Image),
}

/// A file system on an image.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Image {
    /// `ext4`, `ext2`, `btrfs`.
    pub kind: String,
    /// The size of its blocks, in bytes.
    pub block: usize,
    /// Options of `mount`; `defaults` where there are none.
    pub options: String,
    /// Whether the image is a file that a server of ours serves, which can hold reads and writes of blocks, and fail them.
    pub held: bool,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Tmpfs => f.write_str("tmpfs"),
            Place::Ramfs => f.write_str("ramfs"),
            Place::Fuse { writes_back: false } => f.write_str("fuse"),
            Place::Fuse { writes_back: true } => f.write_str("fuse-written-back"),
            Place::Folder(path) => write!(f, "folder:{}", path.display()),
            Place::Image(Image { kind, block, options, held }) => {
                write!(f, "{}{kind}:{block}:{options}", if *held { HELD } else { "" })
            }
        }
    }
}

/// What is wrong with a place's name.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no place: tmpfs, ramfs, fuse, fuse-written-back, folder:PATH, or an image as ext4:2048:data=journal, \
     held:ext4:2048:data=journal"
)]
pub struct NoPlace(String);

/// What stands before an image that is held.
const HELD: &str = "held:";

impl FromStr for Place {
    type Err = NoPlace;

    fn from_str(text: &str) -> Result<Place, NoPlace> {
        match text {
            "tmpfs" => return Ok(Place::Tmpfs),
            "ramfs" => return Ok(Place::Ramfs),
            "fuse" => return Ok(Place::Fuse { writes_back: false }),
            "fuse-written-back" => return Ok(Place::Fuse { writes_back: true }),
            _ => {}
        }
        if let Some(path) = text.strip_prefix("folder:") {
            return Ok(Place::Folder(path.into()));
        }
        let (held, image) = text.strip_prefix(HELD).map_or((false, text), |rest| (true, rest));
        let image = || {
            let mut parts = image.splitn(3, ':');
            let (kind, block, options) = (parts.next()?, parts.next()?.parse().ok()?, parts.next()?);
            let is_known = KINDS.contains(&kind);
            is_known.then(|| Image { kind: kind.to_owned(), block, options: options.to_owned(), held })
        };
        image().map(Place::Image).ok_or_else(|| NoPlace(text.to_owned()))
    }
}

/// What a worker is called that serves files: this, what it serves, and the number of the process that it serves.
const SERVER: &str = "file-server:";

/// A server of files, by its name.
#[derive(Clone, Copy, Debug)]
pub struct Server {
    pub(crate) served: Served,
    pub(crate) process: u32,
}

/// The server that a worker of this name [is](crate::serve); none where it runs tests.
#[must_use]
pub fn served(name: &str) -> Option<Server> {
    let (served, process) = name.strip_prefix(SERVER)?.split_once(':')?;
    Some(Server { served: Served::named(served)?, process: process.parse().ok()? })
}

/// The file systems that images are made with.
const KINDS: [&str; 3] = ["ext4", "ext2", "btrfs"];

/// A place that is open.
#[derive(Debug)]
pub(crate) struct Open {
    folder: PathBuf,
    /// Whether files in it may have names: they go with it.
    is_own: bool,
    pub(crate) habits: Habits,
    /// What is mounted there, where it is an image, and where that lies.
    image: Option<(Image, PathBuf)>,
    /// Who holds what the file system, or what lies under it, is asked for.
    pub(crate) control: Option<Control>,
}

impl Open {
    /// An empty file.
    pub(crate) fn file(&self, name: &str) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true);
        if self.is_own {
            let path = self.folder.join(name);
            match fs::remove_file(&path) {
                Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
                _ => return options.create_new(true).open(path),
            }
        }
        options.mode(0o600).custom_flags(libc::O_TMPFILE).open(&self.folder)
    }

    /// Whether it is an image, which can be [mounted again](Open::mount_again).
    pub(crate) fn is_image(&self) -> bool {
        self.image.is_some()
    }

    /// Takes a file away; whether it was there.
    pub(crate) fn remove(&self, name: &str) -> io::Result<bool> {
        match fs::remove_file(self.folder.join(name)) {
            Ok(()) => Ok(true),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(why) => Err(why),
        }
    }

    /// Puts all to where it is kept.
    pub(crate) fn sync(&self) -> io::Result<()> {
        Ok(syncfs(File::open(&self.folder)?)?)
    }

    /// Whether a file is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.folder.join(name).exists()
    }

    /// Gives a file another name.
    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.folder.join(from), self.folder.join(to))
    }

    /// A file that is there.
    pub(crate) fn present(&self, name: &str) -> io::Result<File> {
        File::open(self.folder.join(name))
    }

    /// Takes an image out and puts it in again; what its own checker says meanwhile of what is wrong with it.
    ///
    /// # Errors
    /// Why that can't be done, in words.
    pub(crate) fn mount_again(&self) -> Result<Option<String>, String> {
        let Some((image, file)) = &self.image else { return Err("it is no image".to_owned()) };
        umount(&self.folder).map_err(|why| format!("it can't be unmounted: {why}"))?;
        let check: &[&str] = match image.kind.as_str() {
            "btrfs" => &["btrfs", "check", "--readonly"],
            _ => &["e2fsck", "-f", "-n"],
        };
        let said = run(check, &[file.as_os_str()]).err();
        image.attach(file, &self.folder)?;
        Ok(said)
    }
}

/// Makes the place, in a mount namespace of this process's own (of this thread's, where there are others).
///
/// # Errors
/// Why it can't be had, in words.
pub(crate) fn open(place: &Place) -> Result<Open, String> {
    let in_memory = Habits { in_memory: true, journals_data: false };
    let own = |folder, habits| Open { folder, is_own: true, habits, image: None, control: None };
    match place {
        Place::Folder(folder) => {
            let kind = statfs(folder.as_path()).map_err(|why| format!("{}: {why}", folder.display()))?;
            let habits = Habits { in_memory: kind.filesystem_type() == TMPFS_MAGIC, journals_data: false };
            let open = Open { is_own: false, ..own(folder.clone(), habits) };
            open.file("").map_err(|why| format!("{}: no file without a name: {why}", folder.display()))?;
            Ok(open)
        }
        Place::Tmpfs => Ok(own(own_mount("tmpfs")?, in_memory)),
        Place::Ramfs => Ok(own(own_mount("ramfs")?, in_memory)),
        Place::Fuse { writes_back } => {
            let served = if *writes_back { Served::WrittenBack } else { Served::WrittenThrough };
            own_namespace().map_err(|why| format!("no mount namespace of our own: {why}"))?;
            let folder = std::env::temp_dir();
            let control = Some(serve_files(served, &folder)?);
            Ok(Open { control, ..own(folder, Habits { in_memory: false, ..in_memory }) })
        }
        Place::Image(image) => {
            let habits = Habits { in_memory: false, journals_data: image.options.contains("data=journal") };
            if !geteuid().is_root() {
                return Err(format!("{} on a loop device takes root", image.kind));
            }
            let base = own_mount("tmpfs")?;
            let control = if image.held {
                let served = base.join("served");
                fs::create_dir(&served).map_err(|why| format!("no folder of our own: {why}"))?;
                Some(serve_files(Served::Disk, &served)?)
            } else {
                None
            };
            let (file, folder) = image.mount(&base)?;
            Ok(Open { image: Some((image.clone(), file)), control, ..own(folder, habits) })
        }
    }
}

/// A file system in memory at a folder that everybody has, where nobody else sees it.
fn own_mount(kind: &str) -> Result<PathBuf, String> {
    own_namespace().map_err(|why| format!("no mount namespace of our own: {why}"))?;
    let folder = std::env::temp_dir();
    let options =
        if kind == "tmpfs" { format!("mode=0700,huge=never,size={MEBIBYTES_MAX}m") } else { String::new() };
    let mounted = mount(Some("shortcopy"), &folder, Some(kind), MsFlags::empty(), Some(options.as_str()));
    mounted.map_err(|why| format!("{kind} can't be mounted in a namespace of our own: {why}"))?;
    Ok(folder)
}

/// How long a server may take to be there.
const SERVES_WITHIN: Duration = Duration::from_secs(20);

/// A fuse file system in a namespace of our own, and its server.
fn serve_files(served: Served, folder: &Path) -> Result<Control, String> {
    let open = || -> io::Result<(File, File)> {
        let device = File::options().read(true).write(true).open("/dev/fuse")?;
        Ok((device.try_clone()?, device))
    };
    let (device, of_server) = open().map_err(|why| format!("/dev/fuse: {why}"))?;
    // The server is there before the mount, so that nobody waits for one that is not, and says so itself: while it is loaded
    // it may look for files in this folder, and would wait for its own answer. Our own device is closed after it, so
    // that nobody waits for one that is no more.
    let start = || -> io::Result<UnixStream> {
        let (ours, its) = UnixStream::pair()?;
        // By this name it is found wherever it lies: a folder of ours may cover its own.
        let mut server = Command::new("/proc/self/exe");
        server.arg("live-worker").arg(format!("{SERVER}{}:{}", served.name(), std::process::id()));
        server.stdin(of_server).stdout(OwnedFd::from(its)).spawn()?;
        drop(server);
        ours.set_read_timeout(Some(SERVES_WITHIN))?;
        (&ours).read_exact(&mut [0])?;
        Ok(ours)
    };
    let control = start().map_err(|why| format!("no server: {why}"))?;
    let options = format!("fd={},rootmode=40000,user_id=0,group_id=0", device.as_raw_fd());
    let mounted = mount(Some("shortcopy"), folder, Some("fuse"), MsFlags::empty(), Some(options.as_str()));
    mounted.map_err(|why| format!("fuse can't be mounted in a namespace of our own: {why}"))?;
    Ok(Control::new(control))
}

pub(crate) fn own_namespace() -> io::Result<()> {
    let (user, group) = (geteuid(), getegid());
    if user.is_root() {
        unshare(CloneFlags::CLONE_NEWNS)?;
    } else {
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS)?;
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", format!("0 {user} 1"))?;
        fs::write("/proc/self/gid_map", format!("0 {group} 1"))?;
    }
    // What is mounted from here on is not handed on to anybody.
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    Ok(mount(None::<&str>, "/", None::<&str>, private, None::<&str>)?)
}

impl Image {
    /// Makes the image in a folder that is ours, and mounts it there: where it lies, and where it is mounted.
    fn mount(&self, base: &Path) -> Result<(PathBuf, PathBuf), String> {
        let Image { kind, block, held, .. } = self;
        let image = if *held { base.join("served").join(DISK) } else { base.join("image") };
        let folder = base.join("mounted");
        let made = || -> io::Result<()> {
            fs::create_dir(&folder)?;
            if *held {
                return Ok(());
            }
            let mut file = File::create_new(&image)?;
            // What was never written by the file system is known again.
            let pattern = vec![ON_DISK; 1 << 20];
            (1..MEBIBYTES_MAX).try_for_each(|_| file.write_all(&pattern))
        };
        made().map_err(|why| format!("no image: {why}"))?;
        let block = block.to_string();
        let words: &[&str] = match kind.as_str() {
            "ext4" => {
                let extended = "nodiscard,lazy_itable_init=0,lazy_journal_init=0";
                &[
                    "mkfs.ext4",
                    "-q",
                    "-F",
                    "-b",
                    &block,
                    "-O",
                    "^resize_inode",
                    "-J",
                    "size=4",
                    "-m",
                    "0",
                    "-E",
                    extended,
                ]
            }
            "ext2" => &["mkfs.ext2", "-q", "-F", "-b", &block, "-m", "0", "-E", "nodiscard"],
            _ => &["mkfs.btrfs", "-q", "-f", "-K", "-m", "single", "-d", "single"],
        };
        run(words, &[image.as_os_str()])?;
        self.attach(&image, &folder)?;
        Ok((image, folder))
    }

    fn attach(&self, file: &Path, folder: &Path) -> Result<(), String> {
        let options = format!("loop,{}", self.options);
        run(&["mount", "-n", "-t", &self.kind, "-o", &options], &[file.as_os_str(), folder.as_os_str()])?;
        // Without it one block that is held holds all others.
        match device_of(folder) {
            Some(device) if self.held => run(&["losetup", "--direct-io=on"], &[device.as_ref()]),
            _ => Ok(()),
        }
    }
}

/// The device that is mounted at a folder.
fn device_of(folder: &Path) -> Option<String> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let at = folder.to_str()?;
    let line = mounts.lines().rfind(|line| line.split(' ').nth(4) == Some(at))?;
    line.split(" - ").nth(1)?.split(' ').nth(1).map(str::to_owned)
}

/// Runs a tool of the system's, and hears why it fails.
fn run(words: &[&str], more: &[&std::ffi::OsStr]) -> Result<(), String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{path}:/usr/sbin:/sbin");
    let mut command = Command::new(words[0]);
    let output = command.args(&words[1..]).args(more).env("PATH", path).env("LC_ALL", "C").output();
    match output {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let (said, more) =
                (String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout));
            let said = said.lines().chain(more.lines()).map(str::trim).find(|line| !line.is_empty());
            Err(format!("{} failed: {}", words[0], said.unwrap_or("it said nothing")))
        }
        Err(why) => Err(format!("{} can't be run: {why}", words[0])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_told() {
        for told in [
            "tmpfs",
            "ramfs",
            "fuse",
            "fuse-written-back",
            "folder:/dev/shm",
            "ext4:2048:data=journal",
            "held:ext4:1024:data=ordered",
            "btrfs:4096:defaults",
        ] {
            assert_eq!(told.parse::<Place>().map(|place| place.to_string()).ok().as_deref(), Some(told));
        }
        for no_place in ["", "xfs", "ext4", "ext4:2048", "ext4:x:defaults", "vfat:512:defaults"] {
            assert!(no_place.parse::<Place>().is_err(), "{no_place}");
        }
    }
}
