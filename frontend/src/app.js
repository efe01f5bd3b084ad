// The browser half of Lopan: pages work without it; it adds live figures, charts and filters without a reload.
import "htmx.org";
import { draw, clear } from "./charts.js";
import { connect, disconnect } from "./live.js";
import { start as startTheme } from "./theme.js";
import { start as startPictures } from "./picture.js";
import { annotate } from "./marks.js";

function begin() {
  draw(document);
  const board = document.querySelector("[data-stream]");
  if (board) connect(board);
}

startTheme(() => {
  clear();
  draw(document);
});

// A changed filter replaces the board: its charts and its stream belong to the old one.
document.addEventListener("htmx:beforeSwap", () => {
  disconnect();
  clear();
});
document.addEventListener("htmx:afterSettle", begin);

// A stream holds one of the few connections that a browser gives a site, so a hidden page lets go of it.
let hidden;
document.addEventListener("visibilitychange", () => {
  clearTimeout(hidden);
  if (document.hidden) hidden = setTimeout(disconnect, 30_000);
  else document.addEventListener("dblclick", annotate);
startPictures();
document.documentElement.dataset.scripts = "";
begin();
});
addEventListener("pagehide", disconnect);

document.addEventListener("dblclick", annotate);
startPictures();
document.documentElement.dataset.scripts = "";
begin();
