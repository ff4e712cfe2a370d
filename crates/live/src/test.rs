//! A test: one write to one file from one source, as a line of text.

use std::fmt;
use std::str::FromStr;

use crate::memory::PAGE;
use crate::no_test::NoTest;
use crate::order::{Order, Who};

/// One write, and all that decides what it comes to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Test {
    /// A unit, in bytes: a page is a whole number of them.
    pub unit: usize,
    /// A block of the file system, in bytes.
    pub block: usize,
    /// The file's size, in units.
    pub size: usize,
    /// A letter for each block below the size: `M` written, `U` allocated and unwritten, `-` a hole.
    pub blocks: String,
    /// What of the file is in the page cache.
    pub page: Page,
    /// Where the data comes from.
    pub source: Source,
    /// Where the write begins, in units.
    pub position: usize,
    /// How much is written, in units.
    pub length: usize,
    /// How many blocks the disk has left when the write begins; none where there is room.
    pub free: Option<usize>,
    /// Who else is there, and in which order all come.
    pub order: Order,
}

/// What of a file is in the page cache.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Page {
    /// Nothing.
    Absent,
    /// All of it.
    Uptodate,
    /// All of it, as it was read from where it is kept: no buffers are attached.
    AsRead,
    /// All of it, and a checkpoint waits for it.
    Committed,
    /// One block of it.
    Block(usize),
    /// All of it, and it is part of the transaction that runs.
    Running,
    /// One block of it, and that is part of the transaction that runs.
    RunningBlock(usize),
}

/// How a source is set up. Of what can be had in more than one way, each way is a source of its own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Source {
    /// A segment.
    One(Memory),
    /// A mapping of another file, in the page tables.
    OfOther,
    /// A mapping of a file that has been cut.
    Cut,
    /// Two pages in a segment: the first is in memory and has so many units, the second is like this.
    Straddling(usize, Memory),
    /// An empty segment, and another.
    EmptyThen(Memory),
    /// A segment of a unit that is in memory, and another for the rest.
    SegmentThen(Memory),
    /// A mapping of what is written.
    Itself {
        /// Whether it is in the page tables.
        mapped: bool,
    },
    /// A segment of a unit, and a mapping of the page that is written.
    SegmentThenItself,
    /// A page's worth of units, and a mapping of the file's first page.
    OfFirstPage,
}

/// What a piece of memory is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Memory {
    /// In memory.
    Resident,
    /// Valid, and not in the page tables.
    Absent,
    /// Not mapped.
    Invalid,
    /// Valid and nowhere, so that whoever touches it waits for us (`userfaultfd`): we give it its contents.
    LatchedThenFilled,
    /// The same, and we take it out of the address space.
    LatchedThenUnmapped,
}

impl Memory {
    const ALL: [Memory; 5] = [
        Memory::Resident,
        Memory::Absent,
        Memory::Invalid,
        Memory::LatchedThenFilled,
        Memory::LatchedThenUnmapped,
    ];

    /// Whether it takes `userfaultfd`.
    #[must_use]
    pub fn is_latched(self) -> bool {
        matches!(self, Memory::LatchedThenFilled | Memory::LatchedThenUnmapped)
    }
}

impl Source {
    /// Whether it takes `userfaultfd`.
    #[must_use]
    pub fn is_latched(self) -> bool {
        match self {
            Source::One(memory)
            | Source::Straddling(_, memory)
            | Source::EmptyThen(memory)
            | Source::SegmentThen(memory) => memory.is_latched(),
            Source::OfOther
            | Source::Cut
            | Source::Itself { .. }
            | Source::SegmentThenItself
            | Source::OfFirstPage => false,
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Memory::Resident => "resident",
            Memory::Absent => "absent",
            Memory::Invalid => "invalid",
            Memory::LatchedThenFilled => "latched-then-filled",
            Memory::LatchedThenUnmapped => "latched-then-unmapped",
        })
    }
}

impl FromStr for Memory {
    type Err = NoTest;

    fn from_str(text: &str) -> Result<Memory, NoTest> {
        let known = Memory::ALL.into_iter().find(|memory| memory.to_string() == text);
        known.ok_or_else(|| NoTest::new(format!("no memory is `{text}`")))
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Page::Absent => f.write_str("absent"),
            Page::Uptodate => f.write_str("uptodate"),
            Page::AsRead => f.write_str("as-read"),
            Page::Committed => f.write_str("committed"),
            Page::Block(block) => write!(f, "block-{block}"),
            Page::Running => f.write_str("running"),
            Page::RunningBlock(block) => write!(f, "running-block-{block}"),
        }
    }
}

