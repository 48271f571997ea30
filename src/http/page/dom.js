// Elements. Texts are only ever texts: nothing that a charger says can become markup.

const DRAWN = new Set(["svg", "g", "circle", "path", "line", "rect", "text", "title", "pattern", "defs"]);

/** @typedef {Node | string | number | null | undefined | false} Child */
/** @typedef {string | number | boolean | null | undefined | ((event: any) => void)} Attribute */

/**
 * An element with attributes (`onclick` and its like are listeners) and children.
 * @param {string} name
 * @param {Record<string, Attribute>} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {any}
 */
export function el(name, attributes = {}, ...children) {
  const space = DRAWN.has(name) ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml";
  const made = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) made.append(child instanceof Node ? child : String(child));
  }
  return made;
}

/**
 * The element of a page that has this id.
 * @param {string} id
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no #${id}`);
  return found;
}

/**
 * Writes a text where it is another one: what stays the same is not read out again.
 * @param {Element} element
 * @param {string} text
 */
export function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * A table whose rows have a head and labelled cells, so that they can stand below one another where there is no room.
 * @param {string} caption
 * @param {string[]} heads
 * @param {Child[][]} rows the first of each is its head
 */
export function table(caption, heads, rows) {
  const head = el("tr", {}, heads.map((text) => el("th", { scope: "col" }, text)));
  return el("table", {}, el("caption", { class: "unseen" }, caption), el("thead", {}, head), el("tbody", {}, rows.map((row) => line(heads, row))));
}

/**
 * A row of such a table.
 * @param {string[]} heads
 * @param {Child[]} cells
 */
export function line(heads, cells) {
  const [first, ...rest] = cells;
  return el("tr", {}, el("th", { scope: "row", "data-label": heads[0] }, first), rest.map((cell, index) => el("td", { "data-label": heads[index + 1] }, cell)));
}
