//! A server, as a network file system's client sees it: contents, of which each block of the file has one, and
//! a size. Beyond the size it has zeros.

use machine::{Label, Order, Place, Word, call};
use page_state::steps::{change, copy_unit, load, store};
use page_state::{Folio, InodeFields, Task, Unit};

use crate::kernel::Kernel;

const SIZE: Word = ((1 << InodeFields::SIZE.width) - 1) << InodeFields::SIZE.shift;

/// The server's size, in units.
#[track_caller]
pub fn size(task: &Task) -> usize {
    let label = Label::new("server's size", &[]);
    InodeFields::size(load(task, task.storage.durable, SIZE, Order::Relaxed, label))
}

/// Sets the server's size.
#[track_caller]
pub fn set_size(task: &Task, size: usize) {
    let value = (size as Word) << InodeFields::SIZE.shift;
    let label = Label::new("server sets size", &[size as i32]);
    change(task, task.storage.durable, SIZE, value, 0, Order::Relaxed, label);
}

/// The server's cell of a page's unit.
#[must_use]
pub fn cell(task: &Task, folio: Folio, unit: usize) -> Place {
    let geometry = task.storage.geometry;
    let position = folio.index * geometry.page_units() + unit;
    task.storage.disk(position >> geometry.block_shift, position % geometry.block_units())
}

/// `WRITE` of the page's units `from..to`: each is taken from the page when it is sent.
#[track_caller]
pub fn write(k: &Kernel, folio: Folio, from: usize, to: usize) {
    write_from(k, folio, (from, to), &|unit| k.task.storage.unit(folio.frame, unit));
}

/// The same, with a place for each unit that it is taken from.
#[track_caller]
pub fn write_from(k: &Kernel, folio: Folio, (from, to): (usize, usize), source: &dyn Fn(usize) -> Place) {
    let task = &k.task;
    if from >= to {
        return;
    }
    call(task.m, Label::new("WRITE", &[from as i32, to as i32]), || {
        for unit in from..to {
            let label = Label::new("send", &[unit as i32]);
            copy_unit(task, source(unit), cell(task, folio, unit), label);
        }
        let end = folio.index * task.storage.geometry.page_units() + to;
        // Not needed: a fuse client that writes through never asks for the server's size, which may not be beyond
        // its own.
        if end > size(task) {
            // Not needed: as above; it stays below the client's.
            set_size(task, end);
        }
    });
}

/// `READ` of the page's units `from..to`: beyond the server's size they are zeros.
#[track_caller]
pub fn read(task: &Task, folio: Folio, from: usize, to: usize) {
    call(task.m, Label::new("READ", &[from as i32, to as i32]), || {
        for unit in from..to {
            let at = task.storage.unit(folio.frame, unit);
            copy_unit(task, cell(task, folio, unit), at, Label::new("receive", &[unit as i32]));
        }
    });
}

/// `SETATTR` of the size: what is beyond it is gone.
#[track_caller]
pub fn truncate(task: &Task, size: usize) {
    call(task.m, Label::new("SETATTR", &[size as i32]), || {
        let geometry = task.storage.geometry;
        for position in size..geometry.file_units() {
            let at = task.storage.disk(position >> geometry.block_shift, position % geometry.block_units());
            store(task, at, Unit::Zero.word(), Order::Relaxed, Label::new("cut", &[position as i32]));
        }
        set_size(task, size);
    });
}
