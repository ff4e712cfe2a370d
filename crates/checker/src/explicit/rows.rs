//! Keys as they are kept: in rows of bytes, each part in as many bits as the largest that was met takes.
//!
//! That takes a quarter of the time of a search more than to keep them whole, so only many are. How many control states
//! and memories there will be is not known before: the rows of a shard are written anew when a part comes that does not
//! fit.

use std::array;
use std::fs::File;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::key::{CONTROL_MASK, Key, MEMORY_MASK, SHARD_BITS, position};
use super::ledger::{Counted, Full, Ledger};

/// Rows that are allocated together: with the rest of a key behind the last one they are a bit less than what an allocator has
/// sizes for, a quarter of a power of two from one to the next, and not a bit more.
pub(crate) const CHUNK: usize = if cfg!(test) { 4 } else { 504 };
/// The last chunks stay in memory.
const KEPT: usize = if cfg!(test) { 2 } else { 8 };
/// Parts in a word of a key: a memory and two control states in the first, three control states in the others.
const PARTS: usize = 3;
/// So many keys of a shard are kept whole; few where it is tested that it makes no difference.
const WHOLE_MAX: usize = if cfg!(test) { 4 } else { 1 << 15 };

/// Keys by number.
pub(crate) struct Rows<const R: usize> {
    layout: Layout<R>,
    /// Each is longer by one key than its rows: a row is read as a whole key.
    chunks: Vec<Counted<u8>>,
    /// How many of the first chunks are on a disk, and are empty here; and where.
    moved: usize,
    file: Option<File>,
    /// What was written of each of them, in short.
    sums: Vec<u64>,
    len: usize,
    /// The bits that some row has.
    met: Row<R>,
    ledger: Arc<Ledger>,
}

/// A key within a row: equal where the keys are, as long as the layout stays.
pub(crate) type Row<const R: usize> = [u64; R];

/// Where a part is in its word of a key, and where in a row.
#[derive(Clone, Copy, Default)]
struct Part {
    of_key: u32,
    /// Bits that the part may have, and those that it has here; none of a part that there is no actor for.
    full: u64,
    mask: u64,
    word: usize,
    of_row: u32,
}

impl Part {
    #[inline]
    fn value(&self, word: u64) -> u64 {
        word >> self.of_key & self.full
    }
}

/// The parts of a row. Loops over them are unrolled: they are gone through for each state that is looked up.
#[derive(Clone)]
struct Layout<const R: usize> {
    /// Whether a row is a key.
    whole: bool,
    parts: [[Part; PARTS]; R],
    /// Of a row.
    bytes: usize,
    /// The bits of each word of a row.
    masks: [u64; R],
    /// What all memories have in their lowest bits, which is not kept.
    home: u64,
}

impl<const R: usize> Layout<R> {
    /// Of the memories of one shard, or of all.
    fn new(actors: usize, home: Option<usize>) -> Layout<R> {
        let dropped = if home.is_some() { SHARD_BITS } else { 0 };
        let mut parts = [[Part::default(); PARTS]; R];
        parts[0][0] = Part { of_key: dropped, full: MEMORY_MASK >> dropped, ..Part::default() };
        for actor in 0..actors {
            let (word, of_key) = position(actor);
            parts[word][(actor + 1) % PARTS] = Part { of_key, full: CONTROL_MASK, ..Part::default() };
        }
        let home = home.unwrap_or(0) as u64;
        Layout { whole: true, parts, bytes: size_of::<Key<R>>(), masks: [u64::MAX; R], home }
    }

    /// Gives each part so many bits. None is in two words.
    fn place(&mut self, widths: [[u32; PARTS]; R]) {
        let (mut word, mut used) = (0, 0);
        (self.whole, self.masks) = (false, [0; R]);
        for (part, width) in self.parts.iter_mut().flatten().zip(widths.into_iter().flatten()) {
            if used + width > u64::BITS {
                (word, used) = (word + 1, 0);
            }
            (part.word, part.of_row) = (word, used % u64::BITS);
            part.mask = (1 << width) - 1;
            self.masks[word] |= part.mask << part.of_row;
            used += width;
        }
        self.bytes = word * size_of::<u64>() + used.div_ceil(8) as usize;
    }

