// The last sessions of a charger, with how their energy is known.

import { el, table } from "./dom.js";
import { UNKNOWN, clock, energy, span, title } from "./words.js";

/**
 * @typedef {{ id: number, evse_id: number, connector_id: number, state: string, provisional: boolean, started_at: string | null,
 *   ended_at: string | null, energy_wh: number | null, energy_quality: string | null, stop_reason: string | null }} Session
 */

const HEADS = ["Session", "Began", "Ended", "Took", "Energy", "How it is known", "Stopped by"];

/** @type {Record<string, string>} */
const QUALITY = {
  signed: "signed by the meter",
  register: "from the meter’s register",
  interval: "summed from readings",
  integrated: "reckoned from power",
  inferred: "inferred",
  interpolated: "interpolated",
  missing: UNKNOWN,
};

/** @type {Record<string, string>} */
const STATES = { active: "running", ended_without_stop: "no stop came; last heard ", orphan: "start not seen; " };

export class Sessions {
  constructor() {
    this.list = el("div", {}, el("p", { class: "empty" }, "Loading …"));
    this.element = el("section", { class: "card", "aria-label": "Sessions" }, el("h2", {}, "Sessions"), this.list);
  }

  /** @param {Session[]} sessions */
  draw(sessions) {
    const none = el("p", { class: "empty" }, "It has had none yet.");
    const note = el("p", { class: "note" }, "Times are the charger’s where they can be believed, else the server’s. What is provisional may still change.");
    this.list.replaceChildren(...(sessions.length ? [table("The last sessions", HEADS, sessions.map(row)), note] : [none]));
  }
}

/** @param {Session} session */
function row(session) {
  const { id, evse_id, connector_id, state, provisional, started_at, ended_at } = session;
  const ended = state === "active" ? STATES.active : el("span", {}, STATES[state] ?? "", clock(ended_at));
  const took = started_at && ended_at && state !== "active" ? span(Date.parse(ended_at) - Date.parse(started_at)) : "–";
  return [
    el("span", {}, String(id), el("span", { class: "note" }, connector_id ? ` at connector ${connector_id}` : ` at EVSE ${evse_id}`)),
    clock(started_at),
    ended,
    took,
    el("span", {}, energy(session.energy_wh), provisional && el("span", { class: "note" }, " provisional")),
    QUALITY[session.energy_quality ?? "missing"] ?? session.energy_quality,
    session.stop_reason ? title(session.stop_reason) : "–",
  ];
}
