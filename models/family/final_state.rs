//! All that there is to see of a write when all is at rest.

use std::sync::Arc;

use machine::{Machine, Peek, Place, Small, Word, alone};
use scenario::{Contents, FinalState};

use super::actors::{VIEW, drop_caches};
use super::ending::held;
use crate::Errno;
use crate::file_system::{FileSystem, Medium};
use crate::kernel::World;

/// The final states of a memory of `cells` cells, after the first actor, the writer, returned.
pub(super) fn final_states(
    world: &Arc<World>,
    fs: &Arc<dyn FileSystem>,
    cells: usize,
    (memory, words): (&dyn Peek, &[Word]),
) -> Vec<FinalState> {
    let returned = words.first().map_or_else(String::new, |&word| <Result<u8, Errno>>::show(word));
    let through_cache = contents(world, memory);
    if world.nature.medium == Medium::Memory {
        return vec![FinalState { returned, through_cache, after_sync: None }];
    }
    let copy: Vec<Word> = (0..cells).map(|cell| memory.peek(Place(cell as u16))).collect();
    // Not reached: no final states are asked for where branches are counted.
    let left = alone(&copy, &|m: &dyn Machine| {
        let k = world.kernel(m, VIEW);
        fs.sync(&k);
        drop_caches(&k);
    });
    let then = |after_sync| FinalState {
        returned: returned.clone(),
        through_cache: through_cache.clone(),
        after_sync,
    };
    left.map_or_else(
        || vec![then(None)],
        |left| left.iter().map(|memory| then(Some(contents(world, memory)))).collect(),
    )
}

/// What a reader finds, without a step.
fn contents(world: &World, memory: &dyn Peek) -> Contents {
    let size = memory.peek(world.storage.i_size) as usize;
    let units = (0..size.min(world.storage.geometry.file_units()))
        .map(|at| held(world, memory, at).picture())
        .collect();
    Contents { size: size as u64, units }
}
