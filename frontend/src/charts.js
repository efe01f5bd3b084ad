// Trend charts: drawn from the data in the page at first, extended from the stream afterwards.
import uPlot from "uplot";
import { flags, tip } from "./marks.js";

const SYNC = "board";
const plots = new Map();
let zone = "UTC";
let marks = [];

const widths = new ResizeObserver((entries) => {
  for (const { target, contentRect } of entries) {
    const plot = plots.get(target.dataset.chart)?.plot;
    if (plot && contentRect.width > 0) plot.setSize({ width: contentRect.width, height: contentRect.height });
  }
});

export function clear() {
  widths.disconnect();
  for (const { plot } of plots.values()) plot.destroy();
  plots.clear();
}

export function draw(root) {
  const block = root.querySelector("#chart-data");
  if (!block) return;
  const data = JSON.parse(block.textContent);
  zone = data.zone;
  marks = data.marks ?? [];
  for (const chart of data.charts) {
    const place = root.querySelector(`[data-chart="${CSS.escape(chart.id)}"]`);
    if (!place || plots.has(chart.id)) continue;
    if (![...chart.v, ...(chart.c ?? [])].some((value) => value !== null)) {
      place.textContent = "";
      place.classList.add("spark-none");
      place.append("No data in this range");
      continue;
    }
    plots.set(chart.id, { chart, plot: make(place, chart) });
    widths.observe(place);
  }
  document.documentElement.dataset.charts = "painted";
  performance.mark("lopan:charts");
}

// The time under the pointer of the chart in `place`, as a field of the type datetime-local takes it.
export function pointed(place) {
  const plot = plots.get(place.dataset.chart)?.plot;
  if (!plot || plot.cursor.left < 0) return undefined;
  const parts = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short", timeZone: zone });
  return parts.format(plot.posToVal(plot.cursor.left, "x") * 1000).replace(" ", "T");
}

// Points by time: those that are new or changed replace, those before `since` fall out.
export function extend(updates) {
  for (const { id, since, t, v, n, p, c } of updates) {
    const held = plots.get(id);
    if (!held) continue;
    const points = new Map(held.chart.t.map((time, i) => [time, [held.chart.v[i], held.chart.n[i], held.chart.p[i], held.chart.c?.[i] ?? null]]));
    t.forEach((time, i) => points.set(time, [v[i], n[i], p[i], c?.[i] ?? null]));
    const times = [...points.keys()].filter((time) => time >= since).sort((a, b) => a - b);
    const column = (index) => times.map((time) => points.get(time)[index]);
    Object.assign(held.chart, { t: times, v: column(0), n: column(1), p: column(2) });
    if (held.chart.c) held.chart.c = column(3);
    held.plot.setData(columns(held.chart));
    remember(held.chart);
  }
}

// The block in the page stays the truth, so that a change of theme redraws what is shown.
function remember(chart) {
  const block = document.querySelector("#chart-data");
  const data = JSON.parse(block.textContent);
  data.charts = data.charts.map((old) => (old.id === chart.id ? chart : old));
  block.textContent = JSON.stringify(data);
}

// Buckets that still fill, or that the range cuts, are a line of their own, dashed, up to the nearest complete one.
function columns({ t, v, p, c }) {
  const whole = v.map((value, i) => (p[i] ? null : value));
  const filling = v.map((value, i) => (p[i] || p[i - 1] || p[i + 1] ? value : null));
  return c ? [t, whole, filling, c] : [t, whole, filling];
}

// A value between two gaps has no line to be part of, so it is drawn as a dot.
function alone(plot, index, show) {
  if (!show) return null;
  const values = plot.data[index];
  const whole = plot.data[1];
  return values.flatMap((value, i) => {
    const near = [values[i - 1], values[i + 1], whole[i - 1]];
    return value !== null && near.every((other) => other === null || other === undefined) ? [i] : [];
  });
}

export function colour(name, within = document.body) {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  within.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function faded(rgb, share) {
  return rgb.replace(/^rgba?\(([^)]+)\)$/, (_, parts) => `rgba(${parts.split(",").slice(0, 3).join(",")},${share})`);
}

