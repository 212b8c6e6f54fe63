// The record of a session: all that was done to it or refused, as it is kept; nothing is ever taken out of it.
import { el, fill, word, words } from "./dom.js";
import { ago } from "./session_parts.js";

const FIRST = 12;

/** title, note: above the list, if not those of a session's record. */
export function makeRecord({ title = word("fs_record"), note = word("fs_record_note") } = {}) {
  const list = el("ol", { class: "record-list" });
  const more = el("button", { type: "button", class: "act", hidden: true, onclick: () => ((all = true), draw()) }, word("fs_more_record"));
  const node = el("section", { class: "session-record", "aria-labelledby": "record-title" }, el("h2", { id: "record-title" }, title), el("p", { class: "quiet" }, note), list, more);
  let all = false;
  let log = [];
  let nameOf = () => null;

  function paint(now, names) {
    log = now;
    nameOf = names;
    draw();
  }

  function draw() {
    more.hidden = all || log.length <= FIRST;
    fill(list, log.slice(0, all ? log.length : FIRST).map(row));
  }

  function row(entry) {
    const rater = entry.rater ?? entry.actor;
    const who = nameOf(rater);
    const key = `fs_did_${entry.action.replaceAll(" ", "_")}`;
    const did = key in words ? word(key, { rater: who ?? word("fs_somebody") }) : entry.action;
    const actor = entry.actor === "organiser" ? word("fs_organiser") : nameOf(entry.actor) ?? (entry.actor === "stranger" ? word("fs_stranger") : word("fs_somebody"));
    return el("li", { class: entry.refused ? "refused" : "" },
      el("span", { class: "when" }, ago(entry.created)),
      el("span", {}, el("b", {}, actor), " ", entry.refused ? `${word("fs_refused")} ${entry.refused}` : did, " ", el("span", { class: "quiet" }, detail(entry))));
  }

  function detail({ action, details }) {
    const { reason, overlap, budget } = details;
    if (action === "exclude" || action === "readmit") return reason ?? "";
    return [overlap && `${word("fs_overlap")} ${overlap}`, budget && `${word("fs_budget")} ${budget}`].filter(Boolean).join(", ");
  }

  return { node, paint };
}
