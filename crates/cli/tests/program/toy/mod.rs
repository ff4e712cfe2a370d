//! A small catalogue: a writer that copies what another actor may take away.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use clap::Parser;
use cli::arguments::Arguments;
use cli::{Error, Output, Searcher, Status};
use machine::{
    Action, Field, Flow, Label, Layout, Machine, Order, Place, Step, Word, again, call, show_number,
};
use scenario::{Actor, Case, Check, Ending, Initial, Kind, Property, Scenario, Tier, Variant, WritePath};

const UNITS: usize = 3;
const STALE: Word = 0;
const NEW: Word = 2;

#[derive(Clone, Copy)]
struct Memory {
    entry: Place,
    source: Place,
    page: Place,
    dirty: Place,
}

fn step(m: &dyn Machine, action: Action, name: &'static str, args: &[i32]) -> Word {
    m.perform(Step::new(action, Label::new(name, args)).showing(show_number))
}

fn store(m: &dyn Machine, at: Place, value: Word, name: &'static str) {
    m.perform(Step::new(Action::Store { at, value, order: Order::Relaxed }, Label::new(name, &[])));
}

fn copy(m: &dyn Machine, of: Memory) -> u8 {
    call(m, Label::new("copy_from_user_atomic", &[UNITS as i32]), || {
        for unit in 0..UNITS {
            let copy = Action::CopyUser {
                entry: of.entry,
                need: 1,
                frame: Field { shift: 1, width: 1 },
                frames: of.source,
                stride: UNITS as u16,
                unit: unit as u16,
                to: of.page.at(unit),
            };
            if step(m, copy, "copy", &[unit as i32]) == 0 {
                return unit as u8;
            }
        }
        UNITS as u8
    })
}

fn write(m: &dyn Machine, of: Memory, checks: bool) -> Word {
    let copied = call(m, Label::new("write", &[0, UNITS as i32]), || {
        again(m, Label::new("retry", &[]), (), |()| {
            let choice = step(m, Action::Choose { of: 2 }, "kmalloc", &[]);
            if choice == 1 {
                return Flow::Done(0_u8);
            }
            let load = Action::Load { at: of.entry, mask: 1, order: Order::Relaxed };
            if step(m, load, "fault_in_readable", &[]) == 0 {
                return Flow::Done(0);
            }
            let copied = copy(m, of);
            if checks && usize::from(copied) < UNITS {
                return Flow::Again(());
            }
            store(m, of.dirty, 1, "set_page_dirty");
            Flow::Done(copied)
        })
    });
    Word::from(copied)
}

