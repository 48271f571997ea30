// The network as far as the page knows it: what the stream told, and what the time that went by makes of it.

import { ENTERED, isEntered, stateOf } from "./words.js";

/**
 * @typedef {{ evse_id: number, connector_id: number, state: string, status: string | null, since: string | null, fault: string | null,
 *   power_w: number | null, power_at: string | null, soc_percent: number | null, session_id: number | null,
 *   session_started_at: string | null, session_wh: number | null,
 *   entry: { kind: string, cause: string, from: string, until: string } | null }} Connector
 * @typedef {{ id: string, name: string | null, site_id: string | null, simulated: boolean, connected: boolean, heard: string | null,
 *   vendor: string | null, model: string | null, clock_ahead_s: number | null, connectors: Connector[] }} Charger
 * @typedef {{ id: string, name: string, latitude: string | null, longitude: string | null }} Site
 */

// A power that was measured longer ago is not what flows now.
export const FRESH_MS = 15 * 60000;

// States that the registry gives: no charger needs to be heard for them.
const FIXED = new Set(["PLANNED", "REMOVED"]);

export class Network {
  constructor() {
    /** @type {Map<string, Charger>} */
    this.chargers = new Map();
    /** @type {Map<string, Site>} */
    this.sites = new Map();
    this.graceMs = 600000;
    this.showsFrames = false;
    // The server's time when it last spoke, and how far its clock is ahead of the reader's.
    this.at = 0;
    this.ahead = 0;
    this.known = false;
    this.lost = true;
    /** @type {string[]} */
    this.order = [];
  }

  // The chargers in order of identity.
  *inOrder() {
    if (this.order.length !== this.chargers.size) this.order = [...this.chargers.keys()].sort();
    for (const id of this.order) yield /** @type {Charger} */ (this.chargers.get(id));
  }

  /**
   * @param {string} event
   * @param {any} data
   */
  take(event, data) {
    this.lost = false;
    if (data === null) {
      this.at = Date.now() + this.ahead;
      return;
    }
    this.at = Date.parse(data.at);
    this.ahead = this.at - Date.now();
    if (event === "network") {
      this.known = true;
      this.graceMs = data.grace_s * 1000;
      this.showsFrames = data.shows_frames;
      this.sites = new Map(data.sites.map((/** @type {Site} */ site) => [site.id, site]));
      this.chargers = new Map();
      this.order = [];
    }
    for (const charger of data.chargers) this.chargers.set(charger.id, charger);
  }

  // The server's time; it stands still while the server is lost.
  now() {
    return this.lost ? this.at : Date.now() + this.ahead;
  }

  /**
   * Whether nobody knows what a charger does: it is gone for longer than the grace.
   * @param {Charger} charger
   */
  isSilent(charger) {
    if (charger.connected) return false;
    return charger.heard === null || this.now() - Date.parse(charger.heard) > this.graceMs;
  }

  /**
   * Its connectors as they can be known now.
   * @param {Charger} charger
   * @returns {Connector[]}
   */
  connectors(charger) {
    const silent = this.isSilent(charger);
    return charger.connectors.map((connector) => {
      const { power_at, entry } = connector;
      const told = silent ? "UNKNOWN" : connector.state;
      const state = FIXED.has(connector.state) ? connector.state : (ENTERED[entry?.kind ?? ""] ?? told);
      const old = silent || (power_at !== null && this.now() - Date.parse(power_at) > FRESH_MS);
      if (!old && state === connector.state) return connector;
      return { ...connector, state, fault: state === "OUTOFORDER" ? connector.fault : null, power_w: old ? null : connector.power_w };
    });
  }

  /** @param {Charger} charger */
  siteName(charger) {
    return this.sites.get(charger.site_id ?? "")?.name ?? charger.site_id ?? "not in the registry";
  }
}

/**
 * How the connectors of a charger are told apart: by their own numbers, else by their EVSEs' (in OCPP 2.x each EVSE has a
 * connector 1), else by both.
 * @param {{ evse_id: number, connector_id: number }[]} connectors
 * @returns {(connector: { evse_id: number, connector_id: number }) => string}
 */
export function naming(connectors) {
  const differ = (/** @type {number[]} */ numbers) => new Set(numbers).size === numbers.length;
  if (differ(connectors.map(({ connector_id }) => connector_id))) return ({ connector_id }) => String(connector_id);
  if (differ(connectors.map(({ evse_id }) => evse_id))) return ({ evse_id }) => String(evse_id);
  return ({ evse_id, connector_id }) => `${evse_id}/${connector_id}`;
}

/**
 * What a charger comes to: the state of its connectors that most needs somebody.
 * @param {Connector[]} connectors
 */
export function standing(connectors) {
  let worst = null;
  for (const { state } of connectors) if (worst === null || stateOf(state).rank < stateOf(worst).rank) worst = state;
  return worst ?? "UNKNOWN";
}

/**
 * Since when a connector is in the state in which it is shown: by the operator's entry, else as its charger told it; of
 * one of which nothing is known, when its charger was last heard.
 * @param {Charger} charger
 * @param {Connector | undefined} connector
 */
export function since(charger, connector) {
  if (!connector || connector.state === "UNKNOWN") return charger.heard;
  return isEntered(connector.state) ? (connector.entry?.from ?? null) : connector.since;
}
