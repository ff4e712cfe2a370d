/* A state: the page unit by unit, the disk below it, flags, sizes, the source. */

const words = (text) => (!text || text === "-" ? [] : text.split(" "));
const unitsOf = (text) => text.split(" | ").map((block) => block.trim().split(" "));

/** Whether a picture is that of a page cache; any other model's is shown line by line. */
const isPageCache = (picture) => picture["on disk"] !== undefined;

/** The lines of a picture as what can be drawn; `other`: the lines that can't, as they are. */
function drawable(picture) {
  if (!isPageCache(picture)) return { pages: [], disk: [], size: "", source: undefined, other: Object.entries(picture) };
  const pages = [];
  const known = new Set(["on disk", "source"]);
  const line = (name) => (known.add(name), picture[name]);
  const isTwo = picture["page 0"] !== undefined;
  const named = (number) => (isTwo ? "page " + number : "page");
  for (let number = 0; picture[named(number)] !== undefined && (isTwo || number < 1); number++) {
    const flags = line(named(number));
    if (flags === "absent") {
      pages.push({ absent: true, flags: [], blocks: null, buffers: [] });
      continue;
    }
    const of = isTwo ? " of page " + number : "";
    const buffers = [];
    for (let k = 0; picture["buffer " + k + of] !== undefined; k++) buffers.push(words(line("buffer " + k + of)));
    const contents = line("contents" + of);
    pages.push({ absent: false, flags: words(flags), blocks: contents ? unitsOf(contents) : null, buffers });
  }
  const onDisk = picture["on disk"];
  const [, disk, size] = /^(.*?) +size (\d+)$/.exec(onDisk || "") || ["", onDisk || "", ""];
  const other = Object.keys(picture).filter((name) => !known.has(name));
  return { pages, disk: onDisk === undefined ? [] : unitsOf(disk), size, source: picture.source, other: other.map((name) => [name, picture[name]]) };
}

/** What a step changed, in words: the same for the list, the marks and a screen reader. */
function changesBetween(old, now) {
  const out = [];
  const both = (a, b) => new Set([...Object.keys(a), ...Object.keys(b)]);
  for (const name of both(old.picture, now.picture)) {
    const [a, b] = [old.picture[name], now.picture[name]];
    if (a !== b) out.push(...(isPageCache(now.picture) ? changesOfLine(name, a, b) : changeOfWhole(name, a, b)));
  }
  for (const name of both(old.held, now.held)) {
    const [a, b] = [old.held[name], now.held[name]];
    if (a !== b) out.push({ name, text: b ? "held: " + b : "free", isLock: true });
  }
  return out;
}
const changeOfWhole = (name, a, b) => [{ name, text: (a || "none") + " \u2192 " + (b || "none") }];
function changesOfLine(name, a, b) {
  const whole = changeOfWhole(name, a, b);
  if (a === undefined || b === undefined) return whole;
  if (/^(page|buffer)/.test(name) && a !== "absent" && b !== "absent") {
    const [was, is] = [words(a), words(b)];
    const set = is.filter((flag) => !was.includes(flag)).map((flag) => "+" + flag);
    const cleared = was.filter((flag) => !is.includes(flag)).map((flag) => "\u2212" + flag);
    const all = [...set, ...cleared];
    return [{ name, text: all.join(" "), isLock: all.every((flag) => flag.slice(1) === "locked") }];
  }
  if (/^(contents|on disk)/.test(name)) return changesOfUnits(name, a, b);
  return whole;
}
function changesOfUnits(name, a, b) {
  const out = [];
  const [was, is] = [a, b].map((text) => unitsOf(text.replace(/ +size \d+$/, "")));
  const [oldSize, size] = [a, b].map((text) => (/size (\d+)$/.exec(text) || [])[1]);
  is.forEach((block, at) => {
    const old = was[at] || [];
    if (block.join() === old.join()) return;
    if (block.length === old.length && block.length > 1)
      block.forEach((unit, k) => {
        if (unit !== old[k]) out.push({ name: name + " unit " + (at * block.length + k), text: old[k] + " \u2192 " + unit });
      });
    else out.push({ name: name + " block " + at, text: old.join(" ") + " \u2192 " + block.join(" ") });
  });
  if (oldSize !== size) out.push({ name: "i_size", text: oldSize + " \u2192 " + size });
  return out;
}

