//! The page of `--html` in a real browser: every view shows what the JSON says, and nothing is said on the console.

mod driver;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use driver::Browser;
use scenario::{Case, Tier, Variant, WritePath};
use serde_json::{Value, json};

/// A browser; says so where there is none.
fn browser() -> Option<Browser> {
    let browser = Browser::start();
    if browser.is_none() {
        eprintln!("skipped: there is no chromium in PATH, so the page is looked at by nobody");
    }
    browser
}

/// The page of `check` over these targets, and what it says in JSON.
fn page(catalog: &[WritePath], targets: &[&str], file: &Path) -> Vec<Value> {
    let file = file.to_str().expect("text");
    let arguments = [&["check", "--format", "json", "--no-cache", "--html", file], targets].concat();
    let (status, text) = crate::toy::shortcopy_of(catalog, &arguments);
    status.expect("it is searched");
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn list<'v>(value: &'v Value, name: &str) -> &'v Vec<Value> {
    value[name].as_array().unwrap_or_else(|| panic!("no list `{name}` in {value}"))
}
fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no text `{name}` in {value}"))
}

/// An address in the page, as its scripts make it.
fn address(browser: &mut Browser, parts: &Value) -> String {
    browser.run(&format!("address(...{parts})")).as_str().expect("an address").to_owned()
}

/// What the page shows at each step: goes there by the slider, as a user would, and reads what is there.
const SHOWN: &str = r#"(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const slider = document.querySelector("input[type=range]");
  const shown = [];
  for (let step = 0; step <= Number(slider.max); step++) {
    slider.value = step;
    slider.dispatchEvent(new Event("input"));
    const rows = {};
    let label = "";
    for (const cell of all(".state .grid > *")) {
      if (cell.classList.contains("label")) label = cell.textContent;
      else (rows[label] = rows[label] || []).push(cell);
    }
    const first = (unit) => unit.firstChild.textContent;
    const units = (name) => (rows[name] || []).map((block) => [...block.querySelectorAll(".unit")].map(first).join(" ")).join(" | ");
    const held = {};
    for (const lock of all(".held dt")) {
      const who = lock.nextElementSibling;
      if (!who.classList.contains("released")) held[lock.textContent] = who.textContent;
    }
    shown.push({
      what: document.querySelector(".now .what").textContent,
      where: (document.querySelector(".now .where") || { textContent: "" }).textContent,
      source: (document.querySelector(".now .source") || { textContent: "" }).textContent,
      page: units("page"),
      disk: units("on disk"),
      flags: (rows.flags || []).map((cell) => [...cell.querySelectorAll(".flag.set")].map((flag) => flag.textContent).join(" ")).join(" | "),
      buffers: (rows.buffers || []).map((cell) => [...cell.querySelectorAll(".flag.set")].map((flag) => flag.textContent).join(" ")),
      other: Object.fromEntries(Object.entries(rows).map(([name, cells]) => [name, cells.map((cell) => cell.textContent).join(" ")])),
      held,
      changes: all(".changes li").length,
      current: all(".row.current").length,
      live: document.getElementById("live").textContent,
      marked: all(".state .changed").length,
    });
  }
  return shown;
})()"#;

