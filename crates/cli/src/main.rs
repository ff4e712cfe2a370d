//! The `shortcopy` command.

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use cli::arguments::{Arguments, Command};
use cli::{Output, Searcher, Status};

/// To unfold models is to allocate: the system's allocator takes a third of a small search's time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The status of a program that a broken pipe has ended.
const BROKEN_PIPE: u8 = 128 + 13;

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(why) => why.exit(),
    };
    let cache = match arguments.command.keeps().then(|| cli::cache::chosen(&arguments.cache)).transpose() {
        Ok(cache) => cache.flatten().map(Arc::new),
        Err(error) => {
            anstream::eprintln!("shortcopy: {error}");
            return Status::Wrong.into();
        }
    };
    let searcher = Searcher {
        progress: stderr().is_terminal() && !arguments.telling.quiet,
        cache,
        ..Searcher::default()
    };
    if let Command::LiveWorker(_) = arguments.command {
        // It is alone in its process, as a namespace of its own wants it, and ends with its parent.
        return end(cli::run(&[], &arguments, &searcher, &mut Output::standard()));
    }
    // What an allocator gives back of a huge page stays with it: a tenth to a sixth more memory, for next to no time. Where the
    // kernel can't be asked, so it is.
    let _ = nix::sys::prctl::set_thp_disable(true);
    let interrupt = searcher.interrupt.clone();
    // An engine's process hears of it from its parent, too.
    let is_child = matches!(arguments.command, Command::Engine(_));
    let stop = move || {
        if interrupt.swap(true, Ordering::Relaxed) && !is_child {
            // The second time the user means it.
            std::process::exit(130);
        }
    };
    if let Err(why) = ctrlc::set_handler(stop) {
        anstream::eprintln!("shortcopy: an interrupt will end the search without results: {why}");
    }
    let mut out = Output::standard();
    end(cli::run(&models::paths(), &arguments, &searcher, &mut out))
}

fn end(result: Result<Status, cli::Error>) -> ExitCode {
    match result {
        Ok(status) => status.into(),
        Err(error) if error.is_broken_pipe() => ExitCode::from(BROKEN_PIPE),
        Err(error) => {
            anstream::eprintln!("shortcopy: {error}");
            Status::Wrong.into()
        }
    }
}
