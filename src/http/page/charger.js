// One charger: what it does now, its power, its day, its sessions, its last frames, and how sure all that is.

import { Curve } from "./curve.js";
import { Day } from "./day.js";
import { el, line } from "./dom.js";
import { get, Refused } from "./feed.js";
import { Frames } from "./frames.js";
import { naming, since } from "./network.js";
import { Sessions } from "./sessions.js";
import { UNKNOWN, chip, clock, energy, isEntered, plain, power, said, span, stateOf } from "./words.js";

/** @typedef {import("./network.js").Charger} Charger */
/** @typedef {import("./network.js").Connector} Connector */
/** @typedef {import("./dom.js").Child} Child */

// What the stream does not carry is asked for so often.
const LOAD_MS = 30000;

// A clock that is off by less than this is right.
const SKEW_S = 2;

const HEADS = ["Connector", "State", "For", "Power", "Session", "Energy so far", "Vehicle"];

export class ChargerView {
  /**
   * @param {import("./network.js").Network} network
   * @param {string} id
   */
  constructor(network, id) {
    this.network = network;
    this.id = id;
    this.told = "";
    this.moved = "";
    /** @type {any} */
    this.details = null;
    this.parts = { curve: new Curve(), day: new Day(), sessions: new Sessions(), frames: new Frames() };
    this.name = el("p", { class: "note" });
    this.doubt = el("p", { class: "doubt", role: "status" });
    this.facts = el("dl", { class: "facts" });
    this.now = el("tbody", {});
    const table = el("table", {}, el("caption", { class: "unseen" }, "Connectors now"), el("thead", {}, el("tr", {}, HEADS.map((text) => el("th", { scope: "col" }, text)))), this.now);
    this.none = el("p", { class: "empty" }, "It has told nothing of its connectors yet.");
    this.element = el(
      "div",
      {},
      el("p", { class: "back" }, el("a", { href: "#/" }, "← All chargers")),
      el("h1", {}, id),
      this.name,
      this.doubt,
      el("section", { class: "card", "aria-label": "Now" }, el("h2", {}, "Now"), table, this.none),
      this.parts.day.element,
      el("div", { class: "pair" }, this.parts.curve.element, el("section", { class: "card", "aria-label": "About it" }, el("h2", {}, "About it"), this.facts)),
      this.parts.sessions.element,
      this.parts.frames.element,
    );
    this.load();
    this.timer = setInterval(() => this.load(), LOAD_MS);
    this.soon = 0;
  }

  close() {
    clearInterval(this.timer);
    clearTimeout(this.soon);
  }

  // What cannot be had stays as it was: the head of the page says whether the server is there.
  async load() {
    const id = encodeURIComponent(this.id);
    const now = this.network.now();
    const ago = (/** @type {number} */ hours) => new Date(now - hours * 3600000).toISOString();
    const part = async (/** @type {string} */ path, /** @type {(answer: any) => void} */ fill) => {
      try {
        fill(await get(path));
      } catch (problem) {
        if (problem instanceof Refused && problem.status === 404) fill({ items: [] });
      }
    };
    const { curve, day, sessions, frames } = this.parts;
    await Promise.all([
      part(`/api/v1/chargers/${id}`, (answer) => ((this.details = answer.id ? answer : null), this.update())),
      part(`/api/v1/telemetry?charger=${id}&per=connector&measurand=power_w&step=1m&from=${ago(3)}`, ({ items }) => curve.load(items, this.network.now())),
      part(`/api/v1/chargers/${id}/timeline?per=evse&from=${ago(24)}`, ({ items }) => day.draw(items, this.network.now(), this.entered())),
      part(`/api/v1/sessions?charger=${id}&limit=15`, ({ items }) => sessions.draw(items)),
      this.network.showsFrames ? part(`/api/v1/chargers/${id}/frames?limit=20`, ({ items }) => frames.draw(items)) : frames.refuse(),
    ]);
  }

  // What operators entered about its EVSEs, in words.
  entered() {
    const charger = this.network.chargers.get(this.id);
    const connectors = charger ? this.network.connectors(charger).filter(({ state }) => isEntered(state)) : [];
    return new Map(connectors.map((connector) => [connector.evse_id, said(connector)]));
  }

  update() {
    const charger = this.network.chargers.get(this.id);
    for (const part of this.element.querySelectorAll(".card")) part.hidden = !charger;
    if (!charger) {
      this.doubt.replaceChildren("There is no such charger, or it is not at a site of yours.");
      return;
    }
    const connectors = this.network.connectors(charger);
    this.drawHead(charger);
    this.drawNow(charger, connectors);
    this.drawFacts(charger);
    this.parts.curve.add(connectors, this.network.now());
    this.followUp(connectors);
  }

