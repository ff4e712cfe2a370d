//! Which source texts the code of a scenario can depend on.
//!
//! The files of a crate, and for each what it mentions. From where a scenario starts (the type of its file
//! system, the module that makes the cases) everything that is mentioned is followed; the digest of all
//! texts on the way is what a result is known by.
//!
//! It is more than what is used, and never less. Code that runs is a function that is called by a path,
//! or a method. A path is followed to the file that has it, through modules and what they
//! re-export; a name of one segment comes from a `use`, which is a path. A method is in an `impl`: whoever
//! has the value has it from a file that mentions its type, so the file that defines the type is
//! followed, and the definition leads to each `impl` of the type wherever it is (for somebody else's type: the
//! definition of the trait leads there, which must be in scope or named by a bound). That holds for `dyn`
//! too: what is behind it was made by somebody. Where this can't be told from the tokens (macros of
//! the crate, modules within a file, files by another name), a file counts as mentioning everything.
//! Other crates of the workspace, and what they depend on, are told as a whole, by [`super::version`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::str::FromStr;

use blake3::{Hash, Hasher};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The files of a crate and what each mentions.
#[derive(Debug)]
pub struct Texts {
    name: String,
    /// By module, `["ext4", "journalled"]`; the root has no segment.
    modules: BTreeMap<Vec<String>, usize>,
    files: Vec<File>,
    /// The files with an `impl` that nothing in them tells who can reach.
    everywhere: Vec<usize>,
    /// From the file of a definition to those that implement something for it.
    implementors: HashMap<usize, BTreeSet<usize>>,
}

#[derive(Debug)]
struct File {
    name: String,
    text: Hash,
    module: Vec<String>,
    mentions: Mentions,
}

type Path = Vec<String>;

#[derive(Debug, Default)]
struct Mentions {
    /// What `use` makes of a path: the name, and the path.
    bindings: Vec<(String, Path)>,
    globs: Vec<Path>,
    paths: BTreeSet<Path>,
    /// Types and traits.
    types: BTreeSet<String>,
    /// Functions and constants.
    values: BTreeSet<String>,
    impls: Vec<Impl>,
    /// Can't be told from its tokens.
    opaque: bool,
}

#[derive(Debug)]
struct Impl {
    of: BTreeSet<String>,
    all: BTreeSet<String>,
}

impl Texts {
    /// The sources of the crate `name`: the name of each file, from the folder of `lib.rs` on, and its text.
    #[must_use]
    pub fn new(name: &str, sources: &[(&str, &str)]) -> Texts {
        let mut files = Vec::new();
        let mut modules = BTreeMap::new();
        for &(file, text) in sources {
            let module = module_of(file);
            let mut mentions = Mentions::default();
            match TokenStream::from_str(text) {
                Ok(tokens) => mentions.read(tokens, true),
                Err(_) => mentions.opaque = true,
            }
            modules.insert(module.clone(), files.len());
            files.push(File { name: file.to_owned(), text: blake3::hash(text.as_bytes()), module, mentions });
        }
        let mut texts = Texts {
            name: name.to_owned(),
            modules,
            files,
            everywhere: Vec::new(),
            implementors: HashMap::new(),
        };
        texts.link_impls();
        texts
    }