    /// One with room for these bits. Who grew last gets a bit more, and what is left of the last byte: it may grow on.
    fn narrow(&self, met: &Key<R>) -> Layout<R> {
        let mut widths = [[0; PARTS]; R];
        let mut grew = (0, 0);
        for (word, parts) in self.parts.iter().enumerate() {
            for (at, part) in parts.iter().enumerate() {
                let met = part.value(met[word]);
                widths[word][at] = u64::BITS - met.leading_zeros();
                if met & !part.mask != 0 {
                    grew = (word, at);
                }
            }
        }
        let (word, at) = grew;
        let most = self.parts[word][at].full.count_ones();
        widths[word][at] = most.min(widths[word][at] + 1);
        let mut layout = self.clone();
        layout.place(widths);
        for width in widths[word][at] + 1..=most {
            widths[word][at] = width;
            let mut wider = self.clone();
            wider.place(widths);
            if wider.bytes > layout.bytes {
                break;
            }
            layout = wider;
        }
        layout
    }

    /// Whether a row is one word, as nearly all are.
    #[inline]
    fn is_short(&self) -> bool {
        self.bytes <= size_of::<u64>()
    }

    /// The row of a key, if it fits.
    #[inline]
    fn row(&self, key: &Key<R>) -> Option<Row<R>> {
        if self.whole {
            return Some(*key);
        }
        if self.is_short() { self.packed::<true>(key) } else { self.packed::<false>(key) }
    }

    #[inline]
    fn packed<const SHORT: bool>(&self, key: &Key<R>) -> Option<Row<R>> {
        let (mut row, mut over) = ([0; R], 0);
        for (word, parts) in key.iter().zip(&self.parts) {
            for part in parts {
                let value = part.value(*word);
                over |= value & !part.mask;
                row[if SHORT { 0 } else { part.word }] |= value << part.of_row;
            }
        }
        (over == 0).then_some(row)
    }

    #[inline]
    fn key(&self, row: &Row<R>) -> Key<R> {
        if self.whole {
            return *row;
        }
        if self.is_short() { self.unpacked::<true>(row) } else { self.unpacked::<false>(row) }
    }

    #[inline]
    fn unpacked<const SHORT: bool>(&self, row: &Row<R>) -> Key<R> {
        let mut key = [0; R];
        key[0] = self.home;
        for (word, parts) in key.iter_mut().zip(&self.parts) {
            for part in parts {
                let value = row[if SHORT { 0 } else { part.word }] >> part.of_row & part.mask;
                *word |= value << part.of_key;
            }
        }
        key
    }

    /// The row in as many bytes as a key has.
    #[inline]
    fn read(&self, bytes: &[u8]) -> Row<R> {
        let words = bytes.as_chunks().0;
        array::from_fn(|word| u64::from_le_bytes(words[word]) & self.masks[word])
    }
}

impl<const R: usize> Rows<R> {
    /// No rows, for keys of so many actors whose memories are all of one shard, or of any.
    pub(crate) fn new(actors: usize, home: Option<usize>, ledger: &Arc<Ledger>) -> Rows<R> {
        Rows::of(Layout::new(actors, home), ledger)
    }

