// A part of the page as a PNG, drawn here from what is shown: no service sees it, and the policy allows nothing else.
import { colour, copies } from "./charts.js";

const SCALE = 2;
const EDGE = 24;
const LARGEST = 8_000; // pixels of one side
// What a picture can do without: buttons, what is folded, and (data-unpainted) what its head says already.
const LEFT_OUT = ".unseen, [popover], .info, script, noscript, details:not([open]), [data-unpainted]";
const SHAPES = "path, line, circle, rect, polyline, polygon";

export function start() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-save]");
    if (button) save(button).catch((error) => console.error(error));
  });
}

async function save(button) {
  const target = document.getElementById(button.dataset.save);
  button.closest(".menu")?.hidePopover();
  const canvas = await picture(target, button.dataset.scheme);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `lopan-${button.dataset.save.replace(/[^\w-]/g, "-")}.png`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// Title, range, what it shows, definition: a picture is read far from the page it came from.
export async function picture(target, scheme) {
  const scale = Math.min(SCALE, LARGEST / (target.scrollHeight + 200), LARGEST / (target.scrollWidth + 2 * EDGE));
  const charts = await copies(target, scale, scheme);
  const own = (part) => !part.matches("[data-unpainted]") || part.parentElement.closest("[data-picture]") === target;
  const left = [...target.querySelectorAll(LEFT_OUT)].filter((part) => !part.hidden && own(part));
  // Nothing is shown before this is undone: the browser paints when the script has ended.
  for (const part of left) part.hidden = true;
  target.classList.add(`picture-${scheme}`);
  try {
    return composed(target, scale, charts.made);
  } finally {
    target.classList.remove(`picture-${scheme}`);
    for (const part of left) part.hidden = false;
    charts.end();
  }
}

function composed(target, scale, charts) {
  const box = target.getBoundingClientRect();
  const width = Math.max(box.width, 320);
  const family = getComputedStyle(document.body).fontFamily;
  const tone = (name) => colour(name, target);
  const canvas = document.createElement("canvas");
  const ctx = canvas.getContext("2d");
  const head = texts(ctx, target, width, family);
  const height = head.top + box.height + head.bottom + 2 * EDGE;
  canvas.width = Math.round((width + 2 * EDGE) * scale);
  canvas.height = Math.round(height * scale);
  ctx.scale(scale, scale);
  ctx.fillStyle = tone("surface");
  ctx.fillRect(0, 0, width + 2 * EDGE, height);
  write(ctx, head.above, EDGE, EDGE, tone);
  write(ctx, head.below, EDGE, EDGE + head.top + box.height + 12, tone);
  ctx.translate(EDGE - box.left, EDGE + head.top - box.top);
  paint(ctx, target, charts);
  return canvas;
}

function texts(ctx, target, width, family) {
  const board = document.querySelector("[data-range]");
  const about = (target.dataset.about ?? "").split(" ").map((id) => document.getElementById(id)).filter(Boolean);
  const told = (one) => one.querySelector("[data-definition]")?.textContent;
  const definitions = about.map((one) => (about.length > 1 ? `${one.querySelector("h2").textContent}: ${told(one)}` : told(one)));
  const shown = [board?.dataset.range, board?.dataset.filters].filter(Boolean).join(" · ");
  const drawn = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: "UTC" }).format();
  const above = lines(ctx, [
    [target.dataset.picture, `600 18px ${family}`, "ink", 26],
    [shown, `400 12px ${family}`, "ink-2", 18],
  ], width);
  const below = lines(ctx, [
    ...definitions.map((text) => [text, `400 11px ${family}`, "ink-3", 16]),
    [`Lopan · drawn ${drawn} UTC`, `400 11px ${family}`, "ink-3", 16],
  ], width);
  const sum = (list) => list.reduce((total, line) => total + line.step, 0);
  return { above, below, top: sum(above) + 8, bottom: sum(below) + 12 };
}

