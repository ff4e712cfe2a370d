//! A file system whose writer is the text of a tree, and what is done to its pages where it says so; everybody else is the
//! model that it stands on.

mod entry;
mod files;
mod here;
mod index;
mod text;

use std::collections::BTreeMap;
use std::fmt;
use std::iter;
use std::sync::Arc;

use c_run::{Call, Object, Part, Pointer, Run, Stop, Unknown, Value, Why, Words};
use c_text::{IntType, ItemKind, Name};
use machine::{Label, Layout, Order, Place, Word};
use models::family::{File, PageState};
use models::generic::server;
use models::generic::truncate::truncate_inode_pages;
use models::generic::writeback::filemap_write_and_wait;
use models::kernel::{Around, Caller, Kernel, Request, VmFault, World};
use models::{Errno, FileSystem, Nature};
use page_state::folio::{folio_end_writeback, folio_unlock};
use page_state::inode::{i_size_read, i_size_write};
use page_state::steps::test;
use page_state::{Buffer, Folio, Geometry, Storage, Task};

pub use entry::{Assumption, Constant, Load, Macro, Nothing, Store, Table, Word as TableWord};
pub(crate) use entry::{constants, loads, stores, words};
pub(crate) use files::truncate_setsize;
pub use files::{Files, OwnSize, Pages, Truncation};
pub(crate) use here::things;
pub use here::{
    Answer, Argument, Current, Data, Device, DiskData, Here, Inode, InodeInfo, Iter, Mapping, Of, OpenFile,
    SuperBlock, SuperBlockInfo, Thing, Vma, errno,
};
use index::{Entry, Known, Marks};
pub use text::{Text, Used};

/// Which functions of a text are run, and what is run around them.
#[derive(Clone, Copy, Debug)]
pub struct Entries {
    /// The address-space operations of the file.
    pub operations: &'static str,
    /// What writes: takes a `struct kiocb *` and a `struct iov_iter *`.
    pub write: &'static str,
    /// What makes a page that is mapped fit to be stored to, if it is the text's.
    pub page_mkwrite: Option<&'static str>,
    /// In what its files differ from those of the model around it.
    pub files: Files,
}

impl Entries {
    /// The functions of the text that are run from outside of it, but for those of the operations.
    pub fn run(self) -> impl Iterator<Item = &'static str> {
        let expand = self.files.truncation.runs();
        let Pages { read, write, invalidate, release, .. } = self.files.pages;
        let all = [Some(self.write), self.page_mkwrite, read, write, invalidate, release];
        all.into_iter().flatten().chain(expand)
    }
}

/// A file system of a tree.
pub struct FromText {
    /// The text, with its tables.
    pub text: Arc<Text>,
    /// Which functions are run.
    pub entries: Entries,
    /// Everybody else.
    pub base: Arc<dyn FileSystem>,
    /// The file that defines the operations.
    operations: Name,
    /// The files that define the functions that are run, which may keep them to themselves.
    homes: Arc<[(&'static str, Name)]>,
    marks: Marks,
}

impl fmt::Debug for FromText {
    /// By this, results are known again: it tells the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {} over {:?} ({})", self.entries, self.text, self.base, self.base.code())
    }
}

/// Who runs a function, and for what.
struct Playing<'p> {
    fs: &'p FromText,
    k: Kernel<'p>,
    request: Request,
}

impl Playing<'_> {
    fn here<'h, 'r>(
        &'h self,
        run: &'h Run<'r>,
        call: Option<&'h Call<'h>>,
        word: Option<&'h TableWord>,
    ) -> Here<'h, 'r> {
        let k = Kernel { task: Task { m: run, ..self.k.task }, world: self.k.world };
        Here { run, fs: self.fs, k, request: self.request, call, word }
    }

    fn used(&self, known: &Known) -> Entry {
        self.fs.marks.mark(known);
        self.fs.text.mark(known);
        known.entry
    }

    /// Runs a function of the text to its end, with pointers to what it is given.
    ///
    /// # Panics
    /// As the engine wants it: what is not known ends this execution as one that is not judged, what C leaves
    /// undefined ends it as a bug of the text.
    fn run(&self, function: &str, given: Vec<Value>) -> Value {
        self.run_with(function, given, Vec::new())
    }

    /// The same, with values behind these pointers.
    ///
    /// # Panics
    /// The same.
    fn run_with(&self, function: &str, given: Vec<Value>, values: Vec<Value>) -> Value {
        // What the text makes comes first, where `Here::made` finds it.
        let made = self.fs.entries.files.pages.made.map_or(Value::Void, |made| made());
        let count = given.len();
        let all = iter::once(made).chain(given).collect();
        let run = Run::new(&self.fs.text.code, self, self.k.task.m, all);
        let pointers = (1..=count).map(|index| Value::Pointer(run.given(index as u16)));
        match run.call(function, self.fs.home(function), pointers.chain(values).collect()) {
            Ok(value) => value,
            Err(stop) => self.fs.stopped(stop),
        }
    }
}

