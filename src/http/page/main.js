// The page of the network: hears the stream, keeps the network, shows the list or one charger.

import { askForToken } from "./access.js";
import { ChargerView } from "./charger.js";
import { byId, el, write } from "./dom.js";
import { follow } from "./feed.js";
import { NetworkView } from "./list.js";
import { Network } from "./network.js";
import { clock, span } from "./words.js";

const network = new Network();
const overview = new NetworkView(network);

/** @type {NetworkView | ChargerView | null} */
let view = null;
let waiting = false;
let leftAt = 0;

// Which view the address asks for. The list stays as it was while a charger is looked at.
function open() {
  const named = /^#\/charger\/(.+)$/.exec(location.hash);
  if (view === overview) leftAt = scrollY;
  view?.close();
  view = named ? new ChargerView(network, decodeURIComponent(named[1])) : overview;
  document.title = named ? `${decodeURIComponent(named[1])} – chargewatch` : "Network – chargewatch";
  byId("main").replaceChildren(view.element);
  view.update();
  scrollTo(0, view === overview ? leftAt : 0);
}

// Many changes between two pictures are drawn once.
function draw() {
  if (waiting || !network.known) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    if (view === null) open();
    view?.update();
    tellTime();
  });
}

// When what is shown was so, and by whose clock.
function tellTime() {
  if (network.lost) return;
  const away = Math.abs(network.ahead);
  const ours = away > 30000 ? `; the clock of your device is ${span(away)} ${network.ahead > 0 ? "behind" : "ahead"}` : "";
  byId("as-of").replaceChildren("as of ", clock(network.at), " by the server’s clock", ours);
}

/**
 * @param {string} event
 * @param {any} data
 */
function heard(event, data) {
  network.take(event, data);
  document.body.classList.remove("lost");
  document.body.classList.add("live");
  write(byId("link"), "● Live");
  draw();
}

function lost() {
  if (network.known && network.lost) return;
  network.lost = true;
  document.body.classList.remove("live");
  document.body.classList.add("lost");
  write(byId("link"), "✕ No connection to the server");
  byId("as-of").replaceChildren(...(network.known ? [el("span", {}, "since ", clock(network.at), ": what you see is from then. Trying again …")] : [" Trying again …"]));
  draw();
}

addEventListener("hashchange", () => {
  if (!network.known) return;
  open();
  byId("main").focus({ preventScroll: true });
});
addEventListener("keydown", (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement?.tagName ?? "");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.getElementById("search");
  if (search) (event.preventDefault(), search.focus());
});
// The address says what is shown, and stays so.
document.querySelector(".skip")?.addEventListener("click", (event) => (event.preventDefault(), byId("main").focus()));
// Time goes on without events: ages, and who has been silent for too long.
setInterval(draw, 5000);
follow({ heard, lost, refused: askForToken });
