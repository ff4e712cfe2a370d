//! Functions of real trees under a table that knows every name and answers anything: each ends with a value or an
//! error, or goes on; none panics.
//!
//! A short run takes hundreds of functions; `SHORTCOPY_PROGRAMS` says how many instead. Trees have 45,000.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::common::programs::next;
use c_run::{Call, Code, Object, Part, Pointer, Run, Stop, Value, Vocabulary, Word, Words};
use c_text::{Config, File, Hints, IntType, ItemKind, Program, Sources as _, Type};
use machine::{Action, Control, Machine, Step};
use tree::Tree;

const TYPES: [IntType; 6] = [
    IntType::BOOL,
    IntType::CHAR,
    IntType::INT,
    IntType::UNSIGNED_INT,
    IntType::LONG,
    IntType::UNSIGNED_LONG,
];

/// How many steps of control a run may take.
const STEPS_MAX: u32 = 100;

/// What is thrown to end a run that goes on.
struct Enough;

/// An engine that remembers nothing and has no patience.
struct Impatient(Cell<u32>);

impl Machine for Impatient {
    fn perform(&self, step: Step) -> machine::Word {
        self.0.set(self.0.get() + 1);
        if self.0.get() > STEPS_MAX {
            resume_unwind(Box::new(Enough));
        }
        match step.action {
            Action::Control(Control::Loop { state } | Control::Round { state }) => state,
            _ => 0,
        }
    }
}

/// Knows all names that a file does not define.
struct Everything(BTreeSet<String>);

fn number(name: &str) -> usize {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish() as usize
}

impl Vocabulary for Everything {
    fn word(&self, name: &str) -> Option<Word> {
        let is_macro = name.starts_with(|c: char| c.is_ascii_uppercase());
        (!self.0.contains(name)).then_some(if is_macro { Word::Macro } else { Word::Function })
    }
    fn is_constant(&self, name: &str) -> bool {
        !self.0.contains(name)
    }
    fn int_type(&self, name: &str) -> Option<IntType> {
        Some(TYPES[number(name) % TYPES.len()])
    }
    fn is_modelled(&self, record: &str) -> bool {
        number(record).is_multiple_of(2)
    }
}

/// Answers anything.
struct Anything(RefCell<u64>);

impl Anything {
    fn below(&self, bound: u64) -> u64 {
        next(&mut self.0.borrow_mut()) % bound
    }

    fn value(&self) -> Value {
        let of = TYPES[self.below(TYPES.len() as u64) as usize];
        let object = ["folio", "inode"][self.below(2) as usize];
        match self.below(64) {
            0..12 => Value::Int(0, of),
            12..20 => Value::Int(1, of),
            20..30 => Value::Int(c_run::integer::convert(next(&mut self.0.borrow_mut()) as i64, of), of),
            30..34 => Value::int(-(self.below(40) as i32)),
            34..37 => Value::null(),
            37 => Value::Pointer(Pointer::Number(-28)),
            38 => Value::Void,
            39 => Value::Unset,
            40 => Value::Pointer(Pointer::Text("\"text\"".into())),
            41 => Value::Modelled(Object { kind: object, numbers: [1, 0] }),
            _ => Value::object(object, [self.below(3) as u32, 0]),
        }
    }
}

impl Words for Anything {
    fn call(&self, run: &Run<'_>, call: &Call<'_>) -> Result<Option<Value>, Stop> {
        if call.values().is_empty() && self.below(2) == 0 {
            for argument in 0..call.written.len() {
                let _ = call.evaluate(run, argument)?;
            }
        }
        Ok(Some(self.value()))
    }
    fn constant(&self, _: &Run<'_>, _: &str) -> Option<Value> {
        Some(self.value())
    }
    fn load(&self, _: &Run<'_>, _: Object, _: &[Part]) -> Result<Option<Value>, Stop> {
        Ok(Some(self.value()))
    }
    fn store(&self, _: &Run<'_>, _: Object, _: &[Part], _: &Value) -> Result<Option<()>, Stop> {
        Ok(Some(()))
    }
    fn modelled(&self, _: &Run<'_>, _: &str) -> Option<Value> {
        Some(Value::Modelled(Object { kind: "folio", numbers: [0, 0] }))
    }
    fn moved(&self, _: &Run<'_>, pointer: &Pointer, _: i64) -> Option<Value> {
        (self.below(2) == 0).then(|| Value::Pointer(pointer.clone()))
    }
}

/// What became of the runs.
#[derive(Default, Debug)]
struct Ends {
    functions: usize,
    returned: usize,
    stopped: usize,
    went_on: usize,
}

/// Runs each `step`th function of a file.
fn run_all(file: File, step: usize, ends: &mut Ends) {
    let name = file.name.clone();
    let functions: Vec<_> = file.functions().skip(number(&name) % step).step_by(step).cloned().collect();
    let defined = file.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Prototype(_) => None,
        kind => kind.name().map(|name| name.to_string()),
    });
    let defined = defined.chain(file.defines.iter().map(|define| define.name.to_string())).collect();
    let mut program = Program::new(Config::new(), Hints::default());
    program.add(file);
    let code = Code::new(Arc::new(program), Box::new(Everything(defined)));
    for function in functions {
        let prototype = &function.prototype;
        ends.functions += 1;
        for seed in 0..4 {
            let words = Anything(RefCell::new(seed ^ number(&prototype.name) as u64));
            let arguments = prototype.parameters.iter().map(|parameter| match parameter.of {
                Type::Pointer(_) if seed > 0 => Value::object("inode", [0, 0]),
                _ => words.value(),
            });
            let (arguments, machine) = (arguments.collect(), Impatient(Cell::new(0)));
            let run = Run::new(&code, &words, &machine, Vec::new());
            match catch_unwind(AssertUnwindSafe(|| run.call(&prototype.name, &name, arguments))) {
                Ok(Ok(_)) => ends.returned += 1,
                Ok(Err(_)) => ends.stopped += 1,
                Err(thrown) if thrown.is::<Enough>() => ends.went_on += 1,
                Err(thrown) => {
                    println!("{name}: {} with {seed}", prototype.name);
                    resume_unwind(thrown);
                }
            }
        }
    }
}

fn sources(tree: &Tree) -> Vec<String> {
    let folders = ["block", "fs", "lib", "mm"].map(|folder| tree.files(folder).expect("a list"));
    folders.into_iter().flatten().filter(|file| file.ends_with(".c")).collect()
}

#[test]
fn functions_of_a_tree_do_not_panic_whatever_they_are_answered() {
    let wanted =
        std::env::var("SHORTCOPY_PROGRAMS").ok().and_then(|count| count.parse().ok()).unwrap_or(400_usize);
    for tree in tree::testing::trees(env!("CARGO_TARGET_TMPDIR"), "functions of a tree under any table") {
        let files = sources(&tree);
        // A file has about twenty functions.
        let (by_file, by_function) = match 20 * files.len() / wanted.max(1) {
            many @ 20.. => (many / 20, 20),
            some => (1, some.max(1)),
        };
        let mut ends = Ends::default();
        for file in files.iter().step_by(by_file) {
            let text = tree.read(file).expect("it can be read").expect("it is there");
            let file = c_text::parse(file, &text, &Config::new(), &Hints::default());
            run_all(file.unwrap_or_else(|why| panic!("{why}")), by_function, &mut ends);
        }
        println!("{tree}: {ends:?}, {} states of control are kept", c_run::snapshots());
        assert!(ends.returned > ends.functions / 4, "{ends:?}");
    }
}
