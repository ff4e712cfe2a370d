//! The words of a write path, gathered over its scenarios, and how each can be removed.

use std::collections::{BTreeMap, BTreeSet};

use machine::{Word, show_number};

use super::watch::{How, Note, Notes};
use super::{Removal, Site, Watched};

/// A kernel word of a write path.
#[derive(Clone, Debug)]
pub struct KernelWord {
    /// Where it stands.
    pub site: Site,
    /// The functions that the line is part of, by their names in a trace.
    pub functions: Vec<&'static str>,
    /// How it can be removed.
    pub removals: Vec<Removal>,
    show: fn(Word) -> String,
}

impl KernelWord {
    /// What a removal does, in words.
    #[must_use]
    pub fn described(&self, removal: Removal) -> String {
        match removal {
            Removal::LeftOut => "left out".to_owned(),
            Removal::Answers(answer) => match (self.show)(answer) {
                shown if shown.is_empty() => format!("always {}", show_number(answer)),
                shown => format!("always {shown}"),
            },
            Removal::Unlocked(taken) if taken.word == self.site.word => "not taken".to_owned(),
            Removal::Unlocked(taken) => format!("{} in it not taken", taken.word),
        }
    }
}

/// The words of a write path.
#[derive(Debug)]
pub struct Words {
    /// Those that can be removed, by file and line.
    pub words: Vec<KernelWord>,
    /// Those that give back what another one took: they go with it.
    pub give_back: Vec<Site>,
    /// Memory barriers, which no search of sequentially consistent memory needs.
    pub barriers: Vec<Site>,
    scenarios: Vec<Notes>,
}

impl Words {
    /// What was seen in some scenarios.
    #[must_use]
    pub fn gather(watched: &[Watched]) -> Words {
        let scenarios: Vec<Notes> = watched.iter().map(Watched::notes).collect();
        let mut all: BTreeMap<Site, Note> = BTreeMap::new();
        let mut given_back: BTreeSet<Site> = BTreeSet::new();
        for notes in &scenarios {
            given_back.extend(&notes.given_back);
            for (site, note) in &notes.words {
                let known = all.entry(*site).or_insert_with(|| note.clone());
                known.functions.extend(&note.functions);
                known.answers.extend(&note.answers);
                known.takes.extend(&note.takes);
                known.gives_back |= note.gives_back;
            }
        }
        let mut gathered =
            Words { words: Vec::new(), give_back: Vec::new(), barriers: Vec::new(), scenarios };
        for (site, note) in all {
            let takes: Vec<Site> = note.takes.intersection(&given_back).copied().collect();
            if note.how == How::Barrier {
                gathered.barriers.push(site);
            } else if note.gives_back {
                gathered.give_back.push(site);
            } else {
                let functions = note.functions.iter().copied().collect();
                let removals = removals(&note, &takes);
                gathered.words.push(KernelWord { site, functions, removals, show: note.show });
            }
        }
        gathered
    }

    /// Whether a removal can make a difference in a scenario, by its number: whether a writer passes the word
    /// there. A look that always gave the same answer is not missed where that is given.
    #[must_use]
    pub fn matters(&self, site: Site, removal: Removal, scenario: usize) -> bool {
        self.scenarios.get(scenario).and_then(|notes| notes.words.get(&site)).is_some_and(|note| {
            match (removal, note.how) {
                (Removal::Answers(answer), How::Answer { only: true, .. }) => {
                    note.answers.iter().any(|&given| given != answer)
                }
                _ => true,
            }
        })
    }
}

fn removals(note: &Note, takes: &[Site]) -> Vec<Removal> {
    if !takes.is_empty() {
        let mut removals: Vec<Removal> = takes.iter().map(|&taken| Removal::Unlocked(taken)).collect();
        if matches!(note.how, How::Answer { .. }) {
            removals.push(Removal::Answers(0));
        }
        return removals;
    }
    let seen = [note.answers.first(), note.answers.last()].map(|a| a.copied().unwrap_or_default());
    let answers = match note.how {
        How::Answer { bit: Some(bit), .. } => [0, bit],
        How::Answer { bit: None, .. } => seen,
        // What says nothing has one answer, 0, and nothing to show for it.
        How::Call if seen != [0, 0] || !(note.show)(0).is_empty() => seen,
        How::Call | How::Change | How::Barrier => return vec![Removal::LeftOut],
    };
    let mut removals: Vec<Removal> = answers.map(Removal::Answers).into();
    removals.dedup();
    removals
}