/// `checks`: the writer tries again after a short copy. `unmaps`: somebody unmaps its source.
pub(crate) fn scenario(name: &str, checks: bool, unmaps: bool) -> Scenario {
    let mut layout = Layout::new();
    let of = Memory {
        entry: layout.cell("entry", 2, show_number),
        source: layout.array(UNITS, 2, show_number, |unit| format!("source {unit}")),
        page: layout.array(UNITS, 2, show_number, |unit| format!("page {unit}")),
        dirty: layout.cell("dirty", 1, show_number),
    };
    let mut actors = vec![Actor::new("write", move |m| write(m, of, checks))];
    if unmaps {
        let unmap = move |m: &dyn Machine| {
            call(m, Label::new("munmap", &[]), || store(m, of.entry, 0, "clear_pte"));
            0
        };
        actors.push(Actor::new("unmap it", unmap));
    }
    let read = move |m: &dyn Machine| {
        for unit in 0..UNITS {
            let load = Action::Load { at: of.page.at(unit), mask: 3, order: Order::Relaxed };
            step(m, load, "read", &[unit as i32]);
        }
        0
    };
    let stale = move |state: &dyn machine::Peek, see: &mut dyn FnMut(Label)| {
        let unit = (0..UNITS).find(|&unit| state.peek(of.page.at(unit)) == STALE);
        if let Some(unit) = unit.filter(|_| state.peek(of.dirty) == 1) {
            see(Label::new("unit", &[unit as i32]));
        }
    };
    let lost = move |state: &dyn machine::Peek, returned: &[Word], see: &mut dyn FnMut(Label)| {
        if returned[0] == 0 && state.peek(of.page) == NEW {
            see(Label::new("returned", &[returned[0] as i32]));
        }
    };
    let property = |id, sentence, kind, promised, check| Property {
        id,
        sentence,
        source: "the toy's own rule",
        effect: "the toy breaks",
        kind,
        promised,
        check,
    };
    let mut cells = vec![0; layout.len()];
    cells[of.entry.index()] = 1;
    for unit in 0..UNITS {
        cells[of.source.at(unit).index()] = NEW;
    }
    let mut absent = cells.clone();
    absent[of.entry.index()] = 0;
    Scenario {
        name: name.to_owned(),
        sentence: "a write whose source may go".to_owned(),
        layout,
        initial: vec![
            Initial { name: "source resident".to_owned(), cells },
            Initial { name: "source absent".to_owned(), cells: absent },
        ],
        actors,
        views: vec![Actor::new("read", read)],
        properties: vec![
            property(
                "stale-dirty",
                "a dirty page holds what was in the frame before",
                Kind::Always,
                true,
                Check::State(Arc::new(stale)),
            ),
            property(
                "left-over",
                "a failed write leaves something",
                Kind::Finally,
                false,
                Check::Final(Arc::new(lost)),
            ),
        ],
        reachable: Vec::new(),
        ending: Some(Arc::new(move |state, returned| ending(state, returned[0], of))),
        killed: None,
        final_state: None,
        facts: None,
        grounds: None,
        assumptions: None,
        picture: Arc::new(move |state| {
            let page: Vec<String> = (0..UNITS).map(|unit| state.peek(of.page.at(unit)).to_string()).collect();
            format!("page      {}\ndirty     {}\n", page.join(" "), state.peek(of.dirty))
        }),
    }
}

/// What the writer returned, and whether the page is dirty.
fn ending(state: &dyn machine::Peek, returned: Word, of: Memory) -> Ending {
    let returned = match returned {
        0 => ("N", "nothing"),
        n if n < UNITS as Word => ("S", "short"),
        _ => ("W", "whole"),
    };
    let dirty = if state.peek(of.dirty) == 1 { ("d", "page dirty") } else { ("", "page clean") };
    Ending::of(&[returned, dirty])
}

/// The catalogue.
pub(crate) fn catalog() -> Vec<WritePath> {
    let case = |name: &'static str, tier, checks, unmaps| Case {
        name: name.to_owned(),
        tier,
        build: Arc::new(move || scenario(name, checks, unmaps)),
    };
    let variant = |name: &str, sentence: &str, checks| Variant {
        name: name.to_owned(),
        sentence: sentence.to_owned(),
        origin: None,
        stands: None,
        cases: [
            case("alone", Tier::Default, checks, false),
            case("unmapped", Tier::Default, checks, true),
            case("large", Tier::All, checks, true),
        ]
        .into_iter()
        .collect(),
    };
    vec![WritePath {
        name: "toy/write".to_owned(),
        sentence: "a write of three units".to_owned(),
        leaves_out: "nearly everything".to_owned(),
        variants: vec![
            variant("v1", "as it was", false),
            variant("v2", "tries again after a short copy", true),
        ],
    }]
}

/// Somewhere to write that a test can look into.
#[derive(Clone, Default)]
pub(crate) struct Shared(Arc<Mutex<Vec<u8>>>);

impl Shared {
    /// What was written.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("one thread wrote").clone()).expect("text")
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("one thread writes").write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the command says about the toy.
pub(crate) fn shortcopy(arguments: &[&str]) -> (Result<Status, Error>, String) {
    shortcopy_of(&catalog(), arguments)
}

/// What it says about another catalogue.
pub(crate) fn shortcopy_of(catalog: &[WritePath], arguments: &[&str]) -> (Result<Status, Error>, String) {
    let arguments = Arguments::parse_from(["shortcopy"].iter().chain(arguments));
    let shared = Shared::default();
    let mut out = Output::plain(shared.clone());
    let status = cli::run(catalog, &arguments, &Searcher::default(), &mut out);
    (status, shared.text())
}