// The charts inside `root` once more, `scale` times as large and in the colours of `scheme`; by the element they are in.
export async function copies(root, scale, scheme) {
  const made = new Map();
  const hosts = [];
  for (const place of root.querySelectorAll("[data-chart]")) {
    const held = plots.get(place.dataset.chart);
    if (!held) continue;
    const host = document.createElement("div");
    host.className = `picture-host picture-${scheme}`;
    host.style.width = `${place.clientWidth * scale}px`;
    host.style.height = `${place.clientHeight * scale}px`;
    document.body.append(host);
    hosts.push([host, make(host, held.chart, scale)]);
    made.set(place, host);
  }
  // uPlot draws in a microtask of its own.
  await new Promise((done) => setTimeout(done));
  for (const [place, host] of made) made.set(place, host.querySelector("canvas"));
  return { made, end: () => hosts.forEach(([host, plot]) => (plot.destroy(), host.remove())) };
}

function make(place, chart, scale = 1) {
  place.textContent = "";
  const ink = { line: colour("accent", place), text: colour("ink-3", place), grid: colour("line", place) };
  const rem = scale * parseFloat(getComputedStyle(document.documentElement).fontSize);
  const font = `${0.6875 * rem}px ${getComputedStyle(document.body).fontFamily}`;
  const look = { font, ratio: devicePixelRatio * scale, tone: (name) => colour(name, place) };
  const axis = { stroke: ink.text, font, ticks: { show: false }, border: { show: false } };
  const points = { show: true, size: 4 * scale, width: 0, fill: ink.line, filter: alone };
  const line = { stroke: ink.line, width: 1.75 * scale, points };
  const other = { stroke: colour("compare", place), width: 1.5 * scale, dash: [7 * scale, 4 * scale] };
  const gradient = (plot) => {
    const fill = plot.ctx.createLinearGradient(0, plot.bbox.top, 0, plot.bbox.top + plot.bbox.height);
    fill.addColorStop(0, faded(ink.line, 0.1));
    fill.addColorStop(1, faded(ink.line, 0));
    return fill;
  };
  return new uPlot(
    {
      width: place.clientWidth,
      height: place.clientHeight,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      padding: [(marks.length ? 18 : 8) * scale, 6 * scale, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { y: { range: () => reach(chart) } },
      axes: [
        { ...axis, size: 1.6 * rem, grid: { show: false }, space: 4.5 * rem, values: clockwork(chart) },
        { ...axis, size: 3.1 * rem, grid: { stroke: ink.grid, width: scale }, space: 2.2 * rem, values: (_, ticks) => ticks.map(short) },
      ],
      series: [
        {},
        { ...line, fill: gradient },
        { ...line, dash: [3 * scale, 4 * scale], width: 1.5 * scale },
        ...(chart.c ? [{ ...other, points: { ...points, fill: other.stroke } }] : []),
      ],
      hooks: {
        drawClear: [(plot) => limits(plot, chart, look)],
        draw: [(plot) => words(plot, look), (plot) => flags(plot, marks, look)],
        setCursor: [(plot) => read(plot, chart, place), (plot) => tip(plot, marks)],
      },
    },
    columns(chart),
    place,
  );
}

// A limit is in sight when the data come near it; a far one would flatten the line.
function reach(chart) {
  const values = weighty(chart);
  if (!values.length) return [0, 1];
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = Math.max((high - low) * 0.6, Math.abs(high) * 0.02, 1e-6);
  let [bottom, top] = [low, high];
  for (const [, value] of chart.lines) {
    if (value >= low - room && value <= high + room) {
      bottom = Math.min(bottom, value);
      top = Math.max(top, value);
    }
  }
  const margin = Math.max((top - bottom) * 0.12, room * 0.15);
  const floor = low >= 0 ? Math.max(0, bottom - margin) : bottom - margin;
  const ceiling = chart.unit === "%" && high <= 100 ? Math.min(100, top + margin) : top + margin;
  return ceiling > floor ? [floor, ceiling] : [floor - margin, ceiling + margin];
}

// A bucket with a few samples must not flatten all others; it is cut at the edge.
function weighty({ v, n, c }) {
  const held = v.map((value, i) => [value, n[i]]).filter(([value]) => value !== null);
  const counts = held.map(([, count]) => count).sort((a, b) => a - b);
  const least = 0.35 * (counts[counts.length >> 1] ?? 0);
  const kept = held.filter(([, count]) => count >= least).map(([value]) => value);
  return kept.concat((c ?? []).filter((value) => value !== null));
}

function limits(plot, chart, { ratio, tone: colour }) {
  const { ctx, bbox } = plot;
  const labels = [];
  ctx.save();
  // The worst limit first: where two are too close for two words, its word stays.
  for (const [name, value] of [...chart.lines].reverse()) {
    const y = Math.round(plot.valToPos(value, "y", true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    const tone = colour(name === "target" ? "ink-3" : name);
    const edge = chart.better === "lower" ? bbox.top : bbox.top + bbox.height;
    if (name !== "target" && Math.abs(edge - y) < bbox.height * 0.6) {
      ctx.fillStyle = faded(tone, 0.06);
      ctx.fillRect(bbox.left, Math.min(y, edge), bbox.width, Math.abs(edge - y));
    }
    ctx.strokeStyle = faded(tone, 0.7);
    ctx.lineWidth = ratio;
    ctx.setLineDash([4 * ratio, 4 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    const under = y - bbox.top < 15 * ratio;
    const middle = y + (under ? 9 : -8) * ratio;
    if (labels.some((other) => Math.abs(other.middle - middle) < 13 * ratio)) continue;
    labels.push({ name, middle, tone });
  }
  plot.limitLabels = labels;
  ctx.restore();
}

// Words over the lines, with a rim of the background so that they can be read where they cross one.
function words(plot, { font, ratio, tone: colour }) {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.font = font.replace(/[\d.]+px/, (size) => `${parseFloat(size) * devicePixelRatio}px`);
  ctx.textAlign = "right";
  ctx.lineJoin = "round";
  ctx.strokeStyle = colour("surface");
  ctx.lineWidth = 4 * ratio;
  ctx.textBaseline = "middle";
  for (const { name, middle, tone } of plot.limitLabels ?? []) {
    const at = [bbox.left + bbox.width - 2 * ratio, middle];
    ctx.strokeText(name, ...at);
    ctx.fillStyle = tone;
    ctx.fillText(name, ...at);
  }
  ctx.restore();
}

function short(value) {
  if (value === null) return "";
  return Math.abs(value) >= 10_000 ? `${+(value / 1000).toFixed(1)}k` : `${+value.toFixed(3)}`;
}

function clockwork(chart) {
  const length = chart.t.at(-1) - chart.t[0];
  const form = length > 2 * 86_400 ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  const text = new Intl.DateTimeFormat("en-GB", { ...form, timeZone: zone });
  return (_, ticks) => ticks.map((tick) => text.format(tick * 1000));
}

function read(plot, chart, place) {
  const line = place.closest("figure")?.querySelector(".readout");
  if (!line) return;
  line.dataset.rest ??= line.textContent;
  const index = plot.cursor.idx;
  if (index === null || index === undefined || plot.cursor.left < 0) {
    line.textContent = line.dataset.rest;
    return;
  }
  const form = { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
  const when = new Intl.DateTimeFormat("en-GB", form).format(chart.t[index] * 1000);
  const value = chart.v[index] === null ? "no data" : `${chart.v[index].toFixed(chart.decimals)} ${chart.unit}`.trim();
  const there = chart.c?.[index] ?? null;
  const other = chart.c ? ` against ${there === null ? "no data" : there.toFixed(chart.decimals)}` : "";
  line.textContent = `${when} · ${value}${other} · n ${chart.n[index].toLocaleString("en")}${chart.p[index] ? " · still filling" : ""}`;
}
