// One report of the programme: its figures for a period, what they are about, how sure they are, and where they come from.

import { el } from "./dom.js";
import { ask, get } from "./feed.js";
import { clock, count, energy, span, title } from "./words.js";

/**
 * @typedef {{ name: string, unit: string, definition: string }} Column
 * @typedef {{ name: string, about: string, url: string, method: string, method_version: number,
 *   group_by: { place: string[], time: string[] }, columns: Column[] }} Described
 */

/** @type {Record<string, string>} */
const GROUPS = { network: "the whole network", evse: "EVSE", imd_decile: "decile of deprivation", decile: "decile of deprivation" };

// Units of time, in seconds.
/** @type {Record<string, number>} */
const LENGTHS = { s: 1, h: 3600 };

// Units that are not named behind a number, and those that have a name for people.
const BARE = new Set(["count", "number", "text", ""]);
/** @type {Record<string, string>} */
const UNITS = { "1/1000": "per 1,000", "kW/1000": "kW per 1,000", kgCO2e: "kg CO₂e", tCO2e: "t CO₂e" };

/** @param {string} name */
const groupName = (name) => GROUPS[name] ?? title(name).toLowerCase();

export class Report {
  /** @param {Described} about */
  constructor(about) {
    this.about = about;
    this.period = "";
    this.asked = 0;
    const choice = (/** @type {string} */ label, /** @type {[string, string][]} */ options) => {
      const id = `${label}-${about.name}`;
      const select = el("select", { id, onchange: () => this.load(this.period) }, options.map(([value, text]) => el("option", { value }, text)));
      return { select, element: el("p", { hidden: options.length < 2 }, el("label", { for: id }, title(label)), select) };
    };
    const places = about.group_by.place.includes("network") ? about.group_by.place : ["network", ...about.group_by.place];
    this.place = choice("by", places.map((name) => [name, groupName(name)]));
    this.time = choice("over", [["", "the whole period"], ...about.group_by.time.map((name) => /** @type {[string, string]} */ ([name, `each ${name}`]))]);
    this.sure = el("p", { class: "note", role: "status" }, "Loading …");
    this.figures = el("div", {});
    this.method = el("details", { hidden: true }, el("summary", {}, "How it is made"));
    this.csv = el("a", { download: true, onclick: (/** @type {Event} */ event) => this.download(event) }, "CSV");
    const meanings = el("dl", { class: "meanings" }, about.columns.map(({ name, unit, definition }) => el("div", {}, el("dt", {}, title(name, unit), el("span", { class: "note" }, ` ${unit}`)), el("dd", {}, definition))));
    this.element = el(
      "section",
      { class: "card report", id: about.name, "aria-label": title(about.name) },
      el("h2", {}, title(about.name)),
      el("p", {}, about.about),
      el("form", { class: "filter", onsubmit: (/** @type {Event} */ event) => event.preventDefault() }, this.place.element, this.time.element),
      this.sure,
      this.figures,
      el("details", {}, el("summary", {}, "What each figure means"), meanings),
      this.method,
      el("p", { class: "links" }, this.csv, el("a", { href: about.method }, `Method, version ${about.method_version}`)),
    );
  }

  /** @param {HTMLElement[]} prose how it is made */
  explain(prose) {
    this.method.append(...prose);
    this.method.hidden = false;
  }

  /** @param {string} [format] */
  path(format) {
    const group = [this.place.select.value, this.time.select.value].filter(Boolean).join(",");
    const query = new URLSearchParams({ period: this.period, group_by: group });
    if (format) query.set("format", format);
    return `${this.about.url}?${query}`;
  }

  /** @param {string} period */
  async load(period) {
    this.period = period;
    this.csv.href = this.path("csv");
    const turn = (this.asked += 1);
    try {
      const answer = await get(this.path());
      if (turn === this.asked) this.draw(answer);
    } catch (problem) {
      if (turn !== this.asked) return;
      this.figures.replaceChildren();
      this.sure.replaceChildren(`It could not be had: ${problem instanceof Error ? problem.message : problem}`);
    }
  }