    fn of(layout: Layout<R>, ledger: &Arc<Ledger>) -> Rows<R> {
        let (chunks, moved, file, sums) = Default::default();
        Rows { layout, chunks, moved, file, sums, len: 0, met: [0; R], ledger: ledger.clone() }
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The row of a key, if one that is there could be it.
    #[inline]
    pub(crate) fn row(&self, key: &Key<R>) -> Option<Row<R>> {
        self.layout.row(key)
    }

    /// The row of a key, for which there is room from now on.
    #[inline]
    pub(crate) fn fit(&mut self, key: &Key<R>) -> Result<Row<R>, Full> {
        match self.layout.row(key) {
            Some(row) if !self.layout.whole || self.len < WHOLE_MAX => Ok(row),
            _ => self.narrow(key),
        }
    }

    /// The row with a number.
    #[inline]
    pub(crate) fn at(&self, number: usize) -> Row<R> {
        match self.bytes(number) {
            Some(bytes) => self.layout.read(bytes),
            None => self.on_disk(number),
        }
    }

    /// What is in memory of a row, to have it at hand.
    #[inline]
    pub(crate) fn touch(&self, number: usize) -> u64 {
        self.bytes(number).map_or(0, |bytes| self.layout.read(bytes)[0])
    }

    #[inline]
    fn bytes(&self, number: usize) -> Option<&[u8]> {
        let at = number % CHUNK * self.layout.bytes;
        self.chunks[number / CHUNK].get(at..at + size_of::<Key<R>>())
    }

    #[cold]
    fn on_disk(&self, number: usize) -> Row<R> {
        let mut bytes = [[0; size_of::<u64>()]; R];
        self.read_back(number / CHUNK, number % CHUNK * self.layout.bytes, bytes.as_flattened_mut());
        self.layout.read(bytes.as_flattened())
    }

    /// Bytes of a chunk that is on the disk.
    fn read_back(&self, chunk: usize, from: usize, into: &mut [u8]) {
        if let (Some(disk), Some(file)) = (self.ledger.disk(), &self.file) {
            disk.read(file, chunk * CHUNK * self.layout.bytes + from, into);
        }
    }

    /// All keys, in the order of their numbers.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key<R>> {
        let (layout, mut read) = (&self.layout, Vec::new());
        (0..self.len).map(move |number| {
            let at = number % CHUNK * layout.bytes;
            let bytes = self.bytes(number).unwrap_or_else(|| {
                if at == 0 {
                    read.resize(self.full(), 0);
                    self.read_back(number / CHUNK, 0, &mut read);
                    if self.sums[number / CHUNK] != xxh3_64(&read[..CHUNK * layout.bytes]) {
                        self.refuse();
                    }
                }
                &read[at..at + size_of::<Key<R>>()]
            });
            layout.key(&layout.read(bytes))
        })
    }

    /// The bytes of a chunk that is full: the last row is read as a whole key, too.
    fn full(&self) -> usize {
        (CHUNK - 1) * self.layout.bytes + size_of::<Key<R>>()
    }

    /// The key with a number.
    #[inline]
    pub(crate) fn get(&self, number: usize) -> Key<R> {
        self.layout.key(&self.at(number))
    }

    /// Whether a row is on a disk: who knows better what it was [refuses](Rows::refuse) another one.
    #[inline]
    pub(crate) fn is_moved(&self, number: usize) -> bool {
        number < self.moved * CHUNK
    }

    /// Notes that something was not read as it was written; a key that is sound, to go on with until that is told.
    #[cold]
    pub(crate) fn refuse(&self) -> Key<R> {
        if let Some(disk) = self.ledger.disk() {
            disk.refuse();
        }
        // The last chunk stays in memory.
        self.get(self.len - 1)
    }

    /// Adds a row.
    #[inline]
    pub(crate) fn push(&mut self, row: &Row<R>) -> Result<(), Full> {
        let (chunk, at) = (self.len / CHUNK, self.len % CHUNK * self.layout.bytes);
        let end = at + size_of::<Key<R>>();
        if self.chunks.get(chunk).is_none_or(|chunk| chunk.len() < end) {
            self.lengthen(chunk, end)?;
        }
        let words = self.chunks[chunk][at..end].as_chunks_mut().0;
        for ((word, value), met) in words.iter_mut().zip(row).zip(&mut self.met) {
            *word = value.to_le_bytes();
            *met |= value;
        }
        self.len += 1;
        Ok(())
    }

