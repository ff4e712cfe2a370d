/* Which page is shown, keys, light and dark. */

let pageKey = () => false;
function route() {
  clearTimeout(addressTimer);
  const [page, ...rest] = partsOf(location.hash);
  byId("live").textContent = "";
  if (page === "schedule") {
    const variant = VARIANTS.get(rest[0]);
    const scenario = variant && variant.scenarioOf.get(rest[1]);
    const bad = scenario && scenario.bad[Number(rest[2]) - scenario.first];
    pageKey = bad ? schedulePage(bad, rest[3]) : matrixPage("", "");
  } else if (page === "compare") pageKey = comparePage(...rest);
  else pageKey = matrixPage(page === "matrix" ? rest[0] : "", rest[1] || "");
}

/** Where the page opens when its address does not say. */
function opening() {
  const ids = [...VARIANTS.keys()];
  const [bad] = [...VARIANTS.values()].flatMap((variant) => variant.bads);
  if (DATA.opens === "comparison" && ids.length > 1) return address("compare", ids[0], ids[1]);
  if (DATA.opens === "schedule" && bad) return address("schedule", bad.variant.id, bad.scenario.name, bad.number, 0);
  return "#/";
}

const KEYS = [
  [["\u2190", "\u2192"], "one step"],
  [["\u2191", "\u2193"], "one line; in the matrix, from number to number"],
  [["n", "p"], "next, previous change of the picture"],
  [["s", "S"], "next, previous switch of actor"],
  [["Home", "End"], "initial and last state"],
  [["Enter"], "unfold the line, or fold the call it is in"],
  [["f"], "unfold everything, fold again"],
  [["]", "["], "next, previous bad state of the cell"],
  [["o"], "the other one of two"],
  [["Esc"], "up"],
  [["m", "d"], "matrix, compare"],
  [["t"], "light or dark"],
  [["?"], "this"],
];

const setTheme = (theme) => (document.documentElement.dataset.theme = theme);
/** What the user chose before; a file's address may keep nothing. */
function keptTheme(theme) {
  try {
    if (theme) localStorage.setItem("shortcopy-theme", theme);
    return localStorage.getItem("shortcopy-theme");
  } catch {
    return null;
  }
}
function otherTheme() {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  setTheme(theme);
  keptTheme(theme);
}
/** The variant at hand beside its neighbour. */
function compareHere() {
  const id = partsOf(location.hash)[1] || "";
  const here = VARIANTS.get(id);
  const same = [...VARIANTS.keys()].filter((known) => here && VARIANTS.get(known).path === here.path);
  const at = Math.max(1, same.indexOf(id));
  location.hash = same.length > 1 ? address("compare", same[at - 1], same[at]) : "#/compare";
}

function start() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  setTheme(keptTheme() || (dark.matches ? "dark" : "light"));
  dark.addEventListener("change", (e) => setTheme(e.matches ? "dark" : "light"));
  let screenTheme;
  addEventListener("beforeprint", () => {
    screenTheme = document.documentElement.dataset.theme;
    setTheme("light");
  });
  addEventListener("afterprint", () => setTheme(screenTheme));
  const help = () => byId("keys").showModal();
  byId("theme").addEventListener("click", otherTheme);
  byId("help").addEventListener("click", help);
  const entry = ([keys, text]) => [make("dt", {}, keys.map((key) => [make("kbd", {}, key), " "])), make("dd", {}, text)];
  byId("keys").append(
    make("h1", {}, "Keys"),
    make("dl", {}, KEYS.map(entry)),
    make("p", { class: "dim" }, DATA.command + ", version " + DATA.version),
    make("form", { method: "dialog" }, make("button", {}, "close")),
  );
  const everywhere = { "?": help, t: otherTheme, m: () => (location.hash = "#/"), d: compareHere };
  addEventListener("hashchange", route);
  addEventListener("keydown", (e) => {
    const { tagName, type } = e.target;
    const isTyping = tagName === "SELECT" || (tagName === "INPUT" && type !== "range");
    const isPressed = e.key === "Enter" && /^(A|BUTTON)$/.test(tagName);
    if (e.ctrlKey || e.metaKey || e.altKey || byId("keys").open || isTyping || isPressed) return;
    const isDone = pageKey(e) || (Object.hasOwn(everywhere, e.key) && (everywhere[e.key](), true));
    if (isDone) e.preventDefault();
  });
  if (location.hash.length < 2 && opening() !== "#/") history.replaceState(null, "", opening());
  route();
}

(async () => {
  const packed = byId("data");
  try {
    load(await unpack(packed.textContent));
  } catch (why) {
    byId("main").replaceChildren(make("p", { class: "pane bad" }, "This browser can't unpack the page's data: " + why));
    return;
  }
  packed.remove();
  start();
})();
