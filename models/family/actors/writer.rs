//! The writer.

use machine::{Label, Order, Word};
use page_state::RETURNED_ERROR;
use page_state::inode::{inode_lock, inode_unlock};
use page_state::steps::{reach, report, store};
use scenario::Actor;

use super::{Shared, actor, has_come, request, wait_for};
use crate::family::ending;
use crate::kernel::BehindEnd;

/// `write(2)`.
pub(in crate::family) fn writer(shared: &Shared, must_complete: bool) -> Actor {
    actor("write", 0, shared, move |k, fs| {
        let request = request(k);
        wait_for(k, BehindEnd::STORE, "wait for the store behind the end");
        // Not needed: the page lock orders the data, no rule names the size beside a truncation, and two writers
        // are asked within the file.
        inode_lock(&k.task);
        let result = fs.write_iter(k, request);
        inode_unlock(&k.task);
        has_come(k, BehindEnd::GROWTH);
        match result {
            // Not reached: this is checked; a loop that has written nothing ends with an error.
            Ok(0) => report(&k.task, "bad-return", Label::new("0 and no error", &[])),
            // Not reached: this is checked; no loop goes on when all is written.
            Ok(n) if n > request.len => {
                report(&k.task, "bad-return", Label::new("more than was asked for", &[]));
            }
            // Not reached: this is checked; where nothing can fail, all is written.
            Ok(n) if n < request.len && must_complete => {
                report(&k.task, "bad-return", Label::new("short, and nothing came up short", &[]));
            }
            Ok(n) if n < request.len => reach(&k.task, "short or failed write"),
            Ok(_) => reach(&k.task, "whole write"),
            Err(error) => {
                reach(&k.task, "failed write");
                reach(&k.task, "short or failed write");
                if error == crate::Errno::Eintr {
                    reach(&k.task, "-EINTR");
                } else if must_complete {
                    // Not reached: this is checked; where nothing can fail, nothing does.
                    report(&k.task, "bad-return", Label::new("an error, and nothing failed", &[]));
                }
            }
        }
        let returned = result.map_or(RETURNED_ERROR, |n| n as Word + 1);
        store(&k.task, k.world.storage.returned, returned, Order::Release, Label::new("write returns", &[]));
        if let Some(writing) = k.world.writing {
            store(&k.task, writing, 0, Order::Release, Label::new("writer is done", &[]));
        }
        ending::returned(result)
    })
}
