// Words, signs and numbers as people read them. A state is never told by colour alone.

import { el } from "./dom.js";

/** @typedef {{ word: string, sign: string, rank: number, of?: string }} State */

/**
 * The states of a connector: what staff call it, a sign of its own shape, how far up it belongs, and how a connector is
 * described by it where the word alone does not do.
 * @type {Record<string, State>}
 */
export const STATES = {
  OUTOFORDER: { word: "faulted", sign: "✕", rank: 0 },
  UNKNOWN: { word: "unknown", sign: "?", rank: 1 },
  INOPERATIVE: { word: "out of use", sign: "■", rank: 2 },
  BLOCKED: { word: "blocked", sign: "▲", rank: 3 },
  EXEMPT: { word: "exempt", sign: "⊘", rank: 4 },
  PLANNED_WORK: { word: "planned work", sign: "△", rank: 5, of: "under planned work" },
  CHARGING: { word: "in use", sign: "▶", rank: 6 },
  RESERVED: { word: "reserved", sign: "◆", rank: 7 },
  AVAILABLE: { word: "free", sign: "●", rank: 8 },
  PLANNED: { word: "planned", sign: "○", rank: 9 },
  REMOVED: { word: "removed", sign: "–", rank: 10 },
};

/**
 * The states that operators enter, by the kind of entry: who is under one is neither broken nor free.
 * @type {Record<string, string>}
 */
export const ENTERED = { blocked: "BLOCKED", exempt: "EXEMPT", planned_work: "PLANNED_WORK" };

const BY_ENTRY = new Set(Object.values(ENTERED));

/** @param {string} name */
export const isEntered = (name) => BY_ENTRY.has(name);

/** @param {string} name */
export const stateOf = (name) => STATES[name] ?? STATES.UNKNOWN;

/**
 * A state: sign, word, and colour for those who see it.
 * @param {string} name
 * @param {string | null} [connector] whose state it is
 * @param {string} [words] in the place of the state's own
 */
export function chip(name, connector = null, words = stateOf(name).word) {
  const state = stateOf(name);
  const number = connector === null ? null : el("span", { class: "number" }, el("span", { class: "unseen" }, "connector "), connector);
  const sign = el("span", { class: "sign", "aria-hidden": "true" }, state.sign);
  return el("span", { class: `chip ${name.toLowerCase()}` }, number, sign, words);
}

/**
 * What is to be said of a connector in the state in which it is shown.
 * @param {{ state: string, fault: string | null, entry: { kind: string, cause: string, until: string } | null }} connector
 */
export function said({ state, fault, entry }) {
  const { word } = stateOf(state);
  // A fault of which the charger says no more than that has no class.
  if (fault && fault !== "unclassified") return `${word}: ${fault}`;
  if (!entry || !isEntered(state)) return word;
  const until = `until ${moment(entry.until)}`;
  if (state === "EXEMPT") return `${word}: ${plain(entry.cause)}, ${until}`;
  return state === "BLOCKED" ? `${word} by operator ${until}` : `${word} ${until}`;
}

/**
 * A word of the API as people write it.
 * @param {string} word
 */
export const plain = (word) => word.replaceAll("_", " ");

export const UNKNOWN = "not known";

/** @param {number | null | undefined} watts */
export function power(watts) {
  if (watts === null || watts === undefined) return UNKNOWN;
  return Math.abs(watts) >= 1e6 ? `${(watts / 1e6).toFixed(2)} MW` : Math.abs(watts) >= 1000 ? `${(watts / 1000).toFixed(1)} kW` : `${Math.round(watts)} W`;
}

/** @param {number | null | undefined} wattHours */
export function energy(wattHours) {
  if (wattHours === null || wattHours === undefined) return UNKNOWN;
  const size = Math.abs(wattHours);
  if (size >= 1e9) return `${count(wattHours / 1e9, 2)} GWh`;
  if (size >= 1e6) return `${count(wattHours / 1e6, 2)} MWh`;
  return size >= 1000 ? `${count(wattHours / 1000, 2)} kWh` : `${Math.round(wattHours)} Wh`;
}

// Making one takes long, using it does not.
const NUMBERS = [0, 1, 2, 3].map((places) => new Intl.NumberFormat("en-GB", { maximumFractionDigits: places }));

/**
 * A number with thousands parted, and so many decimal places at most (up to 3).
 * @param {number} value
 * @param {number} [places]
 */
export const count = (value, places = 0) => (NUMBERS[places] ?? NUMBERS[3]).format(value);

/**
 * How long, in its two largest units.
 * @param {number} milliseconds
 */
export function span(milliseconds) {
  const seconds = Math.max(0, Math.round(milliseconds / 1000));
  /** @type {[string, number][]} */
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return "0 s";
  const [[name, size], next] = [units[first], units[first + 1]];
  const whole = Math.floor(seconds / size);
  // Beyond ten of the larger unit nobody asks for the smaller.
  const part = next && whole < 10 ? Math.floor((seconds - whole * size) / next[1]) : 0;
  return part > 0 ? `${whole} ${name} ${part} ${next[0]}` : `${count(whole)} ${name}`;
}

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const YEAR = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" });

/**
 * A time in the reader's own zone; the exact one stands behind it.
 * @param {string | number | null | undefined} time
 */
export function clock(time) {
  if (time === null || time === undefined) return UNKNOWN;
  const [date, now] = [new Date(time), new Date()];
  const form = date.toDateString() === now.toDateString() ? CLOCK : date.getFullYear() === now.getFullYear() ? DAY : YEAR;
  return el("time", { datetime: date.toISOString(), title: date.toISOString() }, form.format(date));
}

/**
 * A time in the reader's own zone to the minute, with its day unless that is today.
 * @param {string} time
 */
function moment(time) {
  const [date, now] = [new Date(time), new Date()];
  if (date.toDateString() === now.toDateString()) return hour(date.getTime());
  return (date.getFullYear() === now.getFullYear() ? DAY : YEAR).format(date);
}

/**
 * Hours and minutes in the reader's own zone.
 * @param {number} time
 */
export const hour = (time) => new Date(time).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });

// Words of names that are written in their own way.
/** @type {Record<string, string>} */
const SPELT = { util: "utilisation", avg: "average", p10: "10th percentile", p90: "90th percentile", p95: "95th percentile", uk: "UK", nevi: "NEVI", evse: "EVSE", mtbf: "MTBF", mttr: "MTTR", evses: "EVSEs", imd: "IMD", lsoa: "LSOA", lsoas: "LSOAs", co2: "CO₂", co2e: "CO₂e", kwh: "kWh", id: "id" };

/**
 * A name of the API as a title: `uk_rapid` is "UK rapid". The unit at its end stands with the value.
 * @param {string} name
 * @param {string} [unit]
 */
export function title(name, unit = "") {
  const end = `_${unit.toLowerCase()}`;
  const bare = unit && name.toLowerCase().endsWith(end) ? name.slice(0, -end.length) : name;
  const words = bare.replaceAll(/[_-]/g, " ").split(" ").map((word) => SPELT[word.toLowerCase()] ?? word);
  // A unit keeps its letters: kWh.
  const [first, ...rest] = words;
  const begin = /[A-Z]/.test(first) ? first : `${first.charAt(0).toUpperCase()}${first.slice(1)}`;
  return [begin, ...rest].join(" ");
}
