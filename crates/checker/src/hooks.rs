//! The process's panic hook, which loom and shuttle wrap.

use std::panic::{set_hook, take_hook};
use std::sync::Once;

use shuttle::scheduler::RandomScheduler;

/// Keeps shuttle from telling panics that are none of its own; to be called before either engine runs.
///
/// With its first run shuttle puts a hook around that of the process: it tells of every panic that a task of shuttle's
/// had failed, and prints a schedule. loom ends its threads by panics that its own hook keeps quiet; the two are
/// nested in the order of their first runs, so that shuttle told of each. No panic of a model is for either to tell:
/// shuttle is run once with nothing in it, and what it put there is thrown away. The same for all threads, before the
/// first of them has a thread of loom's to end.
pub(crate) fn settle() {
    static SETTLED: Once = Once::new();
    SETTLED.call_once(|| {
        let hook = take_hook();
        let mut config = shuttle::Config::new();
        config.failure_persistence = shuttle::FailurePersistence::None;
        config.silence_warnings = true;
        shuttle::Runner::new(RandomScheduler::new_from_seed(0, 1), config).run(|| {});
        drop(take_hook());
        set_hook(hook);
    });
}
