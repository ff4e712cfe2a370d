//! Pages whose contents are on the way to the disk (`mm/page-writeback.c`).

use page_state::Folio;
use page_state::folio::folio_wait_writeback;

use crate::kernel::Kernel;

/// `folio_wait_stable` (`wait_for_stable_page`, v3.9): waits for writeback where what is on the way to the disk may not be
/// changed, because the disk checks sums of it.
#[track_caller]
pub fn folio_wait_stable(k: &Kernel, folio: Folio) {
    if k.world.stable_pages {
        folio_wait_writeback(&k.task, folio);
    }
}