  // A link that the browser follows by itself would carry no token.
  async download(/** @type {Event} */ event) {
    event.preventDefault();
    const file = await (await ask(this.path("csv"))).blob();
    const address = URL.createObjectURL(file);
    el("a", { href: address, download: `${this.about.name}-${this.period}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  /** @param {any} answer */
  draw(answer) {
    const { rows, columns, period } = answer;
    const own = new Set(columns.map((/** @type {Column} */ column) => column.name));
    const groups = rows.length ? Object.keys(rows[0]).filter((name) => name !== "reasons" && !own.has(name)) : [];
    const whole = rows.length === 1 && groups.length === 0;
    const empty = el("p", { class: "empty" }, "There is nothing in this period yet.");
    const named = groups.length === 0 && ["name", "value", "definition"].every((name) => own.has(name));
    this.figures.replaceChildren(rows.length === 0 ? empty : named ? indicators(columns, rows) : whole ? figures(columns, rows[0]) : lines(title(this.about.name), groups, columns, rows));
    const covered = answer.coverage === null ? "" : `; something was heard in ${percent(answer.coverage)} of the time`;
    const sure = answer.status === "final" ? "Final" : `Provisional (${answer.provisional_because})`;
    const last = `${sure}${covered}${answer.is_simulated ? "; chargers in it are simulated" : ""}. ${period.label}, ${period.zone}, made `;
    this.sure.replaceChildren(last, clock(answer.generated_at), ".");
  }
}

/**
 * A share; what is not all and not nothing is never rounded to it.
 * @param {number} ratio
 */
function percent(ratio) {
  if (ratio > 0 && ratio < 0.00005) return "under 0.01 %";
  return ratio < 1 && ratio >= 0.99995 ? "over 99.99 %" : `${count(ratio * 100, 2)} %`;
}

/**
 * A value as people read it; one that is not known says why.
 * @param {Column} column
 * @param {any} row
 */
function value({ name, unit: stated }, row) {
  const found = row[name];
  // A report of many kinds of figures says the unit in each line.
  const unit = stated === "number" && typeof row.unit === "string" ? row.unit : stated;
  if (found === null) return el("span", { class: "missing" }, "–", el("span", { class: "note" }, ` ${row.reasons?.[name] ?? "not known"}`));
  if (typeof found === "boolean") return found ? "yes" : "no";
  if (typeof found !== "number") return String(found);
  // What is so many of one for each of another is no share.
  if (unit === "ratio") return name.includes("_per_") ? count(found, 2) : percent(found);
  const seconds = LENGTHS[unit];
  if (seconds) return found < 0 ? `−${span(-found * seconds * 1000)}` : span(found * seconds * 1000);
  if (unit === "Wh") return energy(found);
  return BARE.has(unit) ? count(found, 3) : `${count(found, 3)} ${UNITS[unit] ?? unit}`;
}

// What a report says first is what it is about; the rest is behind it.
const FIRST = 6;

const ALWAYS = new Set(["evses", "sessions"]);

/**
 * The figures of one group: the first ones large and with their meaning, the rest beneath.
 * @param {Column[]} columns
 * @param {any} row
 */
function figures(columns, row) {
  const own = columns.filter(({ name }) => !ALWAYS.has(name));
  const rest = [...columns.filter(({ name }) => ALWAYS.has(name)), ...own.slice(FIRST)];
  const large = own.slice(0, FIRST).map((column) => el("div", {}, el("dt", {}, title(column.name, column.unit)), el("dd", {}, value(column, row)), el("dd", { class: "note" }, column.definition)));
  const small = rest.map((column) => el("div", {}, el("dt", {}, title(column.name, column.unit)), el("dd", {}, value(column, row))));
  return el("div", {}, el("dl", { class: "figures" }, large), el("dl", { class: "rest" }, small));
}

/**
 * Figures that each have a line with a name, a value and a definition of its own.
 * @param {Column[]} columns
 * @param {any[]} rows
 */
function indicators(columns, rows) {
  const column = columns.find(({ name }) => name === "value") ?? columns[0];
  const tile = (/** @type {any} */ row) => {
    const name = [row.indicator, row.name, row.part ? `(${title(row.part)})` : null].filter(Boolean).join(" ");
    return el("div", {}, el("dt", {}, name), el("dd", {}, value(column, row)), el("dd", { class: "note" }, row.definition));
  };
  return el("dl", { class: "figures" }, rows.map(tile));
}

/**
 * A line for each group.
 * @param {string} caption
 * @param {string[]} groups
 * @param {Column[]} columns
 * @param {any[]} rows
 */
function lines(caption, groups, columns, rows) {
  const heads = [...groups.map((name) => el("th", { scope: "col" }, title(name))), ...columns.map(({ name, unit, definition }) => el("th", { scope: "col", title: definition, class: unit === "text" && "text" }, title(name, unit)))];
  const body = rows.map((row) => {
    const names = groups.map((name) => el("th", { scope: "row" }, row[name] === null ? "not known" : String(row[name])));
    return el("tr", {}, names, columns.map((column) => el("td", { class: column.unit === "text" && "text" }, value(column, row))));
  });
  const table = el("table", { class: "wide" }, el("caption", { class: "unseen" }, caption), el("thead", {}, el("tr", {}, heads)), el("tbody", {}, body));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${caption}, table` }, table);
}
