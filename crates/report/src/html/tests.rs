use std::io::Read as _;

use flate2::read::DeflateDecoder;
use scenario::{Event, EventKind, Schedule};
use serde_json::Value;

use super::*;
use crate::toy;

/// The data that a page holds.
fn unpacked(page: &str) -> Value {
    let (_, rest) = page.split_once("id=\"data\">").expect("the data is there");
    let (data, _) = rest.split_once("</script>").expect("it ends");
    let packed = BASE64.decode(data).expect("base64");
    let mut text = String::new();
    DeflateDecoder::new(&packed[..]).read_to_string(&mut text).expect("deflated");
    serde_json::from_str(&text).expect("JSON")
}

fn numbers(value: &Value) -> Vec<i64> {
    value.as_array().into_iter().flatten().map(|number| number.as_i64().expect("a number")).collect()
}

/// The steps of a bad state of the first scenario, from its tokens and those of the one before it.
fn steps(data: &Value, bad: &Value, last: &mut Vec<i64>) -> Vec<(String, String, String, i64)> {
    let own = numbers(&bad["schedule"]);
    let (begins, ends) = (own[0] as usize, own[1] as usize);
    let tokens = [&last[..begins], &own[2..], &last[last.len() - ends..]].concat();
    let text = |number: i64| data["strings"][number as usize].as_str().expect("a string").to_owned();
    let event = |token: &i64| numbers(&data["events"][numbers(&data["tokens"][*token as usize])[0] as usize]);
    let steps = tokens.iter().map(event).filter(|event| event[0] == 0);
    let told = steps.map(|event| (text(event[1]), text(event[2]), text(event[3]), event[5])).collect();
    *last = tokens;
    told
}

fn page_of(outcome: &scenario::Outcome, command: &str) -> String {
    let scenario = toy::scenario();
    let (path, variant, stands) = ("toy/write", "v1", None);
    let finding = Finding { path, variant, stands, scenario: &scenario, engine: "explicit", outcome };
    let mut page = Page::new(command, Opens::Matrix);
    page.add(finding, &Beside { about: "a toy", first: 1, told: &[], source: &|_, _| None });
    page.render().expect("a page")
}

#[test]
fn what_schedules_have_in_common_is_told_once() {
    let mut outcome = toy::outcome();
    // One that differs in the middle, one that is shorter, one that has nothing in common, and none.
    let mut bad = outcome.bad[0].clone();
    bad.schedule.events.insert(8, toy::step("munmap", "set_pte(0)", ""));
    outcome.bad.push(bad.clone());
    bad.schedule.events.truncate(10);
    outcome.bad.push(bad.clone());
    outcome.bad.push(BadState { schedule: toy::lasso(), ..bad.clone() });
    outcome.bad.push(BadState { schedule: Schedule::default(), ..bad.clone() });
    outcome.bad.push(bad);
    let data = unpacked(&page_of(&outcome, "a test"));
    let mut last = Vec::new();
    for (number, bad) in outcome.bad.iter().enumerate() {
        let told = steps(&data, &data["variants"][0]["scenarios"][0]["bad"][number], &mut last);
        let step = |event: &&Event| match &event.kind {
            EventKind::Step { label, result, scheduling_point: true } => {
                Some((event.actor.clone(), label.clone(), result.clone(), i64::from(event.line)))
            }
            _ => None,
        };
        let expected: Vec<_> = bad.schedule.events.iter().filter_map(|event| step(&event)).collect();
        assert_eq!(told, expected, "bad state {number}");
    }
    // The same story is told where it is told first.
    assert_eq!(data["variants"][0]["scenarios"][0]["bad"][0]["as_in"], Value::Null);
}

#[test]
fn the_template_escapes_what_is_filled_in() {
    let hostile = "check '</title></pre></script><script>alert(1)</script>{{ 7*7 }}' & \"";
    let mut outcome = toy::outcome();
    outcome.bad[0].property = "<b>property</b>".to_owned();
    let page = page_of(&outcome, hostile);
    assert!(!page.contains("<script>alert") && !page.contains("<b>property"), "escaped");
    assert!(page.contains("{{ 7*7 }}"), "what is filled in is no template");
    assert!(page.contains("&lt;b&gt;property&lt;&#x2f;b&gt;"), "told without a script, too");
    assert_eq!(page.matches("</script>").count(), 2);
    assert_eq!(unpacked(&page)["command"], hostile);
}
