//! How a question of the family becomes a scenario.

use std::sync::Arc;

use machine::{Layout, Peek, Word, show_number};
use page_state::{Geometry, Unit, buffer, folio};
use scenario::{Actor, Initial, Scenario};

use super::{File, PageState, Source};
use super::{actors, ending};
use crate::kernel::{FileSystem, Request, Setting, World};
use crate::properties;

/// Somebody beside the writer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Companion {
    /// Reads the units `from..to` through the page cache.
    Reader {
        /// The first unit.
        from: usize,
        /// The unit behind the last.
        to: usize,
    },
    /// Commits the running transaction.
    Commit,
    /// Truncates the file.
    Truncate {
        /// To so many units.
        size: usize,
    },
    /// Sends the writer a fatal signal.
    Kill,
    /// Unmaps the source.
    Unmap,
    /// Loads the first unit of the source from memory, with faults on.
    Load,
}

/// A scenario of the family, before it is built.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its name.
    pub name: String,
    /// What it is about.
    pub sentence: String,
    /// The sizes.
    pub geometry: Geometry,
    /// The source.
    pub source: Source,
    /// Whether there is a writer.
    pub writes: bool,
    /// Who else is there.
    pub companions: Vec<Companion>,
    /// The initial files, what of each is in the page cache, and the request.
    pub initial: Vec<(File, PageState, Request)>,
    /// Whether the page is part of the running transaction at first.
    pub journalled: bool,
    /// Whether a block allocation may fail.
    pub allocation_can_fail: bool,
    /// Whether a copy that meets a fault may stop before it.
    pub stops_early: bool,
    /// What must be reached.
    pub reachable: Vec<&'static str>,
}

fn position<T: PartialEq + Copy>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|&known| known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

/// Builds the scenario for a file system in a setting.
#[must_use]
pub fn build(question: &Question, fs: Arc<dyn FileSystem>, setting: Setting) -> Scenario {
    let mut layout = Layout::new();
    let setting = Setting { allocation_can_fail: question.allocation_can_fail, ..setting };
    // One page in the cache, one for each that a reader still holds or a commit keeps, one that is fresh.
    let holds = |c: &&Companion| matches!(c, Companion::Reader { .. } | Companion::Commit | Companion::Load);
    let cache_frames = 2 + question.companions.iter().filter(holds).count().min(1);
    let mut world = World::declare(&mut layout, question.geometry, question.source, cache_frames, setting);
    world.mm.stops_early = question.stops_early;
    world.mm.watched = question.source == Source::Freed;
    if question.companions.contains(&Companion::Kill) {
        world.signal = Some(layout.cell("fatal signal", 1, show_number));
    }
    world.journal.dirties = setting.mutant == Some(crate::Mutant::CommitDirtiesBuffers);
    world.truncates = question.companions.iter().any(|c| matches!(c, Companion::Truncate { .. }));
    let initial = initial_states(question, &mut world, layout.len());

    let world = Arc::new(world);
    let shared = (world.clone(), fs);
    let mut all: Vec<Actor> = Vec::new();
    if question.writes {
        let must_complete = !question.source.can_fail()
            && !question.allocation_can_fail
            && !question.companions.iter().any(|c| matches!(c, Companion::Kill | Companion::Unmap));
        all.push(actors::writer(&shared, must_complete));
        let id = all.len();
        all.extend(actors::adversary(&shared, question.source, id));
    }
    for &companion in &question.companions {
        let id = all.len();
        all.push(actors::companion(&shared, companion, id));
    }
    let (signal, asked, companions) = (world.signal, world.clone(), question.companions.clone());
    let ending = move |memory: &dyn Peek, words: &[Word]| ending::ending(&asked, &companions, memory, words);
    Scenario {
        name: question.name.clone(),
        sentence: question.sentence.clone(),
        layout,
        initial,
        actors: all,
        views: actors::views(&shared),
        properties: properties::all(&world, question.writes),
        reachable: question.reachable.clone(),
        ending: question.writes.then(|| Arc::new(ending) as _),
        killed: signal.map(|at| Arc::new(move |memory: &dyn Peek| memory.peek(at) != 0) as _),
        picture: Arc::new(move |memory| picture(&world, memory)),
    }
}

