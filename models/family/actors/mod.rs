//! Who takes part: the writer, what happens to its source, companions, and the views afterwards.

mod companions;
mod judge;
mod views;
mod writer;

use std::sync::Arc;

use machine::{Label, Machine, Order, Place, Word};
use page_state::ACTORS_MAX;
use page_state::steps::load;
use scenario::Actor;

use super::File;
use crate::file_system::FileSystem;
use crate::kernel::{Kernel, Request, World};

pub(super) use companions::{adversary, companion};
use companions::{has_come, wait_for};
pub(super) use views::{drop_caches, views};
pub(super) use writer::writer;

/// The number that a view has as an actor.
pub(super) const VIEW: usize = ACTORS_MAX - 1;

type Shared = (Arc<World>, Arc<dyn FileSystem>);

fn actor(
    name: &'static str,
    id: usize,
    (world, fs): &Shared,
    body: impl Fn(&Kernel, &dyn FileSystem) -> Word + Send + Sync + 'static,
) -> Actor {
    let (world, fs) = (world.clone(), fs.clone());
    Actor::new(name, move |m: &dyn Machine| body(&world.kernel(m, id), fs.as_ref()))
}

fn number(k: &Kernel, at: Place, count: usize, name: &'static str) -> usize {
    // What is the same in all initial states needs no look.
    if count < 2 { 0 } else { load(&k.task, at, Word::MAX, Order::Relaxed, Label::new(name, &[])) as usize }
}

fn request(k: &Kernel) -> Request {
    k.world.requests[number(k, k.world.request, k.world.requests.len(), "request")]
}

fn file(k: &Kernel) -> File {
    k.world.files[number(k, k.world.file, k.world.files.len(), "file")]
}
