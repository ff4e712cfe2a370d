/* Variants against properties; beside them the bad states of one cell. */

/** What is shown: parts of a path's or variant's name, a property, an actor that takes part. */
const filter = { path: "", property: "", actor: "" };
const isMeant = (bad) => !filter.actor || bad.movers.has(filter.actor);

function filterElement(changed, hasPaths) {
  const properties = [...new Set(DATA.matrix.flatMap((row) => Object.keys(row.cells)))].sort();
  const actors = new Set();
  for (const variant of VARIANTS.values())
    for (const scenario of variant.scenarios) for (const actor of scenario.actors) actors.add(actor.name);
  const set = (name) => (e) => {
    filter[name] = e.target.value;
    changed();
  };
  const choice = (name, label, all) =>
    make(
      "label",
      {},
      label + " ",
      make("select", { id: "filter-" + name, onchange: set(name) }, ["", ...all].map((value) =>
        make("option", { value, selected: filter[name] === value }, value || "any"))),
    );
  return make(
    "form",
    { class: "filter", role: "search", "aria-label": "Filter", onsubmit: (e) => e.preventDefault() },
    hasPaths && make("label", {}, "path ", make("input", { id: "filter-path", type: "search", value: filter.path, placeholder: "ext4", oninput: set("path") })),
    choice("property", "property", properties),
    choice("actor", "actor", [...actors].sort()),
  );
}

/** What a cell says: the tool's own words, or with an actor chosen the shortest schedule that it takes part in. */
function cellOf(row, property) {
  const cell = row.cells[property];
  if (!cell) return null;
  const variant = VARIANTS.get(row.path + "@" + row.variant);
  const bads = variant ? variant.bads.filter((bad) => bad.property === property && isMeant(bad)) : [];
  let [text] = cell;
  if (filter.actor) text = bads.length ? String(Math.min(...bads.map((bad) => bad.steps))) : "";
  return { text, promised: cell[1], bads, variant };
}

function matrixTable(id, property) {
  const needle = filter.path.trim().toLowerCase();
  const rows = DATA.matrix.filter((row) => (row.path + "@" + row.variant).toLowerCase().includes(needle));
  const looked = [...new Set(rows.flatMap((row) => Object.keys(row.cells)))].sort();
  const says = (p) => rows.some((row) => row.cells[p] && row.cells[p][2]);
  const shown = looked.filter((p) => (filter.property ? p === filter.property : says(p)));
  const quiet = looked.filter((p) => !says(p));
  const cellElement = (row, p) => {
    const cell = cellOf(row, p);
    if (!cell) return span("", "-");
    const { text, promised, bads, variant } = cell;
    if (!text) return "";
    const isNumber = /\d/.test(text);
    const name = isNumber && promised ? "broken" : "";
    if (!bads.length) return span(isNumber ? name : "", text);
    const said = variant.id + ", " + p + ", " + text + (promised ? "" : ", not promised");
    const here = variant.id === id && p === property;
    return make("a", { class: name, href: address("matrix", variant.id, p), "aria-current": here && "true", "aria-label": said }, text);
  };
  let folder = "";
  const body = rows.map((row) => {
    const own = row.path.split("/")[0];
    const isFirst = own !== folder;
    folder = own;
    const variant = VARIANTS.get(row.path + "@" + row.variant);
    const head = make("th", { scope: "row", title: variant ? variant.about : "" }, row.path, span("dim", "@" + row.variant));
    return make("tr", { class: isFirst ? "first" : "" }, head, shown.map((p) => make("td", {}, cellElement(row, p))));
  });
  const heads = shown.map((p) => make("th", { scope: "col", class: p === property ? "on" : "", title: ruleOf(p).sentence }, make("span", {}, p)));
  const corner = make("th", { scope: "col" }, "path and variant");
  return [
    make("table", { class: "matrix" }, make("thead", {}, make("tr", {}, corner, heads)), make("tbody", {}, body)),
    make("p", { class: "note" },
      "A number is the length in steps of the shortest schedule that breaks the property. +: somebody else is needed beside the writer. ( ): the file system does not promise it. "
        + "?: a search was cut. . and part: not everything was asked. -: not looked at. Empty: not broken in what was asked. "
        + (quiet.length ? "Looked at and nowhere broken: " + quiet.join(", ") + "." : "")),
  ];
}

function matrixPage(id, property) {
  const variant = VARIANTS.get(id);
  const table = div("");
  const left = make("div", { class: "pane", tabindex: 0, role: "region", "aria-label": "Variants against properties" });
  const right = make("div", { class: "pane", tabindex: 0, role: "region", "aria-label": "Bad states" });
  const paint = () => {
    table.replaceChildren(...matrixTable(id, property));
    right.replaceChildren(...(variant ? listOf(variant, property) : overview()));
  };
  left.append(filterElement(paint, true), table);
  paint();
  const crumbs = [["shortcopy", "#/"]];
  if (variant) crumbs.push([id, address("matrix", id, property)], [property, ""]);
  else crumbs.push(["paths and properties", ""]);
  show(crumbs, div("split", left, right));
  const entries = () => [...right.querySelectorAll(".entry, .alike a")];
  if (variant && entries()[0]) entries()[0].focus();
  return (e) => matrixKey(e, { left, right, entries, isCell: Boolean(variant) });
}

