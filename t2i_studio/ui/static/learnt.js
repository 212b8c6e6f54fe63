// Whether what was learnt from ratings joins the next pictures, and whose. Value: {on, team}; nothing is shown while
// nothing is in use for the model. What the visitor chooses is remembered.
import { call, el, fill, remember, word } from "./dom.js";

const kept = () => decodeURIComponent((document.cookie.match(/(?:^|; )learnt=([^;]*)/) || [])[1] ?? "");

export default function ({ element, props, server, watch }) {
  const tick = el("input", { type: "checkbox", role: "switch", id: "learnt-on", onchange: choose });
  const said = el("span", {});
  const whose = el("select", { "aria-label": word("learnt_whose"), onchange: choose });
  const more = el("a", { href: "/learn", class: "quiet" }, word("learnt_more"));
  const row = el("div", { class: "learnt-row", hidden: true }, el("label", { class: "switch", for: "learnt-on" }, tick, said), whose, more);
  const problem = el("p", { class: "problem", hidden: true });
  let tastes = [];
  fill(element, row, problem);

  const [on, team] = kept().split("|");
  if (!props.value) props.value = { on: on !== "off", team: team ?? "" };

  function choose() {
    props.value = { on: tick.checked, team: whose.value };
    remember("learnt", encodeURIComponent(`${tick.checked ? "on" : "off"}|${whose.value}`));
    paint();
  }

  async function look() {
    const model = props.model;
    const answer = await call(server.learnt_tastes, { model }, { quiet: true });
    if (!answer || model !== props.model) return;
    tastes = answer.tastes;
    paint();
  }

  function paint() {
    const value = props.value ?? { on: true, team: "" };
    const own = tastes.find((one) => one.team === value.team) ?? tastes.find((one) => one.team === "");
    row.hidden = tastes.length === 0;
    fill(whose, whoseOptions(value.team));
    whose.value = value.team;
    whose.hidden = whose.options.length < 2;
    tick.checked = value.on;
    tick.disabled = !own?.works;
    fill(said, own ? word("learnt_line", { version: own.version }) : word("learnt_none_of_team"));
    problem.hidden = row.hidden || !own || own.works;
    fill(problem, own && !own.works && word("learnt_broken"));
  }

  function whoseOptions(chosen) {
    const names = [...new Set(["", ...tastes.map((one) => one.team), chosen])];
    return names.map((name) => el("option", { value: name }, name || word("ln_everybody")));
  }

  watch("value", paint);
  watch("model", look);
  look();
  document.addEventListener("visibilitychange", () => document.hidden || look());
}
