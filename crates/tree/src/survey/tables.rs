//! The tables of functions in files that were read.

use std::collections::BTreeMap;

use c_text::{Designator, Expr, ExprKind, File, Initial, ItemKind, Name, Position, Type, Variable};

use super::readings::Readings;
use super::{Hook, Table, Text, Wanted, text};

/// A table is known by its file, where its name stands in it, and its `struct`.
type Key = (Name, Position, Name, Name);

/// The tables of all files, by file and line, without the functions' texts.
pub(super) fn of(readings: &Readings, wanted: &[Wanted]) -> Vec<Table> {
    let mut tables: BTreeMap<Key, Vec<Hook>> = BTreeMap::new();
    for (program, is_configured) in [(&readings.configured, true), (&readings.full, false)] {
        for file in program.files() {
            for item in &file.items {
                if let ItemKind::Variable(variable) = &item.kind {
                    let mut finder = Finder { file, variable, wanted, is_configured, tables: &mut tables };
                    if let Some(value) = &variable.initial {
                        finder.value(Some(&variable.of), value);
                    }
                }
            }
        }
    }
    let table = |((file, at, name, record), hooks)| Table { file, at, name, record, hooks };
    tables.into_iter().map(table).collect()
}

/// What looks like an entry of a table and is in no variable of the top level.
pub(super) fn beside(readings: &Readings, wanted: &[Wanted]) -> Vec<(Name, String)> {
    let mut found = Vec::new();
    for program in [&readings.configured, &readings.full] {
        for file in program.files() {
            for item in &file.items {
                if !matches!(item.kind, ItemKind::Variable(_))
                    && text::names_a_member(item.code.as_bytes(), wanted)
                {
                    let why = match &item.kind {
                        ItemKind::Unparsed(of) => of.why.to_string(),
                        kind => {
                            let name = kind.name().map_or("something", |name| name);
                            format!("{}:{}: a table inside of {name}", file.name, item.at)
                        }
                    };
                    found.push((file.name.clone(), why));
                }
            }
            for define in &file.defines {
                if text::names_a_member(define.code().as_bytes(), wanted) {
                    let why =
                        format!("{}:{}: a table made by the macro {}", file.name, define.at, define.name);
                    found.push((file.name.clone(), why));
                }
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

struct Finder<'a> {
    file: &'a File,
    variable: &'a Variable,
    wanted: &'a [Wanted],
    is_configured: bool,
    tables: &'a mut BTreeMap<Key, Vec<Hook>>,
}

impl Finder<'_> {
    /// Looks through a value whose type is not known where it is inside of another `struct`.
    fn value(&mut self, of: Option<&Type>, value: &Expr) {
        match &value.kind {
            ExprKind::List(entries) => self.list(of, entries),
            ExprKind::Literal(of, entries) => self.list(Some(of), entries),
            ExprKind::Cast(of, value) => self.value(Some(of), value),
            ExprKind::AddressOf(value) => self.value(None, value),
            _ => {}
        }
    }

    fn list(&mut self, of: Option<&Type>, entries: &[Initial]) {
        let inner = match of {
            Some(Type::Array(inner, _)) => Some(&**inner),
            _ => None,
        };
        let record = match of {
            Some(Type::Record { name: Some(name), .. }) => Some(name),
            _ => None,
        };
        for entry in entries {
            self.value(inner, &entry.value);
            let Some(Designator::Member(member)) = entry.to.last() else { continue };
            // `.a.b = ..` is of a type that is not known here.
            let record = if entry.to.len() == 1 { record } else { None };
            let of = self.wanted.iter().find(|wanted| {
                wanted.members.contains(&&**member) && record.is_none_or(|record| **record == *wanted.record)
            });
            if let Some(wanted) = of {
                self.hook(wanted, member, &entry.value);
            }
        }
    }

    fn hook(&mut self, wanted: &Wanted, member: &Name, value: &Expr) {
        let function: Name = match &value.kind {
            ExprKind::Name(name) if &**name == "NULL" => return,
            ExprKind::AddressOf(of) => of.to_string().into(),
            _ => value.to_string().into(),
        };
        let variable = self.variable;
        let key = (self.file.name.clone(), variable.at, variable.name.clone(), wanted.record.into());
        let hooks = self.tables.entry(key).or_default();
        // What the configuration has was found before.
        if !hooks.iter().any(|hook| hook.at == value.at && hook.function == function) {
            let (member, at, is_configured) = (member.clone(), value.at, self.is_configured);
            hooks.push(Hook { member, function, at, is_configured, text: Text::Nowhere });
        }
        hooks.sort_by_key(|hook| (hook.member.clone(), hook.at));
    }
}
