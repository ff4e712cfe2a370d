//! What must not happen: the rules of a write path.

use std::sync::Arc;

use machine::{Label, Peek, Word};

/// When a property is looked at.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Kind {
    /// In every state.
    Always,
    /// When an actor does something.
    Event,
    /// At rest, when the actors are done.
    Finally,
    /// For what recovery would make of the disk, in every state.
    Crash,
    /// Must happen at least once, or the scenario is empty.
    Reachable,
}

/// Gives the witness of each way in which the property is broken in a state.
pub type StateCheck = Arc<dyn Fn(&dyn Peek, &mut dyn FnMut(Label)) + Send + Sync>;

/// The same at rest, with the words that the actors returned, in the order of the actors.
pub type FinalCheck = Arc<dyn Fn(&dyn Peek, &[Word], &mut dyn FnMut(Label)) + Send + Sync>;

/// How a property is looked at.
#[derive(Clone)]
pub enum Check {
    /// By the engine, in every state.
    State(StateCheck),
    /// By the engine, at rest.
    Final(FinalCheck),
    /// By an actor, in a `Require` or `Report` step; or by the engine as part of the search.
    Observed,
}

/// A rule.
#[derive(Clone)]
pub struct Property {
    /// Its stable name, kebab-case.
    pub id: &'static str,
    /// What it means that it is broken, in one sentence.
    pub sentence: &'static str,
    /// Where the requirement comes from: kernel comment, document, mail.
    pub source: &'static str,
    /// What a user of the system sees of it, in one sentence and the user's terms: what `read` or `fsync` returns,
    /// what a crash leaves, what `fsck` or the log says. Empty where the sentence says it.
    pub effect: &'static str,
    /// When it is looked at.
    pub kind: Kind,
    /// Whether the file system promises it. What is not promised is reported as such, and is no
    /// violation.
    pub promised: bool,
    /// How it is looked at.
    pub check: Check,
}

impl Property {
    /// What a user sees when it is broken: the [`effect`](Property::effect), or else the sentence.
    #[must_use]
    pub fn seen(&self) -> &'static str {
        if self.effect.is_empty() { self.sentence } else { self.effect }
    }
}

/// Properties that every engine knows, because they are about control and not about cells.
pub mod built_in {
    use super::{Check, Kind, Property};

    const fn observed(
        id: &'static str,
        kind: Kind,
        sentence: &'static str,
        source: &'static str,
        effect: &'static str,
    ) -> Property {
        Property { id, sentence, source, effect, kind, promised: true, check: Check::Observed }
    }

    /// An actor that is no daemon can never move again.
    pub const DEADLOCK: Property = observed(
        "deadlock",
        Kind::Always,
        "an actor that is no daemon can never move again",
        "mm/filemap.c, lock ordering; Nick Piggin, 2007",
        "a task hangs for ever, and so does whoever needs a lock that it holds; khungtaskd reports it",
    );
    /// A fair cycle in which an actor that is no daemon never returns.
    pub const LIVELOCK: Property = observed(
        "livelock",
        Kind::Always,
        "a fair cycle, without an adversary's help, in which an actor that is no daemon never returns",
        "include/linux/uaccess.h, progress rule; 295cf156231c",
        "a task takes all of a processor's time for ever and gets nothing done",
    );
    /// As [`LIVELOCK`], with a fatal signal pending and adversaries that run for ever.
    pub const UNKILLABLE: Property = observed(
        "unkillable",
        Kind::Always,
        "with a fatal signal pending the writer does not return, though one evictor runs for ever",
        "a50527b19c62, make write(2) interruptible by a fatal signal",
        "kill -9 does not end the process, which goes on taking a processor's time",
    );
    /// The modelled code's own assertion fired.
    pub const KERNEL_BUG: Property = observed(
        "kernel-bug",
        Kind::Event,
        "the modelled code's own BUG_ON, WARN_ON or assertion fires",
        "the assertion itself",
        "the kernel's log has a warning or an oops; after an oops the task is gone, with the locks that it held",
    );
    /// Something that the scenario is about never happens.
    pub const EMPTY: Property = observed(
        "empty",
        Kind::Reachable,
        "what the scenario is about never happens in it",
        "a rule about scenarios, not about kernels",
        "nothing: what was asked about did not come up, so that the answer says nothing about it",
    );
    /// All of them.
    pub const ALL: [Property; 5] = [DEADLOCK, LIVELOCK, UNKILLABLE, KERNEL_BUG, EMPTY];
}
