// Every feedback session, those that wait for their pictures, and the form for a new one.
import { button, call, el, fill, icon, toast, word } from "./dom.js";
import { makeForm } from "./session_form.js";
import { makeRecord } from "./session_record.js";
import { ago, ask, kindName, number, pill, style, waitingNote } from "./session_parts.js";

const POLL = 3000;

export default function ({ element, server }) {
  style("sessions.css");
  style("figures.css");
  const asked = new URLSearchParams(location.search);
  if (asked.has("ids") || asked.has("new")) return makeForm(element, server, numbers(asked.get("ids") ?? ""));
  const refused = makeRecord({ title: word("fs_stray"), note: word("fs_stray_note") });
  let seen = "";
  let timer = 0;

  async function poll() {
    clearTimeout(timer);
    if (!element.isConnected) return;
    const answer = await call(server.feedback_sessions, {}, { quiet: seen !== "" });
    const busy = answer?.drafts.some((draft) => draft.running) || answer?.sessions.some(({ state }) => state === "open");
    if (answer && JSON.stringify(answer) !== seen) {
      seen = JSON.stringify(answer);
      paint(answer);
    }
    if (!answer && !seen) fill(element, el("div", { class: "empty" }, el("p", {}, word("server_gone")), button("again", word("fs_try_again"), poll)));
    timer = setTimeout(poll, (busy ? 1 : 4) * (document.hidden ? 4 : 1) * POLL);
  }

  function paint({ sessions, drafts, refused: stray }) {
    const head = el("div", { class: "sessions-head" }, el("h1", {}, word("nav_sessions")),
      el("a", { class: "act primary", id: "new-session", href: "/sessions?new=1" }, word("fs_new")));
    fill(element, head, drafts.length > 0 && el("div", { class: "drafts" }, drafts.map(draftCard)),
      sessions.length > 0 ? table(sessions) : drafts.length === 0 && welcome(), stray.length > 0 && refused.node);
    refused.paint(stray, () => null);
  }

  function welcome() {
    return el("div", { class: "welcome" },
      el("div", { class: "welcome-art", "aria-hidden": "true" }, icon("compare")),
      el("h2", {}, word("fs_empty_title")),
      el("p", {}, word("fs_empty_text")),
      el("ol", {}, ["fs_empty_1", "fs_empty_2", "fs_empty_3"].map((key) => el("li", {}, word(key)))),
      el("p", { class: "welcome-ways" }, el("a", { class: "act primary", href: "/gallery" }, word("fs_from_gallery")), el("a", { class: "act", href: "/sessions?new=1" }, word("fs_from_prompts"))));
  }

  function table(sessions) {
    const heads = ["fs_name", "fs_kind", "fs_state", "fs_progress", "fs_raters", "fs_last"];
    return el("table", { class: "session-table" },
      el("thead", {}, el("tr", {}, heads.map((key) => el("th", { scope: "col" }, word(key))))),
      el("tbody", {}, sessions.map(row)));
  }

  function row(session) {
    const { progress } = session;
    const by = session.by === "" ? word("fs_by_you") : session.by ? word("fs_by", { name: session.by }) : "";
    return el("tr", {},
      el("th", { scope: "row" }, el("a", { href: `/session?id=${session.id}` }, session.name), by && el("span", { class: "quiet" }, by)),
      el("td", { "data-head": word("fs_kind") }, kindName(session.kind)),
      el("td", { "data-head": word("fs_state") }, pill(session.state)),
      el("td", { "data-head": word("fs_progress") }, el("progress", { max: Math.max(1, progress.wanted), value: progress.answers, "aria-label": word("fs_progress") }), el("span", { class: "of" }, `${number(progress.answers)} / ${number(progress.wanted)}`)),
      el("td", { "data-head": word("fs_raters") }, number(progress.raters)),
      el("td", { "data-head": word("fs_last") }, ago(progress.last)));
  }

  function draftCard(draft) {
    const stuck = !draft.running;
    const why = draft.problem ?? draft.error;
    const left = draft.left === null ? "" : word("status_left", { s: Math.max(1, Math.ceil(draft.left)) });
    return el("section", { class: `draft ${stuck ? "stuck" : ""}`, "data-draft": draft.id, "aria-label": draft.name },
      el("div", {}, el("h2", {}, draft.name), el("span", { class: "quiet" }, kindName(draft.kind))),
      el("p", { role: "status" }, stuck ? word(draft.problem ? "fs_draft_problem" : "fs_draft_stuck", { done: draft.done, of: draft.of }) : word("fs_draft_running", { done: draft.done, of: draft.of }) + left),
      el("progress", { class: "whole", max: Math.max(1, draft.of), value: draft.done, "aria-label": word("progress") }),
      why && el("p", { class: "failure", role: "alert" }, why),
      el("div", { class: "draft-actions" },
        stuck && draft.done > 0 && button("check", word("fs_draft_make"), () => change(draft.id, "make"), { className: "primary" }),
        stuck && draft.done < draft.of && button("again", word("fs_draft_again"), () => change(draft.id, "again")),
        !stuck && button("close", word("cancel"), () => change(draft.id, "cancel")),
        button("trash", word("fs_draft_discard"), () => ask({ title: word("fs_draft_discard_title"), text: word("fs_draft_discard_text"), label: word("fs_draft_discard"), danger: true, yes: () => change(draft.id, "discard") }))));
  }

  async function change(id, how) {
    const answer = await call(server.change_draft, { id, how });
    if (answer?.session) location.href = `/session?id=${answer.session}`;
    else if (answer) toast(word(`fs_draft_done_${how}`));
    poll();
    return answer !== null;
  }

  fill(element, waitingNote());
  poll();
  document.addEventListener("visibilitychange", () => document.hidden || poll());
}

const numbers = (text) => text.split(",").map(Number).filter((id) => Number.isSafeInteger(id) && id > 0);
