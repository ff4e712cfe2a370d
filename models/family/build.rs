//! How a question of the family becomes a scenario.

use std::sync::Arc;

use fault::{AddressSpace, Backing, SharedMapping, SourcePage};
use machine::{Layout, Peek, Word, show_number};
use page_state::{Geometry, Storage, buffer};
use scenario::{Actor, Grounds, Initial, Scenario};

use super::{actors, ending, facts, final_state, picture, set_up};
use crate::file_system::{FileSystem, Medium};
use crate::initial::{File, PageState, Request, Source, set_up_second};
use crate::jbd2::{Journal, TakesOver, Truncated};
use crate::kernel::{Around, BehindEnd, Caller, Locks, Setting, World};
use crate::properties;

/// Where a second writer's data comes from: memory that stays.
const SECOND_SOURCE: SourcePage = SourcePage { backing: Backing::Frame, readable: 0xff };

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
    /// Reads all of the file through a mapping.
    MmapReader,
    /// Stores a unit through a mapping: [`Question::store`].
    MmapStore,
    /// Stores a unit through a mapping behind the end of the file: [`Question::store`]. Who makes the file longer waits
    /// for that.
    StoreBehindEnd {
        /// Whether it stores the same again when the file has grown.
        again: bool,
    },
    /// Writes to the file as well: [`Question::second`].
    SecondWriter,
    /// Commits the running transaction.
    Commit,
    /// Writes what a commit has left dirty.
    Checkpoint,
    /// Writes dirty pages back.
    Writeback,
    /// Takes clean pages of the file out of the page cache.
    Reclaim,
    /// Writes and takes out all pages of the file, as direct I/O does.
    Invalidate,
    /// The server stores what it has of the file to the page cache.
    ServerStore,
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
    /// When the writer has returned: puts the file to where it is kept and takes its pages out of the page cache, or
    /// only the first, or neither; then makes it as long as it can be.
    Grow(Growth),
}

/// How somebody makes a file longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Growth {
    /// By a truncation to a larger size.
    Truncate,
    /// By a write at the end, which leaves a gap: [`Question::second`].
    Write,
    /// Not at all: by a truncation to the size that it has.
    Same,
    /// Not at all: by a write beyond the end that finds the disk full, [`Question::second`].
    FullDisk,
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
    /// What a second writer writes: inside of the file.
    pub second: Option<Request>,
    /// Where a store through a mapping stores.
    pub store: Option<usize>,
    /// Whether the page is part of the running transaction at first.
    pub journalled: bool,
    /// Whether a block allocation may fail, of who writes and of who stores through a mapping.
    pub allocation_can_fail: bool,
    /// Whether one of writeback may.
    pub writeback_can_fail: bool,
    /// Whether the writer's handle may run out of credits.
    pub credits_can_run_out: bool,
    /// Whether a copy that meets a fault may stop before it.
    pub stops_early: bool,
    /// Whether the disk checks sums, so that what is on the way to it may not be changed.
    pub stable_pages: bool,
    /// What must be reached.
    pub reachable: Vec<&'static str>,
}

/// How many frames a page-table entry tells apart.
const FRAMES_NAMED: usize = 8;