    fn link_impls(&mut self) {
        let mut definers: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, file) in self.files.iter().enumerate() {
            for name in &file.mentions.types {
                definers.entry(name).or_default().push(at);
            }
        }
        let mut everywhere = Vec::new();
        let mut implementors: HashMap<usize, BTreeSet<usize>> = HashMap::new();
        for (at, file) in self.files.iter().enumerate() {
            for Impl { of, all } in &file.mentions.impls {
                let is_known = |name: &&String| definers.contains_key(name.as_str());
                let mut names: Vec<&String> = of.iter().filter(is_known).collect();
                if names.is_empty() {
                    names = all.iter().filter(is_known).collect();
                }
                if names.is_empty() {
                    everywhere.push(at);
                }
                // A name that the file itself defines is no other file's, and one that it does not is one of a
                // file that its paths lead to.
                names.retain(|name| !file.mentions.types.contains(*name));
                if names.is_empty() {
                    continue;
                }
                let mentioned = self.walk_from(&[at]);
                for name in names {
                    let all = &definers[name.as_str()];
                    let some: Vec<&usize> =
                        all.iter().filter(|definer| mentioned.contains(definer)).collect();
                    let definers = if some.is_empty() { all.iter().collect() } else { some };
                    for &definer in definers {
                        implementors.entry(definer).or_default().insert(at);
                    }
                }
            }
        }
        self.everywhere = everywhere;
        self.implementors = implementors;
    }

    /// The names of the files that code can depend on which starts from all of `starts`: a module or a
    /// type, `models::simple::libfs::Simple`. None if one of them is not of this crate.
    #[must_use]
    pub fn reach(&self, starts: &[&str]) -> Option<BTreeSet<&str>> {
        let reached = self.walk(starts)?;
        Some(reached.into_iter().map(|at| self.files[at].name.as_str()).collect())
    }

    /// The digest of their texts.
    #[must_use]
    pub fn digest(&self, starts: &[&str]) -> Option<Hash> {
        let mut hasher = Hasher::new();
        for at in self.walk(starts)? {
            let File { name, text, .. } = &self.files[at];
            super::key::text(&mut hasher, name);
            hasher.update(text.as_bytes());
        }
        Some(hasher.finalize())
    }

    fn walk(&self, starts: &[&str]) -> Option<BTreeSet<usize>> {
        let mut files = self.everywhere.clone();
        for start in starts {
            let mut segments: Vec<String> = start.split("::").map(str::to_owned).collect();
            if segments.remove(0) != self.name || start.contains(['<', '{', ' ']) {
                return None;
            }
            let at = match self.modules.get(&segments) {
                Some(&at) => at,
                None => {
                    let name = segments.pop()?;
                    let &at = self.modules.get(&segments)?;
                    self.files[at].mentions.types.contains(&name).then_some(at)?
                }
            };
            files.push(at);
        }
        Some(self.walk_from(&files))
    }

    fn walk_from(&self, files: &[usize]) -> BTreeSet<usize> {
        let mut walk = Walk {
            texts: self,
            read: BTreeSet::new(),
            opened: HashSet::new(),
            followed: HashSet::new(),
            looked_up: HashSet::new(),
        };
        files.iter().for_each(|&file| walk.open(file));
        walk.read
    }

    fn child(&self, of: usize, name: &str) -> Option<usize> {
        let mut module = self.files[of].module.clone();
        module.push(name.to_owned());
        self.modules.get(&module).copied()
    }

    fn parent(&self, of: usize) -> Option<usize> {
        let (_, parent) = self.files[of].module.split_last()?;
        self.modules.get(parent).copied()
    }
}

/// `ext4/journalled/mod.rs` is `["ext4", "journalled"]`.
fn module_of(file: &str) -> Vec<String> {
    let stem = file.strip_suffix(".rs").unwrap_or(file);
    let mut module: Vec<String> = stem.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|last| last == "mod" || (module.len() == 1 && last == "lib")) {
        module.pop();
    }
    module
}

/// A walk along everything that is mentioned.
struct Walk<'t> {
    texts: &'t Texts,
    /// Whose text counts.
    read: BTreeSet<usize>,
    /// Of which everything that is mentioned is followed.
    opened: HashSet<usize>,
    followed: HashSet<(usize, Path)>,
    looked_up: HashSet<(usize, Path)>,
}

