//! A folder as it is in a commit, read from the object database by `git cat-file --batch`.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, PoisonError};

use c_text::{BYTES_MAX, Name, ReadError, Sources};

use crate::{Error, FILES_MAX, folder};

/// A list of [`FILES_MAX`] files is shorter than this, in bytes.
const LIST_MAX: u64 = 300 * FILES_MAX as u64;

/// A folder in a commit.
#[derive(Debug)]
pub(crate) struct Revision {
    /// As it was asked for.
    name: String,
    root: PathBuf,
    commit: String,
    /// The hash of the folder.
    top: String,
    objects: Mutex<Objects>,
    /// All plain files, sorted; listed when they are first needed.
    files: OnceLock<Result<Vec<String>, Error>>,
}

impl Revision {
    /// The folder `root` in `revision` of the repository that it is in.
    pub(crate) fn open(name: &str, root: &Path, revision: &str) -> Result<Revision, Error> {
        let no_git = |why: io::Error| Error::NoGit { tree: name.to_owned(), why: why.to_string() };
        // Where the folder is in its repository; also tells whether there is one, and whether git trusts its owner.
        let prefix = git(root).args(["rev-parse", "--show-prefix"]).output().map_err(no_git)?;
        if !prefix.status.success() {
            let why = String::from_utf8_lossy(&prefix.stderr).trim().to_owned();
            return Err(Error::NoRepository { folder: root.into(), revision: revision.to_owned(), why });
        }
        let prefix = String::from_utf8_lossy(&prefix.stdout);
        let path = prefix.trim_end_matches('\n').trim_end_matches('/');

        let mut objects = Objects::start(root).map_err(no_git)?;
        let mut hash = |kind: &str, name: String| match objects.ask(&name) {
            Ok(Answer::Object { hash, kind: of, .. }) if of == kind => Ok(Some(hash)),
            Ok(_) => Ok(None),
            Err(why) => Err(no_git(why)),
        };
        // git would take a revision without a name for HEAD.
        let is_name = !revision.is_empty() && !revision.starts_with(['^', '~', ':']);
        let commit = if is_name { hash("commit", format!("{revision}^{{commit}}"))? } else { None };
        let Some(commit) = commit else {
            return Err(Error::NoRevision { folder: root.into(), revision: revision.to_owned() });
        };
        let folder = if path.is_empty() { format!("{commit}^{{tree}}") } else { format!("{commit}:{path}") };
        let Some(top) = hash("tree", folder)? else {
            return Err(Error::NotInRevision { tree: name.to_owned(), commit, path: path.to_owned() });
        };
        let (objects, files) = (Mutex::new(objects), OnceLock::new());
        Ok(Revision { name: name.to_owned(), root: root.to_owned(), commit, top, objects, files })
    }

    pub(crate) fn commit(&self) -> &str {
        &self.commit
    }

    pub(crate) fn files(&self, under: &str) -> Result<Vec<String>, Error> {
        let all = self.all()?;
        let under = under.trim_end_matches('/');
        if under.is_empty() {
            return Ok(all.to_vec());
        }
        let under = format!("{under}/");
        let from = all.partition_point(|file| *file < under);
        Ok(all[from..].iter().take_while(|file| file.starts_with(&under)).cloned().collect())
    }

    fn all(&self) -> Result<&[String], Error> {
        self.files.get_or_init(|| self.list()).as_deref().map_err(Clone::clone)
    }

    fn list(&self) -> Result<Vec<String>, Error> {
        let failed = |why: String| Error::Listing { tree: self.name.clone(), folder: "/".into(), why };
        let by_system = |why: io::Error| failed(why.to_string());
        let mut command = git(&self.root);
        command.args(["ls-tree", "-r", "-z", "--full-tree", &self.top]).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().map_err(by_system)?;
        let mut list = Vec::new();
        if let Some(output) = child.stdout.take() {
            output.take(LIST_MAX).read_to_end(&mut list).map_err(by_system)?;
        }
        let too_many = || Error::TooMany { tree: self.name.clone(), folder: "/".into() };
        // Its end was not read, and git is stopped by that.
        if list.len() as u64 == LIST_MAX {
            child.wait().map_err(by_system)?;
            return Err(too_many());
        }
        let end = child.wait_with_output().map_err(by_system)?;
        if !end.status.success() {
            return Err(failed(format!("git says: {}", String::from_utf8_lossy(&end.stderr).trim())));
        }
        let list = String::from_utf8(list).map_err(|why| {
            let is_bad = |entry: &&[u8]| std::str::from_utf8(entry).is_err();
            let bad = why.as_bytes().split(|byte| *byte == 0).find(is_bad).unwrap_or_default();
            failed(format!("{:?} is not UTF-8", String::from_utf8_lossy(bad)))
        })?;
        // `MODE blob HASH<tab>PATH`, where links and submodules have other modes.
        let plain = list.split('\0').filter(|entry| entry.starts_with("100"));
        let mut files: Vec<String> =
            plain.filter_map(|entry| Some(entry.split_once('\t')?.1.to_owned())).collect();
        if files.len() > FILES_MAX {
            return Err(too_many());
        }
        files.sort_unstable();
        Ok(files)
    }
}