fn position<T: PartialEq + Copy>(list: &mut Vec<T>, item: T) -> usize {
    list.iter().position(|&known| known == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

impl Question {
    /// Whether somebody cuts the file, by truncation or after a failed write, while somebody else may fill a page of it.
    fn contends_for_pages(&self, fs: &dyn FileSystem) -> bool {
        let cuts = self.companions.iter().any(|c| matches!(c, Companion::Truncate { .. }));
        let fails = self.writes && fs.nature().medium == Medium::Disk;
        let fills = |c: &Companion| match c {
            Companion::Reader { .. } => true,
            c if c.has_mapping() => true,
            Companion::Load => self.source.is_of_the_file(),
            _ => false,
        };
        (cuts || fails) && (self.companions.iter().any(fills) || (cuts && self.source.is_of_the_file()))
    }
}

impl Question {
    /// The actors that may find the disk full: a bit for each.
    fn finds_disk_full(&self) -> u8 {
        let first = usize::from(self.writes) + usize::from(self.writes && self.source.has_adversary());
        let asks = |&(_, companion): &(usize, &Companion)| match companion {
            Companion::MmapStore => self.allocation_can_fail,
            Companion::Writeback => self.writeback_can_fail,
            Companion::Grow(Growth::FullDisk) => true,
            _ => false,
        };
        let companions = self.companions.iter().enumerate().filter(asks).map(|(at, _)| 1 << (first + at));
        u8::from(self.writes && self.allocation_can_fail) | companions.sum::<u8>()
    }

    /// Whether somebody comes to a disk that is full.
    fn has_full_disk(&self) -> bool {
        self.companions.contains(&Companion::Grow(Growth::FullDisk))
    }
}

impl Companion {
    /// Its name in a scenario's name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Companion::Reader { .. } => "reader",
            Companion::MmapReader => "mmap-reader",
            Companion::MmapStore => "mmap-store",
            Companion::StoreBehindEnd { .. } => "store-behind-end",
            Companion::SecondWriter => "second-writer",
            Companion::Commit => "commit",
            Companion::Checkpoint => "checkpoint",
            Companion::Writeback => "writeback",
            Companion::Reclaim => "reclaim",
            Companion::Invalidate => "invalidate",
            Companion::ServerStore => "server-store",
            Companion::Truncate { size: 0 } => "truncate-to-nothing",
            Companion::Truncate { .. } => "truncate",
            Companion::Kill => "kill",
            Companion::Unmap => "unmap",
            Companion::Load => "load",
            Companion::Grow(Growth::Truncate) => "growth-by-truncate",
            Companion::Grow(Growth::Write) => "growth-by-write",
            Companion::Grow(Growth::Same) => "truncate-to-same",
            Companion::Grow(Growth::FullDisk) => "write-to-full-disk",
        }
    }

    /// Whether it uses a mapping of the file.
    fn has_mapping(&self) -> bool {
        matches!(self, Companion::MmapReader | Companion::MmapStore | Companion::StoreBehindEnd { .. })
    }

    /// Whether it may hold a page that has left the page cache.
    fn holds_pages(&self) -> bool {
        !matches!(self, Companion::Kill | Companion::Unmap | Companion::Truncate { .. })
    }
}