  /**
   * When a session begins or ends, a state changes or something is entered, the lists have something new too.
   * @param {Connector[]} connectors
   */
  followUp(connectors) {
    const moved = JSON.stringify(connectors.map(({ status, session_id, entry }) => [status, session_id, entry]));
    if (this.moved && this.moved !== moved) {
      clearTimeout(this.soon);
      this.soon = window.setTimeout(() => this.load(), 500);
    }
    this.moved = moved;
  }

  /** @param {Charger} charger */
  drawHead(charger) {
    const parts = [charger.name, this.network.siteName(charger), charger.simulated ? "simulated: nothing of this happened" : null];
    const name = parts.filter(Boolean).join(" · ");
    if (this.name.textContent !== name) this.name.textContent = name;
    const doubt = this.network.isSilent(charger) ? (charger.heard ? "silent" : "never") : charger.connected ? "" : "away";
    if (this.doubt.dataset.doubt === doubt) return;
    this.doubt.dataset.doubt = doubt;
    const grace = span(this.network.graceMs);
    const heard = clock(charger.heard);
    /** @type {Record<string, Child[]>} */
    const words = {
      silent: ["? Not connected. It was last heard ", heard, ", more than ", grace, " ago: nobody knows what it does now."],
      never: ["? It has never been heard."],
      away: ["? Not connected at present. It was last heard ", heard, "; what it told is taken to hold for ", grace, "."],
      "": [],
    };
    this.doubt.replaceChildren(.../** @type {(Node | string)[]} */ (words[doubt]));
  }

  /**
   * @param {Charger} charger
   * @param {Connector[]} connectors
   */
  drawNow(charger, connectors) {
    this.none.hidden = connectors.length > 0;
    this.now.parentNode.hidden = connectors.length === 0;
    const now = this.network.now();
    const age = (/** @type {string | null} */ time) => (time ? span(now - Date.parse(time)) : UNKNOWN);
    const name = naming(connectors);
    const rows = connectors.map((connector, index) => {
      const before = this.beside(charger, connector, charger.connectors[index].state);
      const measured = connector.power_at && now - Date.parse(connector.power_at) > 120000 ? `${age(connector.power_at)} ago` : null;
      const running = connector.session_id !== null;
      return line(HEADS, [
        name(connector),
        el("span", {}, chip(connector.state, null, said(connector)), before ? el("span", { class: "note" }, ` ${before}`) : null),
        age(since(charger, connector)),
        el("span", {}, connector.power_w === null ? (connector.state === "CHARGING" ? UNKNOWN : "–") : power(connector.power_w), measured && el("span", { class: "note" }, ` ${measured}`)),
        running ? `${connector.session_id}, for ${age(connector.session_started_at)}` : "–",
        running ? el("span", {}, energy(connector.session_wh), el("span", { class: "note" }, " provisional")) : "–",
        connector.soc_percent === null || !running ? "–" : `${Math.round(connector.soc_percent)} % charged`,
      ]);
    });
    this.now.replaceChildren(...rows);
  }

  /**
   * What stands beside a connector's state: the charger's own word; of one that is silent, what it was.
   * @param {Charger} charger
   * @param {Connector} connector
   * @param {string} told
   */
  beside(charger, { state, status, entry }, told) {
    const silent = this.network.isSilent(charger);
    if (entry && isEntered(state)) return [state !== "EXEMPT" && plain(entry.cause), status && `it ${silent ? "said" : "says"} ${status}`].filter(Boolean).join("; ");
    return silent && charger.heard !== null && told !== state ? `was ${stateOf(told).word}` : status;
  }

  /** @param {Charger} charger */
  drawFacts(charger) {
    const more = this.details ?? {};
    const skew = charger.clock_ahead_s;
    const own = skew === null ? "not known" : Math.abs(skew) <= SKEW_S ? "agrees with the server’s" : `${span(Math.abs(skew) * 1000)} ${skew > 0 ? "ahead of" : "behind"} the server’s`;
    const facts = [
      ["Connection", charger.connected ? el("span", {}, "connected", more.connected_since ? [" since ", clock(more.connected_since)] : []) : "not connected"],
      ["Last heard", charger.heard ? clock(charger.heard) : "never"],
      ["Its clock", own],
      ["Maker", charger.vendor ?? UNKNOWN],
      ["Model", charger.model ?? UNKNOWN],
      ["Firmware", more.firmware ?? UNKNOWN],
      ["Protocol", more.protocol ?? UNKNOWN],
      ["Identity", more.registered === false ? "not in the registry" : more.contested ? `two devices use it: ${more.contested_by}` : "in the registry"],
    ];
    const told = JSON.stringify(facts.map(([, value]) => value.textContent ?? value));
    if (this.told === told) return;
    this.told = told;
    this.facts.replaceChildren(...facts.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))));
  }
}
