//! C as it stands in a source tree, before the preprocessor: read, patched in memory, compared.
//!
//! Nothing is expanded, so every line and column is the tree's own and every macro keeps its name. What the
//! preprocessor would say is told by the caller: which names are defined ([`Config`]), and which words are
//! attributes or types ([`Hints`]). [`parse`] gives the items of one file; what is not in the subset is an item
//! too, and says what was expected, where. [`Program`] finds things by name across files. [`Patch`] changes files
//! in memory, and [`differences`] tells which items of two readings differ.
//!
//! The crate promises that no text makes it panic, and that a function has a body only if all of it was
//! understood. It knows nothing of what the names mean. The long run (`SHORTCOPY_FUZZ=1000000`) tries seven million
//! texts: 10^6 of arbitrary bytes, of pieces of C, of a cut file and of a file with holes, each, 10^6 patches of each of two kinds,
//! and 10^6 cuts of the kernel's `block/`, `fs/` and `mm/` in versions 6.1, 6.12 and 7.2, two texts each.
//!
//! ```
//! use c_text::{Config, Hints, ItemKind, StmtKind};
//!
//! let text = b"
//! #ifdef CONFIG_LOUD
//! #define ring(x) shout(x)
//! #endif
//! static int answer(struct door *door, unsigned int __user *bells)
//! {
//!     if (min_t(unsigned long, door->rings, *bells) > 2)
//!         goto out;
//!     list_for_each_entry(bell, &door->bells, list)
//!         ring(bell);
//! out:
//!     return -EBUSY;
//! }
//! ";
//! let config = Config::new().off("CONFIG_LOUD");
//! let file = c_text::parse("door.c", text, &config, &Hints::default()).expect("its items can be told apart");
//! let ItemKind::Function(answer) = &file.items[0].kind else { panic!("a function") };
//! assert_eq!(answer.at.line, 5);
//! let body = answer.body.as_ref().expect("all of it is in the subset");
//! assert!(matches!(&body[1].kind, StmtKind::Macro { name, .. } if &**name == "list_for_each_entry"));
//! ```

mod ast;
mod condition;
mod config;
mod define;
mod differences;
mod directives;
mod error;
mod file;
mod hints;
mod number;
mod parser;
mod patch;
mod program;
mod show;
mod source;
mod token;

pub use ast::{
    Binary, Designator, Enum, Enumerator, Expr, ExprKind, Function, Initial, IntType, Item, ItemKind,
    MacroCall, Member, Parameter, Prototype, Record, RecordKind, Stmt, StmtKind, Type, Typedef, Unary,
    Unparsed, Variable,
};
pub use config::Config;
pub use define::Define;
pub use differences::{Difference, How, differences};
pub use directives::Include;
pub use error::{Position, ReadError, SyntaxError};
pub use file::{BYTES_MAX, File, parse, text};
pub use hints::Hints;
pub use patch::{FileChange, Moved, Patch, PatchError};
pub use program::{Ambiguous, Found, Program};
pub use source::{Folder, Overlay, Sources};

/// A name, shared by all who hold it.
pub type Name = std::sync::Arc<str>;