function lines(ctx, wanted, width) {
  const made = [];
  for (const [text, font, ink, step] of wanted) {
    if (!text) continue;
    ctx.font = font;
    let line = "";
    for (const word of text.split(" ")) {
      const longer = line ? `${line} ${word}` : word;
      if (line && ctx.measureText(longer).width > width) {
        made.push({ text: line, font, ink, step });
        line = word;
      } else line = longer;
    }
    made.push({ text: line, font, ink, step });
  }
  return made;
}

function write(ctx, list, x, y, tone) {
  ctx.textBaseline = "top";
  for (const { text, font, ink, step } of list) {
    ctx.font = font;
    ctx.fillStyle = tone(ink);
    ctx.fillText(text, x, y);
    y += step;
  }
}

function paint(ctx, element, charts) {
  const style = getComputedStyle(element);
  if (style.display === "none" || style.visibility === "hidden" || +style.opacity === 0) return;
  const box = element.getBoundingClientRect();
  if (element.matches("[data-chart]")) {
    const copy = charts.get(element);
    if (copy) return void ctx.drawImage(copy, box.left, box.top, box.width, box.height);
  }
  if (element instanceof SVGSVGElement) return drawing(ctx, element, box);
  const cut = style.overflowX !== "visible";
  ctx.save();
  ground(ctx, style, box);
  if (cut) {
    ctx.beginPath();
    ctx.rect(box.left, box.top, box.width, box.height);
    ctx.clip();
  }
  for (const node of element.childNodes) {
    if (node.nodeType === Node.TEXT_NODE) words(ctx, node, style);
    else if (node.nodeType === Node.ELEMENT_NODE) paint(ctx, node, charts);
  }
  ctx.restore();
}

function ground(ctx, style, box) {
  ctx.beginPath();
  ctx.roundRect(box.left, box.top, box.width, box.height, parseFloat(style.borderTopLeftRadius) || 0);
  ctx.fillStyle = style.backgroundColor;
  ctx.fill();
  const sides = [
    ["Top", box.left, box.top, box.right, box.top, 0, 0.5],
    ["Bottom", box.left, box.bottom, box.right, box.bottom, 0, -0.5],
    ["Left", box.left, box.top, box.left, box.bottom, 0.5, 0],
    ["Right", box.right, box.top, box.right, box.bottom, -0.5, 0],
  ];
  for (const [side, x1, y1, x2, y2, dx, dy] of sides) {
    const width = parseFloat(style[`border${side}Width`]);
    if (!width || style[`border${side}Style`] === "none") continue;
    ctx.strokeStyle = style[`border${side}Color`];
    ctx.lineWidth = width;
    ctx.setLineDash(style[`border${side}Style`] === "dashed" ? [3 * width, 2 * width] : []);
    ctx.beginPath();
    ctx.moveTo(x1 + dx * width, y1 + dy * width);
    ctx.lineTo(x2 + dx * width, y2 + dy * width);
    ctx.stroke();
  }
}

// Word by word where the browser has put it, so that lines break as they do on the page.
function words(ctx, node, style) {
  ctx.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  ctx.fillStyle = style.color;
  ctx.textBaseline = "alphabetic";
  if ("letterSpacing" in ctx) ctx.letterSpacing = style.letterSpacing === "normal" ? "0px" : style.letterSpacing;
  const range = document.createRange();
  for (const { 0: word, index } of node.data.matchAll(/\S+/g)) {
    range.setStart(node, index);
    range.setEnd(node, index + word.length);
    const box = range.getBoundingClientRect();
    if (!box.width) continue;
    const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = ctx.measureText(word);
    ctx.fillText(word, box.left, box.top + (box.height + up - down) / 2);
  }
}

