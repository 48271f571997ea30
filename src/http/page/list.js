// The network: at a glance, on a map, and as a list that can be filtered and searched, what needs somebody first.

import { el, line, write } from "./dom.js";
import { Glance } from "./glance.js";
import { SiteMap } from "./map.js";
import { naming, since, standing } from "./network.js";
import { STATES, chip, clock, count, power, said, span, stateOf } from "./words.js";

/** @typedef {import("./network.js").Network} Network */
/** @typedef {import("./network.js").Charger} Charger */
/** @typedef {import("./glance.js").Seen} Seen */

// So many rows are drawn, and so many more when asked for: the list of a country must not hold up a phone.
const PART = 100;

const HEADS = ["Charger", "Site", "Connectors", "Power", "For"];

export class NetworkView {
  /** @param {Network} network */
  constructor(network) {
    this.network = network;
    this.state = "";
    this.shown = PART;
    /** @type {Map<string, HTMLTableRowElement>} */
    this.rows = new Map();
    this.glance = new Glance((state) => this.filter({ state: this.state === state ? "" : state }));
    this.map = new SiteMap((site) => this.filter({ site }));
    this.search = el("input", { id: "search", type: "search", placeholder: "Id, name, site, maker …", autocomplete: "off", oninput: () => this.filter({}) });
    this.site = el("select", { id: "site", onchange: () => this.filter({}) }, el("option", { value: "" }, "All sites"));
    this.clear = el("button", { type: "button", onclick: () => this.reset() }, "Show all");
    this.count = el("p", { class: "count", role: "status" });
    this.body = el("tbody", {});
    this.empty = el("p", { class: "empty", hidden: true });
    this.more = el("button", { type: "button", class: "more", onclick: () => ((this.shown += PART), this.update()) });
    this.element = el("div", {}, el("h1", {}, "Network"), this.glance.element, el("div", { class: "columns" }, this.list(), this.map.element));
  }

  list() {
    const filter = el(
      "form",
      { class: "filter", role: "search", onsubmit: (/** @type {Event} */ event) => event.preventDefault() },
      el("p", {}, el("label", { for: "search" }, "Search"), this.search),
      el("p", {}, el("label", { for: "site" }, "Site"), this.site),
    );
    const heads = el("tr", {}, HEADS.map((text) => el("th", { scope: "col" }, text)));
    const list = el("table", { class: "chargers" }, el("caption", { class: "unseen" }, "Chargers, those that need somebody first"), el("thead", {}, heads), this.body);
    const bar = el("div", { class: "bar" }, this.count, this.clear);
    return el("section", { class: "card", "aria-label": "Chargers" }, el("h2", {}, "Chargers"), filter, bar, list, this.empty, this.more);
  }

  close() {}

  /** @param {{ state?: string, site?: string }} wanted */
  filter({ state, site }) {
    if (state !== undefined) this.state = state;
    if (site !== undefined) this.site.value = site;
    this.shown = PART;
    this.update();
  }

  reset() {
    this.search.value = "";
    this.filter({ state: "", site: "" });
    this.search.focus();
  }

  update() {
    const network = this.network;
    /** @type {Seen[]} */
    const all = [];
    for (const charger of network.inOrder()) {
      const connectors = network.connectors(charger);
      all.push({ charger, connectors, state: standing(connectors) });
    }
    this.glance.draw(all, this.state);
    this.drawSites();
    this.map.draw(network.sites, all, this.site.value);
    const found = byRank(all.filter(this.filtering()));
    this.drawCount(found.length, all.length);
    this.drawRows(found.slice(0, this.shown));
    this.more.hidden = found.length <= this.shown;
    write(this.more, `Show ${count(Math.min(PART, found.length - this.shown))} more of ${count(found.length - this.shown)}`);
  }

  /**
   * Whether a charger is asked for.
   * @returns {(seen: Seen) => boolean}
   */
  filtering() {
    const [wanted, site, text] = [this.state, this.site.value, this.search.value.trim().toLowerCase()];
    return ({ charger, connectors, state }) => {
      if (site && charger.site_id !== site) return false;
      if (wanted && state !== wanted && !connectors.some((connector) => connector.state === wanted)) return false;
      if (text === "") return true;
      const parts = [charger.id, charger.name, charger.vendor, charger.model, this.network.siteName(charger)];
      return parts.some((part) => part?.toLowerCase().includes(text));
    };
  }