impl Words for Playing<'_> {
    fn call(&self, run: &Run<'_>, call: &Call<'_>) -> Result<Option<Value>, Stop> {
        let Some(known) = self.fs.text.index.known(call.name) else { return Ok(None) };
        match self.used(known) {
            Entry::Word(word) => (word.call)(&self.here(run, Some(call), Some(word))).map(Some),
            Entry::Macro(of) | Entry::Setter(of) => (of.call)(&self.here(run, Some(call), None)).map(Some),
            Entry::Nothing(_) => Ok(Some(Value::Void)),
            Entry::Assumption(of) => Ok(Some(Value::int(of.value))),
            // It is not called.
            Entry::Argument | Entry::Constant(_) => Ok(None),
        }
    }

    fn constant(&self, run: &Run<'_>, name: &str) -> Option<Value> {
        match self.used(self.fs.text.index.known(name)?) {
            Entry::Constant(of) => Some((of.value)(&self.here(run, None, None))),
            _ => None,
        }
    }

    fn load(&self, run: &Run<'_>, object: Object, path: &[Part]) -> Result<Option<Value>, Stop> {
        let Some(load) = self.fs.text.index.load(object, path) else { return Ok(None) };
        (load.load)(&Of { here: &self.here(run, None, None), object }).map(Some)
    }

    fn store(&self, run: &Run<'_>, object: Object, path: &[Part], value: &Value) -> Result<Option<()>, Stop> {
        let Some(store) = self.fs.text.index.store(object, path) else { return Ok(None) };
        (store.store)(&Of { here: &self.here(run, None, None), object }, value).map(Some)
    }

    fn pointer(&self, object: Object, path: &[Part]) -> Option<Pointer> {
        self.fs.text.index.is_same(object, path).then_some(Pointer::Object { object, path: Vec::new() })
    }

    fn moved(&self, _: &Run<'_>, pointer: &Pointer, by: i64) -> Option<Value> {
        here::moved(pointer, by)
    }

    fn modelled(&self, _: &Run<'_>, _: &str) -> Option<Value> {
        // Over nothing, until somebody says over what.
        Some(Value::Modelled(Object { kind: "iov_iter of nothing", numbers: [0, 0] }))
    }
}

