/* One schedule with its state: the strip with the slider, the rows in columns, the state beside them. */

const withResult = (event) => event.label + (event.result ? " = " + event.result : "");
const place = (event) => (event.file ? event.file.replace(/^(models|crates)\//, "") + ":" + event.line : "");
const ruleOf = (property) => DATA.rules[property] || { sentence: "", source: "" };
const tells = (change) => !change.isLock;
const targetOf = (bad) => bad.variant.id + ":" + bad.scenario.name;

/** The strip: a lane per actor, who holds the page's lock, where the picture changes. The slider lies over it. */
function stripOf(run, go) {
  const count = run.steps.length;
  const actors = [...new Set(run.steps.map((step) => step.actor))];
  const locks = [...new Set(run.seen.flatMap((seen) => Object.keys(seen.held)))].sort();
  const names = [...actors, ...locks, "changes"];
  const height = 13;
  const all = names.length * height;
  const x = (step) => ((step / Math.max(1, count)) * 1000).toFixed(2);
  const shapes = [];
  const path = (name, d) => d && shapes.push(make("path", { class: name, d, "vector-effect": "non-scaling-stroke" }));
  const box = (name, from, to, y, tall) => shapes.push(make("rect", { class: name, x: x(from), y, width: x(to - from), height: tall }));
  if (run.cycle) box("cycle", run.cycle - 0.5, count, 0, all);
  names.forEach((_, at) => path("lane", "M0 " + (at * height + 6.5) + "H1000"));
  actors.forEach((actor, at) => {
    const ticks = run.steps.map((step, i) => (step.actor === actor ? "M" + x(i + 1) + " " + (at * height + 2) + "v9" : ""));
    path("tick", ticks.join(""));
  });
  locks.forEach((lock, at) => {
    for (let from = 0, to; from <= count; from = to) {
      const holder = run.seen[from].held[lock];
      for (to = from + 1; to <= count && run.seen[to].held[lock] === holder; ) to += 1;
      if (holder) box("hold", from, Math.min(to, count), (actors.length + at) * height + 4, 5);
    }
  });
  const marks = run.changes.map((changes, i) =>
    changes.some(tells) ? "M" + x(i + 1) + " " + ((names.length - 1) * height + 1) + "v11" : "",
  );
  path("tick change", marks.join(""));
  const input = make("input", { type: "range", min: 0, max: count, value: 0, "aria-label": "Step", oninput: (e) => go(Number(e.target.value)) });
  const svg = make("svg", { viewBox: "0 0 1000 " + all, height: all, preserveAspectRatio: "none", "aria-hidden": "true" }, shapes);
  const labels = make("div", { class: "names", "aria-hidden": "true" }, names.map((name) => div("", name)));
  return { input, element: div("strip", labels, div("lanes", svg, input)) };
}

/** What the bad state is about: its property, its scenario, how to run it again. */
function headOf(bad) {
  const rule = ruleOf(bad.property);
  const entry = (name, ...what) => [make("dt", {}, name), make("dd", {}, ...what)];
  const promise = !bad.promised && span("dim promise", " (not promised)");
  return div(
    "head",
    div("", make("h1", {}, span("code bad", bad.property), " ", span("code", bad.witness), promise), div("", rule.sentence), div("dim", rule.source)),
    make(
      "dl",
      {},
      entry("scenario", span("code", bad.scenario.name), span("dim", ": " + bad.scenario.sentence)),
      entry("initially", span("code", bad.initial)),
      rule.effect && entry("a user sees", rule.effect),
      bad.scenario.remarks.length > 0 && entry("but", bad.scenario.remarks.join("; ")),
      entry("again", span("code", "shortcopy replay '" + targetOf(bad) + "#" + bad.number + "'")),
    ),
  );
}

/**
 * A bad state's schedule with its state.
 * `only`: the steps, from 0, that the other one of two lacks; `moved`: told of each step that is gone to.
 */
function viewerOf(bad, { only, moved, head = headOf(bad) } = {}) {
  const run = scheduleOf(bad);
  const count = run.steps.length;
  const isView = (actor) => bad.kinds.get(actor) === "view";
  const actors = [...new Set(run.rows.map((row) => row.actor).filter((actor) => actor && !isView(actor)))];
  const name = targetOf(bad) + "#" + bad.number;
  const me = { at: 0, count, element: make("section", { class: "viewer", "aria-label": "Schedule, " + name }) };
  const list = make("div", { class: "rows", tabindex: 0, role: "region", "aria-label": "Steps, " + name, style: "--columns:" + columnsOf(run, actors) });
  const side = make("aside", { class: "state", tabindex: 0, "aria-label": "State after the step, " + name });
  const strip = stripOf(run, (i) => me.go(i));
  me.element.append(head, strip.element, div("body", list, side));
  let shown = [];

  const isCounted = (row) => row.kind === STEP || (row.kind === ENTER && row.folded);
  const changesIn = (row) => run.changes.slice(row.from - 1, row.to).some((changes) => changes.some(tells));
  function place_(row, more = 0) {
    const column = isView(row.actor) || !row.actor ? "2 / span " + Math.max(1, actors.length) : 2 + actors.indexOf(row.actor);
    return "padding-left:" + (row.depth * 12 + more) + "px;grid-column:" + column;
  }
  function callText(row) {
    const fold = (e) => {
      e.stopPropagation();
      row.folded = !row.folded;
      paint();
      me.go(me.at, true);
    };
    const label = (row.folded ? "unfold " : "fold ") + row.label;
    const button = { type: "button", "aria-label": label, "aria-expanded": String(!row.folded), tabindex: -1, onclick: fold };
    const result = row.folded && row.result ? " = " + row.result : "";
    const steps = row.to - row.from + 1;
    return make(
      "span",
      { class: "text call" + (row.folded ? " folded" : ""), style: place_(row) },
      row.foldable ? make("button", button, row.folded ? "\u25b8" : "\u25be") : span("gap"),
      row.label + result,
      row.folded && steps > 1 && span("count", "  " + steps + " steps"),
    );
  }
  function rowElement(row) {
    const counted = isCounted(row);
    const steps = counted ? range(row.to - row.from + 1).map((n) => row.from - 1 + n) : [];
    const marks = [
      counted && changesIn(row) && "changes",
      only && steps.some((step) => only.has(step)) && "only",
      row.key && row.kind === STEP && "key",
    ];
    const text = row.kind === ENTER ? callText(row) : make("span", { class: "text", style: place_(row, 12) }, withResult(row));
    const where = row.kind === LEAVE ? "" : place(row);
    const element = make(
      "div",
      { class: ["row", ...marks.filter(Boolean)].join(" "), title: where + (row.text ? "\n" + row.text : ""), onclick: () => me.go(row.to) },
      span("step", counted ? String(row.from) : ""),
      text,
      make("span", { class: "place", style: "grid-column:" + (2 + Math.max(1, actors.length)) }, make("bdi", {}, where)),
    );
    if (counted) shown.push({ row, element });
    return element;
  }
  const noteElement = (row, name, text) =>
    div("row", span("step", ""), make("span", { class: "text " + name, style: place_(row, 12) }, text));
  function paint() {
    shown = [];
    const heads = actors.map((actor) => span("", actor + (bad.kinds.get(actor) === "adversary" ? " (may stop anywhere)" : "")));
    list.replaceChildren(div("row top", span("step", "step"), heads, span("place", make("bdi", {}, "file and line"))));
    const first = make("div", { class: "row", onclick: () => me.go(0) }, span("step", "0"), span("text dim", "initially"));
    shown.push({ row: { from: 0, to: 0, kind: STEP }, element: first });
    list.append(first);
    let view = "";
    for (let at = 0; at < run.rows.length; ) {
      const row = run.rows[at];
      if (isView(row.actor) && view !== row.actor) {
        list.append(div("part", VIEWS[row.actor] || "then " + row.actor));
        view = row.actor;
      }
      if (row.begins) list.append(div("part bad", "\u21bb repeats for ever:"));
      if (row.kind === BROKEN) list.append(noteElement(row, "broken", "\u2715 " + row.label + (row.result ? ": " + row.result : "")));
      else if (row.kind === ROUND) list.append(noteElement({ ...row, depth: Math.max(0, row.depth - 1) }, "call", row.label.replace(/\(.*/, "") + " again"));
      else if (row.kind === LEAVE) list.append(noteElement(row, "call", row.label.replace(/\(.*/, "") + " = " + row.result));
      else list.append(rowElement(row));
      at = row.kind === ENTER && row.folded ? endOf(run, row) : at + 1;
    }
    if (run.cycle) list.append(div("part bad", "\u21bb and so on for ever"));
    if (!run.rows.length) list.append(div("part", "There is no schedule: what is missing is missing on every one."));
  }
  const current = () => shown.find(({ row }) => row.from <= me.at && me.at <= row.to) || shown[0];

  me.go = (i, isQuiet) => {
    me.at = Math.max(0, Math.min(count, i));
    i = me.at;
    strip.input.value = i;
    const here = current();
    const step = run.steps[i - 1];
    for (const { row, element } of shown) {
      element.classList.toggle("current", element === here.element);
      element.classList.toggle("later", row.from > i);
      if (element === here.element) element.setAttribute("aria-current", "step");
      else element.removeAttribute("aria-current");
    }
    const said = i ? "step " + i + " of " + count + ", " + step.actor + ": " + withResult(step) : "initial state of " + plural(count, "step");
    strip.input.setAttribute("aria-valuetext", said);
    side.replaceChildren(...panelOf(run, i));
    // After the state is there, which may push the list.
    const [outer, inner] = [list.getBoundingClientRect(), here.element.getBoundingClientRect()];
    if (inner.top < outer.top + 60 || inner.bottom > outer.bottom - 90) list.scrollTop += inner.top - outer.top - outer.height * 0.4;
    const changes = i ? run.changes[i - 1] : [];
    byId("live").textContent = said + changes.map(({ name, text }) => "; " + name + " " + text).join("");
    if (moved && !isQuiet) moved(i);
  };

  const seek = (by, is) => {
    let i = me.at + by;
    while (i >= 1 && i <= count && !is(i)) i += by;
    me.go(i);
  };
  const isChange = (i) => run.changes[i - 1].some(tells);
  const isSwitch = (i) => i > 1 && run.steps[i - 1].actor !== run.steps[i - 2].actor;
  const line = (by) => {
    const next = shown[shown.indexOf(current()) + by];
    if (next) me.go(next.row.to);
  };
  const repaint = () => {
    paint();
    me.go(me.at, true);
  };
  const foldable = run.rows.filter((row) => row.foldable);
  const keys = {
    ArrowRight: () => me.go(me.at + 1),
    ArrowLeft: () => me.go(me.at - 1),
    ArrowDown: () => line(1),
    ArrowUp: () => line(-1),
    Home: () => me.go(0),
    End: () => me.go(count),
    n: () => seek(1, isChange),
    p: () => seek(-1, isChange),
    s: () => seek(1, isSwitch),
    S: () => seek(-1, isSwitch),
    f: () => {
      const unfold = foldable.some((row) => row.folded);
      for (const row of foldable) row.folded = !unfold && !row.key;
      repaint();
    },
    Enter: () => {
      const { row } = current();
      const within = row.kind === ENTER ? row : (row.calls || []).filter((call) => call.foldable).pop();
      if (within) {
        within.folded = !within.folded;
        repaint();
      }
    },
  };
  me.key = (key) => Object.hasOwn(keys, key) && (keys[key](), true);
  paint();
  return me;
}

/** Where a folded call's rows end, its result's row with them. */
function endOf(run, row) {
  const next = run.rows[row.end];
  return next && next.kind === LEAVE && next.frame === row ? row.end + 1 : row.end;
}

/** A column is as wide as most of what stands in it. */
function columnsOf(run, actors) {
  const width = (row) => row.depth * 1.7 + withResult(row).length;
  const most = (actor) => {
    const widths = run.rows.filter((row) => row.actor === actor).map(width).sort((a, b) => a - b);
    return Math.max(14, Math.min(56, widths[Math.floor(widths.length * 0.9)] || 0));
  };
  return actors.map((actor) => "minmax(0," + most(actor).toFixed(0) + "fr)").join(" ") || "minmax(0,1fr)";
}

/** What the views are called, after which they come. */
const VIEWS = {
  "through-cache": "then somebody reads the file through the cache",
  "after-sync": "then sync, eviction, and a read of what is on disk",
  "after-crash": "then a crash, recovery, and a read",
};

/** The state after step `i`: what the step is, what it changes, the picture, who holds what. */
function panelOf(run, i) {
  const { bad, steps, seen, changes } = run;
  const step = steps[i - 1];
  const row = i && run.rows.find((r) => r.kind === STEP && r.from === i);
  const within = row ? row.calls.map((call) => call.label) : [];
  const strong = (text) => make("b", { class: "code strong" }, text);
  const now = div(
    "now",
    div("dim", i ? ["step ", strong(String(i)), " of " + steps.length + ", ", strong(step.actor)] : "initially"),
    div("what", i ? withResult(step) : bad.initial),
    within.length > 0 && div("dim code", "in " + within.slice(-2).join(" \u203a ")),
    i > 0 && step.text && make("pre", { class: "source", title: step.file + ":" + step.line }, step.text),
    i > 0 && step.file && div("dim code where", step.file + ":" + step.line),
  );
  const changed = i ? changes[i - 1].map(({ name, text }) => make("li", {}, name + "  ", make("b", {}, text))) : [];
  const held = heldElements(seen[i].held, seen[Math.max(0, i - 1)].held);
  const picture = bad.has_states
    ? stateElement(run, i)
    : [make("h2", {}, "the bad state"), div("dim", "the states before it are not known: this engine's schedule can't be taken step by step"), stateElement(run, 0)];
  return [
    div(
      "wide2",
      div("", now, make("ul", { class: "changes", "aria-label": "Changed by this step" }, changed), picture),
      div("", make("h2", {}, "held"), held.length ? make("dl", { class: "held" }, held) : div("dim", "nothing")),
    ),
    legend(),
  ];
}

/** Who holds which lock, and what the step let go. */
function heldElements(now, before) {
  const names = [...new Set([...Object.keys(now), ...Object.keys(before)])].sort();
  const who = (name) => {
    const isChanged = now[name] !== before[name];
    if (now[name] === undefined) return make("dd", { class: "released" }, span("value changed", "free"), span("dim", " was " + before[name]));
    return make("dd", {}, span("value" + (isChanged ? " changed" : ""), now[name]));
  };
  return names.map((name) => [make("dt", {}, name), who(name)]);
}
