//! Results as JUnit XML, as CI systems read it: a suite for each variant, in it a case for each scenario.

use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::tested::{Grade, Tested};

/// The document. What is known to be broken is a case that passes, with its verdict as a property; what met a bound,
/// and a model that can't be searched, is an error; what was not looked at is skipped.
///
/// # Errors
/// None that is known: it is written to memory.
pub fn junit(all: &[Tested]) -> io::Result<String> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let suites = writer.create_element("testsuites").with_attribute(("name", "shortcopy"));
    let suites = counts(all)
        .iter()
        .filter(|(name, _)| *name != "skipped") // only suites have that
        .fold(suites, |element, (name, count)| element.with_attribute((*name, count.as_str())));
    suites.write_inner_content(|writer| {
        for suite in all.chunk_by(|a, b| a.of() == b.of()) {
            write_suite(writer, suite)?;
        }
        Ok(())
    })?;
    let mut text = String::from_utf8(writer.into_inner()).map_err(io::Error::other)?;
    text.push('\n');
    Ok(text)
}

/// The numbers that a suite tells of its cases.
fn counts(cases: &[Tested]) -> [(&'static str, String); 4] {
    let of = |grades: &[Grade]| cases.iter().filter(|case| grades.contains(&case.grade)).count().to_string();
    [
        ("tests", cases.len().to_string()),
        ("failures", of(&[Grade::Failed])),
        ("errors", of(&[Grade::Unsettled, Grade::Broken])),
        ("skipped", of(&[Grade::Skipped])),
    ]
}

fn write_suite(writer: &mut Writer<Vec<u8>>, cases: &[Tested]) -> io::Result<()> {
    let Some(first) = cases.first() else { return Ok(()) };
    let seconds: f64 = cases.iter().map(|case| case.seconds).sum();
    let (name, seconds) = (clean(&first.of()), format!("{seconds:.3}"));
    let suite = writer.create_element("testsuite").with_attribute(("name", name.as_str()));
    let suite = counts(cases)
        .iter()
        .fold(suite, |element, (name, count)| element.with_attribute((*name, count.as_str())));
    suite
        .with_attribute(("time", seconds.as_str()))
        .write_inner_content(|writer| cases.iter().try_for_each(|case| write_case(writer, case)))?;
    Ok(())
}

fn write_case(writer: &mut Writer<Vec<u8>>, case: &Tested) -> io::Result<()> {
    let (name, class) = (clean(&case.scenario), clean(&case.of()));
    let (seconds, words) = (format!("{:.3}", case.seconds), clean(&case.words));
    let told = clean(&case.told().join("\n"));
    let element = writer
        .create_element("testcase")
        .with_attribute(("name", name.as_str()))
        .with_attribute(("classname", class.as_str()))
        .with_attribute(("time", seconds.as_str()));
    // What a failure is about is told in it; the way there of what passes, as its output.
    let (outcome, kind) = match case.grade {
        Grade::Passed | Grade::Known => (None, ""),
        Grade::Failed => (Some("failure"), "not-as-recorded"),
        Grade::Unsettled => (Some("error"), "not-looked-at-in-full"),
        Grade::Broken => (Some("error"), "broken-model"),
        Grade::Skipped => (Some("skipped"), ""),
    };
    element.write_inner_content(|writer| {
        if let Some(name) = outcome {
            let element = writer.create_element(name).with_attribute(("message", words.as_str()));
            let element = if kind.is_empty() { element } else { element.with_attribute(("type", kind)) };
            match name == "skipped" || told.is_empty() {
                true => element.write_empty()?,
                false => element.write_text_content(BytesText::new(&told))?,
            };
        }
        if outcome.is_none_or(|name| name == "skipped") && !told.is_empty() {
            let text = format!("{words}\n{told}");
            writer.create_element("system-out").write_text_content(BytesText::new(&text))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Without what XML can't hold.
fn clean(text: &str) -> String {
    let is_allowed =
        |c: &char| matches!(c, '\n' | '\t' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars().filter(is_allowed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toy;

    /// What Jenkins' schema (`junit-10.xsd` of its xUnit plugin) lets an element have: attributes, of which those with `!`
    /// must be there, and elements.
    const JENKINS: [(&str, &str, &str); 6] = [
        ("testsuites", "name time tests failures errors", "testsuite"),
        (
            "testsuite",
            "name! tests! failures! errors! group time skipped timestamp hostname id package file log url",
            "testsuite properties testcase system-out system-err",
        ),
        ("testcase", "name! time classname group", "skipped error failure system-out system-err"),
        ("failure", "type message", ""),
        ("error", "type message", ""),
        ("skipped", "type message", ""),
    ];

    #[test]
    fn every_element_is_one_that_jenkins_knows() {
        let text = junit(&toy::tested()).expect("it is written to memory");
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut open: Vec<String> = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        loop {
            let (element, is_empty) = match reader.read_event().expect("XML") {
                Event::Start(element) => (element, false),
                Event::Empty(element) => (element, true),
                Event::End(_) => {
                    open.pop();
                    continue;
                }
                Event::Eof => break,
                _ => continue,
            };
            let utf8 = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
            let name = utf8(element.name().as_ref());
            let of = |name: &str| JENKINS.iter().find(|(known, ..)| *known == name);
            if let Some(around) = open.last() {
                let (.., inside) = of(around).unwrap_or_else(|| panic!("{around} has no elements: {text}"));
                assert!(inside.split(' ').any(|known| known == name), "{name} in {around}: {text}");
            }
            let (_, attributes, _) = of(&name).copied().unwrap_or(("", "", ""));
            let has: Vec<String> =
                element.attributes().map(|of| utf8(of.expect("an attribute").key.as_ref())).collect();
            let known = |has: &String| attributes.split(' ').any(|of| of.trim_end_matches('!') == has);
            assert!(has.iter().all(known), "{name} has {has:?}");
            let needed = attributes.split(' ').filter_map(|of| of.strip_suffix('!'));
            assert!(needed.into_iter().all(|of| has.iter().any(|has| has == of)), "{name} has {has:?}");
            seen.insert(name.clone());
            if !is_empty {
                open.push(name);
            }
        }
        assert!(seen.len() >= 6, "{seen:?}");
    }

    #[test]
    fn a_suite_for_each_variant() {
        insta::assert_snapshot!(junit(&toy::tested()).expect("it is written to memory"));
    }
}