impl Walk<'_> {
    /// The file's text counts, and that of the modules around it, which say what it is.
    fn read(&mut self, at: usize) {
        let mut next = Some(at);
        while let Some(file) = next.filter(|file| self.read.insert(*file)) {
            if self.texts.files[file].mentions.opaque {
                self.open_all();
            }
            next = self.texts.parent(file);
        }
    }

    fn open(&mut self, at: usize) {
        if !self.opened.insert(at) {
            return;
        }
        self.read(at);
        let mentions = &self.texts.files[at].mentions;
        let bound = mentions.bindings.iter().map(|(_, path)| path);
        for path in bound.chain(&mentions.globs).chain(&mentions.paths) {
            self.follow(at, path);
        }
        for &implementor in self.texts.implementors.get(&at).into_iter().flatten() {
            self.open(implementor);
        }
    }

    fn open_all(&mut self) {
        (0..self.texts.files.len()).for_each(|file| self.open(file));
    }

    /// Follows a path that stands in a file.
    fn follow(&mut self, from: usize, path: &[String]) {
        self.follow_by(from, path, By::Anything);
    }

    fn follow_by(&mut self, from: usize, path: &[String], by: By<'_>) {
        let Some((first, rest)) = path.split_first() else { return };
        if by == By::Anything && !self.followed.insert((from, path.to_vec())) {
            return;
        }
        if path.len() > LONGEST {
            return self.open_all(); // names that lead to each other
        }
        match first.as_str() {
            "crate" => {
                if let Some(&root) = self.texts.modules.get(&Vec::new()) {
                    self.look_up(root, rest);
                }
            }
            "self" => self.look_up(from, rest),
            "super" => match self.texts.parent(from) {
                Some(parent) => self.look_up(parent, rest),
                None => self.open(from),
            },
            name => {
                let found = self.step(from, path, by);
                let mentions = &self.texts.files[from].mentions;
                if !found && mentions.types.contains(name) {
                    self.open(from);
                } else if !found && by == By::NoGlob && mentions.globs.len() > 1 {
                    self.open_all(); // one glob may come by another
                }
                // What is neither here nor brought here is of another crate.
            }
        }
    }

    /// Follows the rest of a path from a module on.
    fn look_up(&mut self, module: usize, path: &[String]) {
        self.read(module);
        match path.first().map(String::as_str) {
            None => self.open(module),
            Some("self") => self.look_up(module, &path[1..]),
            Some("super") => self.follow(module, path),
            Some(name) => {
                if !self.looked_up.insert((module, path.to_vec())) {
                    return;
                }
                let found = self.step(module, path, By::Anything);
                let mentions = &self.texts.files[module].mentions;
                let defines = mentions.types.contains(name) || mentions.values.contains(name);
                if !found || defines {
                    self.open(module);
                }
            }
        }
    }

    /// One step: a module within this one, or what `use` has brought here; whether there is one.
    fn step(&mut self, module: usize, path: &[String], by: By<'_>) -> bool {
        let (name, rest) = (&path[0], &path[1..]);
        let mut found = false;
        if let Some(child) = self.texts.child(module, name) {
            found = true;
            self.look_up(child, rest);
        }
        let Mentions { bindings, globs, .. } = &self.texts.files[module].mentions;
        // `use machine::machine` is not its own first segment.
        for (_, bound) in bindings.iter().filter(|(bound, _)| bound == name && by != By::NotBinding(name)) {
            found = true;
            self.follow_by(module, &[bound, rest].concat(), By::NotBinding(name));
        }
        if by != By::NoGlob {
            for glob in globs {
                self.follow_by(module, &[glob, path].concat(), By::NoGlob);
            }
        }
        found
    }
}

/// Paths with more segments than this lead in a circle.
const LONGEST: usize = 24;

/// By what the first segment of a path may be found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By<'p> {
    Anything,
    /// It is the path of this `use`.
    NotBinding(&'p str),
    /// It is the path of a glob.
    NoGlob,
}

fn ident(token: Option<&TokenTree>) -> Option<String> {
    match token {
        Some(TokenTree::Ident(ident)) => Some(ident.to_string().trim_start_matches("r#").to_owned()),
        _ => None,
    }
}

