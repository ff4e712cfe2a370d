//! What the command gives to shells and to readers of manuals.

use std::fs;

use crate::toy::shortcopy;
use clap::CommandFactory;
use cli::arguments::{Arguments, EXIT_STATUS};

/// The commands that people use.
fn commands() -> Vec<String> {
    let command = Arguments::command();
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    shown.map(|command| command.get_name().to_owned()).collect()
}

#[test]
fn completions_know_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (status, script) = shortcopy(&["completions", shell]);
        status.expect("no error");
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
    }
}

#[test]
fn the_manual_has_a_page_for_every_command_and_tells_the_exit_status() {
    let (status, page) = shortcopy(&["man"]);
    status.expect("no error");
    let all = commands();
    assert!(all.len() > 10 && all.iter().all(|command| page.contains(command)), "{page}");
    let tells_statuses = |page: &str| {
        let (_, section) = page.split_once(".SH \"EXIT STATUS\"\n").expect("a section");
        EXIT_STATUS.iter().all(|(status, says)| section.contains(&format!(".TP\n{status}\n{says}\n")))
    };
    assert!(tells_statuses(&page), "{page}");
    let folder = tempfile::tempdir().expect("a folder");
    let pages = folder.path().join("man1");
    let (status, _) = shortcopy(&["man", "--out", pages.to_str().expect("text")]);
    status.expect("no error");
    assert_eq!(fs::read_dir(&pages).expect("a folder").count(), all.len() + 1, "and the first one");
    for command in all {
        let page = pages.join(format!("shortcopy-{command}.1"));
        let page = fs::read_to_string(&page).unwrap_or_else(|why| panic!("{}: {why}", page.display()));
        assert!(page.contains(".TH") && tells_statuses(&page), "{page}");
        // A command's name is what one types.
        assert!(
            page.contains(&format!("shortcopy {command}"))
                || page.contains(&format!("shortcopy\\-{command}"))
        );
    }
}

#[test]
fn a_manual_that_cannot_be_written_is_an_error() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let (status, _) = shortcopy(&["man", "--out", file.path().to_str().expect("text")]);
    let why = status.expect_err("a file is no folder").to_string();
    assert!(why.starts_with("the manual pages can't be written to"), "{why}");
}
