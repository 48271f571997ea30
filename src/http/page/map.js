// Sites at their places, drawn from their coordinates alone. Arrow keys go from site to site, Enter shows one site's
// chargers; what is wrong at a site stands in its mark.

import { el } from "./dom.js";
import { count, isEntered } from "./words.js";

/** @typedef {import("./network.js").Site} Site */
/** @typedef {{ site: Site, total: number, busy: number, down: number, aside: number }} Sum */

const [WIDTH, HEIGHT, EDGE] = [400, 400, 42];

// From so many sites on they are dots.
const CROWD = 120;

// Metres of a degree of latitude.
const DEGREE_M = 111320;

const DOWN = new Set(["OUTOFORDER", "UNKNOWN", "INOPERATIVE"]);

export class SiteMap {
  /** @param {(site: string) => void} picked */
  constructor(picked) {
    this.picked = picked;
    this.drawn = "";
    this.focused = 0;
    this.marks = el("g", {});
    this.words = el("g", { "aria-hidden": "true", class: "words" });
    this.scale = el("g", { class: "scale", "aria-hidden": "true" });
    const svg = el("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "group", "aria-label": "Sites on a map; arrow keys go from site to site" }, this.scale, this.marks, this.words);
    svg.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    this.element = el("section", { class: "card map", "aria-label": "Map of sites" }, el("h2", {}, "Sites"), svg, el("p", { class: "note" }, "A ring is a site, the larger the more connectors; ✕ counts those that are faulted, unknown or out of use, else ▲ those that are blocked, exempt or under planned work."));
  }

  /**
   * @param {Map<string, Site>} sites
   * @param {import("./glance.js").Seen[]} all
   * @param {string} picked
   */
  draw(sites, all, picked) {
    /** @type {Map<string | null, Sum>} */
    const sums = new Map();
    for (const site of sites.values()) if (site.latitude !== null && site.longitude !== null) sums.set(site.id, { site, total: 0, busy: 0, down: 0, aside: 0 });
    this.element.hidden = sums.size === 0;
    for (const { charger, connectors } of all) {
      const sum = sums.get(charger.site_id);
      if (!sum) continue;
      for (const { state } of connectors) {
        sum.total += 1;
        if (DOWN.has(state)) sum.down += 1;
        if (isEntered(state)) sum.aside += 1;
        if (state === "CHARGING") sum.busy += 1;
      }
    }
    const told = JSON.stringify([picked, ...[...sums.values()].map(({ site, total, busy, down, aside }) => [site.id, total, busy, down, aside])]);
    if (told === this.drawn || sums.size === 0) return;
    this.drawn = told;
    this.fill([...sums.values()], picked);
  }

  /**
   * @param {Sum[]} sums
   * @param {string} picked
   */
  fill(sums, picked) {
    const { place, metres } = projection(sums.map(({ site }) => site));
    const placed = sums.map((sum) => ({ ...sum, ...place(sum.site), radius: sums.length > CROWD ? 5 : Math.min(20, 10 + Math.sqrt(sum.total)) }));
    if (placed.length <= CROWD) part(placed);
    // From the top, so that arrows lead down the map; the large ones first, so that small ones lie on them.
    placed.sort((a, b) => a.y - b.y);
    this.focused = Math.min(this.focused, placed.length - 1);
    const labels = free(placed);
    const marks = placed.map(({ site, total, busy, down, aside, x, y, radius }, index) => {
      const words = `${site.name}: ${count(total)} connectors, ${count(busy)} in use, ${count(down)} not working${aside ? `, ${count(aside)} blocked, exempt or under planned work` : ""}`;
      const pressed = picked === site.id;
      return el(
        "g",
        { class: `site${down ? " down" : aside ? " aside" : ""}${pressed ? " picked" : ""}`, tabindex: index === this.focused ? "0" : "-1", role: "button", "aria-pressed": String(pressed), "aria-label": words, onclick: () => this.picked(pressed ? "" : site.id) },
        el("title", {}, words),
        el("circle", { cx: x.toFixed(1), cy: y.toFixed(1), r: radius.toFixed(1) }),
      );
    });
    // What stands in and below the marks is for the eye; their names say all of it.
    const words = placed.map(({ site, total, down, aside, x, y, radius }, index) => [
      radius > 7 && el("text", { x: x.toFixed(1), y: (y + 4).toFixed(1), class: "number" }, down ? `✕${down}` : aside ? `▲${aside}` : String(total)),
      labels.has(index) && el("text", { x: x.toFixed(1), y: (y + radius + 13).toFixed(1) }, short(site.name)),
    ]);
    this.words.replaceChildren(...words.flat().filter((text) => text !== false));
    const had = this.marks.contains(document.activeElement);
    this.marks.replaceChildren(...marks);
    if (had) marks[this.focused]?.focus({ preventScroll: true });
    this.scale.replaceChildren(...scaleBar(metres));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const marks = [...this.marks.children];
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (step) {
      const next = marks[(this.focused + step + marks.length) % marks.length];
      marks[this.focused]?.setAttribute("tabindex", "-1");
      this.focused = marks.indexOf(next);
      next.setAttribute("tabindex", "0");
      /** @type {SVGElement} */ (next).focus();
    } else if (event.key === "Enter" || event.key === " ") {
      marks[this.focused]?.dispatchEvent(new MouseEvent("click"));
    } else return;
    event.preventDefault();
  }
}

/**
 * Moves marks apart that lie on one another, a little.
 * @param {{ x: number, y: number, radius: number }[]} placed
 */
function part(placed) {
  for (let turn = 0; turn < 24; turn += 1) {
    for (const [index, one] of placed.entries()) {
      for (const other of placed.slice(index + 1)) {
        const [dx, dy] = [other.x - one.x || 0.1, other.y - one.y];
        const apart = Math.hypot(dx, dy);
        const push = (one.radius + other.radius + 2 - apart) / 2 / apart;
        if (push <= 0) continue;
        one.x -= dx * push * 0.6;
        one.y -= dy * push * 0.6;
        other.x += dx * push * 0.6;
        other.y += dy * push * 0.6;
      }
    }
  }
  for (const mark of placed) {
    mark.x = Math.min(WIDTH - mark.radius - 2, Math.max(mark.radius + 2, mark.x));
    mark.y = Math.min(HEIGHT - mark.radius - 2, Math.max(mark.radius + 2, mark.y));
  }
}

/** @param {string} name */
const short = (name) => (name.length > 24 ? `${name.slice(0, 23)}…` : name);

/**
 * Which names can stand without touching another name or mark.
 * @param {{ site: Site, x: number, y: number, radius: number }[]} placed
 */
function free(placed) {
  const taken = placed.map(({ x, y, radius }) => ({ left: x - radius, right: x + radius, top: y - radius, bottom: y + radius }));
  const shown = new Set();
  placed.forEach(({ site, x, y, radius }, index) => {
    const half = short(site.name).length * 3.2;
    const box = { left: x - half, right: x + half, top: y + radius + 2, bottom: y + radius + 17 };
    const inside = box.left > 0 && box.right < WIDTH && box.bottom < HEIGHT;
    if (!inside || taken.some((other) => other.left < box.right && other.right > box.left && other.top < box.bottom && other.bottom > box.top)) return;
    taken.push(box);
    shown.add(index);
  });
  return shown;
}

/**
 * Places on a flat picture: degrees of longitude are narrower the further north one is.
 * @param {Site[]} sites
 */
function projection(sites) {
  const [latitudes, longitudes] = [sites.map((site) => Number(site.latitude)), sites.map((site) => Number(site.longitude))];
  const [south, north] = [Math.min(...latitudes), Math.max(...latitudes)];
  const [west, east] = [Math.min(...longitudes), Math.max(...longitudes)];
  const narrow = Math.cos((((south + north) / 2) * Math.PI) / 180);
  const [wide, high] = [Math.max((east - west) * narrow, 0.002), Math.max(north - south, 0.002)];
  const scale = Math.min((WIDTH - 2 * EDGE) / wide, (HEIGHT - 2 * EDGE) / high);
  const left = (WIDTH - (east - west) * narrow * scale) / 2;
  const top = (HEIGHT - (north - south) * scale) / 2;
  const place = (/** @type {Site} */ site) => ({ x: left + (Number(site.longitude) - west) * narrow * scale, y: top + (north - Number(site.latitude)) * scale });
  return { place, metres: DEGREE_M / scale };
}

/**
 * A bar of a round length, and where north is.
 * @param {number} metres of one unit of the picture
 */
function scaleBar(metres) {
  const most = metres * 110;
  const power = 10 ** Math.floor(Math.log10(most));
  const length = [5, 2, 1].map((step) => step * power).find((size) => size <= most) ?? power;
  const width = length / metres;
  const y = HEIGHT - 10;
  return [
    el("path", { d: `M10,${y - 5}V${y}H${(10 + width).toFixed(1)}V${y - 5}` }),
    el("text", { x: 16 + width, y }, length >= 1000 ? `${length / 1000} km` : `${length} m`),
    el("path", { d: `M${WIDTH - 16},24V8l-4,6m4,-6l4,6` }),
    el("text", { x: WIDTH - 16, y: 38, "text-anchor": "middle" }, "N"),
  ];
}
