//! What a text says: items, statements, expressions, types. Names stay as they are written.

use std::fmt;
use std::sync::Arc;

use crate::{Name, Position, SyntaxError};

/// An integer type of a machine whose `long` has 64 bits. `bool` has 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct IntType {
    /// 1, 8, 16, 32 or 64.
    pub bits: u8,
    /// Whether it has negative values.
    pub is_signed: bool,
}

impl IntType {
    /// `bool`.
    pub const BOOL: IntType = IntType { bits: 1, is_signed: false };
    /// `char`, which is signed.
    pub const CHAR: IntType = IntType { bits: 8, is_signed: true };
    /// `int`.
    pub const INT: IntType = IntType { bits: 32, is_signed: true };
    /// `unsigned int`.
    pub const UNSIGNED_INT: IntType = IntType { bits: 32, is_signed: false };
    /// `long`.
    pub const LONG: IntType = IntType { bits: 64, is_signed: true };
    /// `unsigned long`.
    pub const UNSIGNED_LONG: IntType = IntType { bits: 64, is_signed: false };

    /// The greatest value.
    #[must_use]
    pub const fn greatest(self) -> u64 {
        u64::MAX >> (64 - self.bits + self.is_signed as u8)
    }
}

/// A type.
#[expect(missing_docs, reason = "the fields are what each variant's sentence names")]
#[derive(Clone, PartialEq, Debug)]
pub enum Type {
    /// `void`.
    Void,
    /// One of C's own integer types.
    Int(IntType),
    /// `float`, `double`: nothing computes with them.
    Float,
    /// `struct x`, `union x`; without a name if it has none.
    Record { kind: RecordKind, name: Option<Name> },
    /// `enum x`, an `unsigned int`.
    Enum(Option<Name>),
    /// A name that a `typedef` gives.
    Named(Name),
    /// A pointer.
    Pointer(Box<Type>),
    /// An array, with its length if it says one.
    Array(Box<Type>, Option<Box<Expr>>),
    /// A function.
    Function { result: Box<Type>, parameters: Vec<Parameter>, is_variadic: bool },
    /// `typeof(x)` of an expression.
    TypeOf(Box<Expr>),
    /// `__auto_type`: that of the initialiser.
    Auto,
}

/// `struct` or `union`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum RecordKind {
    /// Its members stand one after the other.
    Struct,
    /// Its members share their place.
    Union,
}

/// A parameter of a function.
#[derive(Clone, PartialEq, Debug)]
pub struct Parameter {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// Its type; an array's is that of a pointer.
    pub of: Type,
}

/// Something between the semicolons and braces of a file's top level.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is.
    pub kind: ItemKind,
    /// The file.
    pub file: Name,
    /// Where it begins.
    pub at: Position,
    /// Its last line.
    pub end: u32,
    /// All of it as one line, comments left out: what is compared.
    pub code: Arc<str>,
}

/// The items.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// A function with its body.
    Function(Arc<Function>),
    /// The declaration of a function.
    Prototype(Prototype),
    /// A variable.
    Variable(Variable),
    /// An `enum` and its values.
    Enum(Enum),
    /// A `struct` or `union` with its members.
    Record(Record),
    /// A `typedef`.
    Typedef(Typedef),
    /// A macro that is called where items stand.
    MacroCall(MacroCall),
    /// An `asm`, a lone `;`.
    Nothing,
    /// What is not in the subset.
    Unparsed(Unparsed),
}

impl ItemKind {
    /// The name that it defines or declares.
    #[must_use]
    pub fn name(&self) -> Option<&Name> {
        match self {
            ItemKind::Function(function) => Some(&function.prototype.name),
            ItemKind::Prototype(prototype) => Some(&prototype.name),
            ItemKind::Variable(variable) => Some(&variable.name),
            ItemKind::Enum(of) => of.name.as_ref(),
            ItemKind::Record(of) => of.name.as_ref(),
            ItemKind::Typedef(of) => Some(&of.name),
            ItemKind::MacroCall(call) => Some(&call.name),
            ItemKind::Nothing => None,
            ItemKind::Unparsed(of) => of.name.as_ref(),
        }
    }
}

/// What a function is called with, and what it gives.
#[derive(Clone, PartialEq, Debug)]
pub struct Prototype {
    /// Its name.
    pub name: Name,
    /// What it returns.
    pub result: Type,
    /// What it takes.
    pub parameters: Vec<Parameter>,
    /// Whether more may follow.
    pub is_variadic: bool,
    /// Whether only its file sees it.
    pub is_static: bool,
}