impl FromText {
    /// The file system of these entries.
    ///
    /// # Errors
    /// With the name that the text does not define.
    pub fn new(
        text: Arc<Text>,
        entries: Entries,
        base: Arc<dyn FileSystem>,
    ) -> Result<FromText, &'static str> {
        let defines = |file: &&Arc<c_text::File>| {
            file.items.iter().any(|item| match &item.kind {
                ItemKind::Variable(of) => &*of.name == entries.operations && of.initial.is_some(),
                // That is told when it is read.
                ItemKind::Unparsed(of) => of.name.as_deref() == Some(entries.operations),
                _ => false,
            })
        };
        let files = text.program().files();
        let operations = files.iter().find(defines).ok_or(entries.operations)?.name.clone();
        let home = |function: &'static str| {
            let defines =
                |file: &&Arc<c_text::File>| file.functions().any(|of| &*of.prototype.name == function);
            // Where it was not understood, that is told when it is run.
            Some((function, files.iter().find(defines)?.name.clone()))
        };
        let homes = entries.run().filter_map(home).collect();
        let marks = Marks::new(&text.index);
        Ok(FromText { text, entries, base, operations, homes, marks })
    }

    /// The same, which has used nothing yet.
    #[must_use]
    pub fn fresh(&self) -> FromText {
        FromText {
            text: self.text.clone(),
            entries: self.entries,
            base: self.base.clone(),
            operations: self.operations.clone(),
            homes: self.homes.clone(),
            marks: Marks::new(&self.text.index),
        }
    }

    /// What this one has used of the tables so far.
    #[must_use]
    pub fn used(&self) -> Used {
        self.text.marked(&self.marks)
    }

    /// An answer that stands for nothing.
    fn refuse_answer(&self, function: &str, value: &Value) -> ! {
        let place = c_run::Place { function: function.into(), ..c_run::Place::default() };
        self.text.refuse(&place, &Unknown::Construct(format!("the result {value}")))
    }

    /// The address-space operations.
    pub(crate) fn operations(&self) -> Value {
        let (name, file) = (self.entries.operations.into(), self.operations.clone());
        Value::Pointer(Pointer::Global { name, file, path: Vec::new() })
    }

    /// The file that defines a function that is run.
    fn home(&self, function: &str) -> &str {
        let home = self.homes.iter().find(|(name, _)| *name == function);
        home.map_or("", |(_, file)| file)
    }

    fn playing<'p>(&'p self, k: &'p Kernel, request: Request) -> Playing<'p> {
        Playing { fs: self, k: *k, request }
    }

    /// Runs what the text does to a page. What it takes besides in some releases is `NULL`.
    fn on_page(&self, k: &Kernel, function: &str, mut values: Vec<Value>) -> Value {
        let found = self.text.program().function(function, self.home(function));
        if let Ok(Some(found)) = found {
            values.resize(found.prototype.parameters.len().max(values.len()), Value::null());
        }
        self.playing(k, Request { pos: 0, len: 0 }).run_with(function, Vec::new(), values)
    }

    /// Truncates the file to more than it has, by the text: whether it could.
    ///
    /// To the end of the last page, all is done when the page behind it is asked for, which nothing is put into, and which
    /// has no place in the page cache of a scenario.
    fn expand(&self, k: &Kernel, size: usize) -> bool {
        let playing = self.playing(k, Request { pos: size, len: 0 });
        let run = Run::new(&self.text.code, &playing, k.task.m, Vec::new());
        let ends_a_page = size.is_multiple_of(k.task.storage.geometry.page_units());
        let function = self.entries.files.truncation.expands(ends_a_page);
        match run.call(function, self.home(function), vec![Inode.value(), (size as i64).value()]) {
            Ok(Value::Int(error, _)) => error == 0,
            Ok(other) => self.refuse_answer(function, &other),
            Err(Stop { why: Why::Unknown(Unknown::Construct(why)), .. }) if why == PAGE_BEHIND => true,
            Err(stop) => self.stopped(stop),
        }
    }

    /// Ends the execution where the text can't be run on.
    fn stopped(&self, Stop { place, why }: Stop) -> ! {
        match why {
            Why::Fault(what) => {
                machine::bug(format!("{}:{}: {what} (in {})", place.file, place.line, place.function))
            }
            // What is run is not there.
            Why::Unknown(what) if place.file.is_empty() => {
                self.text.refuse(&c_run::Place { file: self.operations.clone(), ..place }, &what)
            }
            Why::Unknown(what) => self.text.refuse(&place, &what),
        }
    }

    /// What a write returned.
    fn written(&self, value: &Value) -> Result<usize, Errno> {
        let Value::Int(value, _) = value else { self.refuse_answer(self.entries.write, value) };
        match usize::try_from(*value) {
            Ok(written) => Ok(written),
            Err(_) => {
                let all = [Errno::Efault, Errno::Eintr, Errno::Enospc, Errno::Eio];
                match all.into_iter().find(|error| i64::from(-errno(*error)) == *value) {
                    Some(error) => Err(error),
                    None => self.refuse_answer(self.entries.write, &Value::Int(*value, IntType::LONG)),
                }
            }
        }
    }
}

/// Whether the page has something private: no other is told that it goes.
fn folio_has_private(k: &Kernel, folio: Folio) -> bool {
    let at = k.task.storage.private(folio.frame);
    test(&k.task, at, Word::MAX, Order::Relaxed, Label::new("folio_has_private", &[]))
}

