// One feedback session while it runs: how far it is, what it says so far, who takes part, by which links, its record.
import { button, call, el, fill, icon, toast, word } from "./dom.js";
import { makeLinks } from "./session_links.js";
import { ago, ask, kindName, knownLinks, number, pill, shownLink, style, waitingNote } from "./session_parts.js";
import { makeRaters } from "./session_raters.js";
import { makeRecord } from "./session_record.js";

const POLL = 3000;
const FORMATS = ["csv", "xlsx", "pick-a-pic", "diffusion-kto", "imagefolder", "kohya", "captioned", "simpletuner", "label-studio", "argilla"];

export default function ({ element, server }) {
  style("sessions.css");
  style("figures.css");
  const id = Number(new URLSearchParams(location.search).get("id"));
  const head = el("header", { class: "session-head" });
  const fresh = el("div", { class: "fresh-links" });
  const progress = el("section", { class: "session-progress", "aria-label": word("fs_progress") });
  const figures = el("div", { class: "figures", "aria-live": "off" }, waitingNote(word("fs_computing")));
  const raters = makeRaters(server, id, () => poll());
  const links = makeLinks(server, id, () => poll());
  const record = makeRecord();
  let mark = null;
  let seen = "";
  let timer = 0;
  let gone = false;
  let session = null;

  if (!id) return fill(element, el("p", {}, el("a", { href: "/sessions" }, word("nav_sessions"))));
  fill(element, waitingNote());
  poll();
  document.addEventListener("visibilitychange", () => document.hidden || poll());

  async function poll() {
    clearTimeout(timer);
    if (!element.isConnected) return;
    const answer = await call(server.session_now, { id }, { quiet: session !== null });
    if (answer) paint(answer);
    else if (session === null) return fill(element, el("div", { class: "welcome" }, el("h2", {}, word("fs_not_found")), el("a", { class: "act", href: "/sessions" }, word("nav_sessions"))));
    lost(!answer);
    const wait = (session.state === "open" ? 1 : 4) * (document.hidden ? 4 : 1) * POLL;
    timer = setTimeout(poll, wait);
  }

  function lost(now) {
    if (now && !gone) toast(word("server_gone"), { kind: "bad" });
    gone = now;
  }

  function paint(answer) {
    if (session === null) layOut();
    session = answer.session;
    if (JSON.stringify(answer) !== seen) {
      seen = JSON.stringify(answer);
      paintHead();
      paintProgress();
      paintFresh(answer.links);
      raters.paint(answer.raters);
      links.paint(answer.links, session);
      record.paint(answer.log, raters.nameOf);
    }
    if (answer.mark !== mark) compute(answer.mark);
  }

  function layOut() {
    fill(element, el("div", { class: "session-body" }, el("p", { class: "crumbs" }, el("a", { href: "/sessions" }, word("nav_sessions"))), head, fresh, progress,
      el("div", { class: "session-columns" },
        el("section", { class: "session-figures", "aria-labelledby": "figures-title" }, el("h2", { id: "figures-title" }, word("fs_so_far")), figures),
        el("div", { class: "session-side" }, links.node)),
      raters.node, record.node));
  }

  async function compute(now) {
    mark = now;
    figures.setAttribute("aria-busy", "true");
    const answer = await call(server.session_figures, { id }, { quiet: true });
    figures.removeAttribute("aria-busy");
    if (!answer) {
      mark = null; // asked for again with the next look
      if (figures.querySelector(".waiting-note")) fill(figures, el("p", { class: "quiet" }, word("fs_figures_late")));
      return;
    }
    const open = [...figures.querySelectorAll("details")].map((fold) => fold.open);
    figures.innerHTML = answer.html; // every text in it is escaped by the studio
    figures.querySelectorAll("details").forEach((fold, place) => (fold.open = open[place] ?? false));
    raters.measures(answer.raters);
  }

  function paintFresh(all) {
    const valid = new Set(all.filter((link) => !link.revoked).map((link) => link.id));
    const open = knownLinks(id).filter(({ link }) => link === null ? all.some((one) => !one.revoked) : valid.has(link));
    fill(fresh, session.state !== "closed" && open.slice(-1).map(({ token, label }) => shownLink(token, label)));
  }

  function paintHead() {
    const { state, name, by } = session;
    const made = by === "" ? word("fs_by_you") : by ? word("fs_by", { name: by }) : "";
    fill(head,
      el("div", {}, el("h1", {}, name), el("p", { class: "quiet" }, pill(state), " ", kindName(session.kind), made && ` · ${made}`, " · ", ago(session.created))),
      el("div", { class: "session-actions" },
        state === "open" && button("pause", word("fs_pause"), () => set("paused"), { className: "pause" }),
        state === "paused" && button("play", word("fs_go_on"), () => set("open"), { className: "primary" }),
        state !== "closed" && button("plus", word("fs_extend"), extend),
        state !== "closed" && button("check", word("fs_close"), close, { className: "end" }),
        el("a", { class: "act report", href: `/sessions/${id}/report`, target: "_blank", rel: "noopener" }, icon("chart"), el("span", { class: "label" }, word("fs_report"))),
        button("download", word("fs_export"), exportAnswers)));
  }

  function paintProgress() {
    const { answers, wanted, items, done, raters: people, excluded, per_minute, leased, skips, last } = session.progress;
    const left = per_minute > 0 && answers < wanted && session.state === "open" ? Math.ceil((wanted - answers) / per_minute) : null;
    const figure = (value, words) => el("div", {}, el("b", {}, value), el("span", {}, words));
    fill(progress,
      el("div", { class: "whole-row" }, el("progress", { class: "whole", max: Math.max(1, wanted), value: answers, "aria-label": word("fs_progress") }), el("b", {}, `${Math.floor((100 * answers) / Math.max(1, wanted))} %`)),
      el("div", { class: "big-figures" },
        figure(`${number(answers)} / ${number(wanted)}`, word("fs_answers")),
        figure(`${number(done)} / ${number(items)}`, word("fs_items_done")),
        figure(number(Math.round(per_minute * 60)), word("fs_per_hour")),
        figure(left === null ? "–" : left < 90 ? word("fs_minutes", { n: left }) : word("fs_hours", { n: Math.round(left / 60) }), word("fs_time_left")),
        figure(number(people) + (excluded ? ` (−${excluded})` : ""), word("fs_raters")),
        figure(ago(last), word("fs_last"))),
      (leased > 0 || skips > 0) && el("p", { class: "quiet" }, [leased > 0 && word("fs_looking_now", { n: leased }), skips > 0 && word("fs_skips", { n: skips })].filter(Boolean).join(" · ")),
      answers >= wanted && session.state === "open" && el("p", { class: "notice" }, el("span", {}, word("fs_complete"), excluded > 0 && ` ${word("fs_left_out_ask")}`), button("plus", word("fs_extend"), extend), button("check", word("fs_close"), close)));
  }

  async function set(state) {
    if (await call(server.set_session_state, { id, state })) toast(word(`fs_now_${state}`));
    poll();
  }

  function close() {
    ask({ title: word("fs_close_title"), text: word("fs_close_text"), label: word("fs_close"), danger: true, yes: async () => {
      const done = await call(server.set_session_state, { id, state: "closed" });
      if (done) toast(word("fs_now_closed"));
      poll();
      return done;
    } });
  }

  function extend() {
    const fields = [{ name: "overlap", text: word("fs_overlap"), type: "number", min: session.overlap, max: 100, value: session.overlap, inputmode: "numeric" }];
    if (session.budget !== null) fields.push({ name: "budget", text: word("fs_budget"), type: "number", min: session.budget, max: 100000, value: session.budget, inputmode: "numeric" });
    ask({ title: word("fs_extend_title"), text: word("fs_extend_text"), fields, label: word("fs_extend"), yes: async (said) => {
      const more = {};
      if (Number(said.overlap) !== session.overlap) more.overlap = Number(said.overlap);
      if (said.budget !== undefined && Number(said.budget) !== session.budget) more.budget = Number(said.budget);
      if (!Object.keys(more).length) return true;
      const done = await call(server.extend_session, { id, ...more });
      if (done) toast(word("fs_extended"));
      poll();
      return done;
    } });
  }

  function exportAnswers() {
    const way = el("select", { id: "export-format", "aria-label": word("fs_format") }, FORMATS.map((format) => el("option", { value: format }, word(`fs_format_${format.replaceAll("-", "_")}`))));
    const box = (name, said) => el("label", { class: "check" }, el("input", { type: "checkbox", name }), el("span", {}, said));
    const ties = box("ties", word("fs_keep_ties"));
    const comments = box("comments", word("fs_keep_comments"));
    const note = el("p", { class: "failure", role: "alert", hidden: true });
    const go = button("download", word("fs_download"), fetchZip, { className: "primary" });
    const dialog = el("dialog", { class: "ask", "aria-labelledby": "export-title", onclose: () => dialog.remove() },
      el("h2", { id: "export-title" }, word("fs_export_title")), el("p", {}, word("fs_export_text")), way, ties, comments, note,
      el("div", { class: "ask-actions" }, el("button", { type: "button", class: "act", onclick: () => dialog.close() }, word("close")), go));

    async function fetchZip() {
      const options = new URLSearchParams({ ties: ties.firstElementChild.checked, comments: comments.firstElementChild.checked });
      note.hidden = true;
      go.disabled = true;
      go.setAttribute("aria-busy", "true");
      try {
        const response = await fetch(`/sessions/${id}/export/${way.value}.zip?${options}`);
        if (!response.ok) throw new Error((await response.json()).error);
        const address = URL.createObjectURL(await response.blob());
        el("a", { href: address, download: `session-${id}-${way.value}.zip` }).click();
        setTimeout(() => URL.revokeObjectURL(address), 60_000);
        dialog.close();
      } catch (error) {
        note.textContent = error instanceof TypeError ? word("server_gone") : error.message;
        note.hidden = false;
      }
      go.disabled = false;
      go.removeAttribute("aria-busy");
    }

    element.append(dialog);
    dialog.showModal();
    way.focus();
  }
}
