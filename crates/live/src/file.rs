//! The file that is written: bringing it into an initial state, and reading what became of it.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use nix::fcntl::{FallocateFlags, PosixFadviseAdvice, fallocate, posix_fadvise};
use nix::unistd::syncfs;
use serde::{Deserialize, Serialize};

use crate::fuse::Control;
use crate::memory::{PAGE, Region, cached_pages};
use crate::pattern::{letter, old};
use crate::test::{Page, Test};

/// How a file system treats a file, as far as preparing one has to know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Habits {
    /// Whether the page cache is where the data is.
    pub(crate) in_memory: bool,
    /// Whether only a commit takes data out of the journal's hands.
    pub(crate) journals_data: bool,
}

/// What a reader finds.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Contents {
    /// The size, in units; or, as `2+100`, with a rest in bytes, which no model knows.
    pub size: String,
    /// Each unit: `o3` the old unit 3, `n3` the new one, `m3` a second writer's, `0` zeros, `?` somebody else's data; else what
    /// it is.
    pub units: Vec<String>,
}

/// Why a state can't be made.
pub(crate) enum Unmade {
    /// It can't be had here.
    Cannot(&'static str),
    /// A call failed.
    Failed(io::Error),
}

impl Unmade {
    /// In words.
    pub(crate) fn words(&self) -> String {
        match self {
            Unmade::Cannot(why) => (*why).to_owned(),
            Unmade::Failed(why) => why.to_string(),
        }
    }
}

impl From<io::Error> for Unmade {
    fn from(why: io::Error) -> Unmade {
        Unmade::Failed(why)
    }
}

impl From<nix::errno::Errno> for Unmade {
    fn from(why: nix::errno::Errno) -> Unmade {
        Unmade::Failed(why.into())
    }
}

/// Puts the file to where it is kept.
pub(crate) fn settle(file: &File, habits: Habits) -> io::Result<()> {
    file.sync_all()?;
    if habits.journals_data {
        syncfs(file)?;
    }
    Ok(())
}

/// The same, and takes its pages out of the page cache, if they let go.
pub(crate) fn drop_pages(file: &File, habits: Habits) -> io::Result<()> {
    settle(file, habits)?;
    Ok(posix_fadvise(file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?)
}

/// Brings an empty file into a test's initial state; reads of blocks are failed by `control`, where that takes it.
pub(crate) fn prepare(
    file: &File,
    test: &Test,
    habits: Habits,
    control: Option<&Control>,
) -> Result<(), Unmade> {
    let Test { unit, block, size, page, .. } = test;
    if *size == 0 && *page != Page::Absent {
        return Err(Unmade::Cannot("an empty file has no page that can be read"));
    }
    let bytes = size * unit;
    let image: Vec<u8> = (0..*size).flat_map(|position| std::iter::repeat_n(old(position), *unit)).collect();
    for (at, letter) in test.blocks.bytes().enumerate() {
        let (from, to) = (at * block, ((at + 1) * block).min(bytes));
        match letter {
            b'M' => file.write_all_at(&image[from..to], from as u64)?,
            b'U' => {
                let keep = FallocateFlags::FALLOC_FL_KEEP_SIZE;
                fallocate(file, keep, from as i64, *block as i64)?;
            }
            _ => {}
        }
    }
    file.set_len(bytes as u64)?;
    let mut read = [0; 4 * PAGE];
    match *page {
        Page::Absent if habits.in_memory => {}
        Page::Absent => drop_pages(file, habits)?,
        Page::Uptodate => {
            settle(file, habits)?;
            file.read_at(&mut read, 0)?;
        }
        Page::AsRead => {
            drop_pages(file, habits)?;
            file.read_at(&mut read, 0)?;
        }
        Page::Committed => {
            file.sync_all()?;
            file.read_at(&mut read, 0)?;
        }
        Page::Running => {
            settle(file, habits)?;
            file.read_at(&mut read, 0)?;
            for (at, _) in test.blocks.bytes().enumerate().filter(|(_, letter)| *letter == b'M') {
                let (from, to) = (at * block, ((at + 1) * block).min(bytes));
                file.write_all_at(&image[from..to], from as u64)?;
            }
        }
        Page::Block(at) | Page::RunningBlock(at) => match test.blocks.as_bytes().get(at) {
            // A block that is written whole is not read, and leaves the rest of the page as it is.
            Some(b'M') => {
                drop_pages(file, habits)?;
                let mut whole = image[at * block..((at + 1) * block).min(bytes)].to_vec();
                whole.resize(*block, 0);
                file.write_all_at(&whole, (at * block) as u64)?;
                file.set_len(bytes as u64)?;
                if matches!(page, Page::Block(_)) {
                    settle(file, habits)?;
                }
            }
            // Who reads a page finds zeros in its hole, and nothing where a read of a block fails.
            Some(b'-') => {
                let control = control.ok_or(Unmade::Cannot("nobody can fail the read of a block"))?;
                drop_pages(file, habits)?;
                control.fail_reads()?;
                let failed = file.read_at(&mut read, 0);
                control.go()?;
                if failed.is_ok() {
                    return Err(Unmade::Cannot("the read of a block that we fail did not fail"));
                }
            }
            _ => return Err(Unmade::Cannot("no block can be uptodate where there is none")),
        },
    }
    Ok(())
}

/// Whether the page cache is in the state that the test wants, as far as the kernel tells.
pub(crate) fn is_prepared(file: &File, test: &Test, habits: Habits) -> io::Result<bool> {
    if test.size == 0 {
        return Ok(habits.in_memory || cached_pages(file.as_fd()).is_none_or(|pages| pages == 0));
    }
    let uptodate = Region::of_file(file.as_fd(), 1)?.first_is_uptodate()?;
    let cached = cached_pages(file.as_fd());
    Ok(match test.page {
        Page::Absent => !uptodate && cached.is_none_or(|pages| pages == 0),
        Page::Uptodate | Page::AsRead | Page::Committed | Page::Running => uptodate,
        Page::Block(_) | Page::RunningBlock(_) => !uptodate && cached.is_none_or(|pages| pages > 0),
    })
}

/// What a reader finds now.
pub(crate) fn contents(file: &File, unit: usize) -> io::Result<Contents> {
    let bytes = file.metadata()?.len() as usize;
    let mut read = vec![0; bytes.min(8 * PAGE)];
    file.read_exact_at(&mut read, 0)?;
    let units = read.chunks(unit).map(letter).collect();
    let size = match bytes % unit {
        0 => (bytes / unit).to_string(),
        rest => format!("{}+{rest}", bytes / unit),
    };
    Ok(Contents { size, units })
}

/// Whether nothing of the file is in the page cache, as far as the kernel tells.
pub(crate) fn is_dropped(file: &File) -> bool {
    cached_pages(file.as_fd()) == Some(0)
}