function drawing(ctx, svg, box) {
  const link = svg.querySelector("use")?.getAttribute("href");
  if (link) {
    const symbol = document.querySelector(link);
    const view = symbol.viewBox.baseVal;
    const place = new DOMMatrix([box.width / view.width, 0, 0, box.height / view.height, box.left, box.top]);
    for (const shape of symbol.querySelectorAll(SHAPES)) stroke(ctx, shape, place, getComputedStyle(svg), box.width / view.width);
    return;
  }
  for (const shape of svg.querySelectorAll(SHAPES)) {
    if (shape.closest("defs")) continue;
    const style = getComputedStyle(shape);
    const place = DOMMatrix.fromMatrix(shape.getScreenCTM());
    stroke(ctx, shape, place, style, style.vectorEffect === "non-scaling-stroke" ? 1 : Math.hypot(place.a, place.b));
  }
  for (const text of svg.querySelectorAll("text")) letters(ctx, text);
}

function letters(ctx, text) {
  const style = getComputedStyle(text);
  const box = text.getBoundingClientRect();
  if (!box.width) return;
  ctx.save();
  ctx.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  ctx.textBaseline = "alphabetic";
  const { fontBoundingBoxAscent: up, fontBoundingBoxDescent: down } = ctx.measureText(text.textContent);
  const at = [box.left, box.top + (box.height + up - down) / 2];
  if (style.paintOrder.startsWith("stroke")) {
    Object.assign(ctx, { strokeStyle: style.stroke, lineWidth: parseFloat(style.strokeWidth), lineJoin: "round" });
    ctx.strokeText(text.textContent, ...at);
  }
  ctx.fillStyle = style.fill;
  ctx.fillText(text.textContent, ...at);
  ctx.restore();
}

function outline(shape) {
  const value = (name) => shape[name].baseVal.value;
  const path = new Path2D(shape.localName === "path" ? shape.getAttribute("d") : undefined);
  if (shape.localName === "line") {
    path.moveTo(value("x1"), value("y1"));
    path.lineTo(value("x2"), value("y2"));
  } else if (shape.localName === "circle") path.arc(value("cx"), value("cy"), value("r"), 0, 2 * Math.PI);
  else if (shape.localName === "rect") path.rect(value("x"), value("y"), value("width"), value("height"));
  else if (shape.points) [...shape.points].forEach(({ x, y }, i) => (i ? path.lineTo(x, y) : path.moveTo(x, y)));
  if (shape.localName === "polygon") path.closePath();
  return path;
}

function stroke(ctx, shape, place, style, scale) {
  const path = new Path2D();
  path.addPath(outline(shape), place);
  const ink = (value) => (value === "currentColor" || value === "currentcolor" ? style.color : value);
  ctx.save();
  ctx.globalAlpha *= +style.opacity;
  const fill = shape.getAttribute("fill") ?? style.fill;
  const pattern = fill.match(/url\(["']?(#[\w-]+)/);
  if (pattern) hatch(ctx, path, shape, document.querySelector(pattern[1]));
  else if (fill !== "none") {
    ctx.fillStyle = ink(fill);
    ctx.fill(path);
  }
  if (style.stroke !== "none") {
    ctx.strokeStyle = ink(style.stroke);
    ctx.lineWidth = parseFloat(style.strokeWidth) * scale;
    ctx.lineCap = style.strokeLinecap;
    ctx.lineJoin = style.strokeLinejoin;
    const dash = shape.getAttribute("stroke-dasharray") ?? style.strokeDasharray;
    ctx.setLineDash(dash === "none" ? [] : dash.split(/[ ,]+/).map((length) => parseFloat(length) * scale));
    ctx.stroke(path);
  }
  ctx.restore();
}

// A canvas knows no pattern of an SVG: slanting lines in its colour stand for it.
function hatch(ctx, path, shape, pattern) {
  const style = pattern?.lastElementChild && getComputedStyle(pattern.lastElementChild);
  if (!style) return;
  const box = shape.getBoundingClientRect();
  ctx.save();
  ctx.clip(path);
  ctx.strokeStyle = style.stroke === "none" ? style.fill : style.stroke;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  for (let x = box.left - box.height; x < box.right; x += 6) {
    ctx.moveTo(x, box.bottom);
    ctx.lineTo(x + box.height, box.top);
  }
  ctx.stroke();
  ctx.restore();
}
