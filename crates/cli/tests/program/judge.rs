//! What a result comes to beside what is recorded: nothing that was cut, and nothing new, is green.

use checker::explicit::{Options, check};
use cli::Status;
use cli::recorded::{Comparison, judge, open_steps};
use report::{Recorder, Section};
use scenario::{Bound, Coverage, Ending, Outcome, Scenario};

fn found() -> (Scenario, Outcome, Section) {
    let catalog = crate::toy::catalog();
    let scenario = (catalog[0].variants[0].cases[1].build)();
    let outcome = check(&scenario, &Options::default()).expect("the toy is sound");
    assert_eq!(outcome.bad.len(), 3);
    let mut recorder = Recorder::new("toy/write@v1", "");
    recorder.push(&scenario, &outcome, open_steps(&scenario));
    let recorded = recorder.snapshot().sections[0].clone();
    (scenario, outcome, recorded)
}

#[test]
fn the_same_is_as_recorded() {
    let (scenario, outcome, recorded) = found();
    for comparison in [Comparison::Same, Comparison::Among] {
        let judgement = judge(&scenario, &outcome, Some(&recorded), comparison);
        assert_eq!((judgement.status, judgement.words.as_str()), (Status::AsRecorded, "as recorded"));
    }
    assert_eq!(judge(&scenario, &outcome, None, Comparison::Same).status, Status::Different);
    let nothing = Outcome { bad: Vec::new(), ..outcome };
    assert_eq!(judge(&scenario, &nothing, None, Comparison::Same).status, Status::AsRecorded);
}

#[test]
fn an_ending_that_is_new_or_gone_is_different() {
    let (scenario, outcome, recorded) = found();
    assert_eq!(outcome.endings.len(), 4, "{:?}", outcome.endings);
    let judged = |endings: &[Ending], comparison| {
        let outcome = Outcome { endings: endings.to_vec(), ..outcome.clone() };
        judge(&scenario, &outcome, Some(&recorded), comparison)
    };
    let fewer = judged(&outcome.endings[1..], Comparison::Same);
    assert_eq!(fewer.differences, [format!("- ending `{}` is gone", outcome.endings[0])]);
    assert_eq!(fewer.status, Status::Different);
    assert_eq!(judged(&outcome.endings[1..], Comparison::Among).differences, fewer.differences);
    let mut more = outcome.endings.clone();
    more.push(Ending::of(&[("X", "gone wrong")]));
    for comparison in [Comparison::Same, Comparison::Among] {
        let more = judged(&more, comparison);
        assert_eq!(more.differences, ["+ ending `gone wrong` is new"]);
        assert_eq!(more.status, Status::Different);
    }
    // A search that was cut says nothing about what is missing.
    let coverage = Coverage::Cut { bound: Bound::Time };
    let cut = Outcome { endings: outcome.endings[1..].to_vec(), coverage, ..outcome.clone() };
    assert_eq!(judge(&scenario, &cut, Some(&recorded), Comparison::Same).differences, [""; 0]);
    let among = judge(&scenario, &cut, Some(&recorded), Comparison::Among);
    assert_eq!((among.status, among.words.as_str()), (Status::Unknown, "3 of 4 recorded endings"));
}

