// What the parts of the Learn page share: times, shares, names of states and methods, progress.
import { el, word } from "./dom.js";

/** A time in seconds in plain words, as it is said of an estimate. */
export function duration(seconds) {
  if (seconds < 90) return word("ln_seconds", { n: Math.max(5, Math.ceil(seconds / 5) * 5) });
  if (seconds < 5400) return word("ln_minutes", { n: Math.round(seconds / 60) });
  return word("ln_hours", { n: Math.round(seconds / 360) / 10 });
}

export const percent = (share) => `${Math.round(100 * share)} %`;

/** A change of points, with its sign. */
export const signed = (value) => (Math.abs(value) < 0.05 ? "±0" : `${value > 0 ? "+" : "−"}${Math.abs(value).toFixed(1)}`);

/** The share of comparisons that new pictures win, with its interval; a dash where there is no verdict. */
export function winRate(verdict) {
  if (!verdict || verdict.judge === "none") return "–";
  return `${percent(verdict.win_rate)} (${Math.round(100 * verdict.win_rate_low)}–${percent(verdict.win_rate_high)})`;
}

export const methodName = (method) => (method ? word(`ln_method_${method}`) : "–");

/** The state of a run; a decided one by what was decided. */
export function statePill(run) {
  const said = run.state === "decided" ? (run.verdict?.adopt ? "better" : "not_better") : run.cancelling ? "cancelling" : run.state;
  const kind = { better: "open", training: "open", evaluating: "open", starting: "open", preflight: "open", asking: "open", failed: "bad", interrupted: "bad" }[said] ?? "";
  return el("span", { class: `pill ${kind}` }, word(`ln_state_${said}`));
}

/** How far the running stage is, with the time left. */
export function progressLine(run) {
  const told = run.progress;
  const left = told?.seconds_left ? word("ln_left", { time: duration(told.seconds_left) }) : "";
  const key = told?.loss === null ? "ln_reading_of" : "ln_step_of"; // before the first step the pictures are read
  const counted = told && run.stage === "training" ? word(key, { done: Math.round(told.done), of: Math.round(told.of) }) : told ? `${Math.floor((100 * told.done) / Math.max(1, told.of))} %` : word(`ln_doing_${run.state === "starting" ? "starting" : run.stage}`);
  return el("div", { class: "learn-progress" },
    el("progress", { class: "whole", ...(told ? { max: Math.max(1, told.of), value: told.done } : {}), "aria-label": word("progress") }),
    el("span", { class: "quiet", role: "status" }, counted, left && ` · ${left}`));
}
