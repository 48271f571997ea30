// The last frames of a charger as received, with what was answered.

import { el } from "./dom.js";
import { clock } from "./words.js";

/** @typedef {{ id: number, received_at: string, action: string, text: string, reply: string | null, deviations: number }} Frame */

export class Frames {
  constructor() {
    this.list = el("div", {}, el("p", { class: "empty" }, "Loading …"));
    this.element = el("section", { class: "card frames", "aria-label": "Last frames" }, el("h2", {}, "Last frames"), this.list);
  }

  /** @param {Frame[]} frames */
  draw(frames) {
    const open = new Set([...this.list.querySelectorAll("details[open]")].map((details) => details.dataset.frame));
    const items = frames.map((frame) => {
      const odd = frame.deviations ? `${frame.deviations} deviation${frame.deviations > 1 ? "s" : ""}` : "";
      const summary = el("summary", {}, clock(frame.received_at), " ", el("strong", {}, frame.action), odd && el("span", { class: "note" }, ` ${odd}`));
      const reply = frame.reply ? [el("p", { class: "note" }, "Our answer"), el("pre", {}, frame.reply)] : [];
      return el("details", { "data-frame": frame.id, open: open.has(String(frame.id)) }, summary, el("pre", {}, frame.text), ...reply);
    });
    this.list.replaceChildren(...(items.length ? items : [el("p", { class: "empty" }, "None are kept.")]));
  }

  refuse() {
    this.list.replaceChildren(el("p", { class: "empty" }, "Frames are for operators: they hold what stands for a person."));
  }
}
