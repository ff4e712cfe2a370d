//! Small trees, and git repositories of them.
#![allow(dead_code, reason = "not every test uses all of it")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// A folder for one test.
pub(crate) struct Place(TempDir);

pub(crate) const MAKEFILE: &str =
    "# a note\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\nEXTRAVERSION =\nNAME = Toy\n";

impl Place {
    pub(crate) fn new() -> Place {
        Place(TempDir::new().expect("a folder"))
    }

    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    /// As a user would name it.
    pub(crate) fn name(&self, file: &str) -> String {
        self.path(file).to_str().expect("UTF-8").to_owned()
    }

    pub(crate) fn write(&self, file: &str, text: impl AsRef<[u8]>) -> &Place {
        let path = self.path(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
        self
    }

    /// The least that is a kernel.
    pub(crate) fn kernel(&self, folder: &str, makefile: &str) -> &Place {
        self.write(&format!("{folder}/Makefile"), makefile);
        self.write(&format!("{folder}/mm/filemap.c"), "int page_cache;\n")
    }

    /// Runs git in a folder and gives what it prints; nothing where there is no git.
    pub(crate) fn git(&self, folder: &str, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.path(folder)).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.env("GIT_CONFIG_NOSYSTEM", "1");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "A").env(format!("GIT_{who}_EMAIL"), "a@example.org");
        }
        let Ok(output) = command.output() else {
            // Tests that pass show only what is written in this way.
            let _ = writeln!(std::io::stderr(), "skipped: there is no `git`");
            return None;
        };
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8(output.stdout).expect("text").trim().to_owned())
    }

    /// Makes a folder a repository with one commit of all that is there.
    pub(crate) fn repository(&self, folder: &str) -> Option<()> {
        self.git(folder, &["init", "--quiet", "--initial-branch=main"])?;
        self.commit(folder)
    }

    pub(crate) fn commit(&self, folder: &str) -> Option<()> {
        self.git(folder, &["add", "--all"])?;
        self.git(folder, &["commit", "--quiet", "--message=all"])?;
        Some(())
    }
}

#[cfg(unix)]
pub(crate) fn link(to: &str, at: &Path) {
    fs::create_dir_all(at.parent().expect("a folder")).expect("a folder");
    std::os::unix::fs::symlink(to, at).expect("a link");
}

/// What keeps a tree from being opened.
pub(crate) fn why(name: &str) -> String {
    tree::open(name).expect_err("it can't be opened").to_string()
}