    /// Makes room in the last chunk, or in one more.
    #[cold]
    fn lengthen(&mut self, chunk: usize, end: usize) -> Result<(), Full> {
        let full = self.full();
        if self.chunks.len() == chunk {
            let room = self.move_away().unwrap_or_else(|| Counted::new(&self.ledger));
            self.chunks.push(room);
        }
        // The first chunk of a shard grows by itself, so that small searches stay small.
        let bytes = if chunk == 0 { (end + end / 2).min(full) } else { full };
        self.chunks[chunk].stretch(bytes)
    }

    /// Moves the first two chunks that are in memory to the disk, where it is scarce: the room of one is taken again, and there is
    /// more for what has to stay in memory.
    fn move_away(&mut self) -> Option<Counted<u8>> {
        let mut room = None;
        for _ in 0..2 {
            let disk = self.ledger.disk_if_scarce().filter(|_| self.moved + KEPT < self.chunks.len());
            let Some(disk) = disk else { break };
            if self.file.is_none() {
                self.file = disk.file();
            }
            let Some(file) = &self.file else { break };
            let chunk = &mut self.chunks[self.moved];
            if !disk.write(file, self.moved * CHUNK * self.layout.bytes, chunk) {
                break;
            }
            self.sums.push(xxh3_64(&chunk[..CHUNK * self.layout.bytes]));
            room = Some(std::mem::replace(chunk, Counted::new(&self.ledger)));
            self.moved += 1;
        }
        room
    }

    /// Writes all rows anew, so that they are narrow and this key fits; its row.
    #[cold]
    fn narrow(&mut self, key: &Key<R>) -> Result<Row<R>, Full> {
        let mut met = self.layout.key(&self.met);
        met.iter_mut().zip(key).for_each(|(met, word)| *met |= word);
        let mut narrow = Rows::of(self.layout.narrow(&met), &self.ledger);
        for key in self.keys() {
            if let Some(row) = narrow.layout.row(&key) {
                narrow.push(&row)?;
            }
        }
        *self = narrow;
        self.fit(key)
    }

    /// Loses all that is on the disk, such that no read fails.
    #[cfg(test)]
    pub(crate) fn spoil(&self) {
        let len = self.moved * CHUNK * self.layout.bytes;
        assert!(self.ledger.disk().unwrap().write(self.file.as_ref().unwrap(), 0, &vec![0; len]));
    }