/** Arrow keys go from number to number in the table, and from entry to entry in the list. */
function matrixKey(e, { left, right, entries, isCell }) {
  const focused = document.activeElement;
  if (focused.tagName === "INPUT") return false;
  const here = () => left.querySelector("a[aria-current]") || left.querySelector("tbody a");
  if (e.key === "Escape" && isCell && here()) return here().focus(), true;
  if (!/^Arrow/.test(e.key)) return false;
  const by = /Down|Right/.test(e.key) ? 1 : -1;
  if (right.contains(focused)) {
    if (!/Up|Down/.test(e.key)) return false;
    const all = entries();
    const next = all[all.indexOf(focused) + by];
    if (next) next.focus();
    return true;
  }
  const td = focused.closest("td");
  if (!td) return here() ? (here().focus(), true) : false;
  let next;
  if (/Left|Right/.test(e.key)) {
    const all = [...td.parentNode.querySelectorAll("a")];
    next = all[all.indexOf(focused) + by];
  } else {
    const distance = (a) => Math.abs(a.closest("td").cellIndex - td.cellIndex);
    const sibling = (tr) => (by > 0 ? tr.nextElementSibling : tr.previousElementSibling);
    for (let tr = sibling(td.parentNode); tr && !next; tr = sibling(tr)) next = [...tr.querySelectorAll("a")].sort((a, b) => distance(a) - distance(b))[0];
  }
  if (next) next.focus();
  return true;
}

/** The releases in which a variant stands, if it is in some. */
function releasesOf(variant) {
  const row = DATA.matrix.find((row) => row.path + "@" + row.variant === variant.id);
  return row && row.stands ? span("dim releases", " in " + row.stands) : "";
}

function overview() {
  const entry = (variant) => {
    const bads = variant.bads.length ? plural(variant.bads.length, "bad state") : "no bad state";
    const held = variant.scenarios.filter((scenario) => scenario.verdict === "holds").length;
    return make("p", {}, span("code strong", variant.id), releasesOf(variant), make("br"),
      span("dim", variant.about + ". " + bads + "; of " + plural(variant.scenarios.length, "scenario") + " " + held + " hold."),
      variant.scenarios.filter((scenario) => scenario.remarks.length).map((scenario) =>
        [make("br"), span("code", scenario.name), span("bad", ": " + scenario.remarks.join("; "))]));
  };
  return [
    make("h1", { class: "code" }, DATA.command),
    make("p", { class: "dim" }, "Choose a number to see its bad states. Arrow keys go from number to number, Enter opens one."),
    VARIANTS.size > 1 && make("p", {}, make("a", { href: "#/compare" }, "compare two variants")),
    ...[...VARIANTS.values()].map(entry),
  ].filter(Boolean);
}

/** The bad states of a cell, one entry for each story, shortest first, and below it those that go alike. */
function listOf(variant, property) {
  const rule = ruleOf(property);
  const mine = variant.bads.filter((bad) => bad.property === property && isMeant(bad));
  const groups = new Map();
  for (const bad of [...mine].sort((a, b) => a.steps - b.steps)) {
    if (!groups.has(bad.told)) groups.set(bad.told, []);
    groups.get(bad.told).push(bad);
  }
  const href = (bad) => address("schedule", variant.id, bad.scenario.name, bad.number);
  const cast = (bad) => [...bad.movers].filter((actor) => bad.kinds.get(actor) !== "view").join(" \u2225 ");
  const entry = ([bad, ...alike]) =>
    make(
      "li",
      {},
      make("a", { class: "entry", href: href(bad) },
        span("", bad.scenario.name + " #" + bad.number), span("", plural(bad.steps, "step")),
        span("about", bad.witness + (bad.promised ? "" : " (not promised)")), span("about", cast(bad)), span("about whole", bad.initial)),
      alike.length > 0 && div("alike", "alike: ", alike.map((other) =>
        make("a", { href: href(other), title: other.witness + "; " + other.initial }, other.scenario.name + " #" + other.number))),
    );
  const stories = [...groups.values()];
  return [
    make("h1", {}, span("code bad", property)),
    div("code", variant.id, releasesOf(variant)),
    make("p", {}, make("b", {}, rule.sentence), make("br"), span("dim", rule.source)),
    div("dim", plural(mine.length, "bad state") + ", " + plural(stories.length, "story").replace("storys", "stories") + (filter.actor ? " with " + filter.actor : "")),
    make("ul", { class: "entries" }, stories.map(entry)),
  ];
}

function schedulePage(bad, step) {
  const { variant } = bad;
  const up = address("matrix", variant.id, bad.property);
  const own = (at) => address("schedule", variant.id, bad.scenario.name, bad.number, at);
  const view = viewerOf(bad, { moved: (at) => addressLater(own(at)) });
  const title = bad.scenario.name + " #" + bad.number;
  show([["shortcopy", "#/"], [variant.id, up], [bad.property, up], [title, ""]], view.element);
  view.go(step === undefined || step === "" ? view.count : Number(step) || 0);
  const same = variant.bads.filter((other) => other.property === bad.property && isMeant(other));
  const at = same.indexOf(bad);
  return (e) => {
    if (e.key === "Escape") return (location.hash = up), true;
    if (e.key === "]" || e.key === "[") {
      const next = same[at + (e.key === "]" ? 1 : -1)];
      if (next) location.hash = address("schedule", variant.id, next.scenario.name, next.number);
      return true;
    }
    return view.key(e.key);
  };
}
