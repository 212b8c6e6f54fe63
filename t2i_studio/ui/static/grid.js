// The stage of the Create page: the batch at work, appearing picture by picture, or what was made last.
import { button, call, el, fill, icon, post, toast, word } from "./dom.js";
import { makeBest } from "./best.js";
import { makeCard } from "./card.js";
import { keyboard } from "./cards.js";
import { makeSheet } from "./sheet.js";

const POLL = 400; // ms while something runs
const OPEN = new Set(["waiting", "running"]);

export default function ({ element, props, server, watch, trigger }) {
  const head = el("div", { class: "stage-head", "aria-live": "polite" });
  const notice = el("div", { class: "notices" });
  const list = el("div", { class: "cards large", role: "region", "aria-label": word("pictures") });
  const empty = el("div", { class: "empty", hidden: true });
  const sheet = makeSheet(server, { job: show, start: (id) => trigger("start", { id }) });
  const cards = new Map();
  const keys = keyboard(list, (node) => cards.get(Number(node.dataset.id)));
  const best = makeBest(server, list, cards, keys.settle);
  fill(element, notice, head, best.node, list, sheet.node, empty);
  let job = null;
  let state = null;
  let timer = 0;
  let arriving = true;

  /** Show a job (or none); keep: the address changes without a new entry in the browser's history. */
  function show(id, { push = true, keep = false } = {}) {
    clearTimeout(timer);
    job = id || null;
    clear();
    address(job ? `?job=${job}` : "", push, keep);
    if (job) poll();
    else showRecent();
    showInterrupted();
  }

  /** Show a grid. */
  function showSheet(id, { push = true, keep = false } = {}) {
    clearTimeout(timer);
    job = null;
    clear();
    address(`?grid=${id}`, push, keep);
    sheet.show(id);
    showInterrupted();
  }

  function clear() {
    sheet.stop();
    best.clear();
    state = null;
    cards.clear();
    list.replaceChildren();
    head.replaceChildren();
    empty.hidden = true;
    empty.replaceChildren();
  }

  function address(search, push, keep) {
    const url = new URL(location.href);
    url.search = search;
    if (url.href !== location.href && keep) history.replaceState({}, "", url);
    else if (url.href !== location.href && push) history.pushState({}, "", url);
  }

  async function poll() {
    clearTimeout(timer);
    const asked = job;
    if (!element.isConnected || !asked) return;
    const answer = await call(server.poll, { job: asked }, { quiet: state !== null });
    if (asked !== job) return;
    if (answer) paint(answer);
    else if (state === null) return show(null);
    if (answer === null || OPEN.has(state)) timer = setTimeout(poll, document.hidden ? 4 * POLL : POLL);
  }

  function paint(answer) {
    const before = state;
    state = answer.job.state;
    list.classList.toggle("one", answer.cards.length === 1);
    for (const data of answer.cards) {
      let card = cards.get(data.id);
      if (!card) {
        card = makeCard(server, {
          large: true,
          on: { job: show, start: (id) => trigger("start", { id }), removed, restored: () => poll() },
        });
        cards.set(data.id, card);
        list.append(card.node);
      }
      if (JSON.stringify(card.data) !== JSON.stringify(data)) card.paint(data);
    }
    keys.settle();
    paintHead(answer);
    if (state === "done" && before !== "done") best.ask(job);
    else best.keep();
    if (before && OPEN.has(before) && state === "interrupted") showInterrupted();
  }

  function removed(ids) {
    for (const id of ids) {
      cards.get(id)?.node.remove();
      cards.delete(id);
    }
    best.keep();
    keys.settle();
  }

  let headShown = "";
  function paintHead({ job: now, cards: all }) {
    const done = all.filter((card) => card.image).length;
    const line = statusLine(now, done, all.length, done > 0 || all.some((card) => card.step > 0));
    const part = all.reduce((sum, card) => sum + (card.image ? 1 : card.steps ? card.step / card.steps : 0), 0) / Math.max(1, all.length);
    const key = JSON.stringify([now.id, now.state, now.error, done]);
    if (key !== headShown || !head.firstChild) {
      headShown = key;
      fill(head, 
        el("div", { class: "stage-title" }, el("h2", {}, now.text), derivation(now)),
        el("p", { class: "status", id: "status" }),
        OPEN.has(now.state) && el("progress", { class: "whole", max: 1, "aria-label": word("progress") }),
        OPEN.has(now.state) && button("close", word("cancel"), cancel, { className: "cancel" }),
        ["interrupted", "cancelled", "failed"].includes(now.state) && button("again", word("resume"), () => resume(now.id), { className: "resume" }),
      );
      if (now.error) head.append(el("p", { class: "failure", role: "alert" }, now.error));
    }
    head.querySelector("#status").textContent = line;
    const whole = head.querySelector(".whole");
    if (whole) whole.value = part;
  }

  function derivation(now) {
    if (now.derivation === "text" || !now.parent) return null;
    return el("a", { class: "from", href: `/variant?id=${now.parent}` }, word(`made_${now.derivation.replace("-", "_")}`, { id: now.parent }));
  }

  function statusLine(now, done, of, started) {
    if (OPEN.has(now.state)) {
      if (now.ahead) return word("status_ahead", { n: now.ahead });
      if (!started) return word("status_starting");
      const left = now.left === null || now.left === undefined ? "" : word("status_left", { s: Math.max(1, Math.ceil(now.left)) });
      return word("status_running", { done, of }) + left;
    }
    const touch = now.state === "done" && matchMedia("(hover: none)").matches; // no keyboard to speak of
    return word(`status_${now.state}${touch ? "_touch" : ""}`, { done, of });
  }

  async function cancel() {
    if (await call(server.cancel, { job })) toast(word("cancelling"));
    poll();
  }

  async function resume(id) {
    const answer = await call(server.resume, { job: id });
    if (answer) show(answer.job);
    else if (id === job) poll(); // somebody else may have resumed it
  }

  async function resumeSheet(id) {
    if (await call(server.resume_sheet, { id })) showSheet(id);
  }

  const leave = (row) => (row.sheet ? call(server.cancel_sheet, { id: row.sheet }) : call(server.cancel, { job: row.id }));

  async function showInterrupted() {
    const answer = await call(server.interrupted, {}, { quiet: true });
    fill(notice, 
      ...(answer?.jobs ?? [])
        .filter((row) => (row.sheet ? row.sheet !== sheet.id() : row.id !== job))
        .map((row) => {
          const bar = el(
            "div",
            { class: "notice" },
            el("span", {}, word("interrupted_job", { text: row.text.slice(0, 60), done: row.done, of: row.of })),
            button("again", word("resume"), () => (row.sheet ? resumeSheet(row.sheet) : resume(row.id))),
            el("a", { class: "act", href: row.sheet ? `/?grid=${row.sheet}` : `/?job=${row.id}` }, word("show")),
            button("close", word("interrupted_leave"), async () => (await leave(row)) && bar.remove(), { show: false }),
          );
          return bar;
        }),
    );
  }

  async function showRecent() {
    const answer = await call(server.recent, {}, { quiet: true });
    if (job || sheet.id()) return;
    empty.hidden = false;
    if (!answer?.cards.length) {
      fill(empty, 
        el("div", { class: "welcome" }, el("div", { class: "welcome-art", "aria-hidden": "true" }, icon("picture"), icon("spark")), el("h2", {}, word("welcome_title")), el("ol", {}, [1, 2, 3].map((n) => el("li", {}, word(`welcome_${n}`))))),
      );
      return;
    }
    const small = el("div", { class: "cards small" });
    fill(empty, el("div", { class: "row-head" }, el("h2", {}, word("recent")), el("a", { href: "/gallery" }, word("all_n", { n: answer.total }))), small);
    for (const data of answer.cards) {
      const card = makeCard(server, { on: { job: show, start: (id) => trigger("start", { id }), removed: () => showRecent(), restored: () => showRecent() } });
      card.paint(data);
      cards.set(data.id, card);
      small.append(card.node);
    }
    keyboard(small, (node) => cards.get(Number(node.dataset.id))).settle();
  }

  // A picture dropped anywhere on the page brings its settings back; the starting-picture part takes its own drops.
  const overlay = el("div", { class: "drop", hidden: true }, icon("picture"), el("b", {}, word("drop_restores")));
  document.body.append(overlay);
  const ours = (event) => element.isConnected && event.dataTransfer?.types.includes("Files") && !event.target.closest?.(".start-zone");
  window.addEventListener("dragover", (event) => {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    overlay.hidden = !ours(event);
  });
  window.addEventListener("dragleave", (event) => event.relatedTarget || (overlay.hidden = true));
  window.addEventListener(
    "drop",
    async (event) => {
      overlay.hidden = true;
      if (!ours(event)) return;
      event.preventDefault();
      event.stopPropagation();
      const answer = await post("/parameters", event.dataTransfer.files[0]);
      if (!answer) return;
      trigger("settings", { request: answer.request });
      if (!answer.left_out.length) return toast(word("restored"));
      const what = answer.left_out.map(([name, value]) => (value ? `${name} ${value}` : name)).join(" · ");
      toast(word("restored_without", { what }), { seconds: 20 });
    },
    true,
  );

  // On a narrow page pictures are below the form. Room below lets the page scroll to them before they are there, and
  // what still comes above, how the description was read, must not push them away again; unless the user has moved on.
  function bringUp() {
    if (window.innerWidth >= 900) return;
    element.style.minHeight = "100svh";
    const settling = new ResizeObserver(() => element.scrollIntoView());
    const leave = () => settling.disconnect();
    settling.observe(document.body);
    setTimeout(leave, 5000);
    for (const act of ["wheel", "touchstart", "keydown"]) window.addEventListener(act, leave, { once: true, passive: true });
  }

  watch("job", () => {
    if (props.job === null || props.job === undefined) return;
    show(props.job, { keep: arriving });
    arriving = false;
    if (props.job) bringUp();
  });
  watch("sheet", () => {
    if (!props.sheet) return;
    showSheet(props.sheet, { keep: arriving });
    arriving = false;
    bringUp();
  });
  window.addEventListener("popstate", () => {
    const asked = new URLSearchParams(location.search);
    if (asked.has("grid")) showSheet(Number(asked.get("grid")), { push: false });
    else show(Number(asked.get("job")) || null, { push: false });
  });
  document.addEventListener("visibilitychange", () => document.hidden || (job ? poll() : sheet.poll()));
  if (props.sheet) showSheet(props.sheet, { push: false });
  else if (props.job !== null && props.job !== undefined) show(props.job, { push: false });
}
