//! What a table says: the kinds of entries, and the macros that they are written with.

use c_run::{Stop, Value};
use c_text::IntType;

use super::here::{Here, Of};

/// Everything that the tables of a path say, and nothing else.
pub struct Table {
    /// Its file, for who has to add to it.
    pub file: &'static str,
    /// Functions that have steps or an answer.
    pub words: &'static [Word],
    /// What evaluates its arguments as it likes.
    pub macros: &'static [Macro],
    /// Macros that also set what they are given, or point to it.
    pub setters: &'static [Macro],
    /// Macros that are their only argument and nothing else.
    pub arguments: &'static [&'static str],
    /// Names with a value.
    pub constants: &'static [Constant],
    /// Members of objects that are read.
    pub loads: &'static [Load],
    /// Members of objects that are set.
    pub stores: &'static [Store],
    /// Members that are the object itself.
    pub same: &'static [&'static str],
    /// What does nothing that a scenario could see. Its arguments are evaluated, and it has no result.
    pub nothing: &'static [Nothing],
    /// What is answered with a constant, whatever it is asked.
    pub assumptions: &'static [Assumption],
    /// Types that are integers here, in which no bits matter.
    pub types: &'static [(&'static str, IntType)],
    /// Names of the tables of everybody which this one gives another meaning.
    pub instead: &'static [&'static str],
}

impl Table {
    /// A table that says nothing.
    pub const fn new(file: &'static str) -> Table {
        Table {
            file,
            words: &[],
            macros: &[],
            setters: &[],
            arguments: &[],
            constants: &[],
            loads: &[],
            stores: &[],
            same: &[],
            nothing: &[],
            assumptions: &[],
            types: &[],
            instead: &[],
        }
    }
}

/// A function that has steps or an answer.
#[derive(Clone, Copy)]
pub struct Word {
    /// Its names in the kernel's versions.
    pub names: &'static [&'static str],
    /// The parameters that it takes, each by its names in the tree's own declarations.
    pub parameters: &'static [&'static [&'static str]],
    /// The type of its result, where the tree does not declare it.
    pub result: Option<IntType>,
    /// What it does.
    pub call: fn(&Here<'_, '_>) -> Result<Value, Stop>,
}

/// What evaluates its arguments as it likes.
#[derive(Clone, Copy)]
pub struct Macro {
    /// Its name.
    pub name: &'static str,
    /// The type of its result, if it has one of its own.
    pub result: Option<IntType>,
    /// What it does.
    pub call: fn(&Here<'_, '_>) -> Result<Value, Stop>,
}

/// A name with a value.
#[derive(Clone, Copy)]
pub struct Constant {
    /// Its name.
    pub name: &'static str,
    /// Its type, if it is a number.
    pub of: Option<IntType>,
    /// Its value.
    pub value: fn(&Here<'_, '_>) -> Value,
}

/// A member that is read.
#[derive(Clone, Copy)]
pub struct Load {
    /// `kind.member`.
    pub name: &'static str,
    /// What it does.
    pub load: fn(&Of<'_, '_>) -> Result<Value, Stop>,
}

/// A member that is set.
#[derive(Clone, Copy)]
pub struct Store {
    /// `kind.member`.
    pub name: &'static str,
    /// What it does.
    pub store: fn(&Of<'_, '_>, &Value) -> Result<(), Stop>,
}

/// What does nothing that a scenario could see.
#[derive(Clone, Copy, Debug)]
pub struct Nothing {
    /// Why not.
    pub reason: &'static str,
    /// Names; one that ends in `*` stands for all that begin so.
    pub names: &'static str,
}

/// What is answered with a constant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Assumption {
    /// The function or macro.
    pub name: &'static str,
    /// Its answer.
    pub value: i32,
    /// Why it may be.
    pub reason: &'static str,
}

/// Words: `name | older_name (parameter | older_name: Type, ..) -> Type => expression;`. Parameters are bound by the
/// names that the tree's declaration gives them, the first name is the variable.
macro_rules! words {
    ($w:ident; $(
        $name:ident $(| $other:ident)* ( $( $parameter:ident $(| $alias:ident)* : $of:ty ),* ) $(-> $result:ty)? => $does:expr;
    )*) => {
        &[$($crate::front_end::TableWord {
            names: &[stringify!($name) $(, stringify!($other))*],
            parameters: &[$(&[stringify!($parameter) $(, stringify!($alias))*]),*],
            result: words!(@result $($result)?),
            #[allow(unused_variables, unused_mut, unused_assignments)]
            call: |$w| {
                let mut index = 0;
                $(
                    let $parameter = <$of as $crate::front_end::Argument>::of($w, index)?;
                    index += 1;
                )*
                Ok($crate::front_end::Answer::value($does))
            },
        }),*]
    };
    (@result) => { None };
    (@result $result:ty) => { <$result as $crate::front_end::Answer>::TYPE };
}

/// Members that are read: `"kind.member"(object: Type) => expression;`.
macro_rules! loads {
    ($w:ident; $( $name:literal ( $object:ident : $of:ty ) => $does:expr; )*) => {
        &[$($crate::front_end::Load {
            name: $name,
            #[allow(unused_variables)]
            load: |of| {
                let $w = of.here;
                let $object = <$of as $crate::front_end::Thing>::of(of.object);
                Ok($crate::front_end::Answer::value($does))
            },
        }),*]
    };
}

/// Members that are set: `"kind.member"(object: Type, value: Type) => expression;`.
macro_rules! stores {
    ($w:ident; $( $name:literal ( $object:ident : $of:ty, $value:ident : $as:ty ) => $does:expr; )*) => {
        &[$($crate::front_end::Store {
            name: $name,
            #[allow(unused_variables)]
            store: |of, value| {
                let $w = of.here;
                let $object = <$of as $crate::front_end::Thing>::of(of.object);
                let $value = <$as as $crate::front_end::Argument>::from_value($w, value)?;
                let () = $does;
                Ok(())
            },
        }),*]
    };
}

/// Constants: `NAME: Type = expression;`.
macro_rules! constants {
    ($w:ident; $( $name:ident : $of:ty = $value:expr; )*) => {
        &[$($crate::front_end::Constant {
            name: stringify!($name),
            of: <$of as $crate::front_end::Answer>::TYPE,
            #[allow(unused_variables)]
            value: |$w| $crate::front_end::Answer::value({ let value: $of = $value; value }),
        }),*]
    };
}

pub(crate) use {constants, loads, stores, words};
