// Which regions of the picture answered to which word: the prompt's words as buttons, and heat over the picture.
import { button, call, el, fill, imageUrl, word } from "./dom.js";

const LOOK_EVERY = 600; // milliseconds
// Inferno (Nathaniel Smith and Stéfan van der Walt, CC0): equal steps look equally large, also without colour sight.
const STOPS = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]];
const PLACES = ["top_left", "top", "top_right", "left", "centre", "right", "bottom_left", "bottom", "bottom_right"];

/** The section of a variant's page. frame: the node that holds the large picture. */
export function explainSection(server, variant, frame) {
  const body = el("div", { class: "explain-body" });
  const section = el("section", { id: "explain" }, el("h2", {}, word("explain")), body);

  async function look(ask) {
    const answer = await call(ask, { id: variant.id });
    if (!answer) return invite();
    if (answer.told) return fill(body, explained(answer.told));
    if (answer.problem) return invite(answer.problem);
    if (!answer.state) return invite();
    fill(body, waiting(answer));
    setTimeout(() => section.isConnected && look(server.explanation), LOOK_EVERY);
  }

  function invite(problem) {
    fill(body, problem && el("p", { class: "problem", role: "alert" }, problem), el("p", { class: "quiet" }, word("explain_hint")), button("eye", word("explain_ask"), () => look(server.explain)));
  }

  function waiting({ state, done }) {
    const text = state === "waiting" ? word("explain_waiting") : word("explain_running", { p: Math.round(100 * done) });
    return el("div", { class: "explain-wait", role: "status" }, el("span", {}, text), el("progress", { max: 1, value: done, "aria-label": word("progress") }), button("close", word("cancel"), () => look(server.stop_explaining)));
  }

  function explained(told) {
    const overlays = [heat(told), heat(told)];
    const small = el("figure", { class: "explain-picture" }, el("img", { src: imageUrl(variant.image), alt: variant.text }), overlays[1]);
    const line = el("p", { class: "explain-line", "aria-live": "polite" }, word("explain_choose"));
    const opacity = el("input", { type: "range", min: 20, max: 100, value: 70, "aria-label": word("explain_opacity"), oninput: () => overlays.forEach((one) => one.style.setProperty("--heat", `${opacity.value}%`)) });
    const legend = el("div", { class: "explain-legend" }, el("span", {}, word("explain_weak")), el("span", { class: "ramp", "aria-hidden": "true" }), el("span", {}, word("explain_strong")), el("label", {}, word("explain_opacity"), opacity));
    legend.hidden = true;
    let chosen = null;
    frame.querySelector(".heat")?.remove();
    frame.append(overlays[0]);

    function choose(one) {
      chosen = chosen === one ? null : one;
      overlays.forEach((canvas) => paint(canvas, chosen));
      legend.hidden = !chosen;
      buttons.forEach(([node, its]) => node.setAttribute("aria-pressed", String(its === chosen)));
      line.textContent = chosen ? sentence(chosen, told) : word("explain_choose");
    }

    const buttons = told.words.map((one) => [wordButton(one, () => choose(one)), one]);
    return [small, el("div", { class: "explain-words", role: "group", "aria-label": word("explain_words") }, inText(told, buttons)), line, legend];
  }

  look(server.explanation);
  return section;
}

/** The prompt in order: words that were looked at as buttons, all between them as it is. */
function inText(told, buttons) {
  const pieces = [];
  let at = 0;
  for (const [node, one] of buttons) {
    pieces.push(told.prompt.slice(at, one.start), node);
    at = one.end;
  }
  return [...pieces, told.prompt.slice(at)];
}

function wordButton(one, onclick) {
  const share = percent(one.share);
  return el("button", { type: "button", class: `explain-word${one.silent ? " silent" : ""}`, "aria-pressed": "false", title: one.silent ? word("explain_silent", { word: one.text, p: share }) : null, onclick }, one.text, el("small", {}, `${share} %`));
}

const percent = (share) => (share < 0.1 ? (100 * share).toFixed(1) : String(Math.round(100 * share)));

/** What the picture shows of a word, for those who do not see it too. */
function sentence(one, told) {
  const values = { word: one.text, p: percent(one.share), place: word(`place_${place(one.levels, told)}`) };
  return word(one.silent ? "explain_silent" : "explain_told", values);
}

/** In which ninth of the picture the word did most. */
function place(levels, { rows, columns }) {
  const sums = PLACES.map(() => 0);
  const counts = PLACES.map(() => 0);
  levels.forEach((level, cell) => {
    const ninth = 3 * Math.floor((3 * (Math.floor(cell / columns) + 0.5)) / rows) + Math.floor((3 * ((cell % columns) + 0.5)) / columns);
    sums[ninth] += level;
    counts[ninth] += 1;
  });
  const means = sums.map((sum, ninth) => sum / Math.max(1, counts[ninth]));
  return PLACES[means.indexOf(Math.max(...means))];
}

function heat({ rows, columns }) {
  return el("canvas", { class: "heat", width: columns, height: rows, hidden: true, "aria-hidden": "true" });
}

function paint(canvas, one) {
  canvas.hidden = !one;
  if (!one) return;
  const pixels = new ImageData(canvas.width, canvas.height);
  one.levels.forEach((level, cell) => pixels.data.set([...colour(level / 255), 255], 4 * cell));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
}

function colour(strength) {
  const at = strength * (STOPS.length - 1);
  const low = Math.min(Math.floor(at), STOPS.length - 2);
  return STOPS[low].map((from, channel) => Math.round(from + (at - low) * (STOPS[low + 1][channel] - from)));
}
