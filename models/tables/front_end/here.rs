//! What an entry of a table sees: the run, who it is, and values as Rust has them.

use c_run::{Call, Fault, Object, Pointer, Run, Stop, Unknown, Value};
use c_text::IntType;
use models::Errno;
use models::kernel::{Kernel, Request};
use page_state::{Buffer, Folio, Geometry, Task};

use super::{FromText, TableWord};

/// The place of a call: what is run, for whom.
pub struct Here<'h, 'r> {
    /// The run.
    pub run: &'h Run<'r>,
    /// The file system whose text it is.
    pub fs: &'h FromText,
    /// Who runs it: its steps go through the run, which knows the line.
    pub k: Kernel<'h>,
    /// What the writer was asked for.
    pub request: Request,
    /// The call; a member or a constant has none.
    pub call: Option<&'h Call<'h>>,
    /// The word that is called.
    pub word: Option<&'h TableWord>,
}

/// An object, of which a member is read or set.
pub struct Of<'h, 'r> {
    /// Where.
    pub here: &'h Here<'h, 'r>,
    /// The object.
    pub object: Object,
}

impl<'h> Here<'h, '_> {
    /// Who takes the steps.
    #[must_use]
    pub fn task(&self) -> &Task<'h> {
        &self.k.task
    }

    /// The sizes.
    #[must_use]
    pub fn geometry(&self) -> Geometry {
        self.k.task.storage.geometry
    }

    /// Units in a page.
    #[must_use]
    pub fn page_units(&self) -> usize {
        self.geometry().page_units()
    }

    /// The object that the text makes in this run ([`Pages::made`](super::Pages::made)).
    #[must_use]
    pub fn made(&self) -> Pointer {
        self.run.given(0)
    }

    /// What can't be run.
    #[must_use]
    pub fn refused(&self, why: impl Into<String>) -> Stop {
        self.run.unknown(Unknown::Construct(why.into()))
    }

    /// The value of an argument of a macro.
    ///
    /// # Errors
    /// Of the argument, or if there is none.
    pub fn evaluate(&self, argument: usize) -> Result<Value, Stop> {
        match self.call {
            Some(call) => call.evaluate(self.run, argument),
            None => Err(self.refused("an argument of what is not called")),
        }
    }

    /// The argument for a parameter of the word, by its number in the table.
    ///
    /// By the parameter's name in the tree's declaration; where the tree has none that is read, or does not name its
    /// parameters, the arguments must be as many as the table's parameters, in the same order.
    fn argument(&self, parameter: usize) -> Result<&Value, Stop> {
        let (Some(call), Some(word)) = (self.call, self.word) else {
            return Err(self.refused("an argument of what is not called"));
        };
        let names = word.parameters[parameter];
        let is_named =
            call.prototype.is_some_and(|of| of.parameters.iter().any(|other| other.name.is_some()));
        let found = if is_named {
            names.iter().find_map(|name| call.named(name))
        } else if call.values().len() == word.parameters.len() {
            call.values().get(parameter)
        } else {
            None
        };
        found.ok_or_else(|| {
            let given =
                if is_named { "of no parameter" } else { "without a declaration, and of no argument" };
            self.refused(format!("{}(), {given} that the table calls `{}`", call.name, names.join("` or `")))
        })
    }
}

/// What an argument is made to.
pub trait Argument: Sized {
    /// From a value.
    ///
    /// # Errors
    /// If the value is something else.
    fn from_value(here: &Here<'_, '_>, value: &Value) -> Result<Self, Stop>;

    /// The argument for the parameter of this number.
    ///
    /// # Errors
    /// If there is none, or it is something else.
    fn of(here: &Here<'_, '_>, parameter: usize) -> Result<Self, Stop> {
        Self::from_value(here, here.argument(parameter)?)
    }
}

/// An object of the tables.
pub trait Thing: Sized {
    /// What the tables call it.
    const KIND: &'static str;
    /// From the object's numbers.
    fn of(object: Object) -> Self;
    /// The object's numbers.
    fn numbers(&self) -> [u32; 2];
}

/// What a word answers.
pub trait Answer {
    /// Its type, if it is a number.
    const TYPE: Option<IntType>;
    /// As a value.
    fn value(self) -> Value;
}

