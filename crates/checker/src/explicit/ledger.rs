//! What a search keeps in memory, counted before it is asked for.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::disk::Disk;

/// Why there is no room for more.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Full {
    /// The bound on memory.
    Bytes,
    /// The engine has no more numbers for these.
    Numbers(&'static str),
}

/// The bytes of one search, from its first state to its last schedule. Shared by threads.
pub(crate) struct Ledger {
    most: u64,
    counted: AtomicU64,
    /// What the unfolded models take; it is measured now and then.
    models: AtomicU64,
    /// What is kept free for what comes later.
    reserved: AtomicU64,
    peak: AtomicU64,
    /// Where there is room besides.
    disk: Option<Disk>,
}

/// The part of all memory, in quarters, from which on what can be on a disk is. At once where it is tested that it makes no
/// difference.
const SCARCE: u64 = if cfg!(test) { 0 } else { 3 };

impl Ledger {
    #[cfg(test)]
    pub(crate) fn new(most: u64) -> Ledger {
        Ledger::with_disk(most, None)
    }

    /// One that has a folder besides.
    pub(crate) fn with_disk(most: u64, folder: Option<&Path>) -> Ledger {
        let [counted, models, reserved, peak] = Default::default();
        Ledger { most, counted, models, reserved, peak, disk: folder.map(Disk::new) }
    }

    /// Where there is room besides, if there is.
    pub(crate) fn disk(&self) -> Option<&Disk> {
        self.disk.as_ref()
    }

    /// The same, where memory is scarce.
    pub(crate) fn disk_if_scarce(&self) -> Option<&Disk> {
        let used = self.now() + self.reserved.load(Ordering::Relaxed);
        self.disk.as_ref().filter(|_| used >= self.most / 4 * SCARCE)
    }

    /// Counts so many bytes, if there is room for them.
    pub(crate) fn take(&self, bytes: usize) -> Result<(), Full> {
        let counted = self.counted.fetch_add(bytes as u64, Ordering::Relaxed) + bytes as u64;
        let all = counted + self.models.load(Ordering::Relaxed);
        if all + self.reserved.load(Ordering::Relaxed) > self.most {
            self.give(bytes);
            return Err(Full::Bytes);
        }
        self.peak.fetch_max(all, Ordering::Relaxed);
        Ok(())
    }

    pub(crate) fn give(&self, bytes: usize) {
        self.counted.fetch_sub(bytes as u64, Ordering::Relaxed);
    }

    /// Sets what the models take now; whether there is room for it.
    pub(crate) fn set_models(&self, bytes: u64) -> Result<(), Full> {
        self.models.store(bytes, Ordering::Relaxed);
        self.take(0)
    }

    /// Keeps so many bytes free.
    pub(crate) fn reserve(&self, bytes: u64) {
        self.reserved.store(bytes, Ordering::Relaxed);
    }

    /// So many were counted at one time before.
    pub(crate) fn raise_peak(&self, bytes: u64) {
        self.peak.fetch_max(bytes, Ordering::Relaxed);
    }

    /// The bytes that are counted now.
    pub(crate) fn now(&self) -> u64 {
        self.counted.load(Ordering::Relaxed) + self.models.load(Ordering::Relaxed)
    }

    /// The bytes that are neither counted nor kept free.
    pub(crate) fn free(&self) -> u64 {
        self.most.saturating_sub(self.now() + self.reserved.load(Ordering::Relaxed))
    }

    /// The most bytes that were counted at one time.
    pub(crate) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }
}

/// Bytes that are given back in the end.
pub(crate) struct Held {
    ledger: Arc<Ledger>,
    bytes: usize,
}

