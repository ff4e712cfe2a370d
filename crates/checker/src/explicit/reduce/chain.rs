//! States from which one step leads on. A reduced search goes through them and keeps none of them (Behrmann, Larsen, Pelánek,
//! *To store or not to store*, CAV 2003).
//!
//! Such a state is looked at as any other one, each time that the search comes through it. It can do without the visited set,
//! as long as somebody on each way is kept: a chain ends in a state that is, after [`CHAIN_MAX`] steps at the latest.
//! Which set a state has depends on nothing but the state and the version of the reduction, so that chains can be
//! walked again: from a state whose sets are looked at again, since what follows it includes all that follows its
//! chains, and by those who ask later for what was not kept.

use super::{Chooser, Reduction, Stand, WHOLE};
use crate::explicit::expand::{Expander, Successor};
use crate::explicit::key::Key;
use crate::explicit::limits::Halt;

/// Steps of a chain. Endless ones are cut by this: of an actor who goes round alone before that is known of him, or in the end.
pub(crate) const CHAIN_MAX: u64 = 128;

impl Chooser {
    /// How the actors stand in a state, and the step that follows if it is the only one of its set. `out` is room to work in.
    #[inline]
    pub(crate) fn only_step<const R: usize>(
        &mut self,
        reduction: &Reduction,
        expander: &mut Expander,
        key: &Key<R>,
        out: &mut Vec<Successor<R>>,
    ) -> Result<(Stand, Option<Successor<R>>), Halt> {
        let stand = self.look_at(reduction, expander, key);
        let set = self.choose(reduction, expander, (key, stand), (0, 0));
        let movers = if set == WHOLE { stand.enabled } else { set };
        if movers.count_ones() != 1 {
            return Ok((stand, None));
        }
        expander.expand_by(movers, key, out)?;
        // Where nothing follows a step, others may have to move before it.
        let only = out.first().filter(|next| out.len() == 1 && !next.is_last());
        Ok((stand, only.copied()))
    }
}