fn initial_states(question: &Question, world: &mut World, cells: usize) -> Vec<Initial> {
    let mut initial: Vec<Initial> = Vec::new();
    for &(file, page, request) in &question.initial {
        let number = position(&mut world.files, file);
        let asked = position(&mut world.requests, request);
        let mut state: Vec<Word> = vec![0; cells];
        file.set_up(world, &mut state);
        page.set_up(&file, world, &mut state);
        question.source.set_up(&world.storage, &world.mm, &mut state, request);
        state[world.file.index()] = number as Word;
        state[world.request.index()] = asked as Word;
        if question.journalled && page != PageState::Absent {
            for block in (0..question.geometry.blocks()).filter(|&b| file.has(b)) {
                let at = world.storage.buffer(0, block).index();
                if state[at] & (buffer::UPTODATE | buffer::DIRTY) == buffer::UPTODATE {
                    state[at] |= buffer::JBD | buffer::JBDDIRTY;
                    world.journal.journal_initially(&mut state, 0, block);
                }
            }
        }
        let write =
            if question.writes { format!(", write {}+{}", request.pos, request.len) } else { String::new() };
        let name = format!("{}, {}{write}", file.name(&world.storage), page.name());
        let mut mapped = state.clone();
        if question.source.set_up_mapped(&world.storage, &world.mm, &mut mapped) {
            initial.push(Initial { name: format!("{name}, mapped"), cells: mapped });
        }
        initial.push(Initial { name, cells: state });
    }
    initial
}

fn flags(shown: String) -> String {
    if shown.is_empty() { "-".to_owned() } else { shown }
}

/// Page, buffers and blocks of the file, and its source.
fn picture(world: &World, memory: &dyn Peek) -> String {
    let storage = &world.storage;
    let geometry = storage.geometry;
    let by_block = |unit: &dyn Fn(usize, usize) -> Unit| {
        let blocks: Vec<String> = (0..geometry.blocks())
            .map(|block| {
                let units: Vec<String> =
                    (0..geometry.block_units()).map(|i| unit(block, i).picture()).collect();
                units.join(" ")
            })
            .collect();
        blocks.join(" | ")
    };
    let mut lines = Vec::new();
    match storage.cached(memory) {
        None => lines.push("page      absent".to_owned()),
        Some(frame) => {
            let shown = flags(folio::show_flags(memory.peek(storage.flags(frame))));
            lines.push(format!("page      {shown}"));
            let units =
                by_block(&|block, i| storage.peek_unit(memory, frame, geometry.block(block).start + i));
            lines.push(format!("contents  {units}"));
            for block in 0..geometry.blocks() {
                let shown = flags(buffer::show_buffer(memory.peek(storage.buffer(frame, block))));
                lines.push(format!("buffer {block}  {shown}"));
            }
        }
    }
    let inode = memory.peek(storage.inode);
    let on_disk: Vec<String> = (0..geometry.blocks())
        .map(|block| match page_state::InodeFields::mapped(inode, block) {
            None => "hole".to_owned(),
            Some(disk_block) => (0..geometry.block_units())
                .map(|i| storage.peek_disk(memory, disk_block, i).picture())
                .collect::<Vec<_>>()
                .join(" "),
        })
        .collect();
    let size = memory.peek(storage.i_size);
    lines.push(format!("on disk   {}   size {size}", on_disk.join(" | ")));
    if !world.mm.pages.is_empty() {
        lines.push(format!("source    {}", world.mm.picture(memory)));
    }
    lines.join("\n")
}
