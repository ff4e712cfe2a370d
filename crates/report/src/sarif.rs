//! Bad states as SARIF 2.1.0, which code hosts show beside the lines that they are about.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::tested::{At, Found, Grade, Tested};

/// What paths are relative to: the checkout of the models, or the kernel's tree.
const ROOT: &str = "SRCROOT";

/// The document. A bad state is a result, at the line that made it bad; its schedule is a code flow with a thread for
/// each actor. A promised one is an error where it is not recorded, else a warning; one that is not promised is a note.
/// What could not be searched in full is a notification.
///
/// # Errors
/// None that is known: all that is written is text and numbers.
pub fn sarif(all: &[Tested]) -> Result<String, serde_json::Error> {
    let found = || all.iter().flat_map(|tested| tested.found.iter().map(move |found| (tested, found)));
    let rules: BTreeMap<&str, &Found> = found().map(|(_, found)| (found.property.as_str(), found)).collect();
    let index: BTreeMap<&str, usize> = rules.keys().zip(0..).map(|(id, at)| (*id, at)).collect();
    let results: Vec<Value> =
        found().map(|(tested, found)| result(tested, found, index[found.property.as_str()])).collect();
    let notifications: Vec<Value> = all.iter().filter_map(notification).collect();
    let is_searched = all.iter().all(|tested| tested.grade != Grade::Broken);
    let driver = json!({
        "name": "shortcopy",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules.values().map(|found| rule(found)).collect::<Vec<_>>(),
    });
    let text = "the root of the checkout, or of the kernel's tree, whose lines are shown";
    serde_json::to_string_pretty(&json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "invocations": [{
                "executionSuccessful": is_searched,
                "toolExecutionNotifications": notifications,
            }],
            "originalUriBaseIds": { ROOT: { "description": { "text": text } } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

/// A property.
fn rule(found: &Found) -> Value {
    json!({
        "id": found.property,
        "shortDescription": { "text": found.sentence },
        "fullDescription": { "text": format!("A user sees: {}.", found.effect) },
        "help": { "text": format!("{}. The requirement: {}.", found.sentence, found.source) },
    })
}

fn result(tested: &Tested, found: &Found, rule: usize) -> Value {
    let level = match (found.promised, found.is_new) {
        (false, _) => "note",
        (true, true) => "error",
        (true, false) => "warning",
    };
    let scenario = format!("{}:{}", tested.of(), tested.scenario);
    let replay = found.replay.as_ref().map_or(String::new(), |replay| format!(" Step by step: {replay}"));
    let text = format!(
        "{}: {}. A user sees: {}. In {scenario}: {}.{replay}",
        found.name, found.sentence, found.effect, tested.sentence
    );
    let mut location =
        json!({ "logicalLocations": [{ "fullyQualifiedName": scenario, "kind": "function" }] });
    if let Some((file, line)) = &found.place {
        location["physicalLocation"] = physical(file, *line);
    }
    let fingerprint = format!("{scenario} {} {}", found.property, found.witness);
    let mut result = json!({
        "ruleId": found.property,
        "ruleIndex": rule,
        "level": level,
        "message": { "text": text },
        "locations": [location],
        "partialFingerprints": { "scenarioAndWitness/v1": fingerprint },
        "baselineState": if found.is_new { "new" } else { "unchanged" },
        "properties": { "promised": found.promised, "effect": found.effect },
    });
    if !found.steps.is_empty() {
        result["codeFlows"] = json!([{ "threadFlows": threads(&found.steps) }]);
    }
    result
}

/// A thread for each actor, whose steps are numbered through all of them.
fn threads(steps: &[At]) -> Vec<Value> {
    let mut actors: Vec<&str> = Vec::new();
    for step in steps.iter().filter(|step| !step.actor.is_empty()) {
        if !actors.contains(&step.actor.as_str()) {
            actors.push(&step.actor);
        }
    }
    let thread = |actor: &str| {
        let steps = steps.iter().filter(|step| step.actor == actor).map(|step| {
            json!({
                "executionOrder": step.number,
                "location": {
                    "physicalLocation": physical(&step.file, step.line),
                    "message": { "text": format!("{actor}: {}", step.text) },
                },
            })
        });
        json!({ "id": actor, "locations": steps.collect::<Vec<_>>() })
    };
    actors.into_iter().map(thread).collect()
}

fn physical(file: &str, line: u32) -> Value {
    json!({
        "artifactLocation": { "uri": uri(file), "uriBaseId": ROOT },
        "region": { "startLine": line },
    })
}

/// A relative path as a relative reference: what can't stand in one is percent-encoded.
fn uri(file: &str) -> String {
    let mut out = String::new();
    for byte in file.trim_start_matches('/').bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' | b'+' => {
                out.push(char::from(byte))
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// What is to be told of a scenario that was not searched in full.
fn notification(tested: &Tested) -> Option<Value> {
    let level = match tested.grade {
        Grade::Passed | Grade::Known | Grade::Failed => return None,
        Grade::Skipped => "note",
        Grade::Unsettled => "warning",
        Grade::Broken => "error",
    };
    let text = format!("{}:{}: {}", tested.of(), tested.scenario, tested.words);
    Some(json!({ "level": level, "message": { "text": text } }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy;

    #[test]
    fn a_result_for_each_bad_state() {
        insta::assert_snapshot!(sarif(&toy::tested()).expect("text and numbers"));
    }

    #[test]
    fn a_path_is_a_relative_reference() {
        assert_eq!(uri("fs/ext4/inode.c"), "fs/ext4/inode.c");
        assert_eq!(uri("/a b/ü#?.c"), "a%20b/%C3%BC%23%3F.c");
    }
}