/// What truncates a file to more than it has, where the text has a way of its own.
const EXPAND: &str = "generic_cont_expand_simple";
/// Why it ends where it asks for the page behind the last one.
pub(crate) const PAGE_BEHIND: &str = "the page behind the last one";
/// `VM_FAULT_LOCKED`.
const FAULT_LOCKED: i64 = 0x200;
/// `VM_FAULT_NOPAGE`.
const FAULT_NO_PAGE: i64 = 0x100;
/// `VM_FAULT_SIGBUS`.
const FAULT_SIGBUS: i64 = 2;

impl FileSystem for FromText {
    fn write_iter(&self, k: &Kernel, request: Request) -> Result<usize, Errno> {
        let playing = self.playing(k, request);
        let kiocb = Value::Record(BTreeMap::from([
            ("ki_filp".into(), OpenFile.value()),
            ("ki_pos".into(), (request.pos as i64).value()),
            ("ki_flags".into(), Value::int(0)),
        ]));
        let returned = playing.run(self.entries.write, vec![kiocb, here::iter(0)]);
        self.written(&returned)
    }

    fn page_mkwrite(&self, k: &Kernel, folio: Folio) -> VmFault {
        let Some(function) = self.entries.page_mkwrite else { return self.base.page_mkwrite(k, folio) };
        let playing = self.playing(k, Request { pos: 0, len: 1 });
        let fault =
            Value::Record(BTreeMap::from([("vma".into(), Vma.value()), ("page".into(), folio.value())]));
        match playing.run(function, vec![fault]) {
            Value::Int(FAULT_LOCKED, _) => VmFault::Locked,
            // As `do_page_mkwrite` looks at it: an error, or that the page is gone, counts whatever else is said.
            Value::Int(fault, _) if fault & FAULT_SIGBUS != 0 => VmFault::Sigbus,
            Value::Int(fault, _) if fault & FAULT_NO_PAGE != 0 => VmFault::NoPage,
            other => self.refuse_answer(function, &other),
        }
    }