impl Argument for Value {
    fn from_value(_: &Here<'_, '_>, value: &Value) -> Result<Value, Stop> {
        Ok(value.clone())
    }
}

impl Argument for i64 {
    fn from_value(here: &Here<'_, '_>, value: &Value) -> Result<i64, Stop> {
        match value {
            Value::Int(value, _) => Ok(*value),
            other => Err(here.refused(format!("{other} as a number"))),
        }
    }
}

impl Argument for usize {
    fn from_value(here: &Here<'_, '_>, value: &Value) -> Result<usize, Stop> {
        let value = i64::from_value(here, value)?;
        usize::try_from(value).map_err(|_| here.refused(format!("{value} as a position or a length")))
    }
}

impl Argument for bool {
    fn from_value(here: &Here<'_, '_>, value: &Value) -> Result<bool, Stop> {
        here.run.truth(value)
    }
}

impl Argument for Pointer {
    fn from_value(here: &Here<'_, '_>, value: &Value) -> Result<Pointer, Stop> {
        match value {
            Value::Pointer(pointer) => Ok(pointer.clone()),
            other => Err(here.refused(format!("{other} as a pointer"))),
        }
    }
}

impl<T: Thing> Argument for T {
    fn from_value(here: &Here<'_, '_>, value: &Value) -> Result<T, Stop> {
        match value {
            Value::Pointer(Pointer::Object { object, path }) if object.kind == T::KIND && path.is_empty() => {
                Ok(T::of(*object))
            }
            Value::Pointer(pointer @ Pointer::Number(_)) => {
                Err(here.run.fault(Fault::NoObject(pointer.to_string())))
            }
            other => Err(here.refused(format!("{other} as a {}", T::KIND))),
        }
    }
}

impl<T: Thing> Answer for T {
    const TYPE: Option<IntType> = None;
    fn value(self) -> Value {
        Value::object(T::KIND, self.numbers())
    }
}

impl Answer for () {
    const TYPE: Option<IntType> = None;
    fn value(self) -> Value {
        Value::Void
    }
}

impl Answer for Value {
    const TYPE: Option<IntType> = None;
    fn value(self) -> Value {
        self
    }
}

impl<T: Answer> Answer for Option<T> {
    const TYPE: Option<IntType> = None;
    /// `NULL` where there is none.
    fn value(self) -> Value {
        self.map_or_else(Value::null, Answer::value)
    }
}

macro_rules! numbers {
    ($($of:ty => $as:expr;)*) => {$(
        impl Answer for $of {
            const TYPE: Option<IntType> = Some($as);
            fn value(self) -> Value {
                Value::Int(self as i64, $as)
            }
        }
    )*};
}
numbers! {
    bool => IntType::BOOL;
    i32 => IntType::INT;
    u32 => IntType::UNSIGNED_INT;
    i64 => IntType::LONG;
    u64 => IntType::UNSIGNED_LONG;
    usize => IntType::UNSIGNED_LONG;
}

/// The error's number.
#[must_use]
pub fn errno(error: Errno) -> i32 {
    match error {
        Errno::Eintr => 4,
        Errno::Efault => 14,
        Errno::Enospc => 28,
        Errno::Eio => 5,
        Errno::Eagain => 11,
    }
}

/// 0, or the error as a negative number.
impl Answer for Result<(), Errno> {
    const TYPE: Option<IntType> = Some(IntType::INT);
    fn value(self) -> Value {
        Value::int(self.map_or_else(|error| -errno(error), |()| 0))
    }
}

