//! A state in a few lines.

use machine::Peek;
use page_state::{InodeFields, Unit, buffer, folio};

use crate::kernel::World;

fn flags(shown: String) -> String {
    if shown.is_empty() { "-".to_owned() } else { shown }
}

/// Units, block by block.
fn by_block(world: &World, blocks: usize, unit: &dyn Fn(usize, usize) -> Unit) -> String {
    let shown = |block| {
        let units: Vec<String> =
            (0..world.storage.geometry.block_units()).map(|i| unit(block, i).picture()).collect();
        units.join(" ")
    };
    (0..blocks).map(shown).collect::<Vec<_>>().join(" | ")
}

/// Pages, buffers and blocks of the file, and its source.
pub(super) fn of(world: &World, memory: &dyn Peek) -> String {
    let storage = &world.storage;
    let geometry = storage.geometry;
    let mut lines = Vec::new();
    for index in 0..geometry.pages() {
        let number = if geometry.pages() == 1 { " ".to_owned() } else { index.to_string() };
        let Some(frame) = storage.cached(memory, index) else {
            lines.push(format!("page {number}    absent"));
            continue;
        };
        let shown = flags(folio::show_flags(memory.peek(storage.flags(frame))));
        lines.push(format!("page {number}    {shown}"));
        let unit = |block, i| storage.peek_unit(memory, frame, geometry.block(block).start + i);
        lines.push(format!("contents  {}", by_block(world, geometry.blocks(), &unit)));
        if storage.has_buffers() {
            for block in 0..geometry.blocks() {
                let shown = flags(buffer::show_buffer(memory.peek(storage.buffer(frame, block))));
                lines.push(format!("buffer {block}  {shown}"));
            }
        }
    }
    let inode = memory.peek(storage.inode);
    let on_disk: Vec<String> = (0..geometry.file_blocks())
        .map(|block| match InodeFields::mapped(inode, block) {
            None => "hole".to_owned(),
            Some(_) if InodeFields::is_unwritten(inode, block) => "unwritten".to_owned(),
            Some(disk_block) => {
                let unit = |_, i| storage.peek_disk(memory, disk_block, i);
                by_block(world, 1, &unit)
            }
        })
        .collect();
    let size = memory.peek(storage.i_size);
    lines.push(format!("on disk   {}   size {size}", on_disk.join(" | ")));
    if !world.mm.pages.is_empty() {
        lines.push(format!("source    {}", world.mm.picture(memory)));
    }
    lines.join("\n")
}