/// Compares what the page shows along the schedule of a bad state with what is said of it.
fn compare_steps(browser: &mut Browser, bad: &Value) {
    let shown = browser.run(SHOWN);
    let steps = list(bad, "schedule");
    assert_eq!(shown.as_array().map(Vec::len), Some(steps.len() + 1));
    let states = &bad["states"];
    let mut seen = states["initial"].clone();
    for (number, shown) in shown.as_array().into_iter().flatten().enumerate() {
        assert_eq!(shown["current"], 1, "one row is the current one: {shown}");
        let change = number.checked_sub(1).map(|at| &states["changes"][at]);
        for (group, name) in ["picture", "held"].iter().flat_map(|group| {
            let names = change.and_then(|change| change[*group].as_object()).into_iter().flatten();
            names.map(|(name, _)| (*group, name.clone())).collect::<Vec<_>>()
        }) {
            let value = change.expect("it has names")[group][&name].clone();
            let of = seen.as_object_mut().expect("an object");
            let of = of.entry(group).or_insert_with(|| json!({})).as_object_mut().expect("an object");
            if value.is_null() { drop(of.remove(&name)) } else { drop(of.insert(name, value)) }
        }
        if let Some(at) = number.checked_sub(1) {
            let step = &steps[at];
            let result = step["result"].as_str().map_or(String::new(), |result| format!(" = {result}"));
            assert_eq!(text(shown, "what"), format!("{}{result}", text(step, "step")));
            assert_eq!(text(shown, "where"), format!("{}:{}", text(step, "file"), step["line"]));
            let changes = change.and_then(Value::as_object).map_or(0, |change| change.len());
            assert_eq!(changes > 0, shown["changes"] != 0, "step {number}: {shown}");
            assert_eq!(changes > 0, shown["marked"] != 0, "step {number}: {shown}");
            assert!(text(shown, "live").starts_with(&format!("step {number} of {}", steps.len())), "{shown}");
        }
        let held = if seen["held"].is_null() { json!({}) } else { seen["held"].clone() };
        assert_eq!(shown["held"], held, "step {number}");
        let picture = &seen["picture"];
        let Some(on_disk) = picture["on disk"].as_str() else {
            // No page cache's: line by line.
            for (name, value) in picture.as_object().into_iter().flatten() {
                assert_eq!(shown["other"][name], *value);
            }
            continue;
        };
        let (disk, size) = on_disk.split_once("   size ").expect("a size");
        assert_eq!(text(shown, "disk"), disk, "step {number}");
        assert!(text(&shown["other"], "i_size").starts_with(size), "step {number}: {shown}");
        match (text(picture, "page"), picture["contents"].as_str()) {
            ("absent", _) => assert!(text(&shown["other"], "flags").contains("no page"), "{shown}"),
            (flags, contents) => {
                assert_eq!(text(shown, "flags"), flags.trim_matches('-'), "step {number}");
                assert_eq!(text(shown, "page"), contents.expect("a page has contents"), "step {number}");
            }
        }
        for block in 0.. {
            let Some(flags) = picture[format!("buffer {block}")].as_str() else { break };
            let told: BTreeSet<&str> = flags.split(' ').filter(|flag| *flag != "-").collect();
            let drawn = shown["buffers"][block].as_str().unwrap_or_default();
            assert_eq!(drawn.split(' ').filter(|flag| !flag.is_empty()).collect::<BTreeSet<_>>(), told);
        }
    }
}

