//! The table: what the names mean that the text does not define.

use c_text::{Expr, IntType, Name, Prototype};

use crate::{Object, Part, Pointer, Run, Stop, Value};

/// How a name of the table is called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    /// As a function: its arguments are evaluated, from the first to the last, whatever it does with them.
    Function,
    /// As a macro: it evaluates what it likes.
    Macro,
    /// As a macro that also sets what it is given, or points to it.
    Setter,
}

/// What of a table does not depend on the run. A name of the table hides the text's own.
pub trait Vocabulary: Send + Sync {
    /// Whether the table has a word of this name.
    fn word(&self, name: &str) -> Option<Word>;

    /// Whether a macro of this name is its only argument and nothing else. Nobody is asked when it is run.
    fn is_its_argument(&self, _name: &str) -> bool {
        false
    }

    /// Whether the table has a value of this name.
    fn is_constant(&self, name: &str) -> bool;

    /// The integer type of a word's result, of a value, or of a type of this name; nothing if it is none or the
    /// table does not say. The text's own declarations are asked first for words and types.
    fn int_type(&self, name: &str) -> Option<IntType>;

    /// Whether variables of the type `struct name` are objects of the table.
    fn is_modelled(&self, record: &str) -> bool;
}

/// What a table does in a run. `None` is what the table does not know; it ends the run.
pub trait Words {
    /// Calls a word.
    ///
    /// # Errors
    /// Of what it evaluates, or of its own.
    fn call(&self, run: &Run<'_>, call: &Call<'_>) -> Result<Option<Value>, Stop>;

    /// The value of a name.
    fn constant(&self, run: &Run<'_>, name: &str) -> Option<Value>;

    /// Reads a part of an object.
    ///
    /// # Errors
    /// Of its own.
    fn load(&self, run: &Run<'_>, object: Object, path: &[Part]) -> Result<Option<Value>, Stop>;

    /// Sets a part of an object.
    ///
    /// # Errors
    /// Of its own.
    fn store(&self, run: &Run<'_>, object: Object, path: &[Part], value: &Value) -> Result<Option<()>, Stop>;

    /// A variable of a type that is modelled, as it is before it is set.
    fn modelled(&self, run: &Run<'_>, record: &str) -> Option<Value>;

    /// What a pointer to a part of an object is, where that is another object, or the object itself.
    fn pointer(&self, _object: Object, _path: &[Part]) -> Option<Pointer> {
        None
    }

    /// A pointer moved by so many elements.
    fn moved(&self, _run: &Run<'_>, _pointer: &Pointer, _by: i64) -> Option<Value> {
        None
    }
}

/// A call of a word.
pub struct Call<'c> {
    /// Its name.
    pub name: &'c Name,
    /// How the text declares it, if it does.
    pub prototype: Option<&'c Prototype>,
    /// Its arguments as they are written.
    pub written: &'c [Expr],
    pub(crate) values: &'c [Value],
    pub(crate) is_setter: bool,
    pub(crate) arguments: &'c [crate::code::Node],
}

impl Call<'_> {
    /// The values of a function's arguments.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        self.values
    }

    /// The value of the argument whose parameter has this name in the text's own declaration.
    #[must_use]
    pub fn named(&self, parameter: &str) -> Option<&Value> {
        let parameters = &self.prototype?.parameters;
        let index = parameters.iter().position(|other| other.name.as_deref() == Some(parameter))?;
        self.values.get(index)
    }

    /// Evaluates an argument of a macro.
    ///
    /// # Errors
    /// Of the argument, or if there is none.
    pub fn evaluate(&self, run: &Run<'_>, argument: usize) -> Result<Value, Stop> {
        run.evaluate(self.argument(run, argument)?)
    }

    /// What an argument of a macro that is stored to points to.
    ///
    /// # Errors
    /// Of the argument, if there is none, or if nothing can be stored to it; and if the macro is no [`Word::Setter`]:
    /// then a variable that it points to may be forgotten too early.
    pub fn address(&self, run: &Run<'_>, argument: usize) -> Result<Pointer, Stop> {
        if !self.is_setter {
            let why = format!("{}(), which is not said to set anything, and does", self.name);
            return Err(run.unknown(crate::Unknown::Construct(why)));
        }
        run.address(self.argument(run, argument)?)
    }

    fn argument(&self, run: &Run<'_>, argument: usize) -> Result<&crate::code::Node, Stop> {
        self.arguments.get(argument).ok_or_else(|| {
            let given = self.arguments.len();
            run.unknown(crate::Unknown::Construct(format!("{}() is given {given} arguments", self.name)))
        })
    }
}