impl FromStr for Page {
    type Err = NoTest;

    fn from_str(text: &str) -> Result<Page, NoTest> {
        let block = |prefix: &str| text.strip_prefix(prefix)?.parse().ok();
        [Page::Absent, Page::Uptodate, Page::AsRead, Page::Committed, Page::Running]
            .into_iter()
            .find(|page| page.to_string() == text)
            .or_else(|| block("block-").map(Page::Block))
            .or_else(|| block("running-block-").map(Page::RunningBlock))
            .ok_or_else(|| NoTest::new(format!("no page is `{text}`")))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::One(memory) => memory.fmt(f),
            Source::OfOther => f.write_str("of-other"),
            Source::Cut => f.write_str("cut"),
            Source::Straddling(units, memory) => write!(f, "straddling-{units}-{memory}"),
            Source::EmptyThen(memory) => write!(f, "empty-then-{memory}"),
            Source::SegmentThen(memory) => write!(f, "segment-then-{memory}"),
            Source::Itself { mapped: false } => f.write_str("itself"),
            Source::Itself { mapped: true } => f.write_str("itself-mapped"),
            Source::SegmentThenItself => f.write_str("segment-then-itself"),
            Source::OfFirstPage => f.write_str("of-first-page"),
        }
    }
}

impl FromStr for Source {
    type Err = NoTest;

    fn from_str(text: &str) -> Result<Source, NoTest> {
        let plain = [
            Source::OfOther,
            Source::Cut,
            Source::Itself { mapped: false },
            Source::Itself { mapped: true },
            Source::SegmentThenItself,
            Source::OfFirstPage,
        ];
        if let Some(source) = plain.into_iter().find(|source| source.to_string() == text) {
            return Ok(source);
        }
        if let Some(memory) = text.strip_prefix("empty-then-") {
            return memory.parse().map(Source::EmptyThen);
        }
        if let Some(memory) = text.strip_prefix("segment-then-") {
            return memory.parse().map(Source::SegmentThen);
        }
        let Some(straddling) = text.strip_prefix("straddling-") else {
            return text.parse().map(Source::One);
        };
        let parts =
            straddling.split_once('-').and_then(|(units, memory)| Some((units.parse().ok()?, memory)));
        let (units, memory) = parts.ok_or_else(|| NoTest::new(format!("no source is `{text}`")))?;
        memory.parse().map(|memory| Source::Straddling(units, memory))
    }
}

impl fmt::Display for Test {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Test { unit, block, size, blocks, page, source, position, length, free, order } = self;
        write!(
            f,
            "unit={unit} block={block} size={size} blocks={blocks} page={page} source={source} \
             write={position}+{length}"
        )?;
        if let Some(free) = free {
            write!(f, " free={free}")?;
        }
        if order.is_plain() { Ok(()) } else { write!(f, " order={order}") }
    }
}

impl FromStr for Test {
    type Err = NoTest;

    fn from_str(text: &str) -> Result<Test, NoTest> {
        let mut fields = text.split_whitespace();
        let mut field = |name: &str| {
            let next = fields.next().and_then(|field| field.strip_prefix(name)?.strip_prefix('='));
            next.ok_or_else(|| NoTest::new(format!("`{name}=` is missing in `{text}`")))
        };
        let number = |text: &str| {
            text.parse::<usize>()
                .map_err(|_| NoTest::new(format!("`{text}` is no number that a test may have")))
        };
        let test = Test {
            unit: number(field("unit")?)?,
            block: number(field("block")?)?,
            size: number(field("size")?)?,
            blocks: field("blocks")?.to_owned(),
            page: field("page")?.parse()?,
            source: field("source")?.parse()?,
            position: 0,
            length: 0,
            free: None,
            order: Order::default(),
        };
        let write = field("write")?;
        let (position, length) = write
            .split_once('+')
            .ok_or_else(|| NoTest::new(format!("`{write}` is no position and length")))?;
        let mut test = Test { position: number(position)?, length: number(length)?, ..test };
        let mut next = fields.next();
        if let Some(free) = next.and_then(|next| next.strip_prefix("free=")) {
            test.free = Some(number(free)?);
            next = fields.next();
        }
        if let Some(order) = next.and_then(|next| next.strip_prefix("order=")) {
            test.order = order.parse()?;
            next = fields.next();
        }
        match (next, test.flaw()) {
            (Some(more), _) => Err(NoTest::new(format!("`{more}` is too much"))),
            (None, Some(flaw)) => Err(NoTest::new(flaw)),
            (None, None) => Ok(test),
        }
    }
}