#[test]
fn every_view_shows_what_the_json_says() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("it's 100% <b>&.html");
    let targets = [
        "ext4/journalled@v4.4:within-unmapped",
        "ext4/journalled@v6.14:within-unmapped",
        "simple/ramfs@v6.18:beyond-invalid",
        "simple/ramfs@v6.18:within-resident",
    ];
    let results = page(&models::paths(), &targets, &file);
    let url = Path::new("/").join(folder.path()).join("it's%20100%25%20%3Cb%3E&.html");
    let id = |result: &Value| format!("{}@{}", text(result, "path"), text(result, "variant"));

    // The matrix: a number wherever something is broken, and it is the shortest.
    browser.open(&url, "");
    for result in &results {
        for bad in list(result, "bad_states") {
            let (variant, property) = (id(result), text(bad, "property"));
            let of = |r: &&Value| id(r) == variant;
            let all = results.iter().filter(of).flat_map(|r| list(r, "bad_states"));
            let mine: Vec<&Value> = all.filter(|bad| text(bad, "property") == property).collect();
            let label = json!(format!("{variant}, {property}, "));
            let shown = browser.run(&format!(
                "[...document.querySelectorAll('.matrix a')].find((a) => a.getAttribute('aria-label').startsWith({label})).textContent"
            ));
            let shown: String =
                shown.as_str().expect("a cell").chars().filter(char::is_ascii_digit).collect();
            assert!(
                mine.iter().any(|bad| bad["depth"].as_u64() == shown.parse().ok()),
                "{variant} {property}: {shown}"
            );

            // Its cell: every bad state is there.
            let cell = address(&mut browser, &json!(["matrix", variant, property]));
            browser.go(&cell);
            let entries = browser.run("document.querySelectorAll('.entry, .alike a').length");
            assert_eq!(entries, mine.len(), "{variant} {property}");
            browser.go("#/");
        }
    }
    // Each schedule, step by step.
    let mut drawn = 0;
    for result in &results {
        for (number, bad) in (1..).zip(list(result, "bad_states")) {
            let parts = json!(["schedule", id(result), text(result, "scenario"), number]);
            let schedule = address(&mut browser, &parts);
            browser.go(&schedule);
            let head = browser.run("document.querySelector('.head').textContent");
            for part in ["property", "witness", "initial"] {
                assert!(
                    head.as_str().is_some_and(|head| head.contains(text(bad, part))),
                    "{part} of {bad}: {head}"
                );
            }
            compare_steps(&mut browser, bad);
            drawn += 1;
        }
    }
    assert!(drawn > 5, "{drawn} schedules");
    assert_eq!(browser.noise, [""; 0]);

    // By hand: from the matrix to a schedule, and back.
    browser.open(&url, "");
    browser.click(".matrix a");
    browser.wait("location.hash.startsWith('#/matrix/') && document.querySelector('.entry')");
    browser.click(".entry");
    browser.wait("location.hash.startsWith('#/schedule/') && document.querySelector('.viewer')");
    let step = "Number(document.querySelector('input[type=range]').value)";
    let last = browser.run(step);
    browser.press("Home");
    assert_eq!(browser.run(step), 0);
    browser.press("ArrowRight");
    browser.press("ArrowRight");
    assert_eq!(browser.run(step), 2);
    browser.press("ArrowLeft");
    assert_eq!(browser.run(step), 1);
    browser.run("document.querySelector('input[type=range]').focus()");
    browser.press("ArrowRight");
    assert_eq!(browser.run(step), 2, "one key is one step, on the slider too");
    browser.press("n");
    assert!(browser.run("document.querySelectorAll('.changes li').length").as_u64() > Some(0));
    browser.press("End");
    assert_eq!(browser.run(step), last);
    let rows = "document.querySelectorAll('.row').length";
    let folded = browser.run(rows).as_u64();
    browser.press("f");
    assert!(browser.run(rows).as_u64() > folded, "unfolded");
    browser.press("f");
    assert_eq!(browser.run(rows).as_u64(), folded);
    browser.click(".row .call button");
    assert!(browser.run(rows).as_u64() > folded, "one call unfolded");
    browser.press("Escape");
    browser.wait("location.hash.startsWith('#/matrix/') && document.querySelector('.entry')");
    browser.click("#theme");
    assert_eq!(browser.run("document.documentElement.dataset.theme"), "dark");
    browser.press("t");
    assert_eq!(browser.run("document.documentElement.dataset.theme"), "light");
    browser.click("#help");
    assert_eq!(browser.run("document.getElementById('keys').open"), true);
    browser.press("Escape");
    browser.wait("!document.getElementById('keys').open");

    // The filter: by path, by property, by actor.
    browser.press("m");
    browser.wait("location.hash === '#/' && !document.querySelector('.entry')");
    let shown = "document.querySelectorAll('.matrix tbody tr').length";
    assert_eq!(browser.run(shown), 3);
    browser.click("#filter-path");
    browser.write("RAMFS");
    assert_eq!(browser.run(shown), 1);
    browser.run("filter.path = ''; route()");
    let choose = |name: &str, value: &str| {
        format!(
            "(() => {{ const e = document.querySelector('#filter-{name}'); e.value = '{value}'; e.dispatchEvent(new Event('change')); }})()"
        )
    };
    browser.run(&choose("property", "clean-divergence"));
    assert_eq!(browser.run("document.querySelectorAll('.matrix thead th').length"), 2);
    browser.run(&choose("property", ""));
    browser.run(&choose("actor", "munmap"));
    let with = results.iter().filter(|result| {
        let moves = |bad: &Value| list(bad, "schedule").iter().any(|step| text(step, "actor") == "munmap");
        list(result, "bad_states").iter().any(moves)
    });
    let with: BTreeSet<String> = with.map(id).collect();
    let rows = browser.run("[...document.querySelectorAll('.matrix tbody tr')].filter((r) => r.querySelector('a')).map((r) => r.querySelector('th').textContent)");
    assert_eq!(rows.as_array().map(Vec::len), Some(with.len()), "{rows} {with:?}");
    browser.run(&choose("actor", ""));

    // Two variants: what appears, goes and stays; and two schedules side by side.
    let compare = address(&mut browser, &json!(["compare", id(&results[0]), id(&results[1])]));
    browser.go(&compare);
    let names = |result: &Value| -> BTreeSet<(String, String)> {
        let name = |bad: &Value| (text(bad, "property").to_owned(), text(bad, "witness").to_owned());
        list(result, "bad_states").iter().map(name).collect()
    };
    let (before, after) = (names(&results[0]), names(&results[1]));
    let heading =
        |name: &str, count: usize| if count > 0 { vec![format!("{name} ({count})")] } else { Vec::new() };
    let expected = [
        heading("appears", after.difference(&before).count()),
        heading("goes", before.difference(&after).count()),
        heading("stays", after.intersection(&before).count()),
    ];
    let headings = browser.run("[...document.querySelectorAll('h2.change')].map((h) => h.textContent)");
    assert_eq!(headings, json!(expected.concat()));
    browser.click(".compared td:last-child a");
    browser.wait("document.querySelectorAll('.viewer').length === 2");
    browser.press("Home");
    browser.press("ArrowRight");
    let steps =
        browser.run("[...document.querySelectorAll('input[type=range]')].map((e) => Number(e.value))");
    assert_eq!(steps, json!([1, 1]), "both begin alike");
    browser.press("o");
    browser.press("End");
    let ends =
        browser.run("[...document.querySelectorAll('input[type=range]')].every((e) => e.value === e.max)");
    assert_eq!(ends, true);

    // A broken address shows the matrix; narrow, nothing sticks out.
    browser.go("#/schedule/nobody/%E0%A4%A");
    assert_eq!(browser.run("Boolean(document.querySelector('.matrix'))"), true);
    let narrow = json!({ "width": 800, "height": 1000, "deviceScaleFactor": 1, "mobile": false });
    browser.send("Emulation.setDeviceMetricsOverride", narrow);
    browser.click(".matrix a");
    browser.wait("document.querySelector('.entry')");
    browser.click(".entry");
    browser.wait("document.querySelector('.viewer')");
    assert_eq!(browser.run("document.documentElement.scrollWidth <= innerWidth"), true);
    assert!(browser.send("Page.printToPDF", json!({}))["data"].as_str().map_or(0, str::len) > 10_000);
    assert_eq!(browser.noise, [""; 0]);
}