fn is_punct(token: Option<&TokenTree>, which: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == which)
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    is_punct(tokens.get(at), ':') && is_punct(tokens.get(at + 1), ':')
}

fn is_braces(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace)
}

/// What a build script writes, and of which the sources are the sources themselves.
const OWN_SOURCES: &str = r#"(concat!(env!("OUT_DIR"),"/sources.rs"))"#;

impl Mentions {
    fn read(&mut self, tokens: TokenStream, items: bool) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            match &tokens[at] {
                TokenTree::Group(group) => {
                    self.read(group.stream(), group.delimiter() == Delimiter::Brace);
                    at += 1;
                }
                TokenTree::Ident(_) => at = self.word(&tokens, at, items),
                TokenTree::Punct(_) | TokenTree::Literal(_) => at += 1,
            }
        }
    }

    /// Reads what begins with the word at `at`; gives where it goes on.
    fn word(&mut self, tokens: &[TokenTree], at: usize, items: bool) -> usize {
        let word = ident(tokens.get(at)).unwrap_or_default();
        let next = ident(tokens.get(at + 1));
        let before = at.checked_sub(1).and_then(|before| tokens.get(before));
        match word.as_str() {
            "use" if !is_punct(tokens.get(at + 1), '<') => {
                let end =
                    (at..tokens.len()).find(|&end| is_punct(tokens.get(end), ';')).unwrap_or(tokens.len());
                self.tree(&tokens[at + 1..end], &[]);
                return end;
            }
            "impl" if items => {
                let begins = match before {
                    None | Some(TokenTree::Group(_)) => true,
                    Some(TokenTree::Punct(punct)) => punct.as_char() == ';',
                    Some(TokenTree::Ident(word)) => word == "unsafe",
                    Some(TokenTree::Literal(_)) => false,
                };
                if begins {
                    self.implementation(&tokens[at + 1..]);
                }
            }
            // `pub(in crate::ext4)` uses nothing of it.
            "pub" if is_visibility(tokens.get(at + 1)) => return at + 2,
            // A module within the file has names of its own.
            "mod" if next.is_some() && is_braces(tokens.get(at + 2)) => self.opaque = true,
            "macro_rules" if is_punct(tokens.get(at + 1), '!') => self.opaque = true,
            "include" | "include_str" | "include_bytes" if is_punct(tokens.get(at + 1), '!') => {
                let of = tokens.get(at + 2).map(|group| group.to_string().replace([' ', '\n'], ""));
                self.opaque |= of.as_deref() != Some(OWN_SOURCES);
            }
            "path" if is_punct(tokens.get(at + 1), '=') => self.opaque |= is_literal(tokens.get(at + 2)),
            "struct" | "enum" | "union" | "trait" | "type" => self.types.extend(next),
            "fn" | "const" | "static" => self.values.extend(next),
            _ => {}
        }
        // A path of two segments or more.
        let mut path = vec![word];
        let mut end = at + 1;
        while is_separator(tokens, end) {
            match ident(tokens.get(end + 2)) {
                Some(segment) => path.push(segment),
                None => break,
            }
            end += 3;
        }
        if path.len() > 1 {
            self.paths.insert(path);
        }
        end
    }

    /// A tree of `use`.
    fn tree(&mut self, tokens: &[TokenTree], prefix: &[String]) {
        let mut path = prefix.to_vec();
        let mut at = 0;
        loop {
            match tokens.get(at) {
                Some(TokenTree::Ident(_)) => path.extend(ident(tokens.get(at))),
                Some(TokenTree::Group(group)) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    for branch in inner.split(|token| is_punct(Some(token), ',')).filter(|b| !b.is_empty()) {
                        self.tree(branch, &path);
                    }
                    return;
                }
                Some(token) if is_punct(Some(token), '*') => return self.globs.push(path),
                // A leading `::`.
                Some(token) if is_punct(Some(token), ':') => {
                    at += 1;
                    continue;
                }
                _ => return,
            }
            at += 1;
            if is_separator(tokens, at) {
                at += 2;
                continue;
            }
            break;
        }
        if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
            path.pop();
        }
        let renamed =
            ident(tokens.get(at)).filter(|word| word == "as").and_then(|_| ident(tokens.get(at + 1)));
        let name = renamed.or_else(|| path.last().cloned()).unwrap_or_default();
        self.bindings.push((name, path));
    }

    /// The head of an `impl`.
    fn implementation(&mut self, tokens: &[TokenTree]) {
        let end = (0..tokens.len()).find(|&at| is_braces(tokens.get(at))).unwrap_or(tokens.len());
        let head = &tokens[..end];
        let divide = (0..end).rev().find(|&at| {
            ident(head.get(at)).is_some_and(|word| word == "for") && !is_punct(head.get(at + 1), '<')
        });
        let of = head.get(divide.map_or(0, |at| at + 1)..).unwrap_or_default();
        let bounds = of.iter().position(|token| ident(Some(token)).is_some_and(|word| word == "where"));
        let of = &of[..bounds.unwrap_or(of.len())];
        self.impls.push(Impl { of: names(of), all: names(head) });
    }
}

