// The methods as they are served, written in Markdown, as elements: headings, paragraphs, lists, tables, bold and code.
// What else Markdown has is not understood and stays text.

import { el } from "./dom.js";

/** @typedef {import("./dom.js").Child} Child */

/**
 * The parts under the headings of the second rank, by their titles.
 * @param {string} text
 * @returns {Map<string, HTMLElement[]>}
 */
export function sections(text) {
  const parts = text.split(/^## /m).slice(1);
  return new Map(parts.map((part) => [part.slice(0, part.indexOf("\n")).trim(), blocks(part.slice(part.indexOf("\n") + 1))]));
}

/** @param {string} text */
function blocks(text) {
  const found = text.split(/\n\s*\n/).map((block) => block.trim()).filter(Boolean);
  return found.map((block) => {
    const lines = block.split("\n");
    if (lines[0].startsWith("#")) return el("h3", {}, inline(lines[0].replace(/^#+ /, "")));
    if (lines[0].startsWith("|")) return tableOf(lines);
    if (lines[0].startsWith("- ")) return el("ul", {}, items(lines).map((item) => el("li", {}, inline(item))));
    return el("p", {}, inline(lines.join(" ")));
  });
}

/**
 * The items of a list; a line that begins with a space goes on with its item.
 * @param {string[]} lines
 */
function items(lines) {
  /** @type {string[]} */
  const found = [];
  for (const line of lines) {
    if (line.startsWith("- ")) found.push(line.slice(2));
    else found.push(`${found.pop() ?? ""} ${line.trim()}`);
  }
  return found;
}

/** @param {string[]} lines */
function tableOf(lines) {
  // A bar within code or behind a backslash parts no cells.
  const cells = (/** @type {string} */ line) => (line.slice(1, -1).match(/(?:`[^`]*`|\\.|[^|])+/g) ?? []).map((cell) => inline(cell.trim().replaceAll("\\|", "|")));
  const [heads, , ...rows] = lines;
  const head = el("tr", {}, cells(heads).map((cell) => el("th", { scope: "col" }, cell)));
  const body = rows.map((row) => el("tr", {}, cells(row).map((cell) => el("td", {}, cell))));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table" }, el("table", { class: "wide prose" }, el("thead", {}, head), el("tbody", {}, body)));
}

/**
 * @param {string} text
 * @returns {Child[]}
 */
function inline(text) {
  return text.split(/(\*\*.+?\*\*|`[^`]+`)/).map((part) => {
    if (part.startsWith("**") && part.length > 4) return el("strong", {}, inline(part.slice(2, -2)));
    return part.startsWith("`") && part.length > 2 ? el("code", {}, part.slice(1, -1)) : part;
  });
}
