//! `shortcopy diff` of kernel trees: two, or one and what patches make of it.

mod comparison;
mod json;
mod telling;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::sync::Arc;

use c_text::{Difference, Name, Overlay, Patch, ReadError, Sources};
use report::html::Opens;
use tables::PATHS;

use crate::arguments::{Diff, TreesChoice};
use crate::engine::Searcher;
use crate::error::Error;
use crate::html::{Html, command_line};
use crate::kernel::{Kernel, open};
use crate::output::Output;
use crate::reads::Change as Changes;
use crate::status::Status;
use crate::target::{Breadth, choose};
use comparison::{Comparison, Pair};
use telling::Telling;

/// No patch is larger, in bytes.
const BYTES_MAX: u64 = 16 << 20;

/// Shows which bad states and endings come and go between two trees, or by patches of one.
///
/// # Errors
/// A tree that is none, a patch that does not apply, a target that means nothing, a model that can't be searched, an
/// output that can't be written.
pub(super) fn diff(arguments: &Diff, searcher: &Searcher, out: &mut Output) -> Result<Status, Error> {
    let TreesChoice { tree, patch, assume, .. } = &arguments.trees;
    let targets: Vec<&str> = arguments.targets.iter().map(String::as_str).collect();
    let (before, after, changed) = match (&tree[..], &patch[..]) {
        ([one, other], []) => {
            let of = |name: &str| {
                let tree = open(name)?;
                Kernel::of(name, tree.release().clone(), Arc::new(tree), assume, &targets)
            };
            (of(one)?, of(other)?, None)
        }
        ([one], [_, ..]) => {
            let (before, after, changed) = patched(one, &arguments.trees, &targets)?;
            (before, after, Some(changed))
        }
        ([_], []) => {
            let what = "one tree is compared with another, or with what a patch makes of it";
            return Err(Error::Usage(format!("{what}: add `--tree OTHER` or `--patch FILE`")));
        }
        _ => {
            let what = "name two trees, or one tree and its patches";
            return Err(Error::Usage(format!("{} trees and {} patches: {what}", tree.len(), patch.len())));
        }
    };
    let breadth = Breadth::of(arguments.all);
    let chosen = choose(&before.catalog, &arguments.targets, breadth)?;
    let name = command_line("diff", words(arguments));
    let html = Html::begin(arguments.html.as_deref(), &name, Opens::Comparison)?;
    let comparison = Comparison::new(&before, &after, changed.as_ref(), &chosen);
    let mut telling = Telling::new(&comparison, assume, arguments.format, html);
    telling.begin(out)?;
    let name = |pair: &Pair<'_>| format!("{}:{}", pair.path.before.path.name, pair.case.name);
    searcher.each(
        &arguments.bounds,
        &comparison.pairs,
        name,
        |pair, options| pair.search(options),
        |at, result| telling.tell(&comparison.pairs[at], result, out),
    )?;
    telling.end(out)
}

/// What was asked for, as words of a command line.
fn words(Diff { targets, trees, .. }: &Diff) -> Vec<String> {
    let option = |name: &str, values: &[String]| -> Vec<String> {
        values.iter().map(|value| format!("--{name}={value}")).collect()
    };
    let TreesChoice { tree, patch, reverse, assume } = trees;
    let reverse = if *reverse { vec!["--reverse".to_owned()] } else { Vec::new() };
    let options = [option("tree", tree), option("patch", patch), reverse, option("assume", assume)];
    targets.iter().cloned().chain(options.into_iter().flatten()).collect()
}

/// What patches do.
struct Changed {
    /// How they are told.
    patches: String,
    /// The files that they change.
    files: BTreeSet<Name>,
    /// What they change in files that no path reads.
    unread: Vec<Difference>,
}