/// How many units a file may have: each has a letter of its own.
const UNITS_MAX: usize = 16;

impl Test {
    /// What makes it none, if anything does.
    fn flaw(&self) -> Option<String> {
        let Test { unit, block, size, blocks, source, position, length, order, .. } = self;
        let of_units = |bytes: usize| bytes.is_power_of_two() && bytes >= *unit && bytes <= PAGE;
        let needs = (size * unit).div_ceil(*block.max(&1));
        let rules = [
            (!unit.is_power_of_two() || *unit > PAGE || *unit < 16, "a unit is 16 to 4096 bytes"),
            (!of_units(*block), "a block is a page or less, and not less than a unit"),
            (*length == 0, "nothing is written"),
            (position + length > UNITS_MAX || *size > UNITS_MAX, "a file has 16 units at most"),
            (blocks.len() != needs, "`blocks` has a letter for each block below the size"),
            (blocks.contains(|letter| !"MU-".contains(letter)), "a block is `M`, `U` or `-`"),
            (
                matches!(source, Source::Straddling(units, _) if units >= length || *units == 0),
                "a source that straddles has something on both pages",
            ),
            (
                matches!(source, Source::SegmentThen(_) | Source::SegmentThenItself) && *length < 2,
                "two segments have two units at least",
            ),
            (
                matches!(source, Source::OfFirstPage) && *length <= PAGE / unit,
                "more than a page is written from what begins the file",
            ),
        ];
        let flaw = rules.into_iter().find(|(is_wrong, _)| *is_wrong).map(|(_, why)| why);
        flaw.or(order.flaw(UNITS_MAX)).map(str::to_owned)
    }

    /// Whether it takes a file server of ours, below the file system or in its place, that holds what it is asked for, or
    /// fails it.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let of_hole = matches!(self.page, Page::Block(at) if self.blocks.as_bytes().get(at) == Some(&b'-'));
        of_hole || self.order.holds_others() || self.order.holds() && !self.is_latched()
    }

    /// Whether it takes `userfaultfd`.
    #[must_use]
    pub fn is_latched(&self) -> bool {
        self.source.is_latched()
    }

    /// Whether somebody is there beside the writer, and who takes away its source.
    #[must_use]
    pub fn is_accompanied(&self) -> bool {
        let loses = [Who::Writer, Who::Unmap, Who::Drop, Who::DropFirst, Who::Cut, Who::Fill];
        self.order.everybody().iter().any(|who| !loses.contains(who))
    }

    /// Units of a page.
    pub(crate) fn page_units(&self) -> usize {
        PAGE / self.unit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_is_written() {
        for line in [
            "unit=1024 block=2048 size=4 blocks=M- page=block-0 source=straddling-1-invalid write=1+2",
            "unit=512 block=1024 size=0 blocks= page=absent source=empty-then-absent write=2+6",
            "unit=2048 block=4096 size=4 blocks=MU page=as-read source=itself-mapped write=0+4",
            "unit=1024 block=4096 size=1 blocks=M page=committed source=segment-then-invalid write=1+3",
            "unit=1024 block=4096 size=1 blocks=M page=running source=of-other write=1+3 free=0",
            "unit=1024 block=2048 size=4 blocks=-M page=block-0 source=resident write=1+2 order=write(read-0+4),truncate-1",
            "unit=1024 block=2048 size=4 blocks=MM page=running-block-1 source=resident write=1+2 free=1 order=sync,write",
        ] {
            assert_eq!(line.parse::<Test>().map(|test| test.to_string()).ok().as_deref(), Some(line));
        }
    }

    #[test]
    fn what_is_no_test_is_refused() {
        let good = "unit=1024 block=2048 size=4 blocks=M- page=absent source=absent write=1+2";
        for (from, to) in [
            ("unit=1024", "unit=1000"),
            ("unit=1024", "unit=x"),
            ("block=2048", "block=512"),
            ("blocks=M-", "blocks=M"),
            ("blocks=M-", "blocks=Mx"),
            ("size=4 ", ""),
            ("page=absent", "page=block-x"),
            ("source=absent", "source=straddling-2-invalid"),
            ("source=absent", "source=straddling-invalid"),
            ("write=1+2", "write=1+0"),
            ("write=1+2", "write=15+2"),
            ("write=1+2", "write=1+2 more"),
            ("write=1+2", "write=1+2 order=sync"),
            ("write=1+2", "write=1+2 order=write free=1"),
        ] {
            assert!(good.replace(from, to).parse::<Test>().is_err(), "{from} as {to}");
        }
    }
}