/// Builds the scenario for a file system in a setting.
#[must_use]
pub fn build(question: &Question, fs: Arc<dyn FileSystem>, setting: Setting) -> Scenario {
    let mut layout = Layout::new();
    let can_fail = question.allocation_can_fail || question.writeback_can_fail || question.has_full_disk();
    let setting = Setting { allocation_can_fail: can_fail, ..setting };
    // One page in the cache, one for each that somebody still holds or a commit keeps, one that is fresh.
    let mapped = usize::from(question.source.is_of_the_file());
    let holds = question.companions.iter().filter(|c| c.holds_pages()).count() + mapped;
    let cache_frames = question.geometry.pages() + 1 + holds.min(2) * question.geometry.pages();
    // The source's frames have names, too. Who needs more than there are ends the search.
    let cache_frames = cache_frames.min(FRAMES_NAMED - question.source.pages(question.geometry).len());
    let size = (question.geometry, cache_frames);
    let mut world = declare(&mut layout, fs.as_ref(), size, (question.source, question.second), setting);
    if question.companions.iter().any(|c| c.has_mapping()) {
        world.shared = Some(SharedMapping::declare(&mut layout, &world.storage));
    }
    world.mm.stops_early = question.stops_early;
    world.mm.watched = question.source == Source::Freed;
    if question.companions.contains(&Companion::Kill) {
        world.signal = Some(layout.cell("fatal signal", 1, show_number));
    }
    if let Some(journal) = &mut world.journal {
        if setting.around < Around::V3_7 {
            journal.truncated = Truncated::StaysMapped;
        }
        if setting.around < Around::V6_3 {
            journal.takes_over = TakesOver::Unlisted;
        }
        journal.looks_again = setting.around >= Around::V6_5;
        journal.locks_buffers = question.companions.contains(&Companion::Checkpoint);
    }
    world.stable_pages = question.stable_pages && setting.around >= Around::V3_0;
    if question.credits_can_run_out {
        world.credits = Some(layout.cell("credits", 1, show_number));
    }
    if question.companions.iter().any(|c| matches!(c, Companion::Grow(_))) {
        world.writing = Some(layout.cell("writing", 1, show_number));
        let same = [Companion::Grow(Growth::Same), Companion::Grow(Growth::FullDisk)];
        world.grows = !question.companions.iter().any(|c| same.contains(c));
    }
    world.locks = Locks::declare(
        &mut layout,
        fs.takes_invalidate_lock(setting.around) && question.contends_for_pages(fs.as_ref()),
        fs.nature().journal
            && setting.around >= Around::V3_12
            && question.companions.contains(&Companion::Writeback),
    );
    let behind_end = question.companions.iter().find_map(|c| match *c {
        Companion::StoreBehindEnd { again } => Some(again),
        _ => None,
    });
    world.behind_end =
        behind_end.map(|again| BehindEnd { to_come: layout.cell("to come", 2, show_number), again });
    world.store = question.store;
    world.finds_disk_full = question.finds_disk_full();
    if question.has_full_disk() {
        world.always_finds_disk_full = world.finds_disk_full;
    }
    if question.allocation_can_fail && question.companions.contains(&Companion::MmapStore) {
        world.stored = Some(layout.cell("stored", 1, show_number));
    }
    world.truncates = question.companions.iter().any(|c| matches!(c, Companion::Truncate { .. }));
    let (initial, told) = initial_states(question, fs.as_ref(), &mut world, layout.len()).into_iter().unzip();
    let facts = facts::of(question, told);

    let world = Arc::new(world);
    let shared = (world.clone(), fs);
    let mut all: Vec<Actor> = Vec::new();
    if question.writes {
        let must_complete = !question.source.can_fail()
            && !question.allocation_can_fail
            && !shared.1.can_refuse()
            && !question.companions.iter().any(|c| matches!(c, Companion::Kill | Companion::Unmap));
        all.push(actors::writer(&shared, must_complete));
        let id = all.len();
        let adversary = actors::adversary(&shared, question.source, id);
        assert_eq!(adversary.is_some(), question.source.has_adversary(), "{:?}", question.source);
        all.extend(adversary);
    }
    for &companion in &question.companions {
        let id = all.len();
        all.push(actors::companion(&shared, companion, id));
    }
    // Who judges knows nothing of the caller, so that variants which differ in it alone can be known as the same.
    let setting = Setting { allocation_can_fail: can_fail, ..Setting::of(Caller::V6_18) };
    let world = Arc::new(World { setting, ..World::clone(&world) });
    let (known, writes, present) = (world.clone(), question.writes, question.companions.clone());
    let grounds = Grounds {
        code: vec![module_path!()],
        value: Arc::new(move || format!("{known:?}, writer: {writes}, {present:?}")),
    };
    let (signal, asked, companions) = (world.signal, world.clone(), question.companions.clone());
    let (cells, told_of) = (layout.len(), shared.clone());
    let final_state = move |memory: &dyn Peek, words: &[Word]| {
        final_state::final_states(&told_of.0, &told_of.1, cells, (memory, words))
    };
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
        final_state: question.writes.then(|| Arc::new(final_state) as _),
        killed: signal.map(|at| Arc::new(move |memory: &dyn Peek| memory.peek(at) != 0) as _),
        picture: Arc::new(move |memory| picture::of(&world, memory)),
        facts: Some(facts),
        grounds: Some(grounds),
        assumptions: None,
    }
}