/// An object that is only there.
macro_rules! things {
    ($($(#[$doc:meta])* $vis:vis $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        $vis struct $name;

        impl $crate::front_end::Thing for $name {
            const KIND: &'static str = $kind;
            fn of(_: ::c_run::Object) -> $name {
                $name
            }
            fn numbers(&self) -> [u32; 2] {
                [0, 0]
            }
        }
    )*};
}
pub(crate) use things;

things! {
    /// The inode that is written.
    pub Inode = "inode";
    /// Its mapping.
    pub Mapping = "mapping";
    /// Its superblock.
    pub SuperBlock = "super_block";
    /// The file that is open.
    pub OpenFile = "file";
    /// The device.
    pub Device = "block_device";
    /// What the file system keeps beside the superblock.
    pub SuperBlockInfo = "super_block_info";
    /// What the file system keeps beside the inode.
    pub InodeInfo = "inode_info";
    /// `current`.
    pub Current = "task_struct";
    /// A mapping of the file in an address space.
    pub Vma = "vm_area_struct";
}

impl Thing for Folio {
    const KIND: &'static str = "folio";
    fn of(object: Object) -> Folio {
        Folio { frame: object.numbers[0] as usize, index: object.numbers[1] as usize }
    }
    fn numbers(&self) -> [u32; 2] {
        [self.frame as u32, self.index as u32]
    }
}

/// Bits of a frame's number in a buffer's.
const INDEX_BITS: u32 = 8;

impl Thing for Buffer {
    const KIND: &'static str = "buffer_head";
    fn of(object: Object) -> Buffer {
        let [page, block] = object.numbers;
        let (frame, index) = (page >> INDEX_BITS, page & ((1 << INDEX_BITS) - 1));
        Buffer { folio: Folio { frame: frame as usize, index: index as usize }, block: block as usize }
    }
    fn numbers(&self) -> [u32; 2] {
        [(self.folio.frame << INDEX_BITS | self.folio.index) as u32, self.block as u32]
    }
}

/// What is in a page, from a unit on: where a page is mapped to be read or written by the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Data {
    /// The page.
    pub folio: Folio,
    /// The unit of it.
    pub unit: usize,
}

impl Thing for Data {
    const KIND: &'static str = "data";
    fn of(object: Object) -> Data {
        let [page, unit] = object.numbers;
        let (frame, index) = (page >> INDEX_BITS, page & ((1 << INDEX_BITS) - 1));
        Data { folio: Folio { frame: frame as usize, index: index as usize }, unit: unit as usize }
    }
    fn numbers(&self) -> [u32; 2] {
        [(self.folio.frame << INDEX_BITS | self.folio.index) as u32, self.unit as u32]
    }
}

/// What is on a block of the disk, from a unit on: where the kernel has the block in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DiskData {
    /// The block of the disk.
    pub block: usize,
    /// The unit of it.
    pub unit: usize,
}

impl Thing for DiskData {
    const KIND: &'static str = "disk_data";
    fn of(object: Object) -> DiskData {
        let [block, unit] = object.numbers;
        DiskData { block: block as usize, unit: unit as usize }
    }
    fn numbers(&self) -> [u32; 2] {
        [self.block as u32, self.unit as u32]
    }
}

/// A pointer to data, moved by so many units; nothing if it is another pointer, or leaves the numbers.
pub(super) fn moved(pointer: &Pointer, by: i64) -> Option<Value> {
    let Pointer::Object { object, path } = pointer else { return None };
    let by_units = |unit: usize| usize::try_from(unit as i64 + by).ok();
    match object.kind {
        _ if !path.is_empty() => None,
        Data::KIND => {
            let data = <Data as Thing>::of(*object);
            Some(Data { unit: by_units(data.unit)?, ..data }.value())
        }
        DiskData::KIND => {
            let data = <DiskData as Thing>::of(*object);
            Some(DiskData { unit: by_units(data.unit)?, ..data }.value())
        }
        _ => None,
    }
}

/// A pointer to an iterator over the source: how much of it is behind.
pub struct Iter {
    at: Pointer,
    /// How many units it has gone over.
    pub done: usize,
}

/// The kind of an iterator.
pub(super) const ITER: &str = "iov_iter";

/// An iterator that has gone over so many units.
pub(super) fn iter(done: usize) -> Value {
    Value::Modelled(Object { kind: ITER, numbers: [done as u32, 0] })
}

impl Iter {
    /// Sets how many units it has gone over.
    ///
    /// # Errors
    /// If it can't be set.
    pub fn set(&self, here: &Here<'_, '_>, done: usize) -> Result<(), Stop> {
        here.run.store(&self.at, iter(done)).map(drop)
    }
}

impl Argument for Iter {
    fn from_value(here: &Here<'_, '_>, value: &Value) -> Result<Iter, Stop> {
        let at = Pointer::from_value(here, value)?;
        match here.run.load(&at)? {
            Value::Modelled(Object { kind: ITER, numbers: [done, _] }) => {
                Ok(Iter { at, done: done as usize })
            }
            other => Err(here.refused(format!("{other} as an iterator"))),
        }
    }
}
