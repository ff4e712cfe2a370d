//! The memory that a write takes its data from.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use crate::memory::{Latch, PAGE, Region, Segment, Then};
use crate::order::Who;
use crate::pattern::new;
use crate::test::{Memory, Source, Test};

/// Memory, and the segments of it that are written. It lives as long as they are used.
pub(crate) struct Data {
    pub(crate) segments: Vec<Segment>,
    /// Who gives or takes away memory that a fault waits for.
    pub(crate) latch: Option<Latch>,
    /// What keeps the addresses.
    regions: Vec<Region>,
    /// The region and the first page of it that may be lost.
    losable: (usize, usize),
}

impl Data {
    fn of(segment: Segment, region: Region) -> Data {
        Data { segments: vec![segment], latch: None, regions: vec![region], losable: (0, 0) }
    }

    /// Takes away what may be lost, as somebody does.
    pub(crate) fn lose(&mut self, who: Who) -> io::Result<()> {
        let (region, first) = self.losable;
        let region = &mut self.regions[region];
        match who {
            Who::Unmap => region.unmap_from(first),
            Who::DropFirst => region.drop_some(first, 1),
            _ => region.drop_from(first),
        }
    }
}

/// Sets up a test's source; `file` is the one that is written, `other` an empty one beside it.
pub(crate) fn set_up(test: &Test, file: &File, other: &File) -> io::Result<Data> {
    let Test { unit, position, length, source, .. } = *test;
    let whole = (position, length);
    match source {
        Source::One(memory) => one(test, whole, memory),
        Source::OfOther => {
            let pages = (length * unit).div_ceil(PAGE);
            other.set_len((pages * PAGE) as u64)?;
            let image: Vec<u8> =
                (0..length).flat_map(|at| std::iter::repeat_n(new(position + at), unit)).collect();
            other.write_all_at(&image, 0)?;
            let region = Region::of_file(other.as_fd(), pages)?;
            (0..pages).for_each(|page| region.touch(page));
            Ok(Data::of(region.segment(0, length * unit), region))
        }
        Source::Cut => {
            let pages = (length * unit).div_ceil(PAGE);
            other.set_len((pages * PAGE) as u64)?;
            let region = Region::of_file(other.as_fd(), pages)?;
            other.set_len(0)?;
            Ok(Data::of(region.segment(0, length * unit), region))
        }
        Source::Straddling(before, memory) => straddling(test, before, memory),
        Source::EmptyThen(memory) => {
            let mut data = one(test, whole, memory)?;
            let first = data.regions[0].segment(0, 0);
            data.segments.insert(0, first);
            Ok(data)
        }
        Source::SegmentThen(memory) => {
            let mut first = one(test, (position, 1), Memory::Resident)?;
            let rest = one(test, (position + 1, length - 1), memory)?;
            first.latch = rest.latch;
            first.segments.extend(rest.segments);
            first.regions.extend(rest.regions);
            Ok(first)
        }
        Source::Itself { mapped } => {
            let pages = ((position + length) * unit).div_ceil(PAGE);
            let mut region = Region::of_file(file.as_fd(), pages)?;
            let there = (test.size * unit).div_ceil(PAGE).min(pages);
            if mapped {
                (0..there).for_each(|page| region.touch(page));
            } else {
                region.drop_from(0)?;
            }
            Ok(Data::of(region.segment(position * unit, length * unit), region))
        }
        Source::SegmentThenItself => {
            let first = one(test, (position, 1), Memory::Resident)?;
            let at = (position + 1) % test.page_units() * unit;
            then_first_page(first, file, at, (length - 1) * unit)
        }
        Source::OfFirstPage => {
            let units = test.page_units();
            let first = one(test, (position, units), Memory::Resident)?;
            then_first_page(first, file, 0, (length - units) * unit)
        }
    }
}

/// A segment in memory, and one that is a mapping of the file's first page, not in the page tables.
fn then_first_page(mut first: Data, file: &File, offset: usize, bytes: usize) -> io::Result<Data> {
    let itself = Region::of_file(file.as_fd(), 1)?;
    first.segments.push(itself.segment(offset, bytes));
    first.regions.push(itself);
    Ok(first)
}

/// One segment with a write's data, at the beginning of a page.
fn one(test: &Test, data: (usize, usize), memory: Memory) -> io::Result<Data> {
    pages(test, data, (0, 0), memory)
}

/// One segment over a boundary: `before` units of it end a page, the rest is like this.
fn straddling(test: &Test, before: usize, memory: Memory) -> io::Result<Data> {
    let ahead = (before * test.unit).div_ceil(PAGE);
    pages(test, (test.position, test.length), (ahead, ahead * PAGE - before * test.unit), memory)
}

/// One segment with a write's data, from `offset` on. The first `ahead` pages are in memory, the others like this.
fn pages(
    test: &Test,
    (position, length): (usize, usize),
    (ahead, offset): (usize, usize),
    memory: Memory,
) -> io::Result<Data> {
    let bytes = length * test.unit;
    let count = (offset + bytes).div_ceil(PAGE);
    let comes_back = test.order.everybody().iter().any(|who| matches!(who, Who::Drop | Who::DropFirst));
    let mut region = match memory {
        Memory::Absent => Region::droppable(count)?,
        Memory::Resident if comes_back => Region::droppable(count)?,
        _ => Region::anonymous(count)?,
    };
    if !test.order.is_plain() {
        // Threads that come have memory, too.
        region = region.keeping_addresses();
    }
    let mut image = vec![0; count * PAGE];
    for at in 0..length {
        let from = offset + at * test.unit;
        image[from..from + test.unit].fill(new(position + at));
        region.fill(from, test.unit, new(position + at));
    }
    let (mut latch, gated) = (None, test.order.holds());
    match memory {
        Memory::Resident => {}
        Memory::Absent => region.drop_from(ahead)?,
        Memory::Invalid => region.unmap_from(ahead)?,
        Memory::LatchedThenFilled => {
            latch = Some(region.latch_from(ahead, Then::Fill(image.split_off(ahead * PAGE)), gated)?);
        }
        Memory::LatchedThenUnmapped => latch = Some(region.latch_from(ahead, Then::Unmap, gated)?),
    }
    Ok(Data { latch, losable: (0, ahead), ..Data::of(region.segment(offset, bytes), region) })
}
