// The power of a charger's connectors over the last three hours: what the ledger holds by the minute, and behind it what
// is heard live. Where nothing is known there is a gap.

import { el } from "./dom.js";
import { naming } from "./network.js";
import { hour, power, title } from "./words.js";

const HOURS = 3;
const [HEIGHT, LEFT, BOTTOM, TOP] = [220, 56, 26, 12];

// Readings that are further apart leave a gap between them.
const GAP_MS = 10 * 60000;

/**
 * @typedef {[number, number]} Point time and watts
 * @typedef {{ evse_id: number, connector_id: number, watts: Map<number, number> }} Line
 * @typedef {{ name: string, points: Point[] }} Series
 */

export class Curve {
  constructor() {
    /** @type {Map<string, Line>} */
    this.lines = new Map();
    this.plot = el("div", {});
    this.element = el("figure", { class: "card" }, el("figcaption", {}, el("h2", {}, "Power, last three hours")), this.plot);
  }

  /**
   * @param {{ evse_id: number, connector_id: number }} connector
   * @param {string} at
   * @param {number} watts
   */
  put({ evse_id, connector_id }, at, watts) {
    const key = `${evse_id}/${connector_id}`;
    const line = this.lines.get(key) ?? { evse_id, connector_id, watts: new Map() };
    this.lines.set(key, line);
    line.watts.set(Date.parse(at), watts);
  }

  /**
   * @param {{ evse_id: number, connector_id: number, at: string, value: number | null }[]} points
   * @param {number} now
   */
  load(points, now) {
    for (const point of points) if (point.value !== null) this.put(point, point.at, point.value);
    this.draw(now);
  }

  /**
   * @param {import("./network.js").Connector[]} connectors
   * @param {number} now
   */
  add(connectors, now) {
    for (const connector of connectors) if (connector.power_w !== null && connector.power_at !== null) this.put(connector, connector.power_at, connector.power_w);
    this.draw(now);
  }

  /** @param {number} now */
  draw(now) {
    const from = now - HOURS * 3600000;
    for (const [key, { watts }] of this.lines) {
      for (const at of watts.keys()) if (at < from) watts.delete(at);
      if (watts.size === 0) this.lines.delete(key);
    }
    const lines = [...this.lines.values()].sort((a, b) => a.evse_id - b.evse_id || a.connector_id - b.connector_id);
    const name = naming(lines);
    /** @type {Series[]} */
    const series = lines.map((line) => ({ name: line.connector_id ? `connector ${name(line)}` : `EVSE ${line.evse_id}`, points: [...line.watts].sort((a, b) => a[0] - b[0]) }));
    // One unit is one pixel: letters are as large on a phone as elsewhere.
    const drawn = [picture(series, from, now, Math.max(280, this.plot.clientWidth)), legend(series)];
    this.plot.replaceChildren(...(series.length ? drawn : [el("p", { class: "empty" }, "It told no power in the last three hours.")]));
  }
}

/**
 * @param {Series[]} series
 * @param {number} from
 * @param {number} until
 * @param {number} width
 */
function picture(series, from, until, width) {
  const most = Math.max(...series.flatMap(({ points }) => points.map(([, watts]) => watts)), 1000);
  const step = roundStep(most / 4);
  const top = Math.ceil(most / step) * step;
  const x = (/** @type {number} */ at) => LEFT + ((at - from) / (until - from)) * (width - LEFT - 8);
  const y = (/** @type {number} */ watts) => HEIGHT - BOTTOM - (Math.max(0, watts) / top) * (HEIGHT - BOTTOM - TOP);
  const grid = [];
  for (let watts = 0; watts <= top + 1; watts += step) {
    grid.push(el("path", { class: "grid", d: `M${LEFT},${y(watts).toFixed(1)}H${width - 8}` }), el("text", { x: LEFT - 8, y: y(watts) + 4, "text-anchor": "end" }, power(watts).replace(".0 ", " ")));
  }
  const part = width < 480 ? 3600000 : 1800000;
  for (let at = Math.ceil(from / part) * part; at < until; at += part) {
    grid.push(el("path", { class: "grid", d: `M${x(at).toFixed(1)},${HEIGHT - BOTTOM}v5` }), el("text", { x: x(at), y: HEIGHT - 6, "text-anchor": x(at) > width - 24 ? "end" : "middle" }, hour(at)));
  }
  const lines = series.map(({ points }, index) => {
    const parts = points.map(([at, watts], place) => `${place === 0 || at - points[place - 1][0] > GAP_MS ? "M" : "L"}${x(at).toFixed(1)},${y(watts).toFixed(1)}`);
    const [at, watts] = points[points.length - 1];
    return el("g", { class: `line line-${index % 4}` }, el("path", { d: parts.join("") }), el("circle", { cx: x(at).toFixed(1), cy: y(watts).toFixed(1), r: 3.5 }));
  });
  const words = series.map(({ name, points }) => `${name}: ${power(points[points.length - 1][1])} at ${hour(points[points.length - 1][0])}, at most ${power(Math.max(...points.map(([, watts]) => watts)))}`);
  return el("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `Power over the last three hours; ${words.join("; ")}` }, grid, lines);
}

/** @param {Series[]} series */
function legend(series) {
  const items = series.map(({ name, points }, index) => {
    const [at, watts] = points[points.length - 1];
    const sample = el("svg", { viewBox: "0 0 36 8", class: "sample", "aria-hidden": "true" }, el("g", { class: `line line-${index % 4}` }, el("path", { d: "M0,4H36" })));
    return el("li", {}, sample, `${title(name)}: ${power(watts)}`, el("span", { class: "note" }, ` at ${hour(at)}`));
  });
  return el("ul", { class: "legend" }, items);
}

/** @param {number} rough */
function roundStep(rough) {
  const unit = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 2.5, 5].find((step) => step * unit >= rough) ?? 10) * unit;
}
