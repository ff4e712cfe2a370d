//! The page of `--html` as a file: whole or not at all, and a clear error where it can't be written.

use std::fs;

use cli::Error;

fn written(arguments: &[&str]) -> (Result<cli::Status, Error>, String) {
    crate::toy::shortcopy(arguments)
}

#[test]
fn every_command_that_finds_schedules_writes_a_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.html");
    let name = file.to_str().expect("text");
    for command in [
        &["check", "--no-cache"][..],
        &["matrix", "--no-cache"],
        &["diff", "toy/write@v1", "toy/write@v2", "--no-cache"],
    ] {
        let (plain, with) = (written(command).1, [command, &["--html", name]].concat());
        let (status, text) = written(&with);
        status.unwrap_or_else(|why| panic!("{command:?}: {why}"));
        if command[0] != "diff" {
            assert_eq!(text, plain, "what is printed is the same");
        }
        let page = fs::read_to_string(&file).expect("it is there");
        assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"), "{command:?}");
        assert!(page.contains(&format!("<title>shortcopy {}", command[0])), "{command:?}");
        // The address of nothing is in it but that of a name space.
        let addresses = page.matches("://").count() - page.matches("http://www.w3.org/2000/svg").count();
        assert_eq!(addresses, 0, "{command:?}");
        fs::remove_file(&file).expect("it is there");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "nothing else is left");
}

#[test]
fn what_can_not_be_written_is_an_error_before_the_search() {
    let folder = tempfile::tempdir().expect("a folder");
    let inside = |name: &str| folder.path().join(name).to_str().expect("text").to_owned();
    for (file, said) in [
        (inside("nowhere/page.html"), "No such file"),
        (inside(""), "this is no file"),
        ("/dev/null".to_owned(), "this is no file"),
    ] {
        let (status, text) = written(&["check", "--no-cache", "--html", &file]);
        let why = status.expect_err("it can't be written").to_string();
        assert!(why.contains(said) && why.contains(&file), "{file}: {why}");
        assert_eq!(text, "", "{file}: nothing was searched");
    }
}

#[test]
fn a_page_takes_the_place_of_the_one_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.html");
    let link = folder.path().join("link.html");
    fs::write(&file, "before").expect("it can be written");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    #[cfg(not(unix))]
    fs::write(&link, "").expect("it can be written");
    let (status, _) = written(&["check", "--no-cache", "--html", link.to_str().expect("text")]);
    status.expect("it is written");
    let page = fs::read_to_string(if cfg!(unix) { &file } else { &link }).expect("it is there");
    assert!(page.starts_with("<!doctype html>"));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 2);
}