const PROVENANCE = {
  stale: "somebody else's data",
  zero: "zeros",
  old: "the file's old data",
  new: "the writer's new data",
  second: "a second writer's data",
};
function provenance(unit) {
  if (unit === "?") return "stale";
  if (unit === "0") return "zero";
  return (/^[onm]\d+$/.test(unit) && { o: "old", n: "new", m: "second" }[unit[0]]) || "hole";
}
/** A unit; `was` is what it was before the step, undefined where the step left it alone. */
function unitElement(unit, was) {
  const kind = provenance(unit);
  const title = (PROVENANCE[kind] || unit) + (was ? "; was " + was : "");
  const old = was && kind !== "hole" && was.length < 4 && make("small", {}, was);
  return make("div", { class: "unit " + kind + (was === undefined ? "" : " changed"), title }, unit, old);
}
function flagElement(flag, isSet, isChanged) {
  const name = "flag" + (isSet ? " set" : "") + (isChanged ? " changed" : "");
  return make("span", { class: name, title: flag + (isSet ? " is set" : " is not set") }, flag);
}

/** What the whole schedule needs room for, so that nothing jumps from step to step. */
function geometryOf({ bad, pictures }) {
  const distinct = [...new Set(pictures)];
  const blocksOf = (picture) => [...picture.pages.flatMap((page) => page.blocks || []), ...picture.disk];
  const units = distinct.flatMap(blocksOf).filter((block) => provenance(block[0]) !== "hole" || block.length > 1);
  const used = (of, order) => {
    const all = new Set(distinct.flatMap(of));
    return [...order.filter((flag) => all.has(flag)), ...[...all].filter((flag) => !order.includes(flag))];
  };
  const pages = Math.max(1, ...distinct.map((picture) => picture.pages.length));
  const perPage = Math.max(1, ...distinct.flatMap((picture) => picture.pages.map((page) => (page.blocks || []).length)));
  const [, at, length] = /write (\d+)\+(\d+)/.exec(bad.initial) || [];
  return {
    pages,
    blocks: Math.max(perPage * pages, ...distinct.map((picture) => picture.disk.length)),
    units: Math.max(1, ...units.map((block) => block.length)),
    pageFlags: used((p) => p.pages.flatMap((page) => page.flags), ["locked", "uptodate", "dirty", "writeback", "error", "checked"]),
    bufferFlags: used((p) => p.pages.flatMap((page) => page.buffers.flat()), [
      "new", "mapped", "uptodate", "dirty", "jbd", "jbddirty", "freed", "delay", "unwritten",
    ]),
    write: at === undefined ? null : [Number(at), Number(at) + Number(length)],
  };
}

