/* Making elements. Everything reaches the page as text nodes or attributes: nothing is ever parsed as HTML. */

const SVG = "http://www.w3.org/2000/svg";
const byId = (id) => document.getElementById(id);

/** An element with attributes, listeners (`onclick`), a style, and children. */
function make(tag, attributes, ...children) {
  const isSvg = /^(svg|path|rect)$/.test(tag);
  const element = isSvg ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === false || value === undefined || value === null) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (name === "style") element.style.cssText = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  const isThere = (child) => child !== undefined && child !== null && child !== false && child !== "";
  element.append(...children.flat(4).filter(isThere));
  return element;
}
const div = (name, ...children) => make("div", { class: name }, ...children);
const span = (name, ...children) => make("span", { class: name }, ...children);
const range = (count) => [...Array(count).keys()];
const plural = (count, word) => count.toLocaleString("en") + " " + word + (count === 1 ? "" : "s");

/** Addresses: #/matrix/VARIANT/PROPERTY, #/schedule/VARIANT/SCENARIO/N/STEP, #/compare/BEFORE/AFTER/... */
const address = (...parts) =>
  "#/" + parts.map((part) => encodeURIComponent(part).replace(/%2F/g, "~").replace(/%40/g, "@")).join("/");
function partsOf(hash) {
  const decode = (part) => {
    try {
      return decodeURIComponent(part.replace(/~/g, "%2F"));
    } catch {
      return "";
    }
  };
  return hash.slice(2).split("/").map(decode);
}

/** Tells the step in the address once it stays: browsers take few changes of it at a time. */
let addressTimer;
function addressLater(hash) {
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => history.replaceState(null, "", hash), 300);
}

/** Puts a page up: where it is, and its elements. The last crumb is the page itself. */
function show(crumbs, ...elements) {
  const last = crumbs.length - 1;
  const crumb = ([text, href], at) =>
    at === last
      ? make("span", { class: "code", "aria-current": "page" }, text)
      : make("a", { href, class: "code" }, text);
  byId("crumbs").replaceChildren(...crumbs.map(crumb));
  document.title = crumbs.map(([text]) => text).join(" / ");
  byId("main").replaceChildren(...elements);
}
