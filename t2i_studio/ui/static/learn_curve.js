// The loss of each step so far, and its course smoothed.
import { el, word } from "./dom.js";

const WIDE = 600;
const HIGH = 150;
const NAMESPACE = "http://www.w3.org/2000/svg";

/** points: [[step, loss]…]; steps: how many there will be. Nothing with fewer than two. */
export function curve(points, steps) {
  if (points.length < 2) return null;
  const last = steps ?? points.at(-1)[0];
  const values = points.map(([, loss]) => loss);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const span = high - low || 1;
  const place = ([step, loss]) => `${((WIDE * step) / last).toFixed(1)},${(HIGH - 6 - ((HIGH - 12) * (loss - low)) / span).toFixed(1)}`;
  const svg = node("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": word("ln_curve_now", { loss: smoothed(points).at(-1)[1].toFixed(3), step: points.at(-1)[0] }) });
  svg.append(node("polyline", { class: "each", points: points.map(place).join(" ") }), node("polyline", { class: "course", points: smoothed(points).map(place).join(" ") }));
  return el("div", { class: "learn-curve" },
    el("div", { class: "learn-curve-y", "aria-hidden": "true" }, el("span", {}, high.toFixed(3)), el("span", {}, low.toFixed(3))),
    el("div", {}, svg, el("div", { class: "learn-curve-x", "aria-hidden": "true" }, el("span", {}, "0"), el("span", {}, word("ln_step_n", { n: last })))));
}

/** Each point as the mean of those around it. */
function smoothed(points) {
  const reach = Math.max(1, Math.round(points.length / 20));
  return points.map(([step], at) => {
    const around = points.slice(Math.max(0, at - reach), at + reach + 1);
    return [step, around.reduce((sum, [, loss]) => sum + loss, 0) / around.length];
  });
}

function node(tag, attributes) {
  const made = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
