/* Two variants: which bad states appear, go and stay; and two schedules side by side. */

/** What one schedule has and the other lacks: the longest common subsequence of who takes which step. */
function align(a, b) {
  const said = (run) => run.steps.map((step) => step.actor + " " + withResult(step));
  const [A, B] = [said(a), said(b)];
  const width = B.length + 1;
  const common = new Uint16Array((A.length + 1) * width);
  for (let i = A.length - 1; i >= 0; i--)
    for (let j = B.length - 1; j >= 0; j--)
      common[i * width + j] =
        A[i] === B[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
  // By the number of a step, from 1: that of the other one's step which is alike, or of the last before it.
  const [toB, toA] = [[0], [0]];
  const [onlyA, onlyB] = [new Set(), new Set()];
  for (let i = 0, j = 0; i < A.length || j < B.length; ) {
    if (i < A.length && j < B.length && A[i] === B[j]) {
      i += 1;
      j += 1;
      toB[i] = j;
      toA[j] = i;
    } else if (j >= B.length || (i < A.length && common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      onlyA.add(i);
      i += 1;
      toB[i] = j;
    } else {
      onlyB.add(j);
      j += 1;
      toA[j] = i;
    }
  }
  return { others: [toB, toA], only: [onlyA, onlyB] };
}

function sideBySide(bads, up) {
  const { others, only } = align(...bads.map(scheduleOf));
  let active = 0;
  let isBusy = false;
  const head = (bad, side) =>
    div("side code", make("b", {}, bad.variant.id), " " + bad.scenario.name + " #" + bad.number + ", " + plural(bad.steps, "step")
      + ", " + only[side].size + " of them only here; ", span("dim", bad.initial));
  const views = bads.map((bad, side) =>
    viewerOf(bad, {
      only: only[side],
      head: head(bad, side),
      moved: (at) => {
        if (isBusy) return;
        isBusy = true;
        active = side;
        views[1 - side].go(others[side][at] || 0, true);
        mark();
        isBusy = false;
      },
    }));
  const mark = () => views.forEach((view, side) => view.element.classList.toggle("active", side === active));
  views.forEach((view, side) => view.element.addEventListener("focusin", () => {
    active = side;
    mark();
  }));
  const names = bads[0].scenario.name + " " + bads[0].property;
  show([["shortcopy", "#/"], ["compare", up], [names, ""]], headOf(bads[0]), make("div", { class: "two" }, views.map((view) => view.element)));
  views[1].go(views[1].count, true);
  views[0].go(views[0].count, true);
  mark();
  return (e) => {
    if (e.key === "Escape") return (location.hash = up), true;
    if (e.key === "o") {
      active = 1 - active;
      mark();
      return true;
    }
    return views[active].key(e.key);
  };
}

/** What becomes of the bad states, as `shortcopy diff` tells it: by scenario, property and witness. */
function changesOfBads(before, after) {
  const out = { appears: [], goes: [], stays: [], unsettled: [] };
  for (const old of before.scenarios) {
    const now = after.scenarioOf.get(old.name);
    if (!now) continue;
    const find = (scenario, bad) => scenario.bad.find((other) => nameOf(other) === nameOf(bad));
    for (const bad of old.bad) {
      const other = find(now, bad);
      const change = other ? "stays" : now.is_whole ? "goes" : "unsettled";
      out[change].push([bad, other]);
    }
    for (const bad of now.bad) if (!find(old, bad)) out[old.is_whole ? "appears" : "unsettled"].push([undefined, bad]);
  }
  return out;
}

const HEADINGS = { appears: "appears", goes: "goes", stays: "stays", unsettled: "not settled: a search was cut" };

function comparePage(one, other, ...rest) {
  const ids = [...VARIANTS.keys()];
  const before = VARIANTS.get(one) || VARIANTS.get(ids[0]);
  const after = VARIANTS.get(other) || VARIANTS.get(ids[1] || ids[0]);
  if (!before) return matrixPage("", "");
  const up = address("compare", before.id, after.id);
  const [scenario, m, n] = rest;
  const bad = (variant, number) => {
    const own = variant.scenarioOf.get(scenario);
    return own && own.bad[number - own.first];
  };
  if (bad(before, m) && bad(after, n)) return sideBySide([bad(before, m), bad(after, n)], up);

  const choose = (label, id, go) =>
    make("label", {}, label + " ", make("select", { onchange: (e) => (location.hash = go(e.target.value)) },
      ids.map((known) => make("option", { value: known, selected: known === id }, known))), " ");
  const changes = changesOfBads(before, after);
  const isShown = ([x, y]) => {
    const bad = x || y;
    return (!filter.property || bad.property === filter.property) && (!filter.actor || (x && isMeant(x)) || (y && isMeant(y)));
  };
  const open = (bad) =>
    make("td", { class: "right" }, bad && make("a", { href: address("schedule", bad.variant.id, bad.scenario.name, bad.number) },
      String(bad.steps), span("hidden", " steps in " + bad.variant.id + ", " + nameOf(bad))));
  const line = ([x, y]) => {
    const bad = x || y;
    const both = x && y && make("a", { href: address("compare", before.id, after.id, bad.scenario.name, x.number, y.number) },
      "side by side", span("hidden", ", " + bad.scenario.name + ", " + nameOf(bad)));
    return make("tr", {}, make("td", { class: bad.promised ? "bad" : "dim" }, bad.property + (bad.promised ? "" : " (not promised)")), make("td", {}, bad.scenario.name),
      make("td", {}, bad.witness), open(x), open(y), make("td", {}, both || ""));
  };
  const names = ["property", "scenario", "witness", "steps before", "steps after", "both"];
  const table = (pairs) => make("table", { class: "compared" },
    make("thead", {}, make("tr", {}, names.map((name) => make("th", { scope: "col" }, name)))), make("tbody", {}, pairs.map(line)));
  const lists = div("");
  const paint = () => lists.replaceChildren(...Object.entries(changes).flatMap(([change, all]) => {
    const pairs = all.filter(isShown);
    return pairs.length ? [make("h2", { class: "change" }, HEADINGS[change] + " (" + pairs.length + ")"), table(pairs)] : [];
  }));
  const missing = (a, b) => a.scenarios.filter((own) => !b.scenarioOf.has(own.name)).map((own) => own.name);
  const [onlyBefore, onlyAfter] = [missing(before, after), missing(after, before)];
  const unshared = [["only before has", onlyBefore], ["only after has", onlyAfter]].filter(([, all]) => all.length);
  paint();
  show([["shortcopy", "#/"], ["compare", ""]], make("div", { class: "pane whole", tabindex: 0, role: "region", "aria-label": "Two variants" },
    make("h1", {}, "Two variants"),
    choose("before", before.id, (id) => address("compare", id, after.id)), choose("after", after.id, (id) => address("compare", before.id, id)),
    filterElement(paint, false), lists,
    Object.values(changes).every((all) => !all.length) && make("p", {}, "No bad state is found in either."),
    unshared.map(([text, all]) => make("p", { class: "dim" }, text + ": " + all.join(", ")))));
  return () => false;
}
