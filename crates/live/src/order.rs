//! Who else is there, and in which order all of them come.
//!
//! `commit,write(read-0+4)`: a commit to its end; then the write begins, and where it is held a reader comes, until he is done or
//! waits for another; then the write goes on. `write|read-0+4`: both at once, unaided.

use std::fmt;
use std::str::FromStr;

use crate::no_test::NoTest;

/// Somebody.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Who {
    /// The writer that the test is about.
    Writer,
    /// Reads so many units from a position on.
    Read(usize, usize),
    /// Reads the whole file through a mapping.
    Load,
    /// Stores a unit through a mapping, which may lie behind the file's end, in its last page.
    Store(usize),
    /// Writes so many units at a position from memory that stays.
    Write(usize, usize),
    /// Commits the file system's journal, where it has one.
    Commit,
    /// Writes dirty pages back.
    Writeback,
    /// Takes clean pages of the file out of the page cache.
    Reclaim,
    /// Makes the file so long.
    Truncate(usize),
    /// Puts the file to where it is kept.
    Sync,
    /// Takes the source out of the address space.
    Unmap,
    /// Takes the source out of the page tables.
    Drop,
    /// Takes the first page of the source out of the page tables.
    DropFirst,
    /// Cuts the file that the source is a mapping of.
    Cut,
    /// Takes the blocks that the disk has left.
    Fill,
}

/// A part of an order, which has ended when the next begins.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Turn {
    /// Somebody comes, and goes on until he is done.
    Alone(Who),
    /// Somebody comes, is held the first time that he can be, the second or so, and the others come meanwhile, one after the other.
    Held(Who, usize, Vec<Who>),
    /// All of them at once, unaided.
    AtOnce(Vec<Who>),
}

/// In which order all of them come.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Order(Vec<Turn>);

impl Default for Order {
    fn default() -> Order {
        Order(vec![Turn::Alone(Who::Writer)])
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Writer => f.write_str("write"),
            Who::Read(from, units) => write!(f, "read-{from}+{units}"),
            Who::Load => f.write_str("load"),
            Who::Store(at) => write!(f, "store-{at}"),
            Who::Write(from, units) => write!(f, "write-{from}+{units}"),
            Who::Commit => f.write_str("commit"),
            Who::Writeback => f.write_str("writeback"),
            Who::Reclaim => f.write_str("reclaim"),
            Who::Truncate(size) => write!(f, "truncate-{size}"),
            Who::Sync => f.write_str("sync"),
            Who::Unmap => f.write_str("munmap"),
            Who::Drop => f.write_str("madvise"),
            Who::DropFirst => f.write_str("madvise-first"),
            Who::Cut => f.write_str("cut"),
            Who::Fill => f.write_str("fill"),
        }
    }
}

impl FromStr for Who {
    type Err = NoTest;

    fn from_str(text: &str) -> Result<Who, NoTest> {
        const PLAIN: [Who; 11] = [
            Who::Writer,
            Who::Load,
            Who::Commit,
            Who::Writeback,
            Who::Reclaim,
            Who::Sync,
            Who::Unmap,
            Who::Drop,
            Who::DropFirst,
            Who::Cut,
            Who::Fill,
        ];
        let range = |text: &str| {
            let (from, units) = text.split_once('+')?;
            Some((from.parse().ok()?, units.parse().ok()?))
        };
        let with_numbers = || match text.split_once('-')? {
            ("read", rest) => range(rest).map(|(from, units)| Who::Read(from, units)),
            ("write", rest) => range(rest).map(|(from, units)| Who::Write(from, units)),
            ("store", at) => at.parse().ok().map(Who::Store),
            ("truncate", size) => size.parse().ok().map(Who::Truncate),
            _ => None,
        };
        let plain = PLAIN.into_iter().find(|who| who.to_string() == text);
        plain.or_else(with_numbers).ok_or_else(|| NoTest::new(format!("nobody is `{text}`")))
    }
}

impl Who {
    /// The unit behind the last that he reaches.
    fn reach(self) -> usize {
        match self {
            Who::Read(from, units) | Who::Write(from, units) => from + units,
            Who::Store(at) => at + 1,
            Who::Truncate(size) => size,
            _ => 0,
        }
    }
}

