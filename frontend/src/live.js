// One stream a page: fragments that changed come in, and the reader is told when they no longer do.
import { extend } from "./charts.js";
import { announce } from "./announce.js";

const SILENCE = 25_000; // the server speaks every 10 s
const LONGEST_WAIT = 10_000;

let source;
let board;
let watch;
let retry;
let failures = 0;

export function connect(element) {
  if (source && board === element && source.readyState !== EventSource.CLOSED) return;
  disconnect();
  board = element;
  open();
}

export function disconnect() {
  clearTimeout(watch);
  clearTimeout(retry);
  source?.close();
  source = undefined;
}

function open() {
  source = new EventSource(board.dataset.stream);
  source.addEventListener("open", heard);
  source.addEventListener("beat", heard);
  source.addEventListener("update", (event) => {
    heard();
    const update = JSON.parse(event.data);
    // A page without data has no charts to extend: the first event makes it a whole one.
    const held = update.charts?.some(({ v }) => v.some((value) => value !== null)) || update.fragments?.full;
    if ("empty" in board.dataset && held) {
      location.reload();
      return;
    }
    for (const [name, html] of Object.entries(update.fragments ?? {})) swap(name, html);
    if (update.charts) extend(update.charts);
    stamp(update.at);
  });
  // The access was withdrawn or the session ended: the page itself says what to do.
  source.addEventListener("end", () => location.reload());
  source.addEventListener("error", lost);
  clearTimeout(watch);
  watch = setTimeout(lost, SILENCE);
}

function heard() {
  failures = 0;
  show("live");
  clearTimeout(watch);
  watch = setTimeout(lost, SILENCE);
}

function lost() {
  source?.close();
  clearTimeout(watch);
  clearTimeout(retry);
  failures += 1;
  show(failures > 2 ? "stale" : "reconnecting");
  const wait = Math.min(LONGEST_WAIT, 500 * 2 ** failures);
  retry = setTimeout(open, wait * (0.75 + Math.random() / 2));
}

// The browser knows before the stream does.
addEventListener("offline", () => source && lost());

function swap(name, html) {
  const place = document.querySelector(`[data-live="${CSS.escape(name)}"]`);
  if (!place) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  if (place.innerHTML.trim() === fresh.innerHTML) return;
  const before = place.querySelector("[data-say]")?.dataset.tone;
  const figure = place.querySelector(".value")?.textContent;
  // Who stands on a link of what is replaced stands on it afterwards, too.
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  place.replaceChildren(fresh.content);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  const spoken = place.querySelector("[data-say]");
  if (before && spoken?.dataset.tone !== before) announce(spoken.dataset.say);
  const value = place.querySelector(".value");
  if (value && value.textContent !== figure) value.classList.add("changed");
}

function stamp(at) {
  const place = board.querySelector("[data-updated]");
  if (place && at) place.textContent = at;
}

function show(state) {
  board.dataset.connection = state;
  const place = board.querySelector(".live");
  if (!place) return;
  place.hidden = false;
  place.dataset.state = state;
  const since = board.querySelector("[data-updated]")?.textContent ?? "";
  const words = { live: "Live", reconnecting: "Reconnecting", stale: `Stale since ${since}, reconnecting` };
  place.querySelector("[data-state-word]").textContent = words[state];
  place.querySelector("[data-updated-line]").hidden = state === "stale";
}
