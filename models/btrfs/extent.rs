//! What is beneath btrfs's page cache (`fs/btrfs/inode.c`, `fs/btrfs/extent_io.c`), v4.2; v6.12 is the same in
//! what is modelled: a page is written to an extent that nobody has, and the file's map is changed when it has
//! arrived (an ordered extent).
//!
//! Page and block are one. A page's private word tells whether its range is delalloc: written to, and without
//! an extent. Whoever takes a range's extent lock holds the page's lock, which stands for both.
//!
//! Left out: the accounting of reservations, `nodatacow`, compression, inline extents, checksums, subpage blocks, the
//! fixup worker, the log tree (what is committed is the whole tree).

use machine::{Label, Layout, Order, Place, Word, call};
use page_state::folio::{
    filemap_get_folio, folio_end_writeback, folio_mark_uptodate, folio_put, folio_start_writeback,
    folio_unlock, folio_zero_segment,
};
use page_state::inode::{i_size_read, map_block, set_disk_size, set_map};
use page_state::steps::{change, clear, copy_unit, load, store, test, wait};
use page_state::{Folio, InodeFields, Storage, Task, Unit};

use crate::kernel::Kernel;

/// A page's private word: its range is delalloc (`EXTENT_DELALLOC`).
const DELALLOC: Word = 1;
/// Somebody is looking for an extent.
const ALLOCATING: Word = 1 << 16;

fn word(name: &'static str) -> Label {
    Label::new(name, &[])
}

/// Declares the ordered extents: for each block of the file none, or the extent that it is being written to.
pub(super) fn declare(layout: &mut Layout, _: &Storage) -> Vec<Place> {
    vec![layout.cell("ordered extents", 17, |extents| format!("{extents:#x}"))]
}

fn ordered_extents(k: &Kernel) -> Place {
    k.world.private[0]
}

fn of_block(block: usize) -> Word {
    let field = InodeFields::map(block);
    ((1 << field.width) - 1) << field.shift
}

/// Whether the block has an ordered extent (`btrfs_lookup_ordered_range`).
#[track_caller]
pub(super) fn has_ordered_extent(k: &Kernel, block: usize) -> bool {
    let label = Label::new("btrfs_lookup_ordered_range", &[block as i32]);
    load(&k.task, ordered_extents(k), of_block(block), Order::Acquire, label) != 0
}

/// `btrfs_start_ordered_extent` with `wait`: until the block's is done.
#[track_caller]
pub(super) fn wait_ordered_extent(k: &Kernel, block: usize) {
    let label = Label::new("btrfs_start_ordered_extent", &[block as i32]);
    wait(&k.task, ordered_extents(k), of_block(block), 0, 0, Order::Acquire, label);
}

/// `btrfs_set_extent_delalloc`; the page is locked.
#[track_caller]
pub(super) fn set_delalloc(task: &Task, folio: Folio) {
    let at = task.storage.private(folio.frame);
    store(task, at, DELALLOC, Order::Relaxed, word("btrfs_set_extent_delalloc"));
}

/// `clear_extent_bit` of `EXTENT_DELALLOC`; the page is locked.
#[track_caller]
pub(super) fn clear_delalloc(task: &Task, folio: Folio) {
    let at = task.storage.private(folio.frame);
    store(task, at, 0, Order::Relaxed, word("clear_extent_delalloc"));
}

/// `btrfs_reserve_extent` and `btrfs_add_ordered_extent`: an extent that neither tree nor the one on disk has.
fn add_ordered_extent(k: &Kernel, block: usize) -> usize {
    let task = &k.task;
    let reserved = call(task.m, Label::new("cow_file_range", &[block as i32]), || {
        let storage = task.storage;
        let at = ordered_extents(k);
        wait(task, at, ALLOCATING, 0, ALLOCATING, Order::Acquire, word("space info lock"));
        let maps = [storage.inode, storage.durable, at];
        let taken = maps.map(|map| load(task, map, InodeFields::MAP, Order::Relaxed, word("free space")));
        let free = |extent: &usize| !taken.iter().any(|&map| InodeFields::names(map, *extent));
        let extent = (0..storage.disk_blocks).find(free).expect("the scenario has blocks enough on disk");
        for unit in 0..storage.geometry.block_units() {
            let label = Label::new("somebody_else", &[]);
            store(task, storage.disk(extent, unit), Unit::Stale.word(), Order::Relaxed, label);
        }
        let added = (extent as Word + 1) << InodeFields::map(block).shift;
        change(task, at, ALLOCATING, added, 0, Order::Release, word("btrfs_add_ordered_extent"));
        extent as u8
    });
    usize::from(reserved)
}

