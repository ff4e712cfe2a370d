//! By what a result is known again.

use blake3::{Hash, Hasher};
use scenario::{Actor, Check, Fairness, Grounds, Initial, Origin, Property, Scenario};

/// Adds a text, told apart from what follows it.
pub(super) fn text(hasher: &mut Hasher, text: &str) {
    hasher.update(&(text.len() as u64).to_le_bytes());
    hasher.update(text.as_bytes());
}

fn count(hasher: &mut Hasher, count: usize) {
    hasher.update(&(count as u64).to_le_bytes());
}

/// The key of a scenario's result by text: the engine, the sources that its code can depend on, what it is made of,
/// and everything about it that is no code.
pub(super) fn by_text(engine: Hash, sources: Hash, origin: &Origin, scenario: &Scenario) -> Hash {
    let mut hasher = Hasher::new();
    hasher.update(engine.as_bytes()).update(sources.as_bytes());
    let Origin { code, value } = origin;
    count(&mut hasher, code.len());
    code.iter().for_each(|start| text(&mut hasher, start));
    text(&mut hasher, value);
    text(&mut hasher, &scenario.name);
    facts(&mut hasher, scenario);
    hasher.finalize()
}

/// The key of everything about a scenario's result but what its models do: scenarios that have it in common and
/// whose models answer alike have the same result.
pub(super) fn but_models(engine: Hash, rules: Hash, grounds: &Grounds, scenario: &Scenario) -> Hash {
    let mut hasher = Hasher::new_derive_key("shortcopy, all but the models");
    hasher.update(engine.as_bytes()).update(rules.as_bytes());
    count(&mut hasher, grounds.code.len());
    grounds.code.iter().for_each(|start| text(&mut hasher, start));
    text(&mut hasher, &(grounds.value)());
    facts(&mut hasher, scenario);
    hasher.finalize()
}

/// The key of one of those that have everything in common but the models.
pub(super) fn like(base: Hash, trace: &[u8]) -> Hash {
    let mut hasher = Hasher::new_derive_key("shortcopy, a trace");
    hasher.update(base.as_bytes()).update(trace);
    hasher.finalize()
}

/// All of a scenario that is no code. Much of it follows from the code; a mistake in telling what that
/// depends on must not be told twice.
pub(super) fn facts(hasher: &mut Hasher, scenario: &Scenario) {
    let Scenario {
        name: _,
        sentence: _,
        layout,
        initial,
        actors,
        views,
        properties,
        reachable,
        ending,
        final_state: _,
        killed,
        picture: _,
        facts: _,
        grounds: _,
        assumptions,
    } = scenario;
    count(hasher, layout.len());
    for cell in layout.cells() {
        text(hasher, &cell.name);
        hasher.update(&[cell.width]);
    }
    count(hasher, initial.len());
    for Initial { name, cells } in initial {
        text(hasher, name);
        count(hasher, cells.len());
        cells.iter().for_each(|cell| {
            hasher.update(&cell.to_le_bytes());
        });
    }
    for actors in [actors, views] {
        count(hasher, actors.len());
        for Actor { name, fairness, daemon, body: _ } in actors {
            text(hasher, name);
            hasher.update(&[u8::from(*fairness == Fairness::Fair), u8::from(*daemon)]);
        }
    }
    count(hasher, properties.len());
    for Property { id, sentence: _, source: _, effect: _, kind, promised, check } in properties {
        text(hasher, id);
        let check = match check {
            Check::State(_) => 0,
            Check::Final(_) => 1,
            Check::Observed => 2,
        };
        hasher.update(&[*kind as u8, u8::from(*promised), check]);
    }
    count(hasher, reachable.len());
    reachable.iter().for_each(|mark| text(hasher, mark));
    hasher.update(&[u8::from(ending.is_some()), u8::from(killed.is_some()), u8::from(assumptions.is_some())]);
}