/// A function with its body.
#[derive(Clone, PartialEq, Debug)]
pub struct Function {
    /// Its head.
    pub prototype: Prototype,
    /// The file.
    pub file: Name,
    /// Where it begins.
    pub at: Position,
    /// Its last line.
    pub end: u32,
    /// Its statements, or what of them is not in the subset.
    pub body: Result<Vec<Stmt>, SyntaxError>,
}

/// A variable, or one of a block.
#[derive(Clone, PartialEq, Debug)]
pub struct Variable {
    /// Its name.
    pub name: Name,
    /// Where the name stands.
    pub at: Position,
    /// Its type.
    pub of: Type,
    /// Its first value.
    pub initial: Option<Expr>,
    /// Whether it is `static`.
    pub is_static: bool,
    /// Whether it is `extern`: declared and not defined.
    pub is_extern: bool,
    /// Whether `const` stands before its type: nobody stores to it.
    pub is_const: bool,
    /// Words behind it that mean something to it, such as what is called at the end of its scope; see
    /// [`Hints::meaningful`](crate::Hints::meaningful).
    pub attributes: Vec<Name>,
}

/// An `enum`.
#[derive(Clone, PartialEq, Debug)]
pub struct Enum {
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// Its values.
    pub values: Vec<Enumerator>,
}

/// A value of an `enum`: so much more than the last expression that was given.
#[derive(Clone, PartialEq, Debug)]
pub struct Enumerator {
    /// Its name.
    pub name: Name,
    /// The last expression up to it; 0 if there was none.
    pub base: Option<Expr>,
    /// How many it is behind it.
    pub more: u32,
}

/// A `struct` or `union`.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Which of them.
    pub kind: RecordKind,
    /// Its name, if it has one.
    pub name: Option<Name>,
    /// Its members; those of a nested one without a name are its own.
    pub members: Vec<Member>,
}

/// A member of a `struct` or `union`.
#[derive(Clone, PartialEq, Debug)]
pub struct Member {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub of: Type,
    /// How many bits it has, if it is a bit-field.
    pub bits: Option<Expr>,
    /// Whether it shares its place with others: it is in a `union`.
    pub is_shared: bool,
}

/// A `typedef`.
#[derive(Clone, PartialEq, Debug)]
pub struct Typedef {
    /// The name that it gives.
    pub name: Name,
    /// To this.
    pub of: Type,
}

/// A macro called at the top level.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MacroCall {
    /// The macro.
    pub name: Name,
    /// Its arguments, each as one line.
    pub arguments: Vec<Name>,
    /// Whether a block follows: it may define a function.
    pub has_body: bool,
}

/// An item that is not in the subset.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unparsed {
    /// What it seems to define.
    pub name: Option<Name>,
    /// Whether it looks like a function.
    pub is_function: bool,
    /// What was expected, and where.
    pub why: SyntaxError,
}

/// A statement.
#[derive(Clone, PartialEq, Debug)]
pub struct Stmt {
    /// Where it begins.
    pub at: Position,
    /// What it does.
    pub kind: StmtKind,
}

/// The statements. Labels and cases stand in the list of their block, before what they label.
#[expect(missing_docs, reason = "the fields are what each variant's sentence names")]
#[derive(Clone, PartialEq, Debug)]
pub enum StmtKind {
    /// `;`
    Empty,
    /// An expression for its effects.
    Expr(Expr),
    /// Variables of this block.
    Declare(Vec<Variable>),
    /// `{ }`
    Block(Vec<Stmt>),
    /// `if`
    If { condition: Expr, yes: Box<Stmt>, no: Option<Box<Stmt>> },
    /// `while`
    While { condition: Expr, body: Box<Stmt> },
    /// `do` .. `while`
    Do { body: Box<Stmt>, condition: Expr },
    /// `for`
    For { first: Option<Box<Stmt>>, condition: Option<Expr>, step: Option<Expr>, body: Box<Stmt> },
    /// `switch`
    Switch { on: Expr, body: Box<Stmt> },
    /// `case`, up to the second if there is one.
    Case(Expr, Option<Expr>),
    /// `default`
    Default,
    /// A label.
    Label(Name),
    /// `goto`
    Goto(Name),
    /// `break`
    Break,
    /// `continue`
    Continue,
    /// `return`
    Return(Option<Expr>),
    /// A macro that heads a statement: `list_for_each_entry(..) { }`.
    Macro { name: Name, arguments: Vec<Expr>, body: Box<Stmt> },
    /// `asm`
    Asm,
}

