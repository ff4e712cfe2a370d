//! Files together: what a name means in one of them.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::{
    Config, Define, Enum, Enumerator, File, Function, Hints, ItemKind, Name, Position, Prototype, ReadError,
    Record, Sources, SyntaxError, Type, Unparsed, Variable, parse,
};

/// A name that means two things.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{name}` is defined at {} and at {}", .places[0], .places[1])]
pub struct Ambiguous {
    /// The name.
    pub name: Name,
    /// Two of the places, as `file:line:column`.
    pub places: [String; 2],
}

/// What a name means; nothing if it is not defined.
pub type Found<'p, T> = Result<Option<&'p T>, Ambiguous>;

/// What names can mean side by side.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Space {
    Function,
    Unparsed,
    Prototype,
    Variable,
    Enumerator,
    Enum,
    Record,
    Typedef,
    Define,
}

/// Where a name is defined: its file, its number in it (and inside its item).
#[derive(Clone, Copy, Debug)]
struct Entry {
    file: usize,
    index: usize,
    part: usize,
    /// Whether only its file sees it.
    is_private: bool,
}

/// Files, and what is found in them by name.
///
/// A name means what its own file says; else what a header says, or another file without `static`. Two different
/// meanings are an error, not a guess.
#[derive(Clone, Debug, Default)]
pub struct Program {
    config: Config,
    hints: Hints,
    files: Vec<Arc<File>>,
    by_name: BTreeMap<Name, usize>,
    entries: HashMap<(Space, Name), Vec<Entry>>,
}

impl Program {
    /// Nothing yet, to be read in this configuration.
    #[must_use]
    pub fn new(config: Config, hints: Hints) -> Program {
        Program { config, hints, ..Program::default() }
    }

    /// What its files are read with.
    #[must_use]
    pub fn hints(&self) -> &Hints {
        &self.hints
    }