/// `btrfs_finish_ordered_io`: the file has the extent, and the size on disk follows if nothing before it is missing.
fn finish_ordered_io(k: &Kernel, folio: Folio, extent: usize) {
    let task = &k.task;
    call(task.m, task.of_page("btrfs_finish_ordered_io", folio.index), || {
        set_map(task, folio.index, Some(extent));
        if !is_something_before(k, folio.index) {
            let end = (folio.index + 1) * task.storage.geometry.page_units();
            let size = i_size_read(task).min(end);
            let field = InodeFields::SIZE;
            let mask = ((1 << field.width) - 1) << field.shift;
            let on_disk = load(task, task.storage.inode, mask, Order::Relaxed, word("disk_i_size"));
            if size > InodeFields::size(on_disk) {
                set_disk_size(task, size);
            }
        }
        clear(task, ordered_extents(k), of_block(folio.index), word("btrfs_remove_ordered_extent"));
    });
}

/// Whether a page before this one is still to be written: then the size on disk stays
/// (`btrfs_ordered_update_i_size`).
fn is_something_before(k: &Kernel, index: usize) -> bool {
    let task = &k.task;
    (0..index).any(|before| {
        // Not reached: the page before is there and has arrived, see finish_ordered_io.
        has_ordered_extent(k, before)
            || filemap_get_folio(task, before).is_some_and(|folio| {
                let at = task.storage.private(folio.frame);
                let delalloc = test(task, at, DELALLOC, Order::Relaxed, word("delalloc"));
                folio_put(task, folio);
                delalloc
            })
    })
}

/// `__extent_writepage`: what lies beyond the end of the file is zeroed, the rest goes to an extent of its own. The
/// page is locked, and let go before the data arrives.
#[track_caller]
pub(super) fn extent_writepage(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, word("__extent_writepage"), || {
        let units = task.storage.geometry.page_units();
        let inside = i_size_read(task).saturating_sub(folio.index * units).min(units);
        if inside == 0 {
            clear_delalloc(task, folio);
            folio_unlock(task, folio);
            return;
        }
        folio_zero_segment(task, folio, inside, units);
        let extent = add_ordered_extent(k, folio.index);
        clear_delalloc(task, folio);
        folio_start_writeback(task, folio);
        folio_unlock(task, folio);
        for unit in 0..units {
            let from = task.storage.unit(folio.frame, unit);
            let label = Label::new("write_unit", &[unit as i32]);
            copy_unit(task, from, task.storage.disk(extent, unit), label);
        }
        folio_end_writeback(task, folio);
        finish_ordered_io(k, folio, extent);
    });
}

/// `btrfs_read_folio`, but for the unlock: the page is filled from where its last ordered extent went, and zeros
/// beyond the end of the file.
#[track_caller]
pub(super) fn read_page(k: &Kernel, folio: Folio) {
    let task = &k.task;
    call(task.m, word("btrfs_readpage"), || {
        let units = task.storage.geometry.page_units();
        // Not needed: a page whose extent is on its way is in the cache and uptodate; that it is dropped before the
        // extent is in the map takes writeback and reclaim beside a writer, who are not asked together.
        wait_ordered_extent(k, folio.index);
        fill_page(task, folio, units);
        folio_mark_uptodate(task, folio);
    });
}

fn fill_page(task: &Task, folio: Folio, units: usize) {
    // Not needed: behind the end of the file the map names no extent, and that is zeros as well.
    let inside = i_size_read(task) > folio.index * units;
    let extent = if inside { map_block(task, folio.index) } else { None };
    let Some(extent) = extent else { return folio_zero_segment(task, folio, 0, units) };
    for unit in 0..units {
        let to = task.storage.unit(folio.frame, unit);
        let label = Label::new("read_unit", &[unit as i32]);
        copy_unit(task, task.storage.disk(extent, unit), to, label);
    }
    // end_bio_extent_readpage
    let end = i_size_read(task).saturating_sub(folio.index * units);
    folio_zero_segment(task, folio, end.min(units), units);
}
