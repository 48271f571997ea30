// Questions to the API, and one stream of what happens. A token, where one is needed, is kept for this tab alone and goes
// into a header, never into an address: that is why the stream is read by fetch.

const KEY = "chargewatch-token";

// A stream that says nothing for so long has died: the server gives a sign every 15 seconds.
const PATIENCE_MS = 40000;

// A page that nobody looks at lets go of its stream after so long: each holds a connection of the server.
const HIDDEN_MS = 60000;

export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export const hasToken = () => sessionStorage.getItem(KEY) !== null;

/** @param {string} token */
export const useToken = (token) => sessionStorage.setItem(KEY, token.trim());

export const dropToken = () => sessionStorage.removeItem(KEY);

/**
 * @param {string} path
 * @param {{ headers?: Record<string, string>, signal?: AbortSignal }} [options]
 */
export async function ask(path, { headers = {}, signal } = {}) {
  const token = sessionStorage.getItem(KEY);
  if (token) headers = { ...headers, Authorization: `Bearer ${token}` };
  const answer = await fetch(path, { headers, signal, cache: "no-store" });
  if (answer.ok) return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.detail ?? answer.statusText);
}

/**
 * @param {string} path
 * @returns {Promise<any>}
 */
export const get = async (path) => (await ask(path)).json();

/**
 * Follows what happens, for good.
 * @param {{ heard: (event: string, data: any) => void, lost: () => void, refused: (problem: Refused) => void }} told
 */
export async function follow({ heard, lost, refused }) {
  let pause = 500;
  for (;;) {
    const stop = new AbortController();
    const calm = dismissWhenHidden(stop);
    try {
      const answer = await ask("/api/v1/live", { headers: { Accept: "text/event-stream" }, signal: stop.signal });
      if (answer.body) await read(answer.body, (event, data) => ((pause = 500), heard(event, data)));
    } catch (problem) {
      if (problem instanceof Refused && (problem.status === 401 || problem.status === 403)) return refused(problem);
    } finally {
      calm();
      stop.abort();
    }
    lost();
    await shown();
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(pause * 2, 5000);
  }
}

/**
 * Ends a stream when nobody has looked for a while; gives what ends the watch.
 * @param {AbortController} stop
 */
function dismissWhenHidden(stop) {
  let timer = 0;
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = window.setTimeout(() => stop.abort(), HIDDEN_MS);
  };
  document.addEventListener("visibilitychange", look);
  return () => (clearTimeout(timer), document.removeEventListener("visibilitychange", look));
}

// Waits until somebody looks.
async function shown() {
  while (document.hidden) await new Promise((done) => document.addEventListener("visibilitychange", done, { once: true }));
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {(event: string, data: any) => void} heard
 */
async function read(body, heard) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  /** @type {string[]} */
  let pieces = [];
  for (;;) {
    const { value, done } = await inTime(reader.read());
    if (done) return;
    const text = decoder.decode(value, { stream: true });
    const end = text.lastIndexOf("\n\n");
    if (end < 0) {
      pieces.push(text);
      continue;
    }
    const whole = pieces.join("") + text.slice(0, end);
    pieces = [text.slice(end + 2)];
    for (const block of whole.split("\n\n")) tell(block, heard);
  }
}

/**
 * @param {string} block
 * @param {(event: string, data: any) => void} heard
 */
function tell(block, heard) {
  const found = /^event: (\w+)\ndata: (.*)$/s.exec(block);
  if (found) heard(found[1], JSON.parse(found[2]));
  else heard("sign", null);
}

/**
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T>}
 */
async function inTime(promise) {
  let timer = 0;
  const late = new Promise((_, fail) => (timer = window.setTimeout(() => fail(new Error("silent")), PATIENCE_MS)));
  try {
    return /** @type {T} */ (await Promise.race([promise, late]));
  } finally {
    clearTimeout(timer);
  }
}