    fn nature(&self) -> Nature {
        self.base.nature()
    }
    fn declare(&self, layout: &mut Layout, storage: &Storage) -> Vec<Place> {
        let mut cells = self.base.declare(layout, storage);
        cells.extend(self.entries.files.own_size.map(|own| own.declare(layout)));
        cells
    }
    fn set_up(&self, world: &World, file: &File, cells: &mut [Word]) {
        self.base.set_up(world, file, cells);
        if let Some(own) = self.entries.files.own_size {
            own.set_up(world, file, cells);
        }
    }
    fn cluster(&self, geometry: Geometry) -> usize {
        self.base.cluster(geometry)
    }
    fn disk_blocks(&self, geometry: Geometry) -> usize {
        self.base.disk_blocks(geometry)
    }
    fn allocates(&self) -> bool {
        self.base.allocates()
    }
    fn admits(&self, file: &File, page: PageState) -> bool {
        self.base.admits(file, page)
    }
    fn has_holes(&self) -> bool {
        self.entries.files.have_holes && self.base.has_holes()
    }
    fn pages_max(&self) -> usize {
        self.entries.files.pages_max.min(self.base.pages_max())
    }
    fn can_refuse(&self) -> bool {
        self.entries.files.can_refuse || self.base.can_refuse()
    }
    fn has_direct_io(&self) -> bool {
        self.entries.files.has_direct_io && self.base.has_direct_io()
    }
    fn takes_invalidate_lock(&self, around: Around) -> bool {
        self.entries.files.takes_invalidate_lock && self.base.takes_invalidate_lock(around)
    }
    fn writes_copies(&self) -> bool {
        self.base.writes_copies()
    }
    fn has_writable_mappings(&self) -> bool {
        self.base.has_writable_mappings()
    }
    fn delays_allocation(&self) -> bool {
        self.base.delays_allocation()
    }
    fn has_unwritten_extents(&self) -> bool {
        self.base.has_unwritten_extents()
    }
    fn looks_for_signals(&self, caller: Caller) -> bool {
        self.base.looks_for_signals(caller)
    }
    fn write_begin(&self, k: &Kernel, pos: usize, len: usize) -> Result<Folio, Errno> {
        self.base.write_begin(k, pos, len)
    }
    fn write_end(
        &self,
        k: &Kernel,
        pos: usize,
        len: usize,
        copied: usize,
        folio: Folio,
    ) -> Result<usize, Errno> {
        self.base.write_end(k, pos, len, copied, folio)
    }
    fn read_folio(&self, k: &Kernel, folio: Folio) {
        match self.entries.files.pages.read {
            Some(read) => drop(self.on_page(k, read, vec![OpenFile.value(), folio.value()])),
            None => self.base.read_folio(k, folio),
        }
    }
    fn is_partially_uptodate(&self, k: &Kernel, folio: Folio, from: usize, to: usize) -> bool {
        self.base.is_partially_uptodate(k, folio, from, to)
    }
    fn get_block(&self, k: &Kernel, bh: Buffer, create: bool) -> Result<(), Errno> {
        self.base.get_block(k, bh, create)
    }
    fn writepage(&self, k: &Kernel, folio: Folio) {
        match self.entries.files.pages.write {
            Some(write) => {
                self.on_page(k, write, vec![folio.value(), Value::null()]);
                if !self.entries.files.pages.write_unlocks {
                    folio_unlock(&k.task, folio);
                    folio_end_writeback(&k.task, folio);
                }
            }
            None => self.base.writepage(k, folio),
        }
    }
    fn dirty_folio(&self, k: &Kernel, folio: Folio) {
        self.base.dirty_folio(k, folio);
    }
    fn truncate(&self, k: &Kernel, size: usize) {
        let Files { truncation, own_size, .. } = self.entries.files;
        let grows = !matches!(truncation, Truncation::OfTheBase) && size > i_size_read(&k.task);
        match truncation {
            Truncation::SizeAlone => return truncate_setsize(k, self, size),
            Truncation::SizeThenServer { page_cache_first } => {
                if page_cache_first {
                    truncate_inode_pages(k, self, size);
                    i_size_write(&k.task, size);
                } else {
                    truncate_setsize(k, self, size);
                }
                return server::truncate(&k.task, size);
            }
            Truncation::ToLess if grows => return,
            Truncation::Expands if grows => {
                // Where the disk is full the file is left as it is.
                self.expand(k, size);
                return;
            }
            Truncation::ExpandsBehindTheSize | Truncation::ExpandsBy(_) if grows => {
                truncate_setsize(k, self, size);
                if let (false, Some(own)) = (self.expand(k, size), own_size) {
                    i_size_write(&k.task, own.read(k));
                }
                return;
            }
            _ => self.base.truncate(k, size),
        }
        if let Some(own) = own_size {
            own.cut(k, size);
        }
    }
    fn invalidate_folio(&self, k: &Kernel, folio: Folio, from: usize) -> bool {
        let Some(invalidate) = self.entries.files.pages.invalidate else {
            return self.base.invalidate_folio(k, folio, from);
        };
        if !folio_has_private(k, folio) {
            return false;
        }
        let length = k.task.storage.geometry.page_units() - from;
        self.on_page(k, invalidate, vec![folio.value(), from.value(), length.value()]);
        false
    }
    fn release_folio(&self, k: &Kernel, folio: Folio) -> bool {
        let Some(release) = self.entries.files.pages.release else {
            return self.base.release_folio(k, folio);
        };
        // filemap_release_folio: nobody is asked about a page without anything of the file system's.
        if !folio_has_private(k, folio) {
            return true;
        }
        match self.on_page(k, release, vec![folio.value(), Value::int(0)]) {
            Value::Int(released, _) => released != 0,
            other => self.refuse_answer(release, &other),
        }
    }
    fn dirty_inode(&self, k: &Kernel) {
        self.base.dirty_inode(k);
    }
    fn commit(&self, k: &Kernel) {
        self.base.commit(k);
    }
    fn write_inode(&self, k: &Kernel) {
        self.base.write_inode(k);
    }
    fn sync(&self, k: &Kernel) {
        match self.entries.files.pages.write {
            Some(_) => filemap_write_and_wait(k, self),
            None => self.base.sync(k),
        }
    }
}
