//! Why a run can't go on. There is no default for what is not known.

use c_text::Name;

/// A place of the text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Place {
    /// The file.
    pub file: Name,
    /// The line, from 1.
    pub line: u32,
    /// The function.
    pub function: Name,
}

/// Why a run ended before its function returned, and where.
#[derive(Clone, PartialEq, Eq, Hash, Debug, thiserror::Error)]
#[error("{}:{}: {why} (in {})", .place.file, .place.line, .place.function)]
pub struct Stop {
    /// Where.
    pub place: Place,
    /// Why.
    pub why: Why,
}

/// Why a run ended.
#[derive(Clone, PartialEq, Eq, Hash, Debug, thiserror::Error)]
pub enum Why {
    /// The text uses something that neither the table nor the text says: it is not judged.
    #[error("{0}")]
    Unknown(Unknown),
    /// The text does what C leaves undefined: it is wrong, if what the table says is right.
    #[error("{0}")]
    Fault(Fault),
}

/// What nobody knows.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
pub enum Unknown {
    /// A function or macro that is called.
    #[error("{0}() is not known")]
    Function(String),
    /// A name that stands for a value.
    #[error("`{0}` is not known")]
    Name(String),
    /// A type.
    #[error("the type `{0}` is not known")]
    Type(String),
    /// A member of an object that the table models, read.
    #[error("{kind}{path} is not known")]
    Load {
        /// What kind of object.
        kind: &'static str,
        /// Which part, as `.member`.
        path: String,
    },
    /// A member of an object that the table models, set.
    #[error("a store to {kind}{path} is not known")]
    Store {
        /// What kind of object.
        kind: &'static str,
        /// Which part, as `.member`.
        path: String,
    },
    /// A function that the reader of the text did not understand.
    #[error("`{name}` was not understood: {why}")]
    Unparsed {
        /// The function.
        name: String,
        /// What the reader says.
        why: String,
    },
    /// A name that means two things.
    #[error("{0}")]
    Ambiguous(String),
    /// A construct of C that is not run.
    #[error("{0}")]
    Construct(String),
}

/// What C leaves undefined.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, thiserror::Error)]
pub enum Fault {
    /// `NULL` or a number is followed.
    #[error("{0} is followed")]
    NoObject(String),
    /// A variable is read before it is set.
    #[error("`{0}` is read and was never set")]
    Unset(String),
    /// An array is left.
    #[error("element {index} of an array of {length}")]
    OutOfBounds {
        /// Which element.
        index: i64,
        /// How many there are.
        length: usize,
    },
    /// A division by 0, or of the least number by -1.
    #[error("a division that has no result")]
    Division,
    /// A shift by less than 0, or by at least the width.
    #[error("a shift by {0}")]
    Shift(i64),
    /// A function that has a result ends without one, and it is used.
    #[error("the result of a function that returned none is used")]
    NoResult,
}