/// What a screen reader is told of: whoever can be used has a name.
fn unnamed(browser: &mut Browser) -> Vec<String> {
    let tree = browser.send("Accessibility.getFullAXTree", json!({}));
    let used = ["button", "link", "slider", "combobox", "searchbox", "textbox", "checkbox", "dialog"];
    let (mut found, mut unnamed) = (0, Vec::new());
    for node in list(&tree, "nodes") {
        let role = node["role"]["value"].as_str().unwrap_or_default();
        if node["ignored"] == true || !used.contains(&role) {
            continue;
        }
        found += 1;
        if node["name"]["value"].as_str().is_none_or(str::is_empty) {
            unnamed.push(node.to_string());
        }
    }
    assert!(found > 3, "{found} are there to be used");
    unnamed
}

/// The pages of the other commands open where they should, and show what their JSON says.
#[test]
fn the_pages_of_a_matrix_a_comparison_and_a_replay_show_what_their_json_says() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.html");
    let name = file.to_str().expect("text");
    let run = |line: &str| -> Vec<Value> {
        let words = line.split(' ').chain(["--format", "json", "--no-cache", "--html", name]);
        let (status, text) = crate::toy::shortcopy_of(&models::paths(), &words.collect::<Vec<_>>());
        status.expect("it is searched");
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    };

    let rows = run("matrix simple/ramfs@v6.18 simple/ramfs@v2.6.21");
    browser.open(&file, "");
    let cells = r#"Object.fromEntries([...document.querySelectorAll(".matrix tbody tr")].map((row) => {
      const heads = [...document.querySelectorAll(".matrix thead th")].slice(1).map((th) => th.textContent);
      const [name, ...cells] = [...row.children].map((cell) => cell.textContent);
      return [name, Object.fromEntries(cells.map((cell, at) => [heads[at], cell.replace(/[^0-9]/g, "")]))];
    }))"#;
    let shown = browser.run(cells);
    assert_eq!(shown.as_object().map(serde_json::Map::len), Some(rows.len()));
    let mut numbers = 0;
    for row in &rows {
        let name = format!("{}@{}", text(row, "path"), text(row, "variant"));
        let told = json!(format!("{name} in {}", text(row, "stands")));
        let overview = browser.run(&format!("document.getElementById('main').textContent.includes({told})"));
        assert_eq!(overview, true, "{told}");
        for known in list(row, "properties") {
            let steps = known["steps_alone"].as_u64().or(known["steps_together"].as_u64());
            let cell = shown[&name][text(known, "property")].as_str().unwrap_or_default();
            assert_eq!(cell.parse().ok(), steps, "{name}, {known}: {shown}");
            numbers += u64::from(steps.is_some());
        }
    }
    assert!(numbers > 5);
    assert_eq!(unnamed(&mut browser), [""; 0]);

    let lines = run("diff simple/ramfs@v2.6.21 simple/ramfs@v6.18 --search");
    browser.open(&file, "");
    browser.wait("location.hash.startsWith('#/compare/') || document.querySelector('h2.change')");
    let counts = &lines.last().expect("a line")["bad_states"];
    let heading = |name: &str, of: &str| match counts[of].as_u64() {
        None | Some(0) => None,
        Some(count) => Some(format!("{name} ({count})")),
    };
    let expected: Vec<String> = [("appears", "appear"), ("goes", "go"), ("stays", "stay")]
        .iter()
        .filter_map(|(name, of)| heading(name, of))
        .collect();
    let headings = browser.run("[...document.querySelectorAll('h2.change')].map((h) => h.textContent)");
    assert_eq!(headings, json!(expected));
    assert_eq!(unnamed(&mut browser), [""; 0]);

    let lines = run("replay simple/ramfs@v6.18:beyond-invalid#1");
    browser.open(&file, "");
    browser.wait("document.querySelector('.viewer')");
    compare_steps(&mut browser, &lines[0]["bad"]);
    assert_eq!(unnamed(&mut browser), [""; 0]);
    let line = lines[0]["bad"]["schedule"][0].clone();
    browser.press("Home");
    browser.press("ArrowRight");
    let source = browser.run("document.querySelector('.now .source').textContent");
    let (file, number) = (text(&line, "file"), line["line"].as_u64().expect("a line"));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = std::fs::read_to_string(root.join(file)).expect("a source");
    let code = read.lines().nth(number as usize - 1).expect("it has the line").trim();
    assert!(source.as_str().is_some_and(|source| source.contains(code)), "{code}: {source}");
    assert_eq!(browser.noise, [""; 0]);
}

