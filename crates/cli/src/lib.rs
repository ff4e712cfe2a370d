//! The `shortcopy` command: the only crate that sees both wings.
//!
//! [`run`] takes the catalogue of write paths and the command line, asks the engines of `checker`, and
//! writes what `report` makes of their answers. Everything that can go wrong is an [`Error`] with words
//! for the user; the exit status is a [`Status`].
//!
//! ```
//! use cli::Status;
//!
//! // The worst of all results counts; what is wrong beats what differs, and that beats the unknown.
//! let results = [Status::AsRecorded, Status::Different, Status::Unknown];
//! assert_eq!(results.into_iter().max(), Some(Status::Different));
//! ```

pub mod arguments;
pub mod cache;
mod checkpoints;
mod commands;
mod cut;
mod effort;
mod engine;
mod error;
mod grounds;
mod html;
mod kernel;
mod output;
pub mod parking;
mod parts;
mod progress;
mod reads;
mod reasons;
pub mod recorded;
pub mod replay;
mod rules;
mod shards;
pub mod states;
mod status;
mod story;
pub mod target;
mod together;
mod work;

use scenario::WritePath;

use arguments::{Arguments, Command};
use kernel::Kernel;

pub use cache::Cache;
pub use checkpoints::Checkpoints;
pub use engine::{Answer, Searcher};
pub use error::Error;
pub use output::Output;
pub use status::Status;
pub use together::Together;

/// Does what the command line asks for.
///
/// # Errors
/// What kept it from doing that: status 2.
pub fn run(
    catalog: &[WritePath],
    arguments: &Arguments,
    searcher: &Searcher,
    out: &mut Output,
) -> Result<Status, Error> {
    if let Some(width) = arguments.telling.width {
        out.wrap_lines(width.into());
    }
    if arguments.telling.quiet {
        out.be_quiet();
    }
    let kernel =
        arguments.command.tree().map(|(choice, targets)| Kernel::open(choice, &targets)).transpose()?;
    let kernel = kernel.as_ref();
    let catalog = kernel.map_or(catalog, |kernel| &kernel.catalog);
    let status = match &arguments.command {
        Command::List(list) => commands::list(catalog, list, out).map(|()| Status::AsRecorded),
        Command::Check(check) if check.coverage => commands::coverage(check, searcher, out),
        Command::Check(check) if check.final_states => commands::final_states(catalog, check, searcher, out),
        Command::Explain(explain) => {
            commands::explain(catalog, &models::glossary(), explain, out).map(|()| Status::AsRecorded)
        }
        Command::Check(check) => match check.forced_by {
            Some(by) => commands::forced_by(catalog, check, by, searcher, out),
            None => {
                // Those who search for it open the tree once more.
                let mut check = check.clone();
                if let Some(pinned) = kernel.and_then(Kernel::pinned) {
                    check.search.tree.tree = Some(pinned);
                }
                commands::check(catalog, kernel, &check, searcher, out)
            }
        },
        Command::Merge(merge) => commands::merge(catalog, merge, out),
        Command::Matrix(matrix) => commands::matrix(catalog, kernel, matrix, searcher, out),
        Command::Corpus(corpus) => commands::corpus(catalog, &models::bugs(), corpus, searcher, out),
        Command::Diff(diff) => commands::diff(catalog, diff, searcher, out),
        Command::Replay(replay) => commands::replay(catalog, kernel, replay, searcher, out),
        Command::Live(live) => commands::live(catalog, live, searcher, out),
        Command::LiveWorker(worker) => commands::live_work(worker).map(|()| Status::AsRecorded),
        Command::Reproduce(reproduce) => commands::reproduce(catalog, reproduce, searcher, out),
        Command::Survey(survey) => commands::survey(kernel, survey, searcher, out),
        Command::Why(why) => commands::why(catalog, why, searcher, out),
        Command::Cache(cache) => commands::cache(cache, &arguments.cache, out).map(|()| Status::AsRecorded),
        Command::Completions(shell) => commands::completions(shell, out).map(|()| Status::AsRecorded),
        Command::Man(man) => commands::man(man, out).map(|()| Status::AsRecorded),
        Command::Engine(engine) => {
            engine::run_as_child(catalog, engine, &searcher.interrupt).map(|()| Status::AsRecorded)
        }
    }?;
    out.flush()?;
    Ok(status)
}