impl Turn {
    fn all(&self) -> Vec<Who> {
        match self {
            Turn::Alone(who) => vec![*who],
            Turn::Held(who, _, others) => [&[*who][..], others].concat(),
            Turn::AtOnce(all) => all.clone(),
        }
    }
}

impl fmt::Display for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list =
            |all: &[Who], with: &str| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(with);
        match self {
            Turn::Alone(who) => who.fmt(f),
            Turn::Held(who, 1, others) => write!(f, "{who}({})", list(others, ",")),
            Turn::Held(who, time, others) => write!(f, "{who}@{time}({})", list(others, ",")),
            Turn::AtOnce(all) => f.write_str(&list(all, "|")),
        }
    }
}

impl FromStr for Turn {
    type Err = NoTest;

    fn from_str(text: &str) -> Result<Turn, NoTest> {
        if text.contains('|') {
            return text.split('|').map(str::parse).collect::<Result<_, _>>().map(Turn::AtOnce);
        }
        let Some((held, others)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) else {
            return text.parse().map(Turn::Alone);
        };
        let (who, time) = held.split_once('@').unwrap_or((held, "1"));
        let time = time.parse().ok().filter(|&time| time > 0);
        let time = time.ok_or_else(|| NoTest::new(format!("`{text}` is held no such time")))?;
        Ok(Turn::Held(who.parse()?, time, others.split(',').map(str::parse).collect::<Result<_, _>>()?))
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Order {
    type Err = NoTest;

    fn from_str(text: &str) -> Result<Order, NoTest> {
        let (mut turns, mut begun, mut depth) = (Vec::new(), 0, 0_usize);
        for (at, letter) in text.char_indices() {
            match letter {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                ',' if depth == 0 => {
                    turns.push(text[begun..at].parse()?);
                    begun = at + 1;
                }
                _ => {}
            }
        }
        turns.push(text[begun..].parse()?);
        Ok(Order(turns))
    }
}

impl Order {
    /// An order of turns.
    pub(crate) fn of(turns: Vec<Turn>) -> Order {
        Order(turns)
    }

    /// Its turns.
    pub(crate) fn turns(&self) -> &[Turn] {
        &self.0
    }

    /// Whether the writer is alone, and nothing is held.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Order::default()
    }

    /// Everybody, in the order in which they come.
    pub(crate) fn everybody(&self) -> Vec<Who> {
        self.0.iter().flat_map(Turn::all).collect()
    }

    /// Whether somebody is held in it.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.0.iter().any(|turn| matches!(turn, Turn::Held(..)))
    }

    /// Whether somebody but the writer, or the writer more than once, is held in it.
    pub(crate) fn holds_others(&self) -> bool {
        let is_other =
            |turn: &Turn| matches!(turn, Turn::Held(who, time, _) if *who != Who::Writer || *time > 1);
        self.0.iter().any(is_other)
    }

    /// Whether it is a race, which is run more than once.
    #[must_use]
    pub fn is_race(&self) -> bool {
        self.0.iter().any(|turn| matches!(turn, Turn::AtOnce(_)))
    }

    /// What makes it none, if anything does.
    pub(crate) fn flaw(&self, units_max: usize) -> Option<&'static str> {
        let all = self.everybody();
        if all.iter().filter(|who| **who == Who::Writer).count() != 1 {
            return Some("the writer comes once in an order");
        }
        if all.iter().any(|who| who.reach() > units_max) {
            return Some("somebody reaches further than a file may");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_as_it_is_told() {
        for told in [
            "write",
            "truncate-1,write",
            "write,sync,reclaim,truncate-4",
            "write(read-0+4)",
            "commit,write@2(munmap,read-0+2)",
            "writeback(write)",
            "store-1,write,store-1",
            "write|read-0+4|madvise",
        ] {
            assert_eq!(told.parse::<Order>().map(|order| order.to_string()).ok().as_deref(), Some(told));
        }
        for no_order in ["", "write,", "write(", "write@0(read-0+4)", "reader", "read-4", "write|"] {
            assert!(no_order.parse::<Order>().is_err(), "{no_order}");
        }
        for (told, is_one) in [("read-0+4", false), ("write,write", false), ("write(store-20)", false)] {
            let order: Order = told.parse().expect("words of an order");
            assert_eq!(order.flaw(16).is_none(), is_one, "{told}");
        }
        assert!(Order::default().is_plain());
    }
}
