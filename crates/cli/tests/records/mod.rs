//! The snapshots of write paths, for the tests that record them.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The folder of all of them.
pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../snapshots")
}

/// Whether an assertion of insta on a snapshot in `folder` of them holds; insta shows what differs, and records it if it is
/// told to.
pub(crate) fn is_recorded(folder: &str, assertion: impl FnOnce()) -> bool {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(directory().join(folder));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    catch_unwind(AssertUnwindSafe(|| settings.bind(assertion))).is_ok()
}