fn is_visibility(token: Option<&TokenTree>) -> bool {
    let Some(TokenTree::Group(group)) = token else { return false };
    let first = group.stream().into_iter().next();
    group.delimiter() == Delimiter::Parenthesis && ident(first.as_ref()).is_some_and(|word| word == "in")
}

fn is_literal(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Literal(_)))
}

fn names(tokens: &[TokenTree]) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                all.extend(names(&group.stream().into_iter().collect::<Vec<_>>()));
            }
            token => all.extend(ident(Some(token))),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(sources: &[(&str, &str)], starts: &[&str]) -> Option<Vec<String>> {
        let texts = Texts::new("m", sources);
        Some(texts.reach(starts)?.into_iter().map(str::to_owned).collect())
    }

    const ROOT: (&str, &str) = ("lib.rs", "mod a; mod b; mod c;");

    #[test]
    fn a_file_that_nobody_mentions_is_not_reached() {
        let sources = [ROOT, ("a.rs", "pub struct A;"), ("b.rs", "fn f() { crate::a::g() }"), ("c.rs", "")];
        assert_eq!(reach(&sources, &["m::a::A"]), Some(vec!["a.rs".into(), "lib.rs".into()]));
        assert_eq!(reach(&sources, &["m::b"]), Some(vec!["a.rs".into(), "b.rs".into(), "lib.rs".into()]));
    }

    #[test]
    fn what_is_not_of_the_crate_is_not_known() {
        let sources = [ROOT, ("a.rs", "pub struct A;")];
        for start in ["m::a::B", "other::a::A", "m::x", "m::a::A<u8>", "m::a::f::{{closure}}::A"] {
            assert_eq!(reach(&sources, &[start]), None, "{start}");
        }
    }

    /// Each of these texts of `a.rs`, with the root and what else there is, must reach `c.rs`.
    #[test]
    fn every_way_to_mention_something_is_followed() {
        let b_brings_c = ("b.rs", "pub use crate::c::thing;");
        let c = ("c.rs", "pub struct C; pub fn thing() {} pub mod deep;");
        let deep = ("c/deep.rs", "pub fn deepest() {}");
        for (what, a, more) in [
            ("a path", "fn f() { crate::c::thing() }", ("b.rs", "")),
            ("a relative path", "fn f() { super::c::thing() }", ("b.rs", "")),
            ("a use", "use crate::c::thing;", ("b.rs", "")),
            ("a tree", "use crate::{b::x, c::{self, thing as other}};", ("b.rs", "")),
            ("a glob", "use crate::c::*;", ("b.rs", "")),
            ("a glob of what re-exports", "use crate::b::*;", b_brings_c),
            ("a re-export", "use crate::b::thing;", b_brings_c),
            ("a re-export by a glob", "use crate::b::thing;", ("b.rs", "pub use crate::c::*;")),
            ("a module by another name", "use crate::c as d; fn f() { d::thing() }", ("b.rs", "")),
            ("a module through a glob", "use super::*; fn f() { c::thing() }", ("b.rs", "")),
            ("a use within a function", "fn f() { use crate::c::thing; thing() }", ("b.rs", "")),
            ("a path in a macro", "fn f() { assert!(crate::c::thing() == ()) }", ("b.rs", "")),
            ("a type in a signature", "fn f(x: &dyn crate::c::C) {}", ("b.rs", "")),
            ("another file's mention", "fn f() { crate::b::g() }", ("b.rs", "fn g() { crate::c::thing() }")),
            ("an impl elsewhere", "use crate::b::B;", ("b.rs", "struct B; fn g(c: &crate::c::C) {}")),
            ("a macro of its own", "macro_rules! m { () => {} }", ("b.rs", "")),
            ("a module within", "mod inner { }", ("b.rs", "")),
            ("a file by another name", "#[path = \"x.rs\"] mod x;", ("b.rs", "")),
            ("an included file", "include!(\"x.rs\");", ("b.rs", "")),
            ("what can't be read", "fn f( {", ("b.rs", "")),
            ("names that lead to each other", "use d::e; use e::d; fn f() { d::g() }", ("b.rs", "")),
            (
                "a glob by a glob",
                "use crate::b::*; use inner::*; fn f() { thing() }",
                ("b.rs", "pub use crate::c as inner;"),
            ),
            ("a raw name", "use crate::r#c::thing;", ("b.rs", "")),
        ] {
            let reached = reach(&[ROOT, ("a.rs", a), more, c, deep], &["m::a"]).expect(what);
            assert!(reached.contains(&"c.rs".to_owned()), "{what}: {reached:?}");
        }
    }

    #[test]
    fn an_impl_is_reached_from_the_type_wherever_it_is() {
        for (what, a, c) in [
            ("of the type", "pub struct A;", "impl crate::a::A { fn f(&self) {} }"),
            ("of a trait", "pub struct A;", "use crate::a::A; impl Drop for A { fn drop(&mut self) {} }"),
            ("of a trait for somebody else's type", "pub trait T {}", "impl crate::a::T for u8 {}"),
            ("for everybody", "pub trait T {}", "impl<X: Copy> crate::a::T for X {}"),
            ("with bounds", "pub struct A<X>(X);", "unsafe impl<X> Send for crate::a::A<X> where X: Send {}"),
            ("within a function", "pub struct A;", "fn f() { impl Copy for crate::a::A {} }"),
            ("of nobody that is known", "", "impl From<u8> for u16 {}"),
        ] {
            let reached = reach(&[ROOT, ("a.rs", a), ("b.rs", ""), ("c.rs", c)], &["m::a"]).expect(what);
            assert!(reached.contains(&"c.rs".to_owned()), "{what}: {reached:?}");
        }
    }

    #[test]
    fn to_be_seen_by_a_module_is_not_to_use_it() {
        let sources = [ROOT, ("a.rs", "pub(in crate::b) struct A;"), ("b.rs", ""), ("c.rs", "")];
        assert_eq!(reach(&sources, &["m::a"]), Some(vec!["a.rs".into(), "lib.rs".into()]));
    }

    #[test]
    fn types_of_the_same_name_are_told_apart_where_that_is_sure() {
        let sources = [
            ROOT,
            ("a.rs", "pub struct Text;"),
            ("b.rs", "pub struct Text; mod more;"),
            ("b/more.rs", "use super::Text; impl Text {}"),
            ("c.rs", "use crate::a::Text; use crate::b::Text as Other; impl Text {}"),
        ];
        let b: [String; 4] = ["b.rs", "b/more.rs", "c.rs", "lib.rs"].map(str::to_owned);
        let reached = reach(&sources, &["m::b::Text"]).expect("it is there");
        assert!(b.iter().all(|file| reached.contains(file)), "{reached:?}");
        let reached = reach(&sources[..4], &["m::a::Text"]).expect("it is there");
        assert_eq!(reached, ["a.rs", "lib.rs"]);
    }

    #[test]
    fn a_trait_does_not_reach_its_implementors() {
        let sources = [
            ROOT,
            ("a.rs", "pub trait Fs { fn write(&self); } fn f(fs: &dyn Fs) { fs.write() }"),
            ("b.rs", "struct B; impl crate::a::Fs for B { fn write(&self) {} }"),
            ("c.rs", "struct C; impl crate::a::Fs for C { fn write(&self) {} }"),
        ];
        assert_eq!(reach(&sources, &["m::a"]), Some(vec!["a.rs".into(), "lib.rs".into()]));
        let b = vec!["a.rs".into(), "b.rs".into(), "lib.rs".into()];
        assert_eq!(reach(&sources, &["m::b::B", "m::a"]), Some(b));
    }

    #[test]
    fn any_change_of_a_reached_text_changes_the_digest_and_no_other_does() {
        let digest = |a: &str, b: &str, root: &str| {
            let sources = [("lib.rs", root), ("a.rs", a), ("b.rs", b), ("c.rs", "")];
            Texts::new("m", &sources).digest(&["m::a"])
        };
        let plain = digest("fn f() { crate::c::g() }", "", "mod a; mod b; mod c;");
        assert!(plain.is_some());
        assert_eq!(plain, digest("fn f() { crate::c::g() }", "fn h() {}", "mod a; mod b; mod c;"));
        assert_ne!(plain, digest("fn f() {  crate::c::g() }", "", "mod a; mod b; mod c;"), "a space");
        assert_ne!(plain, digest("fn f() { crate::c::g() }", "", "mod a; mod b;\nmod c;"), "the root");
    }

    /// What a model and its rules are made of is told by `Debug`, which has to show all of it.
    #[test]
    fn nothing_hides_from_debug() {
        for sources in [models::SOURCES, page_state::SOURCES, fault::SOURCES] {
            assert!(sources.len() > 5);
            for (name, text) in sources {
                assert!(!text.contains("Debug for "), "{name} has a `Debug` of its own");
                // Of code, `Debug` shows where it lies, and not what it does. The table of the paths is of no scenario.
                let code = |line: &&str| line.contains(": fn(") && line.ends_with(',') && *name != "lib.rs";
                assert_eq!(text.lines().find(code), None, "{name} has code in a value");
            }
        }
    }

    #[test]
    fn the_models_of_one_file_system_do_not_reach_another() {
        let texts = Texts::new("models", models::SOURCES);
        let mut told = 0;
        for path in models::paths() {
            let folder = path.name.split('/').next().unwrap_or_default();
            for variant in &path.variants {
                let origin = variant.origin.as_ref().expect("models tell what they are made of");
                let reached = texts.reach(&origin.code).expect("it is of this crate");
                told += 1;
                assert!(reached.iter().any(|f| f.starts_with(folder)), "{}: {reached:?}", path.name);
                assert!(reached.contains("properties.rs") && reached.contains("family/table/rows.rs"));
                let known = ["family/", "generic/", "initial/", "jbd2/", folder];
                let is_known = |file: &str| known.iter().any(|folder| file.starts_with(folder));
                let strange: Vec<_> = reached.iter().filter(|f| f.contains('/') && !is_known(f)).collect();
                assert!(strange.is_empty(), "{}: {strange:?}", path.name);
            }
        }
        assert!(told > 50);
    }
}