/** The state after step `i`, beside the one before it. A column per block. */
function stateElement(run, i) {
  const now = run.pictures[i];
  const old = run.pictures[Math.max(0, i - 1)];
  run.geometry = run.geometry || geometryOf(run);
  const g = run.geometry;
  const cells = [];
  const row = (name, at, each) => cells.push(div("label" + at, name), ...range(g.blocks).map(each));
  const wide = (name, ...what) => cells.push(div("label", name), div("wide flags", ...what));
  const perUnit = (block, each) => div("block", range(g.units).map((k) => each(block * g.units + k, k)));
  const perPage = g.blocks / g.pages;
  const pageAt = (picture, block) => picture.pages[Math.floor(block / perPage)];
  const contents = (picture, block) => ((pageAt(picture, block) || {}).blocks || [])[block % perPage];
  const isKernel = now.pages.length > 0 || now.disk.length > 0;

  if (isKernel) {
    row("unit", "", (block) => perUnit(block, (n) => div("number", String(n))));
    if (g.write) row("write", "", (block) => perUnit(block, (n) => div(n >= g.write[0] && n < g.write[1] ? "asked on" : "asked")));
    row(g.pages > 1 ? "pages" : "page", "", (block) => {
      const [is, was] = [contents(now, block), contents(old, block)];
      if (!is) return div("block box", unitElement("absent", was ? "" : undefined));
      const before = (k) => (was ? (was[k] === is[k] ? undefined : was[k]) : "");
      return div("block box", is.map((unit, k) => unitElement(unit, before(k))));
    });
  }
  if (now.disk.length) {
    row("", "", (block) => perUnit(block, (n, k) => differs(contents(now, block), now.disk[block], k)));
    row("on disk", "", (block) => {
      const was = old.disk[block] || [];
      return div("block box", (now.disk[block] || ["hole"]).map((unit, k) => unitElement(unit, was[k] === unit ? undefined : was[k] || "")));
    });
  }
  if (now.size !== "") cells.push(div("label", "i_size"), sizeElement(now, old, g));
  now.pages.forEach((page, number) => {
    const was = old.pages[number] || page;
    const came = was.absent !== page.absent;
    const flag = (f) => flagElement(f, page.flags.includes(f), !came && page.flags.includes(f) !== was.flags.includes(f));
    const absent = span("value" + (came ? " changed" : ""), "no page in the cache");
    const flags = g.pageFlags.length ? g.pageFlags.map(flag) : span("dim", "none");
    wide(g.pages > 1 ? "page " + number : "flags", page.absent ? absent : flags);
  });
  if (g.bufferFlags.length)
    row("buffers", " top", (block) => {
      const flags = ((pageAt(now, block) || {}).buffers || [])[block % perPage];
      const was = ((pageAt(old, block) || {}).buffers || [])[block % perPage];
      const flag = (f) => flagElement(f, flags.includes(f), was && flags.includes(f) !== was.includes(f));
      return div("flags column", flags ? g.bufferFlags.map(flag) : span("dim", "none"));
    });
  if (now.source !== undefined) {
    const was = (old.source || "").split(" | ");
    const parts = now.source.split(" | ");
    const part = (text, at) =>
      span("value" + (text === was[at] ? "" : " changed"), (parts.length > 1 ? "page " + at + ": " : "") + text);
    wide("source", parts.map(part), span("dim", "page-table entry"));
  }
  const otherWas = new Map(old.other);
  for (const [name, value] of now.other) wide(name, span("value" + (otherWas.get(name) === value ? "" : " changed"), value));
  return make("div", { class: "grid", style: "--blocks:repeat(" + g.blocks + ",minmax(0,1fr))" }, cells);
}
/** Whether a unit of the page differs from the disk; a hole reads as zeros. */
function differs(page, disk, k) {
  if (!page || !disk) return div("differs");
  const onDisk = disk.length === 1 && provenance(disk[0]) === "hole" ? "0" : disk[k];
  if (onDisk === undefined || page[k] === onDisk) return div("differs");
  return make("div", { class: "differs", title: "page and disk differ" }, "\u2260");
}
function sizeElement(now, old, { blocks, units }) {
  const share = Math.min(1, Number(now.size) / (blocks * units));
  const isChanged = now.size !== old.size;
  const name = "size" + (share > 0.6 ? " left" : "") + (isChanged ? " changed" : "");
  const text = now.size + (isChanged ? " (was " + old.size + ")" : "");
  return div("wide sizes", make("div", { class: name, style: "left:" + share * 100 + "%" }, text));
}

const LEGEND = [["o1", "old"], ["n1", "new"], ["m1", "second writer's"], ["0", "zeros"], ["?", "stale, somebody else's"], ["hole", "no block"]];
function legend() {
  const entries = LEGEND.map(([unit, text]) => span("", unitElement(unit), text));
  const changed = span("", make("b", { class: "mark" }, "\u25a2"), "changed by this step");
  return make("div", { class: "legend", role: "note", "aria-label": "Legend" }, entries, changed, span("", "\u2260 page and disk differ"));
}