#[test]
fn what_is_new_or_gone_or_otherwise_is_different() {
    let (scenario, outcome, recorded) = found();
    let differs = |outcome: &Outcome, comparison, differences: &[&str]| {
        let judgement = judge(&scenario, outcome, Some(&recorded), comparison);
        assert_eq!(judgement.differences, differences);
        judgement.status
    };
    let mut fewer = outcome.clone();
    fewer.bad.remove(1);
    assert_eq!(differs(&fewer, Comparison::Same, &["- stale-dirty: unit(1) is gone"]), Status::Different);
    assert_eq!(
        differs(&fewer, Comparison::Among, &["- stale-dirty: unit(1) is gone"]),
        Status::Different,
        "an engine that saw everything must have found it"
    );
    // One that was cut, or did not look at it, may find less, and says how much.
    let mut blind = fewer.clone();
    blind.looked_at.remove("stale-dirty");
    let cut = Outcome { coverage: Coverage::Cut { bound: Bound::Time }, ..fewer.clone() };
    for less in [blind, cut] {
        assert_eq!(differs(&less, Comparison::Among, &[]), Status::Unknown);
        let words = judge(&scenario, &less, Some(&recorded), Comparison::Among).words;
        assert_eq!(words, "2 of 3 recorded bad states");
    }
    // What was left out is not missed.
    for comparison in [Comparison::Same, Comparison::Among] {
        let left_out = outcome.clone().leave_out(&scenario, &["stale-dirty".to_owned()]);
        assert_eq!(left_out.bad.len(), 0);
        let judgement = judge(&scenario, &left_out, Some(&recorded), comparison);
        assert_eq!((judgement.status, judgement.words.as_str()), (Status::AsRecorded, "as recorded"));
    }

    let mut other = outcome.clone();
    other.bad[0].witness = "unit(9)".to_owned();
    let new = "+ stale-dirty: unit(9) is new";
    let gone = "- stale-dirty: unit(0) is gone";
    assert_eq!(differs(&other, Comparison::Same, &[new, gone]), Status::Different);
    let left_out = Outcome { reduced: true, ..other.clone() };
    assert_eq!(differs(&left_out, Comparison::Same, &[new, gone]), Status::Different);
    assert_eq!(differs(&other, Comparison::Among, &[new, gone]), Status::Different);
    let unpromised = Outcome {
        bad: vec![scenario::BadState { promised: false, ..outcome.bad[0].clone() }],
        ..outcome.clone()
    };
    let new = "+ stale-dirty: unit(0) (not promised) is new";
    let gone = [
        "- stale-dirty: unit(0) is gone",
        "- stale-dirty: unit(1) is gone",
        "- stale-dirty: unit(2) is gone",
    ];
    let differences = [&[new], &gone[..]].concat();
    assert_eq!(differs(&unpromised, Comparison::Among, &differences), Status::Different);

    // Of the three one is told in full, and how that is reached.
    let mut longer = outcome.clone();
    for bad in &mut longer.bad {
        let is_step = |e: &scenario::Event| matches!(e.kind, scenario::EventKind::Step { .. });
        let at = bad.schedule.events.iter().rposition(is_step).expect("steps");
        let step = bad.schedule.events[at].clone();
        bad.schedule.events.insert(at, step);
    }
    let way = "~ stale-dirty: unit(0) by another schedule";
    assert_eq!(differs(&longer, Comparison::Same, &[way]), Status::Different);
    assert_eq!(differs(&longer, Comparison::Among, &[]), Status::AsRecorded);
    let left_out = Outcome { reduced: true, ..longer };
    assert_eq!(differs(&left_out, Comparison::Same, &[]), Status::AsRecorded);
    let mut elsewhere = outcome.clone();
    elsewhere.bad[1].schedule.initial.push('!');
    let way = "~ stale-dirty: unit(1) from another initial state";
    assert_eq!(differs(&elsewhere, Comparison::Same, &[way]), Status::Different);
}

#[test]
fn what_was_cut_is_never_as_recorded() {
    let (scenario, outcome, recorded) = found();
    for coverage in [Coverage::Cut { bound: Bound::Time }, Coverage::Cut { bound: Bound::Interrupt }] {
        let cut = Outcome { coverage, ..outcome.clone() };
        for comparison in [Comparison::Same, Comparison::Among] {
            assert_eq!(judge(&scenario, &cut, Some(&recorded), comparison).status, Status::Unknown);
        }
        let nothing = Outcome { bad: Vec::new(), ..cut };
        for comparison in [Comparison::Same, Comparison::Among] {
            assert_eq!(judge(&scenario, &nothing, Some(&recorded), comparison).status, Status::Unknown);
            assert_eq!(judge(&scenario, &nothing, None, comparison).status, Status::Unknown);
        }
    }
    // Nor is what was found by chance all there is, or what was found without looking at everything.
    let sampled = Outcome { coverage: Coverage::Sampled { executions: 9 }, ..outcome.clone() };
    let mut blind = outcome.clone();
    blind.looked_at.remove("livelock");
    for outcome in [sampled, blind] {
        let judgement = judge(&scenario, &outcome, Some(&recorded), Comparison::Among);
        assert_eq!((judgement.status, judgement.words.as_str()), (Status::Unknown, "as recorded so far"));
    }
    for coverage in [Coverage::Sampled { executions: 9 }, Coverage::Unsupported] {
        let nothing = Outcome { bad: Vec::new(), coverage, ..outcome.clone() };
        assert_eq!(judge(&scenario, &nothing, Some(&recorded), Comparison::Among).status, Status::Unknown);
    }
}