/// An expression.
#[derive(Clone, PartialEq, Debug)]
pub struct Expr {
    /// Where it begins; that of an operator with a left side is the operator's.
    pub at: Position,
    /// What it is.
    pub kind: ExprKind,
}

/// The expressions. Parentheses leave no trace.
#[expect(missing_docs, reason = "the fields are what each variant's sentence names")]
#[derive(Clone, PartialEq, Debug)]
pub enum ExprKind {
    /// A number or a character.
    Int(u64, IntType),
    /// A number that is no integer, as it is written.
    Float(Name),
    /// A string, as it is written; several in a row are one.
    Text(Name),
    /// A name.
    Name(Name),
    /// `-a`, `!a` and their kin.
    Unary(Unary, Box<Expr>),
    /// `*a`
    Deref(Box<Expr>),
    /// `&a`
    AddressOf(Box<Expr>),
    /// `a++`, `--a`
    Step { of: Box<Expr>, is_down: bool, is_postfix: bool },
    /// `a = b`, `a += b`
    Assign { to: Box<Expr>, operator: Option<Binary>, value: Box<Expr> },
    /// `a + b`
    Binary(Binary, Box<Expr>, Box<Expr>),
    /// `a ? b : c`; without `b` it is `a`.
    Conditional { condition: Box<Expr>, yes: Option<Box<Expr>>, no: Box<Expr> },
    /// `f(a, b)`
    Call { function: Box<Expr>, arguments: Vec<Expr> },
    /// `a.b`, or `a->b`
    Member { of: Box<Expr>, name: Name, is_arrow: bool },
    /// `a[b]`
    Index { of: Box<Expr>, at: Box<Expr> },
    /// `(type)a`
    Cast(Type, Box<Expr>),
    /// `(type){ .. }`
    Literal(Type, Vec<Initial>),
    /// `{ .. }`, the first value of a variable.
    List(Vec<Initial>),
    /// `sizeof(type)`
    SizeOfType(Type),
    /// `sizeof a`
    SizeOf(Box<Expr>),
    /// `a, b`
    Comma(Box<Expr>, Box<Expr>),
    /// `({ .. })`
    Statements(Vec<Stmt>),
    /// A type where an argument stands.
    Type(Type),
}

/// An entry of a `{ .. }`.
#[derive(Clone, PartialEq, Debug)]
pub struct Initial {
    /// Which member, from the outermost in; none for the next one.
    pub to: Vec<Designator>,
    /// Its value.
    pub value: Expr,
}

/// Which member an entry is for.
#[derive(Clone, PartialEq, Debug)]
pub enum Designator {
    /// `.name`
    Member(Name),
    /// `[index]`, up to the second if there is one.
    Index(Expr, Option<Expr>),
}

/// The operators of one side that only compute.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unary {
    /// `-`
    Minus,
    /// `+`
    Plus,
    /// `!`
    Not,
    /// `~`
    Complement,
}

/// The operators of two sides that only compute.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Binary {
    /// `*`
    Times,
    /// `/`
    Divide,
    /// `%`
    Remainder,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `<<`
    ShiftLeft,
    /// `>>`
    ShiftRight,
    /// `<`
    Less,
    /// `>`
    Greater,
    /// `<=`
    LessOrEqual,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `&`
    BitAnd,
    /// `^`
    BitXor,
    /// `|`
    BitOr,
    /// `&&`
    And,
    /// `||`
    Or,
}

impl Binary {
    /// As C writes it, and how tightly it binds, from 1.
    pub(crate) const ALL: [(Binary, &'static str, u8); 18] = [
        (Binary::Or, "||", 1),
        (Binary::And, "&&", 2),
        (Binary::BitOr, "|", 3),
        (Binary::BitXor, "^", 4),
        (Binary::BitAnd, "&", 5),
        (Binary::Equal, "==", 6),
        (Binary::Unequal, "!=", 6),
        (Binary::Less, "<", 7),
        (Binary::Greater, ">", 7),
        (Binary::LessOrEqual, "<=", 7),
        (Binary::GreaterOrEqual, ">=", 7),
        (Binary::ShiftLeft, "<<", 8),
        (Binary::ShiftRight, ">>", 8),
        (Binary::Plus, "+", 9),
        (Binary::Minus, "-", 9),
        (Binary::Times, "*", 10),
        (Binary::Divide, "/", 10),
        (Binary::Remainder, "%", 10),
    ];
}

impl fmt::Display for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (_, mark, _) = Binary::ALL.iter().find(|(operator, ..)| operator == self).expect("all are there");
        f.write_str(mark)
    }
}