    /// How its files are configured.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Reads one more file, once. Gives whether it is there.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn read(&mut self, sources: &dyn Sources, file: &str) -> Result<bool, ReadError> {
        if self.by_name.contains_key(file) {
            return Ok(true);
        }
        let Some(bytes) = sources.read(file)? else { return Ok(false) };
        let file = parse(file, &bytes, &self.config, &self.hints)?;
        self.add(file);
        Ok(true)
    }

    /// Adds a file that was read; programs can share it.
    pub fn add(&mut self, file: impl Into<Arc<File>>) {
        let file: Arc<File> = file.into();
        let number = self.files.len();
        let is_header = file.name.ends_with(".h");
        let mut enter = |space: Space, name: &Name, index: usize, part: usize, is_private: bool| {
            let entry = Entry { file: number, index, part, is_private: is_private && !is_header };
            self.entries.entry((space, name.clone())).or_default().push(entry);
        };
        for (index, item) in file.items.iter().enumerate() {
            match &item.kind {
                ItemKind::Function(of) => {
                    enter(Space::Function, &of.prototype.name, index, 0, of.prototype.is_static);
                }
                ItemKind::Unparsed(Unparsed { name: Some(name), .. }) => {
                    enter(Space::Unparsed, name, index, 0, false)
                }
                ItemKind::Prototype(of) => enter(Space::Prototype, &of.name, index, 0, of.is_static),
                ItemKind::Variable(of) if !of.is_extern => {
                    enter(Space::Variable, &of.name, index, 0, of.is_static);
                }
                ItemKind::Enum(of) => {
                    if let Some(name) = &of.name {
                        enter(Space::Enum, name, index, 0, true);
                    }
                    for (part, value) in of.values.iter().enumerate() {
                        enter(Space::Enumerator, &value.name, index, part, true);
                    }
                }
                ItemKind::Record(Record { name: Some(name), .. }) => {
                    enter(Space::Record, name, index, 0, true)
                }
                ItemKind::Typedef(of) => enter(Space::Typedef, &of.name, index, 0, true),
                _ => {}
            }
        }
        for (index, define) in file.defines.iter().enumerate() {
            enter(Space::Define, &define.name, index, 0, true);
        }
        self.by_name.insert(file.name.clone(), number);
        self.files.push(file);
    }

    /// A file that was read.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&Arc<File>> {
        self.by_name.get(name).map(|number| &self.files[*number])
    }

    /// The files, in the order that they were read in.
    #[must_use]
    pub fn files(&self) -> &[Arc<File>] {
        &self.files
    }

    /// What `name` is in the file `from`, where it stands and how it reads.
    fn find(&self, space: Space, name: &str, from: &str) -> Result<Option<Entry>, Ambiguous> {
        let Some(all) = self.entries.get(&(space, Name::from(name))) else { return Ok(None) };
        let from = self.by_name.get(from).copied();
        let own: Vec<&Entry> = all.iter().filter(|entry| Some(entry.file) == from).collect();
        let seen = if own.is_empty() { all.iter().filter(|entry| !entry.is_private).collect() } else { own };
        let seen = if space == Space::Variable { self.defined(seen) } else { seen };
        let Some((first, others)) = seen.split_first() else { return Ok(None) };
        let told = |entry: &Entry| self.told(space, *entry);
        // A prototype may be written again.
        let differs = |other: &&&Entry| space != Space::Prototype && told(other).0 != told(first).0;
        match others.iter().find(differs) {
            None => Ok(Some(**first)),
            Some(other) => {
                let place = |entry: &Entry| format!("{}:{}", self.files[entry.file].name, told(entry).1);
                Err(Ambiguous { name: name.into(), places: [place(first), place(other)] })
            }
        }
    }

    /// A variable may be declared before it is given its first value.
    fn defined<'e>(&self, seen: Vec<&'e Entry>) -> Vec<&'e Entry> {
        let has_value = |entry: &&&Entry| match &self.files[entry.file].items[entry.index].kind {
            ItemKind::Variable(of) => of.initial.is_some(),
            _ => false,
        };
        let defined: Vec<&Entry> = seen.iter().filter(has_value).copied().collect();
        if defined.is_empty() { seen } else { defined }
    }

    /// How something reads, and where.
    fn told(&self, space: Space, entry: Entry) -> (String, Position) {
        let file = &self.files[entry.file];
        if space == Space::Define {
            let define = &file.defines[entry.index];
            return (format!("{:?} {}", define.parameters, define.code()), define.at);
        }
        let item = &file.items[entry.index];
        (item.code.to_string(), item.at)
    }

    fn kind(&self, space: Space, name: &str, from: &str) -> Result<Option<(&ItemKind, usize)>, Ambiguous> {
        let entry = self.find(space, name, from)?;
        Ok(entry.map(|entry| (&self.files[entry.file].items[entry.index].kind, entry.part)))
    }

    /// The function that `from` calls by this name.
    ///
    /// # Errors
    /// If there are two.
    pub fn function(&self, name: &str, from: &str) -> Found<'_, Arc<Function>> {
        Ok(match self.kind(Space::Function, name, from)? {
            Some((ItemKind::Function(function), _)) => Some(function),
            _ => None,
        })
    }

    /// Why what defines this name was not understood, if it was not.
    #[must_use]
    pub fn unparsed(&self, name: &str, from: &str) -> Option<&SyntaxError> {
        match self.kind(Space::Unparsed, name, from) {
            Ok(Some((ItemKind::Unparsed(of), _))) => Some(&of.why),
            _ => None,
        }
    }

    /// How a function of this name is declared; its definition counts.
    ///
    /// # Errors
    /// If there are two definitions.
    pub fn prototype(&self, name: &str, from: &str) -> Found<'_, Prototype> {
        if let Some(function) = self.function(name, from)? {
            return Ok(Some(&function.prototype));
        }
        Ok(match self.kind(Space::Prototype, name, from)? {
            Some((ItemKind::Prototype(prototype), _)) => Some(prototype),
            _ => None,
        })
    }

    /// How a function is declared that is called through a pointer: as [`Program::prototype`], or, where `from` sees
    /// none, as the one file does that keeps it to itself.
    ///
    /// # Errors
    /// If there are two definitions.
    pub fn prototype_of_pointer(&self, name: &str, from: &str) -> Found<'_, Prototype> {
        if let Some(seen) = self.prototype(name, from)? {
            return Ok(Some(seen));
        }
        let all = self.entries.get(&(Space::Function, Name::from(name)));
        let mut homes = all.into_iter().flatten().map(|entry| &self.files[entry.file].name);
        let Some(home) = homes.next() else { return Ok(None) };
        match homes.find(|other| *other != home) {
            None => self.prototype(name, home),
            Some(other) => {
                Err(Ambiguous { name: name.into(), places: [home.to_string(), other.to_string()] })
            }
        }
    }

    /// A variable of the top level, and the file that defines it.
    ///
    /// # Errors
    /// If there are two.
    pub fn variable(&self, name: &str, from: &str) -> Result<Option<(&Variable, &Name)>, Ambiguous> {
        let Some(entry) = self.find(Space::Variable, name, from)? else { return Ok(None) };
        let file = &self.files[entry.file];
        Ok(match &file.items[entry.index].kind {
            ItemKind::Variable(variable) => Some((variable, &file.name)),
            _ => None,
        })
    }

    /// An `enum` and its values.
    ///
    /// # Errors
    /// If there are two.
    pub fn enumeration(&self, name: &str, from: &str) -> Found<'_, Enum> {
        Ok(match self.kind(Space::Enum, name, from)? {
            Some((ItemKind::Enum(of), _)) => Some(of),
            _ => None,
        })
    }

    /// A value of an `enum`.
    ///
    /// # Errors
    /// If there are two.
    pub fn enumerator(&self, name: &str, from: &str) -> Found<'_, Enumerator> {
        Ok(match self.kind(Space::Enumerator, name, from)? {
            Some((ItemKind::Enum(of), part)) => of.values.get(part),
            _ => None,
        })
    }

    /// A `struct` or `union` with its members.
    ///
    /// # Errors
    /// If there are two.
    pub fn record(&self, name: &str, from: &str) -> Found<'_, Record> {
        Ok(match self.kind(Space::Record, name, from)? {
            Some((ItemKind::Record(record), _)) => Some(record),
            _ => None,
        })
    }

    /// What a `typedef` stands for.
    ///
    /// # Errors
    /// If there are two.
    pub fn typedef(&self, name: &str, from: &str) -> Found<'_, Type> {
        Ok(match self.kind(Space::Typedef, name, from)? {
            Some((ItemKind::Typedef(typedef), _)) => Some(&typedef.of),
            _ => None,
        })
    }

    /// A macro.
    ///
    /// # Errors
    /// If it has two meanings; one of them can be none, where it is taken back behind its definition.
    pub fn define(&self, name: &str, from: &str) -> Found<'_, Define> {
        let Some(entry) = self.find(Space::Define, name, from)? else { return Ok(None) };
        let home = &self.files[entry.file];
        let define = &home.defines[entry.index];
        for file in [Some(home), self.file(from)].into_iter().flatten() {
            let taken_back = file.undefs.iter().rfind(|(other, _)| **other == *name);
            if let Some((_, at)) = taken_back
                && (file.name != home.name || *at > define.at)
            {
                let places = [format!("{}:{}", home.name, define.at), format!("{}:{at} (#undef)", file.name)];
                return Err(Ambiguous { name: name.into(), places });
            }
        }
        Ok(Some(define))
    }

    /// A function that one file defines twice, or that two files define for everybody, whatever the two say: C refuses that.
    #[must_use]
    pub fn defined_twice(&self) -> Option<Ambiguous> {
        let mut of_everybody = HashMap::new();
        self.files.iter().find_map(|file| {
            let is_header = file.name.ends_with(".h");
            let mut own = HashMap::new();
            file.functions().find_map(|of| {
                let name = &of.prototype.name;
                let place = || format!("{}:{}", file.name, of.at);
                let is_own = is_header || of.prototype.is_static;
                let elsewhere = if is_own { None } else { of_everybody.insert(name, place()) };
                let before = own.insert(name, place()).or(elsewhere)?;
                Some(Ambiguous { name: name.clone(), places: [before, place()] })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(files: &[(&str, &str)]) -> Program {
        let (config, hints) = (Config::new(), Hints::default());
        let mut program = Program::new(config.clone(), hints.clone());
        for (name, text) in files {
            program.add(parse(name, text.as_bytes(), &config, &hints).expect("C"));
        }
        program
    }

    #[test]
    fn what_is_taken_back_is_not_what_it_was() {
        let reset = program(&[("a.h", "#undef A\n#define A 1\n")]);
        assert!(reset.define("A", "a.h").is_ok_and(|of| of.is_some()));
        let gone = program(&[("a.h", "#define A 1\n#undef A\n"), ("b.c", "int b;\n")]);
        for from in ["a.h", "b.c"] {
            let why = gone.define("A", from).expect_err("it has two meanings").to_string();
            assert_eq!(why, "`A` is defined at a.h:1:9 and at a.h:2:8 (#undef)");
        }
        let elsewhere = program(&[("a.h", "#define A 1\n"), ("b.c", "#undef A\n"), ("c.c", "int c;\n")]);
        assert!(elsewhere.define("A", "b.c").is_err());
        assert!(elsewhere.define("A", "c.c").is_ok_and(|of| of.is_some()));
    }

    #[test]
    fn a_function_is_defined_once() {
        let one = "int f(void)\n{\n\treturn 0;\n}\n";
        let twice = program(&[("a.c", &format!("{one}int f(void);\n{one}"))]);
        let why = twice.defined_twice().expect("it is defined twice").to_string();
        assert_eq!(why, "`f` is defined at a.c:1:1 and at a.c:6:1");
        let why = program(&[("a.c", one), ("b.c", one)]).defined_twice().expect("by two files").to_string();
        assert_eq!(why, "`f` is defined at a.c:1:1 and at b.c:1:1");
        let own = format!("static {one}");
        assert_eq!(
            program(&[("a.c", one), ("b.c", &own), ("c.c", &own), ("d.h", one)]).defined_twice(),
            None
        );
        let sides = format!("#ifdef A\n{one}#else\n{one}#endif\n");
        assert_eq!(program(&[("a.c", &sides)]).defined_twice(), None);
    }
}