impl Held {
    pub(crate) fn new(ledger: &Arc<Ledger>) -> Held {
        Held { ledger: ledger.clone(), bytes: 0 }
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Full> {
        self.ledger.take(bytes)?;
        self.bytes += bytes;
        Ok(())
    }

    /// Holds at least so many bytes, where that is no more than one `part`th of the bound.
    pub(crate) fn grow_to(&mut self, bytes: usize, part: u64) -> Result<(), Full> {
        if bytes as u64 > self.ledger.most / part {
            Err(Full::Bytes)
        } else {
            self.take(bytes.saturating_sub(self.bytes))
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.ledger.give(self.bytes);
    }
}

/// A vector that asks before it grows.
pub(crate) struct Counted<T> {
    items: Vec<T>,
    ledger: Arc<Ledger>,
}

impl<T> Counted<T> {
    pub(crate) fn new(ledger: &Arc<Ledger>) -> Counted<T> {
        Counted { items: Vec::new(), ledger: ledger.clone() }
    }

    /// Makes room for so many more.
    #[inline]
    pub(crate) fn reserve(&mut self, more: usize) -> Result<(), Full> {
        if self.items.capacity() - self.items.len() >= more { Ok(()) } else { self.grow(more) }
    }

    #[cold]
    fn grow(&mut self, more: usize) -> Result<(), Full> {
        const FIRST: usize = 8;
        let before = self.items.capacity();
        let capacity = (self.items.len() + more).max(before + before / 2).max(FIRST);
        // The old ones are still there while they are moved.
        self.ledger.take(capacity * size_of::<T>())?;
        self.items.reserve_exact(capacity - self.items.len());
        self.ledger.give(before * size_of::<T>());
        Ok(())
    }

    #[inline]
    pub(crate) fn push(&mut self, item: T) -> Result<(), Full> {
        self.reserve(1)?;
        self.items.push(item);
        Ok(())
    }

    pub(crate) fn pop(&mut self) -> Option<T> {
        self.items.pop()
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.items.truncate(len);
    }

    pub(crate) fn clear(&mut self) {
        self.items.clear();
    }

    pub(crate) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }
}

impl<T: Copy> Counted<T> {
    pub(crate) fn extend_from_slice(&mut self, items: &[T]) -> Result<(), Full> {
        self.reserve(items.len())?;
        self.items.extend_from_slice(items);
        Ok(())
    }
}

impl<T: Copy + Default> Counted<T> {
    /// So many zeros.
    pub(crate) fn zeros(len: usize, ledger: &Arc<Ledger>) -> Result<Counted<T>, Full> {
        ledger.take(len * size_of::<T>())?;
        Ok(Counted { items: vec![T::default(); len], ledger: ledger.clone() })
    }

    /// So many zeros, of which most will be written over. Memory that is read before it is written costs the
    /// kernel two page faults, and the second stops all threads.
    pub(crate) fn written(len: usize, ledger: &Arc<Ledger>) -> Result<Counted<T>, Full> {
        let mut zeros = Counted::new(ledger);
        zeros.stretch(len)?;
        Ok(zeros)
    }

    /// Fills up with zeros to this length, if it is shorter.
    pub(crate) fn stretch(&mut self, len: usize) -> Result<(), Full> {
        if self.items.len() < len {
            self.reserve(len - self.items.len())?;
            self.items.resize(len, T::default());
        }
        Ok(())
    }
}

impl<T> Deref for Counted<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> DerefMut for Counted<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.items
    }
}

impl<T> Drop for Counted<T> {
    fn drop(&mut self) {
        self.ledger.give(self.items.capacity() * size_of::<T>());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_and_new_count_while_a_vector_grows() {
        let ledger = Arc::new(Ledger::new(100));
        let mut bytes = Counted::<u8>::new(&ledger);
        bytes.stretch(40).unwrap();
        assert_eq!(bytes.stretch(61), Err(Full::Bytes));
        bytes.stretch(60).unwrap();
        assert_eq!((bytes.len(), ledger.peak()), (60, 100));
        drop(bytes);
        ledger.take(100).unwrap();
    }

    #[test]
    fn what_is_reserved_or_taken_by_models_is_not_given() {
        let ledger = Arc::new(Ledger::new(100));
        ledger.reserve(30);
        let mut held = Held::new(&ledger);
        assert_eq!(held.take(71), Err(Full::Bytes));
        held.take(60).unwrap();
        assert_eq!(ledger.set_models(20), Err(Full::Bytes));
        ledger.reserve(0);
        ledger.set_models(40).unwrap();
        assert_eq!(ledger.peak(), 100);
        drop(held);
        ledger.take(60).unwrap();
    }
}
