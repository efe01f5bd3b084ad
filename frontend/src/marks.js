// What happened, on every chart over time: a line with a number, which the list below the charts says in words.
import { pointed } from "./charts.js";

const NEAR = 8;

// The last bucket goes on after its point: what happened in it stands at the edge.
function place(plot, { t }, canvas) {
  const { min, max } = plot.scales.x;
  return Math.round(plot.valToPos(Math.min(Math.max(t, min), max), "x", canvas));
}

// Numbers that would lie on each other become one flag.
function placed(plot, marks, ratio) {
  const groups = [];
  for (const mark of marks) {
    const x = place(plot, mark, true);
    const last = groups.at(-1);
    if (last && x - last.x < 16 * ratio) last.to = mark.n;
    else groups.push({ x, from: mark.n, to: mark.n, lines: [] });
    groups.at(-1).lines.push(x);
  }
  return groups;
}

export function flags(plot, marks, { font, ratio, tone }) {
  const { ctx, bbox } = plot;
  const ink = tone("ink-2");
  ctx.save();
  ctx.font = `600 ${font.replace(/[\d.]+px/, (size) => `${parseFloat(size) * devicePixelRatio * 0.92}px`)}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const { x, from, to, lines } of placed(plot, marks, ratio)) {
    ctx.strokeStyle = ink;
    ctx.lineWidth = ratio;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    for (const at of lines) {
      ctx.beginPath();
      ctx.moveTo(at, bbox.top);
      ctx.lineTo(at, bbox.top + bbox.height);
      ctx.stroke();
    }
    const text = from === to ? `${from}` : `${from}–${to}`;
    const half = Math.max(7 * ratio, ctx.measureText(text).width / 2 + 3 * ratio);
    const middle = Math.min(Math.max(x, bbox.left + half), bbox.left + bbox.width - half);
    ctx.fillStyle = ink;
    ctx.fillRect(middle - half, bbox.top - 14 * ratio, 2 * half, 13 * ratio);
    ctx.fillStyle = tone("surface");
    ctx.fillText(text, middle, bbox.top - 7 * ratio);
  }
  ctx.restore();
}

export function tip(plot, marks) {
  plot.markTip?.remove();
  plot.markTip = undefined;
  const { left } = plot.cursor;
  if (left === undefined || left < 0) return;
  const near = marks.filter((mark) => Math.abs(place(plot, mark, false) - left) <= NEAR);
  if (!near.length) return;
  const box = document.createElement("div");
  box.className = "mark-tip";
  box.textContent = near.map(({ n, text }) => `${n} ${text}`).join("; ");
  plot.over.append(box);
  box.style.left = `${Math.min(Math.max(0, left + 8), Math.max(0, plot.over.clientWidth - box.offsetWidth))}px`;
  plot.markTip = box;
}

// A double click on a chart opens the form with the time that was pointed at; the button leads there without a pointer.
export function annotate(event) {
  const form = document.getElementById("annotate");
  const place = event.target.closest?.("[data-chart]");
  const at = form && place && pointed(place);
  if (!at) return;
  form.querySelector("[name=at]").value = at;
  form.showPopover();
  form.querySelector("[name=text]").focus();
}
