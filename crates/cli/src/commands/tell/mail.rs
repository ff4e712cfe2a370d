//! A check as text to paste: of each variant the shortest way to break each property, in 72 columns.

use std::collections::BTreeMap;

use report::paragraph;
use scenario::{BadState, Scenario, verdict};

use super::super::check::said;
use super::{Checked, Tell, counted};
use crate::arguments::Check;
use crate::error::Error;
use crate::grounds::Grounds;
use crate::kernel::Kernel;
use crate::output::Output;
use crate::recorded::Records;
use crate::status::Status;
use crate::story::mailed;
use crate::target::Chosen;

/// Between two bad states.
pub(in super::super) const BETWEEN: &str = "\n                                 * * *\n";

/// Tells of each variant when its results are there.
pub(in super::super) struct Mail<'c> {
    kernel: Option<&'c Kernel>,
    /// What is told of the variant at hand.
    variant: String,
    /// The best schedule of each property of it; what is promised comes first.
    best: BTreeMap<(bool, String), Best<'c>>,
    /// Whether something was told already.
    began: bool,
    /// By verdict, how many.
    verdicts: [usize; 4],
    /// What is not as recorded, or was not looked at in full.
    remarks: Vec<String>,
    grounds: Grounds,
}

/// The shortest schedule to break a property.
struct Best<'c> {
    chosen: Chosen<'c>,
    scenario: Scenario,
    bad: BadState,
    number: Option<usize>,
    /// How many bad states of the property there are.
    of: usize,
}

impl<'c> Mail<'c> {
    pub(in super::super) fn new(kernel: Option<&'c Kernel>, arguments: &Check) -> Mail<'c> {
        Mail {
            kernel,
            variant: String::new(),
            best: BTreeMap::new(),
            began: false,
            verdicts: [0; 4],
            remarks: Vec::new(),
            grounds: Grounds::with(&arguments.search.tree.assume),
        }
    }

    /// Tells of the variant whose results are there.
    fn tell(&mut self, out: &mut Output) -> Result<(), Error> {
        for best in std::mem::take(&mut self.best).into_values() {
            if std::mem::replace(&mut self.began, true) {
                out.line(BETWEEN)?;
            }
            let Best { chosen, scenario, bad, number, of } = best;
            out.write(&mailed(&scenario, &bad, self.kernel, (&chosen, number)))?;
            if of > 1 {
                let what = "is the shortest of the ways in which this property is broken in what was asked";
                out.write(&paragraph(&format!("\nThis {what}; there are {of}.")))?;
            }
        }
        out.flush()
    }

    /// Goes on with a variant.
    fn begin(&mut self, chosen: &Chosen<'c>, out: &mut Output) -> Result<(), Error> {
        let variant = format!("{}@{}", chosen.path.name, chosen.variant.name);
        if self.variant != variant {
            self.tell(out)?;
            self.variant = variant;
        }
        Ok(())
    }
}

impl<'c> Tell<'c> for Mail<'c> {
    fn broken(&mut self, chosen: &Chosen<'c>, error: &Error, out: &mut Output) -> Result<(), Error> {
        self.begin(chosen, out)?;
        self.remarks.push(format!("{}: broken: {error}", chosen.target()));
        Ok(())
    }

    fn result(&mut self, result: Checked<'c>, out: &mut Output) -> Result<(), Error> {
        let Checked { chosen, scenario, outcome, judgement, numbers, command, .. } = result;
        self.begin(&chosen, out)?;
        self.verdicts[verdict(&scenario, &outcome) as usize] += 1;
        self.grounds.add(&outcome);
        if judgement.status != Status::AsRecorded {
            let again = command.map_or(String::new(), |command| format!("; again: {command}"));
            self.remarks.push(format!(
                "{}: {}{again}",
                chosen.target(),
                said(&scenario, &outcome, &judgement)
            ));
        }
        if outcome.chose_schedules() {
            let said = outcome.remarks().map(|remark| format!("{}: {remark}", chosen.target()));
            self.remarks.extend(said);
        }
        let rank = |bad: &BadState| (bad.schedule.actors().len() > 1, bad.schedule.steps());
        for (bad, number) in outcome.bad.into_iter().zip(numbers) {
            let key = (!bad.promised, bad.property.clone());
            let known = self.best.get(&key);
            let of = known.map_or(0, |best| best.of) + 1;
            if known.is_none_or(|best| rank(&bad) < rank(&best.bad)) {
                self.best.insert(key, Best { chosen, scenario: scenario.clone(), bad, number, of });
            } else if let Some(best) = self.best.get_mut(&key) {
                best.of = of;
            }
        }
        Ok(())
    }

    fn end(mut self: Box<Self>, records: &Records, out: &mut Output) -> Result<(), Error> {
        self.tell(out)?;
        if self.began {
            out.line(BETWEEN)?;
        }
        let total: usize = self.verdicts.iter().sum();
        let plural = if total == 1 { "" } else { "s" };
        let told = counted(&self.verdicts).join(", ");
        out.write(&paragraph(&format!("{total} scenario{plural}: {told}; compared with {records}.")))?;
        for remark in self.remarks.iter().chain(&self.grounds.sentences()) {
            out.write(&paragraph(remark))?;
        }
        Ok(())
    }
}