    /// Forgets all keys, and keeps the room of one chunk.
    pub(crate) fn clear(&mut self) {
        self.chunks.truncate(1);
        self.sums.clear();
        (self.len, self.met, self.moved) = (0, [0; R], 0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::key::{control_of, home, memory_of, moved};
    use super::*;

    fn ledger() -> Arc<Ledger> {
        Arc::new(Ledger::new(u64::MAX))
    }

    #[test]
    fn rows_are_no_longer_than_what_they_hold() {
        let mut rows = Rows::<2>::new(3, Some(7), &ledger());
        let state = |memory: u32, control: u32| {
            let key = moved(&[0; 2], 0, control, memory << SHARD_BITS | 7);
            moved(&key, 2, control / 2, memory_of(&key))
        };
        let mut lengths = Vec::new();
        for number in 0..40_000 {
            let key = state(number / 16, number % 4000);
            let row = rows.fit(&key).unwrap();
            rows.push(&row).unwrap();
            lengths.push(rows.layout.bytes);
        }
        // Bits of the memory and of the first and the third actor: 3 + 7 + 6 and more at first, 12 + 12 + 11 in the end.
        assert_eq!(lengths[WHOLE_MAX - 1], 16);
        assert_eq!((lengths[100], lengths[39_999]), (3, 5));
        for number in [0, 511, 512, 39_999] {
            let (key, of) = (rows.get(number), number as u32);
            assert_eq!((home(memory_of(&key)), memory_of(&key) >> SHARD_BITS), (7, of / 16));
            assert_eq!((control_of(&key, 0), control_of(&key, 2)), (of % 4000, of % 4000 / 2));
        }
    }

    #[test]
    fn what_finds_no_room_leaves_what_was_there() {
        let small = Arc::new(Ledger::new(16_000));
        let mut rows = Rows::<2>::new(1, Some(0), &small);
        let key = |control| moved(&[0; 2], 0, control, 0);
        let mut kept = 0;
        while rows.fit(&key(kept % 1000)).and_then(|row| rows.push(&row)).is_ok() {
            kept += 1;
        }
        assert!(kept > 1000, "only {kept}");
        // There is no room to write them anew.
        assert_eq!(rows.fit(&key(1 << 17)), Err(Full::Bytes));
        assert!((0..kept).all(|number| rows.get(number as usize) == key(number % 1000)));
    }

    fn on_disk(rows: usize) -> (tempfile::TempDir, Rows<2>) {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Arc::new(Ledger::with_disk(u64::MAX, Some(folder.path())));
        let mut all = Rows::<2>::new(3, Some(7), &ledger);
        for number in 0..rows {
            let row = all.fit(&state(number)).unwrap();
            all.push(&row).unwrap();
        }
        (folder, all)
    }

    fn state(number: usize) -> Key<2> {
        let number = number as u32;
        moved(
            &moved(&[0; 2], 0, number % 1000, number << SHARD_BITS | 7),
            2,
            number / 3,
            number << SHARD_BITS | 7,
        )
    }

    #[test]
    fn rows_are_read_from_the_disk_as_they_were() {
        for len in [1, 4, 11, 12, 13, 1000, 5003] {
            let (_folder, mut rows) = on_disk(len);
            assert_eq!(rows.moved, rows.chunks.len().saturating_sub(KEPT + 1));
            assert!((0..len).all(|number| rows.get(number) == state(number)));
            assert!(rows.keys().eq((0..len).map(state)));
            rows.clear();
            let row = rows.fit(&state(3)).unwrap();
            rows.push(&row).unwrap();
            assert_eq!(rows.get(0), state(3));
        }
    }

    #[test]
    fn what_can_not_be_read_is_noted() {
        let (_folder, rows) = on_disk(1000);
        assert_eq!(rows.ledger.disk().unwrap().unreadable(), None);
        rows.file.as_ref().unwrap().set_len(100).unwrap();
        assert_eq!(rows.get(1), state(1));
        assert_eq!(rows.ledger.disk().unwrap().unreadable(), None);
        rows.get(500);
        assert!(rows.ledger.disk().unwrap().unreadable().is_some());
    }

    #[test]
    fn what_a_disk_lost_is_noted_by_who_reads_all() {
        let (_folder, rows) = on_disk(1000);
        assert!(rows.keys().eq((0..1000).map(state)));
        assert_eq!(rows.ledger.disk().unwrap().unreadable(), None);
        rows.spoil();
        assert_eq!(rows.keys().count(), 1000);
        assert!(rows.ledger.disk().unwrap().unreadable().is_some());
    }

    #[test]
    fn a_full_disk_loses_nothing() {
        let (_folder, mut rows) = on_disk(1100);
        let (moved, moved_to) = (rows.moved, rows.file.take());
        rows.file = Some(File::options().write(true).open("/dev/full").unwrap());
        // No part of them is wider than those before.
        for number in 1100..1200 {
            let row = rows.fit(&state(number)).unwrap();
            rows.push(&row).unwrap();
        }
        assert!(rows.ledger.disk().unwrap().unwritable().is_some_and(|why| why.contains("No space")));
        assert_eq!((rows.moved, rows.chunks.len()), (moved, 300));
        rows.file = moved_to;
        assert!(rows.keys().eq((0..1200).map(state)));
    }
}
