//! Deliberate faults of the models that are a change of the kernel's text are made as patches of a real tree, where one
//! is, and come to the same as in the models.
//!
//! The patches are made here from the tree, by the names of functions; no line of its text is kept. Three scenarios are compared
//! for each, all default ones with `SHORTCOPY_LONG=1`.

use std::sync::Arc;

use crate::common::{case, is_long, outcome, searched, told};
use Edit::{After, Answer, Delete, Last, Rename};
use Model::{Inside, Outside};
use c_text::{Config, Hints, Overlay, Patch, Sources, parse};
use checker::necessity::{Change, changed};
use machine::Word;
use models::kernel::{Caller, Setting};
use models::{Mutant, family};
use scenario::{Case, Tier};
use tables::{Tree, TreePath};

/// A change of one function.
enum Edit {
    /// The statement that calls this does nothing.
    Delete(&'static str),
    /// The call of this is a value.
    Answer(&'static str, &'static str),
    /// Behind the statement that calls this comes another.
    After(&'static str, &'static str),
    /// Before the last `return` comes a statement.
    Last(&'static str),
    /// The lines with the second name have the third for the first.
    Rename(&'static str, &'static str, &'static str),
}

/// A deliberate fault as a change of text, and as one of the model.
struct Fault {
    name: &'static str,
    path: &'static str,
    /// The scenario that is to find it.
    scenario: &'static str,
    file: &'static str,
    function: &'static str,
    edit: Edit,
    model: Model,
}

/// How the model is changed.
enum Model {
    /// From outside: a word in a function.
    Outside(Change),
    Inside(Mutant),
}

/// That more is taken than was copied is told as that, and the models don't follow how it goes on: they count by what was taken,
/// the text by the iterator, which does not go back by less than nothing.
const NOT_FOLLOWED: &str = "ReturnsLength";

const FILEMAP: &str = "mm/filemap.c";
const BUFFER: &str = "fs/buffer.c";
const EXT2: &str = "fs/ext2/inode.c";
const EXT4: &str = "fs/ext4/inode.c";
const WRITE: &str = "generic_perform_write";

/// More than any file has.
const LARGE: Word = 31;

fn faults() -> Vec<Fault> {
    let all = [of_generic_perform_write(), of_ext2(), of_ext4()];
    all.into_iter().flatten().collect()
}

fn of_generic_perform_write() -> Vec<Fault> {
    vec![
        Fault {
            name: "NoPrefault",
            path: "generic/block",
            scenario: "within-absent",
            file: FILEMAP,
            function: WRITE,
            edit: Answer("fault_in_iov_iter_readable", "0"),
            model: Outside(Change::answers("retry", "fault_in_iov_iter_readable", 0)),
        },
        Fault {
            name: "PrefaultUnderPageLock",
            path: "generic/block",
            scenario: "within-absent",
            file: FILEMAP,
            function: WRITE,
            edit: After("offset_in_folio", "fault_in_iov_iter_readable(i, bytes);"),
            model: Inside(Mutant::PrefaultUnderPageLock),
        },
        Fault {
            name: "PrefaultOfItselfUnderPageLock",
            path: "generic/block",
            scenario: "within-self-mapped",
            file: FILEMAP,
            function: WRITE,
            edit: After("offset_in_folio", "fault_in_iov_iter_readable(i, bytes);"),
            model: Inside(Mutant::PrefaultUnderPageLock),
        },
        Fault {
            name: "ShortCopyIsZeroFilled",
            path: "generic/block",
            scenario: "within-invalid",
            file: FILEMAP,
            function: WRITE,
            edit: After(
                "copy_folio_from_iter_atomic",
                "if (copied < bytes) folio_zero_segment(folio, offset + copied, offset + bytes);",
            ),
            model: Inside(Mutant::ShortCopyIsZeroFilled),
        },
        Fault {
            name: "SignalsAreIgnored",
            path: "generic/block",
            scenario: "within-evicted-with-kill",
            file: FILEMAP,
            function: WRITE,
            edit: Answer("fatal_signal_pending", "0"),
            model: Outside(Change::answers("write_once", "fatal_signal_pending", 0)),
        },
        Fault {
            name: "SizeBeforeCopy",
            path: "generic/block",
            scenario: "extending-resident-with-reader",
            file: FILEMAP,
            function: WRITE,
            edit: After("offset_in_folio", "i_size_write(mapping->host, pos + bytes);"),
            model: Inside(Mutant::SizeBeforeCopy),
        },
        Fault {
            name: "SizeFromLength",
            path: "generic/block",
            scenario: "extending-invalid",
            file: FILEMAP,
            function: WRITE,
            edit: After(
                "write_end",
                "if (pos + bytes > i_size_read(mapping->host)) i_size_write(mapping->host, pos + bytes);",
            ),
            model: Inside(Mutant::SizeFromLength),
        },
        Fault {
            name: "ReturnsLength",
            path: "generic/block",
            scenario: "within-invalid",
            file: FILEMAP,
            function: WRITE,
            edit: After("write_end", "status = bytes;"),
            model: Inside(Mutant::ReturnsLength),
        },
    ]
}

fn of_ext2() -> Vec<Fault> {
    vec![
        Fault {
            name: "NewBlockIsNotZeroedAround",
            path: "generic/block",
            scenario: "extending-resident",
            file: BUFFER,
            function: "__block_write_begin_int",
            edit: Delete("folio_zero_segments"),
            model: Outside(Change::left_out("prepare_buffer", "folio_zero_segment")),
        },
        Fault {
            name: "PartialPageIsUptodate",
            path: "generic/block",
            scenario: "within-resident",
            file: BUFFER,
            function: "__block_commit_write",
            edit: Rename("partial", "if", "0"),
            model: Outside(Change::answers("block_commit_write", "buffer_uptodate", 1)),
        },
        Fault {
            name: "WriteEndForgetsToDirty",
            path: "generic/block",
            scenario: "within-resident",
            file: BUFFER,
            function: "__block_commit_write",
            edit: Delete("mark_buffer_dirty"),
            model: Outside(Change::left_out("block_commit_write", "mark_buffer_dirty")),
        },
        Fault {
            name: "NewBuffersAreNotZeroed",
            path: "generic/block",
            scenario: "within-invalid",
            file: BUFFER,
            function: "block_write_end",
            edit: Delete("folio_zero_new_buffers"),
            model: Outside(Change::left_out("block_write_end", "page_zero_new_buffers")),
        },
        Fault {
            name: "PageStaysLocked",
            path: "generic/block",
            scenario: "within-resident",
            file: BUFFER,
            function: "generic_write_end",
            edit: Delete("folio_unlock"),
            model: Outside(Change::kept("generic_write_end", "folio_unlock")),
        },
        Fault {
            name: "FailedWriteIsNotTruncated",
            path: "generic/block",
            scenario: "extending-invalid",
            file: EXT2,
            function: "ext2_write_failed",
            edit: Rename("to", "if", "0"),
            model: Outside(Change::answers("ext2_write_failed", "i_size_read", LARGE)),
        },
    ]
}

fn of_ext4() -> Vec<Fault> {
    vec![
        Fault {
            name: "SizeOnDiskIsAhead",
            path: "ext4/ordered",
            scenario: "extending-invalid",
            file: EXT4,
            function: "ext4_write_end",
            edit: Last("EXT4_I(inode)->i_disksize = pos + len;"),
            model: Inside(Mutant::SizeOnDiskIsAhead),
        },
        Fault {
            name: "NewBuffersAreNotZeroed",
            path: "ext4/journalled",
            scenario: "within-invalid",
            file: EXT4,
            function: "ext4_journalled_zero_new_buffers",
            edit: Answer("buffer_new", "0"),
            model: Outside(Change::answers("ext4_journalled_zero_new_buffers", "buffer_new", 0)),
        },
        Fault {
            name: "WriteEndForgetsToDirty",
            path: "ext4/journalled",
            scenario: "within-resident",
            file: EXT4,
            function: "write_end_fn",
            edit: Answer("ext4_dirty_journalled_data", "0"),
            model: Outside(Change::left_out("write_end_fn", "jbd2_journal_dirty_metadata")),
        },
        Fault {
            name: "PageStaysLocked",
            path: "ext4/journalled",
            scenario: "within-resident",
            file: EXT4,
            function: "ext4_journalled_write_end",
            edit: Delete("folio_unlock"),
            model: Outside(Change::kept("ext4_journalled_write_end", "folio_unlock")),
        },
        Fault {
            name: "NoWriteAccess",
            path: "ext4/journalled",
            scenario: "within-resident",
            file: EXT4,
            function: "ext4_write_begin",
            edit: Answer("ext4_walk_page_buffers", "0"),
            model: Outside(Change::left_out("ext4_write_begin", "ext4_walk_page_buffers")),
        },
    ]
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Where a name stands in a text.
fn find(text: &str, name: &str) -> Vec<usize> {
    let bytes = text.as_bytes();
    let alone = |at: &usize| {
        let (before, after) = (at.checked_sub(1).map(|at| bytes[at]), bytes.get(at + name.len()));
        !before.is_some_and(is_word) && !after.copied().is_some_and(is_word)
    };
    text.match_indices(name).map(|(at, _)| at).filter(alone).collect()
}

/// The end of the parenthesis that opens behind `at`.
fn closing(text: &str, at: usize) -> usize {
    let mut depth = 0;
    for (offset, byte) in text.bytes().enumerate().skip(at) {
        match byte {
            b'(' => depth += 1,
            b')' if depth == 1 => return offset + 1,
            b')' => depth -= 1,
            _ => {}
        }
    }
    panic!("a parenthesis is open")
}

impl Edit {
    /// Makes it in the text of a function; nothing if it has no such name.
    fn make(&self, function: &str) -> Option<String> {
        let mut text = function.to_owned();
        match self {
            Edit::Delete(name) => {
                for at in find(function, name).into_iter().rev() {
                    let end = closing(function, at);
                    text.replace_range(at..end, "(void)0");
                }
            }
            Edit::Answer(name, value) => {
                for at in find(function, name).into_iter().rev() {
                    text.replace_range(at..closing(function, at), value);
                }
            }
            Edit::After(name, other) => {
                let at = *find(function, name).first()?;
                let end = at + function[at..].find(';')? + 1;
                text.insert_str(end, &format!("\n\t{other}"));
            }
            Edit::Last(other) => {
                let at = *find(function, "return").last()?;
                text.insert_str(at, &format!("{other}\n\t"));
            }
            Edit::Rename(from, on, to) => {
                let renamed = |line: &str| {
                    let mut line = line.to_owned();
                    if !find(&line, on).is_empty() || line.contains(&format!("{on}_write")) {
                        for at in find(&line, from).into_iter().rev() {
                            line.replace_range(at..at + from.len(), to);
                        }
                    }
                    line
                };
                text = function.split_inclusive('\n').map(renamed).collect();
            }
        }
        (text != function).then_some(text)
    }
}

/// The change as a patch of the tree; nothing if the tree has another text there.
fn patch_of(tree: &dyn Sources, Fault { file, function, edit, .. }: &Fault) -> Option<String> {
    let bytes = tree.read(file).expect("it can be read")?;
    let parsed = parse(file, &bytes, &Config::new(), &Hints::default()).expect("it can be read");
    let item = parsed.items.iter().find(|item| match &item.kind {
        c_text::ItemKind::Function(of) => &*of.prototype.name == *function,
        _ => false,
    })?;
    let lines: Vec<&str> = parsed.text().split_inclusive('\n').collect();
    let (first, last) = (item.at.line as usize - 1, item.end as usize);
    let changed = edit.make(&lines[first..last].concat())?;
    let whole = [lines[..first].concat(), changed, lines[last..].concat()].concat();
    let mut options = diffy::DiffOptions::new();
    options.set_original_filename(format!("a/{file}")).set_modified_filename(format!("b/{file}"));
    Some(options.create_patch(parsed.text(), &whole).to_string())
}

#[test]
fn faults_of_the_text_are_faults_of_the_models() {
    let what = "deliberate faults as patches of a real tree";
    let trees = ::tree::testing::trees(env!("CARGO_TARGET_TMPDIR"), what);
    let Some(tree) = trees.into_iter().find(|tree| tree.release().to_string().starts_with("6.12.")) else {
        eprintln!("skipped: {what}: no tree of v6.12");
        return;
    };
    let only = std::env::var("SHORTCOPY_ONLY").unwrap_or_default();
    let release = tree.release().clone();
    let sources = Arc::new(tree);
    let plain = Tree::new(release.clone(), sources.clone(), Vec::new());
    let plain = plain.paths(&|_| true).expect("it can be read");
    let mut wrong = Vec::new();
    for fault in faults().iter().filter(|fault| fault.name.contains(&only)) {
        let Fault { name: mutant, path: name, scenario, .. } = *fault;
        let patch =
            patch_of(&*sources, fault).unwrap_or_else(|| panic!("{mutant}: the tree has no such text"));
        let patch = Patch::parse("a fault", patch.as_bytes()).unwrap_or_else(|why| panic!("{mutant}: {why}"));
        let mut patched = Overlay::new(sources.clone());
        patched.apply(&patch).unwrap_or_else(|why| panic!("{mutant}: {why}"));
        let tree = Tree::new(release.clone(), Arc::new(patched), Vec::new());
        let of: TreePath = tree.paths(&|path| path == name).expect("it can be read").remove(0);
        let version = (release.version, release.patchlevel);
        let (_, fs, setting) = models::base_variant(name, version).expect("the path has a model");
        let caller = Caller::of(version).expect("a release that is not too old");
        let (inside, outside) = match fault.model {
            Inside(mutant) => (Some(mutant), None),
            Outside(change) => (None, Some(change)),
        };
        let rust = family::cases(&fs, Setting { mutant: inside, caller, ..setting }, false);
        let unpatched = plain.iter().find(|of| of.path.name == name).expect("the path is there");
        let (mut shows, mut is_met) = (false, false);
        // The scenario that is to find it, and what is near.
        let near = [scenario, "within-invalid", "extending-unmapped"];
        let asks_all = is_long() && mutant != NOT_FOLLOWED;
        let is_asked =
            |case: &&Case| near.contains(&case.name.as_str()) || asks_all && case.tier == Tier::Default;
        for rust in rust.iter().filter(is_asked) {
            let near = &rust.name;
            let changed = changed(&(rust.build)(), outside.as_slice());
            let rust = searched(&changed.scenario);
            is_met |= changed.not_met().next().is_none();
            let c = outcome(case(&of, near));
            assert_eq!(c.unsupported, Vec::new(), "{mutant}");
            if told(&rust) != told(&c) {
                let (rust, c) = (told(&rust), told(&c));
                wrong.push(format!(
                    "{mutant} in {name}:{near}: the model alone: {:?}; the patch alone: {:?}",
                    rust.difference(&c).collect::<Vec<_>>(),
                    c.difference(&rust).collect::<Vec<_>>()
                ));
            }
            shows |= told(&c) != told(&outcome(case(unpatched, near)));
        }
        if !is_met {
            wrong.push(format!("{mutant} in {name}: the model has no such word"));
        }
        if !shows {
            wrong.push(format!("{mutant} in {name}: it shows nowhere"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
