//! A check as JSON: one object per line and result.

use report::Finding;

use super::{Checked, Tell};
use crate::arguments::Check;
use crate::cache::Kept;
use crate::error::Error;
use crate::output::Output;
use crate::recorded::Records;
use crate::states::states;
use crate::target::Chosen;

/// Tells each result in a line.
pub(in super::super) struct Json {
    engine: &'static str,
}

impl Json {
    pub(in super::super) fn new(arguments: &Check) -> Json {
        Json { engine: arguments.search.engine.name() }
    }
}

impl<'c> Tell<'c> for Json {
    fn broken(&mut self, chosen: &Chosen<'c>, error: &Error, out: &mut Output) -> Result<(), Error> {
        let Chosen { path, variant, case } = chosen;
        let line = report::broken_line(&path.name, &variant.name, &case.name, &error.to_string());
        out.line(&line.map_err(std::io::Error::from)?)
    }

    fn result(&mut self, result: Checked<'c>, out: &mut Output) -> Result<(), Error> {
        let Checked { chosen, scenario, outcome, command, kept, .. } = result;
        let (path, variant) = (&chosen.path.name, &chosen.variant.name);
        let stands = chosen.variant.stands;
        let (scenario, outcome, engine) = (&scenario, &outcome, self.engine);
        let finding = Finding { path, variant, stands, scenario, engine, outcome };
        let states: Vec<_> = outcome.bad.iter().map(states(scenario)).collect();
        let cached = kept.map(Kept::name);
        let how = report::How { command: command.as_deref(), cached, states: &states };
        out.line(&report::json_line(finding, how).map_err(std::io::Error::from)?)?;
        out.flush()
    }

    fn end(self: Box<Self>, _: &Records, _: &mut Output) -> Result<(), Error> {
        Ok(())
    }
}
