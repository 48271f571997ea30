// The last 24 hours of each EVSE: a bar whose stretches differ in height and pattern, not only in colour, and the same in
// words.

import { el } from "./dom.js";
import { chip, hour, span, stateOf } from "./words.js";

/** @typedef {{ evse_id: number, from: string, until: string | null, state: string, cause: string | null }} Interval */
/** @typedef {{ state: string, begin: number, end: number, cause: string }} Part */

const DAY_MS = 86400000;
const [WIDTH, HEIGHT] = [720, 24];

// How high a stretch of a state stands.
/** @type {Record<string, number>} */
const HEIGHTS = { AVAILABLE: 7, CHARGING: 24, RESERVED: 14, OUTOFORDER: 24, UNKNOWN: 24, INOPERATIVE: 14, BLOCKED: 14 };

/** @type {Record<string, string>} */
const CAUSES = { our_outage: "we were not there to see", link: "the link is down", operator: "entered by an operator" };

export class Day {
  constructor() {
    this.plot = el("div", {}, el("p", { class: "empty" }, "Loading …"));
    this.element = el("section", { class: "card", "aria-label": "The last 24 hours" }, el("h2", {}, "The last 24 hours"), this.plot);
  }

  /**
   * @param {Interval[]} intervals
   * @param {number} now
   * @param {Map<number, string>} entered what operators entered about EVSEs: the bars show what the charger told
   */
  draw(intervals, now, entered) {
    const from = now - DAY_MS;
    const evses = [...new Set(intervals.map(({ evse_id }) => evse_id))].sort((a, b) => a - b);
    if (evses.length === 0) {
      this.plot.replaceChildren(el("p", { class: "empty" }, "Nothing is known of them."));
      return;
    }
    const open = new Set([...this.plot.querySelectorAll("details[open]")].map((details) => details.dataset.evse));
    const parts = (/** @type {number} */ evse) => intervals.filter(({ evse_id }) => evse_id === evse).map((interval) => part(interval, from, now)).filter(({ begin, end }) => end > begin);
    const states = [...new Set(evses.flatMap((evse) => parts(evse).map(({ state }) => state)))];
    const ticks = [24, 18, 12, 6, 0].map((hours) => el("span", {}, hours ? hour(now - hours * 3600000) : "now"));
    const blank = evses.some((evse) => (parts(evse)[0]?.begin ?? now) > from) ? el("li", {}, "empty: before anything was known of it") : null;
    this.plot.replaceChildren(
      ...evses.map((evse) => bar(evse, parts(evse), from, entered.get(evse))),
      el("p", { class: "ticks", "aria-hidden": "true" }, ticks),
      el("ul", { class: "legend" }, ...states.map((state) => el("li", {}, sample(state), chip(state))), blank),
      ...evses.map((evse) => words(evse, parts(evse), open.has(String(evse)))),
    );
  }
}

/**
 * @param {Interval} interval
 * @param {number} from
 * @param {number} now
 * @returns {Part}
 */
function part({ from: began, until, state, cause }, from, now) {
  return { state, begin: Math.max(from, Date.parse(began)), end: Math.min(now, until ? Date.parse(until) : now), cause: CAUSES[cause ?? ""] ?? "" };
}

/** @param {Part} part */
const told = ({ state, begin, end, cause }) => `${stateOf(state).word}${cause ? ` (${cause})` : ""} from ${hour(begin)} for ${span(end - begin)}`;

/**
 * @param {number} evse
 * @param {Part[]} parts
 * @param {number} from
 * @param {string | undefined} entered
 */
function bar(evse, parts, from, entered) {
  const rects = parts.map((part) => block(part.state, ((part.begin - from) / DAY_MS) * WIDTH, Math.max(1, ((part.end - part.begin) / DAY_MS) * WIDTH), told(part)));
  const drawn = el("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none" }, rects);
  return el("div", { class: "day", "aria-hidden": "true" }, el("p", { class: "note" }, entered ? `EVSE ${evse}: what it told; now ${entered}` : `EVSE ${evse}`), drawn);
}

/**
 * The same in words, the newest first.
 * @param {number} evse
 * @param {Part[]} parts
 * @param {boolean} open
 */
function words(evse, parts, open) {
  return el("details", { "data-evse": evse, open }, el("summary", {}, `EVSE ${evse} in words`), el("ol", {}, [...parts].reverse().map((part) => el("li", {}, told(part)))));
}

/**
 * A stretch; unknown ones are hollow, faulted ones are struck through.
 * @param {string} state
 * @param {number} left
 * @param {number} width
 * @param {string | null} words
 */
function block(state, left, width, words) {
  const height = HEIGHTS[state] ?? 4;
  const [x, y] = [left.toFixed(1), HEIGHT - height];
  const rect = el("rect", { class: `block ${state.toLowerCase()}`, x, y, width: width.toFixed(1), height });
  const strike = state === "OUTOFORDER" ? el("path", { class: "strike", d: `M${x},${HEIGHT / 2}h${width.toFixed(1)}` }) : null;
  return el("g", {}, words && el("title", {}, words), rect, strike);
}

/** @param {string} state */
const sample = (state) => el("svg", { viewBox: `0 0 24 ${HEIGHT}`, class: "sample", "aria-hidden": "true" }, block(state, 1, 22, null));