/// Text that would be more than text where it is not escaped.
const HOSTILE: &str = "<img src=x onerror=document.title='owned'></script><!--{{ 7*7 }}\"'&amp;\u{202e}";

#[test]
fn hostile_names_stay_text() {
    let Some(mut browser) = browser() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("page.html");
    let build = || {
        let mut scenario = crate::toy::scenario(&format!("unmapped{HOSTILE}"), false, true);
        scenario.sentence = HOSTILE.to_owned();
        for initial in &mut scenario.initial {
            initial.name.push_str(HOSTILE);
        }
        for actor in scenario.actors.iter_mut().chain(&mut scenario.views) {
            actor.name = Box::leak(format!("{}{HOSTILE}", actor.name).into_boxed_str());
        }
        for property in &mut scenario.properties {
            property.sentence = HOSTILE;
            property.source = HOSTILE;
        }
        let picture = scenario.picture.clone();
        scenario.picture = Arc::new(move |state| format!("{}{HOSTILE}  {HOSTILE}\n", picture(state)));
        scenario
    };
    let case = Case { name: build().name, tier: Tier::Default, build: Arc::new(build) };
    let variant = |name: &str| Variant {
        name: format!("{name}{HOSTILE}"),
        sentence: HOSTILE.to_owned(),
        origin: None,
        stands: None,
        cases: [case.clone()].into_iter().collect(),
    };
    let catalog = [WritePath {
        name: format!("toy/{HOSTILE}"),
        sentence: HOSTILE.to_owned(),
        leaves_out: HOSTILE.to_owned(),
        variants: vec![variant("v1"), variant("v2")],
    }];
    let results = page(&catalog, &[], &file);
    let html = std::fs::read_to_string(&file).expect("it is there");
    assert_eq!(html.matches("<img").count(), 0);
    assert_eq!(html.matches("</script>").count(), 2, "the data and the scripts");

    let id = |result: &Value| format!("{}@{}", text(result, "path"), text(result, "variant"));
    let bad = &list(&results[0], "bad_states")[0];
    let scenario = text(&results[0], "scenario");
    let views = [
        json!([]),
        json!(["matrix", id(&results[0]), text(bad, "property")]),
        json!(["schedule", id(&results[0]), scenario, 1, 3]),
        json!(["compare", id(&results[0]), id(&results[1])]),
        json!(["compare", id(&results[0]), id(&results[1]), scenario, 1, 1]),
    ];
    browser.open(&file, "");
    for view in &views {
        let hash = address(&mut browser, view);
        browser.go(&hash);
        assert_eq!(browser.run("document.querySelectorAll('main img, main script, header img').length"), 0);
        assert_ne!(browser.run("document.title"), "owned");
        let shown = browser.run("document.getElementById('main').textContent");
        assert!(shown.as_str().is_some_and(|shown| shown.contains(HOSTILE)), "{view}: {shown}");
    }
    let schedule = address(&mut browser, &views[2]);
    browser.go(&schedule);
    compare_steps(&mut browser, bad);
    assert_eq!(browser.noise, [""; 0]);
}
