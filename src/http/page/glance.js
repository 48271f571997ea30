// The network at a glance: how much of it is in which state. A state is a button: it shows those connectors alone.

import { el, write } from "./dom.js";
import { STATES, UNKNOWN, count, power } from "./words.js";

/** @typedef {import("./network.js").Charger} Charger */
/** @typedef {import("./network.js").Connector} Connector */
/** @typedef {{ charger: Charger, connectors: Connector[], state: string }} Seen */

// States that are only shown where there are any.
const RARE = new Set(["BLOCKED", "EXEMPT", "PLANNED_WORK", "RESERVED", "PLANNED", "REMOVED"]);

export class Glance {
  /** @param {(state: string) => void} picked */
  constructor(picked) {
    const figure = (/** @type {string} */ label) => {
      const [value, note] = [el("dd", {}), el("dd", { class: "note" })];
      return { value, note, element: el("div", {}, el("dt", {}, label), value, note) };
    };
    this.connected = figure("Connected");
    this.power = figure("Power now");
    this.sessions = figure("Sessions now");
    const figures = el("dl", { class: "figures" }, this.connected.element, this.power.element, this.sessions.element);
    this.states = Object.entries(STATES).map(([state, { word, sign }]) => {
      const value = el("strong", {});
      const label = el("span", {}, el("span", { class: `sign ${state.toLowerCase()}`, "aria-hidden": "true" }, sign), word);
      const button = el("button", { class: "tile", "aria-pressed": "false", onclick: () => picked(state) }, label, value);
      return { state, value, button, item: el("li", {}, button) };
    });
    const tiles = el("ul", { class: "tiles", "aria-label": "Connectors by state; press to see only those" }, this.states.map(({ item }) => item));
    this.element = el("section", { class: "glance", "aria-label": "At a glance" }, figures, tiles);
  }

  /**
   * @param {Seen[]} all
   * @param {string} picked the state that is filtered by
   */
  draw(all, picked) {
    const counts = Object.fromEntries(Object.keys(STATES).map((state) => [state, 0]));
    let [watts, measured, sessions, silent, connected] = [0, 0, 0, 0, 0];
    for (const { charger, connectors } of all) {
      if (charger.connected) connected += 1;
      for (const connector of connectors) {
        counts[connector.state] += 1;
        if (connector.power_w !== null) (watts += connector.power_w), (measured += 1);
        if (connector.session_id !== null) sessions += 1;
        if (connector.state === "CHARGING" && connector.power_w === null) silent += 1;
      }
    }
    write(this.connected.value, `${count(connected)} of ${count(all.length)}`);
    write(this.connected.note, connected < all.length ? `${count(all.length - connected)} are not` : "");
    write(this.power.value, measured > 0 ? power(watts) : "–");
    write(this.power.note, silent > 0 ? `${count(silent)} in use say no power` : measured > 0 ? "" : UNKNOWN);
    write(this.sessions.value, count(sessions));
    for (const { state, value, button, item } of this.states) {
      write(value, count(counts[state]));
      button.setAttribute("aria-pressed", String(picked === state));
      item.hidden = RARE.has(state) && counts[state] === 0 && picked !== state;
    }
  }
}
