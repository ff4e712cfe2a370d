//! The program of `docs/rust-models.md`: two look whether a ticket is left, and then sell it.

use shortcopy::Order::{Full, Relaxed};
use shortcopy::{Layout, Machine, Property, Scenario, Shared};

fn last_ticket(sell: fn(&dyn Machine, [Shared; 2])) -> Scenario {
    let mut layout = Layout::new();
    let cells = [layout.shared("left", 1), layout.shared("sold", 2)];
    let [left, sold] = cells;
    Scenario::new("last-ticket", layout)
        .about("two sell tickets, of which one is left")
        .initial("one left", &[left.is(1)])
        .actors(["a", "b"], move |m| sell(m, cells))
        .property(Property::always("sold-twice", "a ticket is sold twice", move |state| {
            sold.value(state) < 2
        }))
        .ending(move |state, _| format!("{} sold", sold.value(state)))
}

fn look_and_sell(m: &dyn Machine, [left, sold]: [Shared; 2]) {
    if left.load(m, Relaxed) > 0 {
        left.store(m, 0, Relaxed);
        sold.fetch_add(m, 1, Relaxed);
    }
}

fn sell_at_once(m: &dyn Machine, [left, sold]: [Shared; 2]) {
    if left.compare_exchange(m, 1, 0, Full).is_ok() {
        sold.fetch_add(m, 1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use shortcopy::{assert_holds, assert_violated};

    use super::*;

    const GUIDE: &str = include_str!("../docs/rust-models.md");

    #[test]
    fn the_guide_has_this_program_and_shows_what_it_tells() {
        let answer = assert_violated!(last_ticket(look_and_sell), "sold-twice");
        let told = answer.told();
        assert!(GUIDE.contains(&told), "docs/rust-models.md does not show:\n{told}");
        assert_holds!(last_ticket(sell_at_once));
        let source = include_str!("last_ticket.rs");
        let (_, program) = source.split_once("\nfn last_ticket").expect("it begins there");
        let (program, _) = program.split_once("\n#[cfg(test)]").expect("it ends there");
        assert!(GUIDE.contains(program), "docs/rust-models.md has another program");
    }
}