  /**
   * @param {number} found
   * @param {number} all
   */
  drawCount(found, all) {
    const { of, word } = stateOf(this.state);
    const only = this.state ? ` with a connector ${of ?? word}` : "";
    write(this.count, found === all ? `${count(all)} chargers` : `${count(found)} of ${count(all)} chargers${only}`);
    this.clear.hidden = !this.state && !this.site.value && !this.search.value;
    this.empty.hidden = found > 0;
    this.body.parentNode.hidden = found === 0;
    write(this.empty, all === 0 ? "No charger has connected yet, and the registry names none. One appears here with its first connection." : "No charger fits. Search for something else, or show all.");
  }

  drawSites() {
    const told = JSON.stringify([...this.network.sites.values()].map(({ id, name }) => [id, name]));
    if (this.site.dataset.told === told) return;
    const options = [...this.network.sites.values()].sort((a, b) => a.name.localeCompare(b.name)).map(({ id, name }) => el("option", { value: id }, name));
    const before = this.site.value;
    this.site.replaceChildren(el("option", { value: "" }, "All sites"), ...options);
    this.site.value = this.network.sites.has(before) ? before : "";
    this.site.dataset.told = told;
  }

  /**
   * Rows stay, and only what changed in them is written.
   * @param {Seen[]} found
   */
  drawRows(found) {
    const wanted = new Set(found.map(({ charger }) => charger.id));
    for (const [id, row] of this.rows) if (!wanted.has(id)) (row.remove(), this.rows.delete(id));
    const focused = /** @type {HTMLElement | null} */ (document.activeElement);
    found.forEach((seen, index) => {
      const row = this.rows.get(seen.charger.id) ?? this.newRow(seen.charger);
      if (this.body.children[index] !== row) this.body.insertBefore(row, this.body.children[index] ?? null);
      this.fillRow(row, seen);
    });
    // A row that moved has lost the focus.
    if (focused !== document.activeElement && focused?.isConnected) focused.focus({ preventScroll: true });
  }

  /** @param {Charger} charger */
  newRow(charger) {
    const link = el("a", { href: `#/charger/${encodeURIComponent(charger.id)}` }, charger.id);
    const row = line(HEADS, [link, "", "", "", ""]);
    row.firstChild.append(el("span", { class: "note" }, [charger.name, charger.simulated ? "simulated" : null].filter(Boolean).join(", ")));
    this.rows.set(charger.id, row);
    return row;
  }

  /**
   * @param {HTMLTableRowElement} row
   * @param {Seen} seen
   */
  fillRow(row, { charger, connectors, state }) {
    const [, site, chips, watts, age] = [...row.cells];
    write(site, this.network.siteName(charger));
    const told = JSON.stringify([charger.heard === null, ...connectors.map((connector) => [connector.evse_id, connector.connector_id, connector.state, said(connector)])]);
    if (chips.dataset.told !== told) {
      chips.dataset.told = told;
      const name = naming(connectors);
      const each = connectors.map((connector) => chip(connector.state, name(connector), said(connector)));
      const none = charger.heard === null ? "never connected" : each.length === 0 ? "has told nothing of them" : null;
      chips.replaceChildren(...each, ...(none ? [el("span", { class: "note" }, none)] : []));
    }
    const flowing = connectors.filter((connector) => connector.power_w !== null);
    write(watts, flowing.length ? power(flowing.reduce((sum, { power_w }) => sum + (power_w ?? 0), 0)) : "–");
    const from = since(charger, connectors.find((connector) => connector.state === state));
    write(age, from ? span(this.network.now() - Date.parse(from)) : "–");
    if (age.dataset.since === String(from)) return;
    age.dataset.since = String(from);
    age.title = from ? `${state === "UNKNOWN" ? "last heard" : "since"} ${clock(from).textContent}` : "";
  }
}

/**
 * What most needs somebody first, else as it was. Twice a second over a whole network: so it is not sorted but dealt out.
 * @param {Seen[]} seen
 */
function byRank(seen) {
  /** @type {Seen[][]} */
  const ranks = Object.keys(STATES).map(() => []);
  for (const one of seen) ranks[stateOf(one.state).rank].push(one);
  return ranks.flat();
}