impl Sources for Revision {
    fn read(&self, file: &str) -> Result<Option<Vec<u8>>, ReadError> {
        let name: Name = file.into();
        if file.is_empty() || !folder::is_inside(file) {
            return Err(ReadError::Outside { file: name });
        }
        let unreadable = |why: String| ReadError::Unreadable { file: name.clone(), why };
        // git knows no `a//b` and no `a/./b`.
        let file = Path::new(file).components().filter_map(|part| part.as_os_str().to_str());
        let file = file.collect::<Vec<_>>().join("/");
        let asked = {
            // An answer that was not read to its end is an error for whoever asks next, too.
            let mut objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
            objects.ask(&format!("{}:{file}", self.top))
        };
        match asked.map_err(|why| unreadable(format!("git: {why}")))? {
            Answer::Object { content: Some(content), .. } => Ok(Some(content)),
            Answer::Object { kind, bytes, .. } if kind == "blob" => {
                Err(ReadError::TooLong { file: name, bytes, bytes_max: BYTES_MAX })
            }
            Answer::Object { .. } => Err(unreadable("not a plain file".into())),
            Answer::Outside => Err(ReadError::Outside { file: name }),
            Answer::Refused(why) => Err(unreadable(format!("git says: {why}"))),
            Answer::Nowhere => Ok(None),
            // No such path, or an object that the repository lacks.
            Answer::Missing => match self.all() {
                Err(why) => Err(unreadable(why.to_string())),
                Ok(all) if all.binary_search_by(|one| one.cmp(&file)).is_ok() => {
                    let why = "the commit has it and the repository lacks it, as a partial clone does: fetch it with git";
                    Err(unreadable(why.into()))
                }
                Ok(_) => Ok(None),
            },
        }
    }
}

/// What git knows of a name.
enum Answer {
    /// An object, with its content if it is a file of no more than [`BYTES_MAX`].
    Object { hash: String, kind: String, bytes: u64, content: Option<Vec<u8>> },
    /// There is no object of this name.
    Missing,
    /// A link to nothing, or a path through a file.
    Nowhere,
    /// A link out of the tree.
    Outside,
    /// Something else.
    Refused(String),
}

/// A `git cat-file --batch` that waits for names.
#[derive(Debug)]
struct Objects {
    process: Child,
    names: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Objects {
    fn start(root: &Path) -> io::Result<Objects> {
        let mut command = git(root);
        command.args(["cat-file", "--batch", "--follow-symlinks"]);
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        match (process.stdin.take(), process.stdout.take()) {
            (Some(names), Some(answers)) => Ok(Objects { process, names, answers: BufReader::new(answers) }),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn ask(&mut self, name: &str) -> io::Result<Answer> {
        if name.contains(['\n', '\0']) {
            return Ok(Answer::Refused("a name with a line break in it".into()));
        }
        writeln!(self.names, "{name}")?;
        self.names.flush()?;
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let Some(line) = line.strip_suffix('\n') else {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended before its answer"));
        };
        if line.strip_prefix(name).is_some_and(|rest| rest == " missing") {
            return Ok(Answer::Missing);
        }
        match line.split(' ').collect::<Vec<_>>()[..] {
            [hash, kind, bytes] => {
                let Ok(bytes) = bytes.parse() else { return Ok(Answer::Refused(line.to_owned())) };
                let content = self.content(bytes, kind == "blob")?;
                Ok(Answer::Object { hash: hash.to_owned(), kind: kind.to_owned(), bytes, content })
            }
            [what @ ("symlink" | "dangling" | "loop" | "notdir"), bytes] => {
                let Ok(bytes) = bytes.parse() else { return Ok(Answer::Refused(line.to_owned())) };
                self.content(bytes, false)?;
                Ok(match what {
                    "symlink" => Answer::Outside,
                    "loop" => Answer::Refused("a link that leads to itself".into()),
                    _ => Answer::Nowhere,
                })
            }
            _ => Ok(Answer::Refused(line.to_owned())),
        }
    }

    /// Reads what follows an answer's first line, to its end, and keeps it if that is wanted.
    fn content(&mut self, bytes: u64, wanted: bool) -> io::Result<Option<Vec<u8>>> {
        let with_end = bytes.saturating_add(1);
        let mut rest = (&mut self.answers).take(with_end);
        let mut content = Vec::new();
        let kept = wanted && bytes <= BYTES_MAX;
        let read =
            if kept { rest.read_to_end(&mut content)? as u64 } else { io::copy(&mut rest, &mut io::sink())? };
        if read != with_end {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it ended in its answer"));
        }
        content.pop();
        Ok(kept.then_some(content))
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// git in a folder: that folder's repository and no other, nothing fetched, nothing run, nothing written.
fn git(root: &Path) -> Command {
    // What the user says about git itself; the rest is about some other repository, if we run in a hook.
    const KEPT: [&str; 4] =
        ["GIT_EXEC_PATH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"];
    let mut command = Command::new("git");
    for (name, _) in std::env::vars_os() {
        let is_kept = KEPT.iter().any(|kept| name == *kept);
        if name.as_encoded_bytes().starts_with(b"GIT_") && !is_kept {
            command.env_remove(name);
        }
    }
    command.arg("-C").arg(root);
    command.args([
        "--no-pager",
        "--literal-pathspecs",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.hooksPath=/dev/null",
    ]);
    // git before 2.39.4 does not know the first, and is stopped by the second when it has begun to fetch.
    command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_ALLOW_PROTOCOL", "none");
    command.env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    command.stdin(Stdio::null());
    command
}