/// Declares the cells of a scenario. `cache_frames` is one more than can be held at once.
fn declare(
    layout: &mut Layout,
    fs: &dyn FileSystem,
    (geometry, cache_frames): (Geometry, usize),
    (source, second): (Source, Option<Request>),
    setting: Setting,
) -> World {
    let nature = fs.nature();
    let mut pages = source.pages(geometry);
    if second.is_some() {
        pages.push(SECOND_SOURCE);
    }
    let disk_blocks = fs.disk_blocks(geometry);
    let (buffers, sources) = (nature.buffers, pages.len());
    let mut storage = Storage::declare(layout, geometry, cache_frames, sources, disk_blocks, buffers);
    storage.i_size_is_ordered = setting.around >= Around::V6_9;
    World {
        mm: AddressSpace::declare(layout, pages),
        journal: nature.journal.then(|| Journal::declare(layout, &storage, nature.journals_data)),
        private: fs.declare(layout, &storage),
        cluster: fs.cluster(geometry),
        nature,
        signal: None,
        file: layout.cell("file", 5, show_number),
        request: layout.cell("request", 5, show_number),
        files: Vec::new(),
        requests: Vec::new(),
        storage,
        source,
        second,
        store: None,
        stored: None,
        shared: None,
        locks: Locks::default(),
        truncates: false,
        stable_pages: true,
        writes_copies: fs.writes_copies(),
        finds_disk_full: 0,
        always_finds_disk_full: 0,
        credits: None,
        writing: None,
        grows: false,
        behind_end: None,
        setting,
    }
}

fn initial_states(
    question: &Question,
    fs: &dyn FileSystem,
    world: &mut World,
    cells: usize,
) -> Vec<(Initial, facts::State)> {
    let mut initial = Vec::new();
    for &(file, page, request) in &question.initial {
        let number = position(&mut world.files, file);
        let asked = position(&mut world.requests, request);
        let mut state: Vec<Word> = vec![0; cells];
        set_up::file(&file, world, &mut state);
        set_up::pages(page, &file, world, &mut state);
        fs.set_up(world, &file, &mut state);
        question.source.set_up(&world.storage, &world.mm, &mut state, request);
        if let Some(second) = question.second {
            set_up_second(&world.storage, &world.mm, &mut state, second);
        }
        state[world.file.index()] = number as Word;
        state[world.request.index()] = asked as Word;
        if let Some(credits) = world.credits {
            state[credits.index()] = 1;
        }
        if let Some(writing) = world.writing {
            state[writing.index()] = 1;
        }
        if let Some(BehindEnd { to_come, .. }) = world.behind_end {
            state[to_come.index()] = BehindEnd::STORE | BehindEnd::GROWTH;
        }
        if let Some(journal) = &world.journal
            && question.journalled
            && world.nature.journals_data
            && page != PageState::Absent
        {
            let blocks = question.geometry.blocks();
            for file_block in (0..question.geometry.file_blocks()).filter(|&b| file.has(b)) {
                // At first a page is in the frame of its index.
                let (frame, block) = (file_block / blocks, file_block % blocks);
                let at = world.storage.buffer(frame, block).index();
                if state[at] & (buffer::UPTODATE | buffer::DIRTY) == buffer::UPTODATE {
                    state[at] |= buffer::JBD | buffer::JBDDIRTY;
                    journal.journal_initially(&mut state, frame, block);
                }
            }
        }
        let write =
            if question.writes { format!(", write {}+{}", request.pos, request.len) } else { String::new() };
        let name = format!("{}, {}{write}", file.name(&world.storage), page.name());
        let mut mapped = state.clone();
        if question.source.set_up_mapped(&world.storage, &world.mm, &mut mapped) {
            let told = facts::state(question, world, (file, page, request), true);
            initial.push((Initial { name: format!("{name}, mapped"), cells: mapped }, told));
        }
        let told = facts::state(question, world, (file, page, request), false);
        initial.push((Initial { name, cells: state }, told));
    }
    initial
}
