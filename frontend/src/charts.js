// Trend charts: drawn from the data in the page at first, extended from the stream afterwards.
import uPlot from "uplot";

const SYNC = "board";
const plots = new Map();
let zone = "UTC";

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
  for (const chart of data.charts) {
    const place = root.querySelector(`[data-chart="${CSS.escape(chart.id)}"]`);
    if (!place || plots.has(chart.id)) continue;
    if (!chart.v.some((value) => value !== null)) {
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

// Points by time: those that are new or changed replace, those before `since` fall out.
export function extend(updates) {
  for (const { id, since, t, v, n, p } of updates) {
    const held = plots.get(id);
    if (!held) continue;
    const points = new Map(held.chart.t.map((time, i) => [time, [held.chart.v[i], held.chart.n[i], held.chart.p[i]]]));
    t.forEach((time, i) => points.set(time, [v[i], n[i], p[i]]));
    const times = [...points.keys()].filter((time) => time >= since).sort((a, b) => a - b);
    const column = (index) => times.map((time) => points.get(time)[index]);
    Object.assign(held.chart, { t: times, v: column(0), n: column(1), p: column(2) });
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
function columns({ t, v, p }) {
  const whole = v.map((value, i) => (p[i] ? null : value));
  const filling = v.map((value, i) => (p[i] || p[i - 1] || p[i + 1] ? value : null));
  return [t, whole, filling];
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

function colour(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function faded(rgb, share) {
  return rgb.replace(/^rgba?\(([^)]+)\)$/, (_, parts) => `rgba(${parts.split(",").slice(0, 3).join(",")},${share})`);
}

function make(place, chart) {
  place.textContent = "";
  const ink = { line: colour("accent"), text: colour("ink-3"), grid: colour("line") };
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const font = `${0.6875 * rem}px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: ink.text, font, ticks: { show: false }, border: { show: false } };
  const points = { show: true, size: 4, width: 0, fill: ink.line, filter: alone };
  const line = { stroke: ink.line, width: 1.75, points };
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
      padding: [8, 6, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { y: { range: () => reach(chart) } },
      axes: [
        { ...axis, size: 1.6 * rem, grid: { show: false }, space: 4.5 * rem, values: clockwork(chart) },
        { ...axis, size: 3.1 * rem, grid: { stroke: ink.grid, width: 1 }, space: 2.2 * rem, values: (_, ticks) => ticks.map(short) },
      ],
      series: [{}, { ...line, fill: gradient }, { ...line, dash: [3, 4], width: 1.5 }],
      hooks: {
        drawClear: [(plot) => limits(plot, chart, font)],
        draw: [(plot) => words(plot, font)],
        setCursor: [(plot) => read(plot, chart, place)],
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
function weighty({ v, n, unit }) {
  const held = v.map((value, i) => [value, n[i]]).filter(([value]) => value !== null);
  // A count is its own number of samples: a quiet Sunday is a figure, not an accident.
  if (unit === "count") return held.map(([value]) => value);
  const counts = held.map(([, count]) => count).sort((a, b) => a - b);
  const least = 0.35 * (counts[counts.length >> 1] ?? 0);
  return held.filter(([, count]) => count >= least).map(([value]) => value);
}

function limits(plot, chart, font) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  const labels = [];
  ctx.save();
  ctx.font = font.replace(/[\d.]+px/, (size) => `${parseFloat(size) * ratio}px`);
  ctx.textAlign = "right";
  ctx.lineJoin = "round";
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
function words(plot, font) {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.font = font.replace(/[\d.]+px/, (size) => `${parseFloat(size) * ratio}px`);
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
  const clock = chart.step < 86_400 ? { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } : { weekday: "short" };
  const form = { day: "numeric", month: "short", ...clock, timeZone: zone };
  const when = new Intl.DateTimeFormat("en-GB", form).format(chart.t[index] * 1000);
  const value = chart.v[index] === null ? "no data" : `${chart.v[index].toFixed(chart.decimals)} ${chart.unit === "count" ? "" : chart.unit}`.trim();
  line.textContent = `${when} · ${value} · n ${chart.n[index].toLocaleString("en")}${chart.p[index] ? " · still filling" : ""}`;
}
