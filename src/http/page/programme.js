// The page of the programme: every report that the service has, as it describes itself.

import { askForToken } from "./access.js";
import { byId, el } from "./dom.js";
import { ask, get, Refused } from "./feed.js";
import { sections } from "./prose.js";
import { Report } from "./report.js";
import { title } from "./words.js";

/** Periods by their names: this and the last year, quarter and month. */
function periods() {
  const now = new Date();
  const [year, month] = [now.getFullYear(), now.getMonth()];
  const monthOf = (/** @type {Date} */ date) => `${date.getFullYear()}-${String(date.getMonth() + 1).padStart(2, "0")}`;
  const quarterOf = (/** @type {Date} */ date) => `${date.getFullYear()}-Q${Math.floor(date.getMonth() / 3) + 1}`;
  const before = (/** @type {number} */ months) => new Date(year, month - months, 1);
  return [
    [String(year), `This year (${year})`],
    [quarterOf(now), `This quarter (${quarterOf(now)})`],
    [monthOf(now), `This month (${monthOf(now)})`],
    [monthOf(before(1)), `Last month (${monthOf(before(1))})`],
    [quarterOf(before(3)), `Last quarter (${quarterOf(before(3))})`],
    [String(year - 1), `Last year (${year - 1})`],
  ];
}

/** @param {import("./report.js").Described[]} described */
function show(described) {
  const reports = described.map((about) => new Report(about));
  const select = el("select", { id: "period", onchange: () => load() }, periods().map(([value, text]) => el("option", { value }, text)));
  // One after another: others read from the ledger too.
  const load = async () => {
    const period = select.value;
    for (const report of reports) if (select.value === period) await report.load(period);
  };
  const contents = el("ul", { class: "contents" }, described.map(({ name }) => el("li", {}, el("a", { href: `#${name}` }, title(name)))));
  byId("main").replaceChildren(
    el("h1", {}, "Programme"),
    el("p", { class: "lead" }, "What the charging network did for the city, as its monitors are told it. Each figure has a definition, a method with its sources, and says how sure it is; where something is not known there is a dash and the reason, never a zero."),
    el("form", { class: "filter", onsubmit: (/** @type {Event} */ event) => event.preventDefault() }, el("p", {}, el("label", { for: "period" }, "Period"), select)),
    el("nav", { "aria-label": "Reports" }, contents),
    ...reports.map((report) => report.element),
    el("p", { class: "note", id: "end" }, "All of it for machines: ", el("a", { href: "/api/v1/openapi.json" }, "the API"), ". How each figure is made: ", el("a", { href: "/methods" }, "the methods"), "."),
  );
  load();
  explain(reports);
  if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

// Puts the methods where they belong: each report's own, and what is common to all at the end.
async function explain(/** @type {Report[]} */ reports) {
  const methods = sections(await (await ask("/methods")).text());
  for (const report of reports) {
    const prose = methods.get(report.about.name);
    if (prose) report.explain(prose);
  }
  const common = methods.get("What is common to all");
  if (common) byId("end").before(el("section", { class: "card", id: "common", "aria-label": "What is common to all" }, el("h2", {}, "What is common to all"), el("details", {}, el("summary", {}, "Words, periods, what is final, what is suppressed"), ...common)));
}

try {
  const { items } = await get("/api/v1/reports");
  show(items);
} catch (problem) {
  if (problem instanceof Refused && (problem.status === 401 || problem.status === 403)) askForToken(problem);
  else byId("main").replaceChildren(el("h1", {}, "Programme"), el("p", { class: "empty" }, "The server cannot be reached. ", el("a", { href: "/programme" }, "Try again"), "."));
}
