// Adapters that were learnt: which is in use for each model and team, since when and by whom; use, roll back, discard.
import { button, call, el, fill, icon, toast, word } from "./dom.js";
import { winRate } from "./learn_parts.js";
import { ago, number } from "./session_parts.js";

/** The list of all of them. changed: called after something was done. */
export function makeAdapters(server, changed) {
  const node = el("section", { class: "learn-adapters" });

  function paint(adapters) {
    node.hidden = adapters.length === 0;
    const lines = Map.groupBy ? Map.groupBy(adapters, lineOf) : grouped(adapters);
    fill(node, el("h2", {}, word("ln_adapters")), [...lines.values()].map((line) => lineNode(line)));
  }

  function lineNode(line) {
    const { model, team } = line[0];
    const used = line.find((one) => one.adopted);
    return el("div", { class: "learn-line" },
      el("h3", {}, model, " · ", team ? word("ln_team_n", { team }) : word("ln_everybody")),
      el("p", { class: "quiet" }, used ? word("ln_line_used", { version: used.version }) : word("ln_line_none")),
      el("ul", {}, line.map((one) => item(one))));
  }

  function item(one) {
    return el("li", { class: one.discarded ? "discarded" : one.adopted ? "used" : null, "data-adapter": one.id },
      el("div", {},
        el("b", {}, word("ln_version_n", { version: one.version })), " ",
        one.adopted && el("span", { class: "pill open" }, word("ln_in_use")),
        one.discarded && el("span", { class: "pill" }, word("ln_discarded")),
        one.forgotten && el("span", { class: "flag-note" }, word("ln_forgotten")),
        el("p", { class: "quiet" }, el("a", { href: `/learn?run=${one.run}` }, word("ln_run_n", { id: one.run })), " · ", word("ln_from_ratings", { n: number(one.examples) }), one.verdict && ` · ${word("ln_wins", { share: winRate(one.verdict) })}`),
        one.since && el("p", { class: "quiet" }, one.by === "" ? word("ln_since_you") : one.by ? word("ln_since_by", { name: one.by }) : word("ln_since"), " ", ago(one.since))),
      adapterActions(server, one, changed));
  }

  return { node, paint };
}

const lineOf = (one) => JSON.stringify([one.model, one.team]);

function grouped(adapters) {
  const lines = new Map();
  for (const one of adapters) lines.set(lineOf(one), [...(lines.get(lineOf(one)) ?? []), one]);
  return lines;
}

/** Buttons for what can be done with an adapter; why it cannot be used stands beside them. */
export function adapterActions(server, one, changed, { more = [] } = {}) {
  const does = async (fn, payload, then) => {
    const answer = await call(fn, payload);
    if (answer) then(answer);
    changed();
  };
  const use = () => does(server.adopt_adapter, { id: one.id }, () => toast(word("ln_used", { version: one.version }), { action: [word("undo"), () => does(server.roll_back_adapter, { id: one.id }, told)] }));
  const told = ({ version }) => toast(version ? word("ln_back_to", { version }) : word("ln_back_to_none"), { action: [word("undo"), use] });
  const discard = () => does(server.discard_adapter, { id: one.id }, () => toast(word("ln_was_discarded", { version: one.version }), { action: [word("undo"), takeBack] }));
  const takeBack = () => does(server.take_back_adapter, { id: one.id }, () => toast(word("ln_was_taken_back", { version: one.version })));
  const again = () => does(server.learn_again, { id: one.run }, ({ run }) => (location.href = `/learn?run=${run}`));
  const files = `/learn/adapters/${one.id}.safetensors`;
  return el("div", { class: "learn-actions" },
    el("div", { class: "session-actions" },
      one.adopted && button("undo", word("ln_roll_back"), () => does(server.roll_back_adapter, { id: one.id }, told), { className: "roll-back" }),
      !one.adopted && !one.discarded && button("check", word("ln_use"), use, { className: "primary use", disabled: one.obstacle !== null, title: one.obstacle ?? word("ln_use") }),
      one.forgotten && button("again", word("ln_again_without"), again, { className: one.adopted ? "primary again" : "again" }),
      more,
      !one.adopted && !one.discarded && !one.was_in_use && button("trash", word("ln_discard"), discard, { className: "discard" }),
      one.discarded && button("undo", word("ln_take_back"), takeBack, { className: "take-back" }),
      !one.discarded && el("a", { class: "act", href: files, download: "", title: word("ln_download_note") }, icon("download"), el("span", { class: "label" }, word("ln_download"))),
      !one.discarded && el("a", { class: "act", href: `${files}?layers=diffusers`, download: "" }, icon("download"), el("span", { class: "label" }, word("ln_download_diffusers")))),
    one.obstacle && !one.adopted && !one.discarded && el("p", { class: "quiet obstacle" }, one.obstacle));
}