/// A tree as it is, and with patches.
fn patched(name: &str, choice: &TreesChoice, targets: &[&str]) -> Result<(Kernel, Kernel, Changed), Error> {
    let tree = Arc::new(open(name)?);
    let release = tree.release().clone();
    let mut patches =
        choice.patch.iter().map(|name| Ok((name, read(name)?))).collect::<Result<Vec<_>, Error>>()?;
    if choice.reverse {
        patches = patches.into_iter().rev().map(|(name, patch)| (name, patch.reversed())).collect();
    }
    let mut overlay = Overlay::new(tree.clone());
    let mut files = BTreeSet::new();
    for (patch, parts) in &patches {
        let wrong =
            |why: c_text::PatchError| Error::Tree { tree: shown(patch), why: format!("{name}: {why}") };
        for change in overlay.apply(parts).map_err(wrong)? {
            files.extend(change.from);
            files.insert(change.file);
        }
    }
    let read_both = |file: &Name| -> Result<_, Error> {
        let wrong = |why: ReadError| Error::Tree { tree: name.to_owned(), why: why.to_string() };
        Ok((tree.read(file).map_err(wrong)?, overlay.read(file).map_err(wrong)?))
    };
    let texts = files.iter().map(|file| Ok((file, read_both(file)?))).collect::<Result<Vec<_>, Error>>()?;
    let before = Kernel::of(name, release.clone(), tree, &choice.assume, targets)?;
    let mut unread = Vec::new();
    if let Some(program) = before.paths.first().map(|of| of.text.program()) {
        let is_read = |file: &str| before.paths.iter().any(|of| of.text.program().file(file).is_some());
        let is_c = |file: &str| file.ends_with(".c") || file.ends_with(".h");
        for (file, (old, new)) in texts.iter().filter(|(file, _)| is_c(file) && !is_read(file)) {
            // What can't be read there is nobody's loss.
            let parse = |text: &Option<Vec<u8>>| {
                c_text::parse(file, text.as_deref()?, program.config(), program.hints()).ok()
            };
            let all = Changes::all(parse(old).as_ref(), parse(new).as_ref());
            unread.extend(all.into_iter().map(|change| change.what));
        }
    }
    let names: Vec<String> = choice.patch.iter().map(|name| shown(name)).collect();
    let back = if choice.reverse { " taken back" } else { "" };
    let patches = format!("{}{back}", names.join(", "));
    let of = format!("{name} with {patches}");
    let homes = before.paths.iter().filter_map(|of| Some((home(&of.path.name)?, of.path.name.as_str())));
    let is_gone = |file: &str| texts.iter().any(|(name, (_, new))| &***name == file && new.is_none());
    let gone: Vec<(&str, &str)> = homes.filter(|(file, _)| is_gone(file)).collect();
    if let ([(file, path), ..], true) = (&gone[..], gone.len() == before.paths.len()) {
        let why = format!("{file} is deleted, and there is no {path} without it: nothing is left to compare");
        return Err(Error::Tree { tree: of, why });
    }
    let after = Kernel::of(&of, release, Arc::new(overlay), &choice.assume, targets)?;
    Ok((before, after, Changed { patches, files, unread }))
}

/// The file without which there is no such path.
fn home(path: &str) -> Option<&'static str> {
    PATHS.iter().find(|of| of.name == path)?.files.first().copied()
}

fn shown(patch: &str) -> String {
    if patch == "-" { "standard input".to_owned() } else { patch.to_owned() }
}

/// Reads a patch from a file, or from standard input.
fn read(name: &str) -> Result<Patch, Error> {
    let wrong = |why: String| Error::Tree { tree: shown(name), why };
    let mut bytes = Vec::new();
    let taken = if name == "-" {
        std::io::stdin().lock().take(BYTES_MAX + 1).read_to_end(&mut bytes)
    } else {
        File::open(name).and_then(|file| file.take(BYTES_MAX + 1).read_to_end(&mut bytes))
    };
    taken.map_err(|why| wrong(why.to_string()))?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(wrong(format!("more than {} MiB can't be a patch; name another file", BYTES_MAX >> 20)));
    }
    Patch::parse(&shown(name), &bytes).map_err(|why| Error::Usage(why.to_string()))
}
