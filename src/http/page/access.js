// Who is not let in may type a token. It is kept for this tab, until that is closed.

import { byId, el } from "./dom.js";
import { dropToken, hasToken, useToken } from "./feed.js";

/**
 * Asks for a token in place of the page, and says why.
 * @param {import("./feed.js").Refused} problem
 */
export function askForToken(problem) {
  const known = hasToken();
  const token = el("input", { id: "token", type: "password", autocomplete: "off", required: true, spellcheck: "false", "aria-describedby": "why" });
  const enter = (/** @type {Event} */ event) => {
    event.preventDefault();
    useToken(token.value);
    location.reload();
  };
  const why = problem.status === 403 ? `This token is not for this page: ${problem.message}.` : known ? `The token was not taken: ${problem.message}.` : "What this service knows is shown to those who have a token.";
  const form = el(
    "form",
    { class: "card access", onsubmit: enter },
    el("h1", {}, "Your token, please"),
    el("p", { id: "why" }, why),
    el("p", {}, el("label", { for: "token" }, "API token"), token),
    el("p", {}, el("button", { class: "main" }, "Show the page")),
    el("p", { class: "note" }, "Who runs the service makes one with ", el("code", {}, "chargewatch token add NAME --role viewer"), "It is kept in this tab alone and forgotten when the tab is closed."),
  );
  byId("main").replaceChildren(form);
  byId("link").textContent = problem.status === 403 ? "Not for this token" : "Not signed in";
  document.body.classList.remove("live", "lost");
  if (problem.status === 401) dropToken();
  token.focus();
}
