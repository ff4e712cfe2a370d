//! Runs functions of a C text as what an actor does.
//!
//! A text ([`c_text::Program`]) and a table make a [`Code`]; a [`Run`] of it takes its steps on a
//! [`machine::Machine`]. What the text defines is run; what it does not define is the table's: words that are called,
//! values, types, and the parts of objects that the table models ([`Vocabulary`], [`Words`]). What neither knows ends
//! the run, by name and place, through one door ([`Run::unknown`]); there is no default. What C leaves undefined ends
//! it too ([`Fault`]): reading a variable that was never set, following `NULL`, leaving an array.
//!
//! A call of a function is a [`machine::call`]; going back in it, by a loop or a `goto`, is a round of
//! [`machine::again`]. The state of a round is where control is and the variables that it can still read, as one small
//! word, so that cycles close.
//!
//! The crate promises that integers convert, wrap and compare as on a machine whose `long` has 64 bits, with the
//! kernel's `-fwrapv`; the tests compare it with the C compiler, the long run (`SHORTCOPY_PROGRAMS=100000`) by 100,000
//! generated functions of three calls each, and by as many that an engine remembers in part. It knows nothing of what
//! words mean.
//!
//! ```
//! use std::sync::Arc;
//! use c_run::{Call, Code, Object, Part, Pointer, Run, Stop, Value, Vocabulary, Word, Words};
//! use c_text::{Config, Hints, IntType, Program};
//! use machine::{Action, Control, Machine, Step};
//!
//! /// An engine with one actor, which remembers nothing.
//! struct Alone;
//!
//! impl Machine for Alone {
//!     fn perform(&self, step: Step) -> machine::Word {
//!         match step.action {
//!             Action::Control(Control::Loop { state } | Control::Round { state }) => state,
//!             _ => 0,
//!         }
//!     }
//! }
//!
//! /// A table of one word.
//! struct Bells;
//!
//! impl Vocabulary for Bells {
//!     fn word(&self, name: &str) -> Option<Word> {
//!         matches!(name, "bells").then_some(Word::Function)
//!     }
//!     fn is_constant(&self, _: &str) -> bool {
//!         false
//!     }
//!     fn int_type(&self, _: &str) -> Option<IntType> {
//!         None
//!     }
//!     fn is_modelled(&self, _: &str) -> bool {
//!         false
//!     }
//! }
//!
//! impl Words for Bells {
//!     fn call(&self, _: &Run<'_>, call: &Call<'_>) -> Result<Option<Value>, Stop> {
//!         Ok((**call.name == *"bells").then(|| Value::int(3)))
//!     }
//!     fn constant(&self, _: &Run<'_>, _: &str) -> Option<Value> {
//!         None
//!     }
//!     fn load(&self, _: &Run<'_>, _: Object, _: &[Part]) -> Result<Option<Value>, Stop> {
//!         Ok(None)
//!     }
//!     fn store(&self, _: &Run<'_>, _: Object, _: &[Part], _: &Value) -> Result<Option<()>, Stop> {
//!         Ok(None)
//!     }
//!     fn modelled(&self, _: &Run<'_>, _: &str) -> Option<Value> {
//!         None
//!     }
//! }
//!
//! let text = b"
//! int ring(int times)
//! {
//!     int rung = 0;
//!
//!     while (times--)
//!         rung += bells();
//!     if (!rung)
//!         chime();
//!     return rung;
//! }
//! ";
//! let mut program = Program::new(Config::new(), Hints::default());
//! program.add(c_text::parse("bells.c", text, &Config::new(), &Hints::default()).expect("C"));
//! let code = Code::new(Arc::new(program), Box::new(Bells));
//! let ring = |times| Run::new(&code, &Bells, &Alone, Vec::new()).call("ring", "", vec![Value::int(times)]);
//! assert_eq!(ring(2), Ok(Value::int(6)));
//! let why = ring(0).expect_err("nobody knows chime").to_string();
//! assert_eq!(why, "bells.c:9: chime() is not known (in ring)");
//! ```

mod code;
mod compile;
mod conversions;
mod evaluate;
mod execute;
/// Integers of C.
pub mod integer;
mod liveness;
mod memory;
mod operators;
mod places;
mod run;
mod shape;
mod snapshot;
mod stop;
mod value;
mod words;

pub use run::{Code, Run};
pub use snapshot::{label_name, snapshots};
pub use stop::{Fault, Place, Stop, Unknown, Why};
pub use value::{Object, Part, Path, Pointer, Value};
pub use words::{Call, Vocabulary, Word, Words};
