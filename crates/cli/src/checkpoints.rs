//! Where searches that are not finished are left: a folder with a file for each scenario.
//!
//! Two who search there at once would take each other's files away: who comes second is told.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use checker::explicit::{self, Checkpoint, News, Note};
use scenario::{Origin, Scenario};

use crate::arguments::CheckpointChoice;
use crate::cache;
use crate::error::Error;

/// What the name of each file ends with.
const ENDING: &str = ".checkpoint";
/// The file that is locked as long as somebody searches.
const LOCK: &str = ".lock";

/// A folder of checkpoints.
#[derive(Debug)]
pub struct Checkpoints {
    folder: PathBuf,
    every: Duration,
    program: [u8; 32],
    _lock: File,
}

impl Checkpoints {
    /// The folder that is meant, if one is; it is made if need be.
    ///
    /// # Errors
    /// If it can't be made, somebody else searches there, or there are checkpoints that nobody wants to go on from.
    pub(crate) fn open(choice: &CheckpointChoice) -> Result<Option<Checkpoints>, Error> {
        let Some(folder) = &choice.checkpoint else { return Ok(None) };
        let wrong = |why| Error::File { path: folder.clone(), why };
        fs::create_dir_all(folder).map_err(wrong)?;
        let lock = File::options().create(true).append(true).open(folder.join(LOCK)).map_err(wrong)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let folder = folder.display();
                return Err(Error::Usage(format!(
                    "{folder}: another shortcopy searches with these checkpoints; wait for it, or name another folder"
                )));
            }
            Err(TryLockError::Error(why)) => return Err(wrong(why)),
        }
        if !choice.resume
            && let Some(file) = any(folder).map_err(wrong)?
        {
            let file = file.display();
            return Err(Error::Usage(format!(
                "{file} is the checkpoint of a search that is not finished: go on from it with `--resume`, name another \
                 folder, or take it away"
            )));
        }
        let program = *cache::digest_of_program().as_bytes();
        let every = Duration::from_secs_f64(choice.checkpoint_every);
        Ok(Some(Checkpoints { folder: folder.clone(), every, program, _lock: lock }))
    }

    fn file(&self, target: &str) -> PathBuf {
        self.folder.join(format!("{}{ENDING}", target.replace('/', "+")))
    }

    /// The checkpoint of a scenario.
    pub(crate) fn of(&self, target: &str, origin: Option<&Origin>, scenario: &Scenario) -> Checkpoint {
        Checkpoint {
            file: self.file(target),
            program: self.program,
            question: (*cache::question(target, origin, scenario).as_bytes(), target.to_owned()),
            every: self.every,
            tell,
        }
    }

    /// Takes the checkpoint of a scenario away that is finished and told.
    pub(crate) fn forget(&self, target: &str) {
        let file = self.file(target);
        if let Err(why) = explicit::forget(&file) {
            anstream::eprintln!("shortcopy: {}: {why}", file.display());
        }
    }
}

/// Any checkpoint in a folder.
fn any(folder: &Path) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_str().is_some_and(|name| name.ends_with(ENDING)) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

fn tell(note: &Note) {
    let how = match note.what {
        News::Left { .. } => " with `--resume`; what a bound has cut, under a larger one",
        News::GoesOn { .. } | News::NotWritten(_) => "",
    };
    anstream::eprintln!("shortcopy: {note}{how}");
}
