// The Learn page: which ratings, how long, what they are enough for, one button; below it what is in use and every run.
import { button, call, el, fill, icon, nonce, toast, word } from "./dom.js";
import { makeAdapters } from "./learn_adapters.js";
import { facts, sentences, summary } from "./learn_found.js";
import { duration, methodName, progressLine, statePill, winRate } from "./learn_parts.js";
import { makeRun } from "./learn_run.js";
import { ago, style, waitingNote } from "./session_parts.js";

const POLL = 3000;
const LENGTHS = ["quick", "usual", "long"];

export default function ({ element, server }) {
  style("sessions.css");
  style("figures.css");
  style("learn.css");
  const asked = new URLSearchParams(location.search);
  if (asked.has("run")) return makeRun(element, server, Number(asked.get("run")));

  const chosen = { session: Number(asked.get("session")) || null, length: "usual", team: "", model: "" };
  const working = el("div", { class: "learn-working" });
  const ratings = el("div", { class: "ways" });
  const sessions = el("select", { id: "learn-session", class: "learn-select", "aria-label": word("ln_session"), onchange: () => choose({ session: Number(sessions.value) || null }) });
  const howLong = el("div", { class: "ways" });
  const team = el("input", { type: "text", id: "learn-team", list: "learn-teams", maxlength: 200, placeholder: word("ln_everybody"), onchange: () => choose({ team: team.value }) });
  const teams = el("datalist", { id: "learn-teams" });
  const model = el("select", { id: "learn-model", class: "learn-select", onchange: () => choose({ model: model.value }) });
  const taste = el("div", { class: "learn-taste", "aria-live": "polite" });
  const found = el("section", { class: "learn-found", "aria-live": "polite" }, waitingNote(word("ln_looking")));
  const side = el("div", { class: "form-side" });
  const go = button("spark", word("ln_learn"), begin, { className: "primary big", id: "learn-go" });
  const why = el("p", { class: "quiet", id: "learn-why" });
  const runs = el("section", { class: "learn-runs" });
  const adapters = makeAdapters(server, () => poll());
  let page = null;
  let doubtful = false;
  let now = null;
  let seen = "";
  let timer = 0;
  let mark = nonce();
  let asking = 0;

  fill(element, waitingNote());
  poll();
  look();
  document.addEventListener("visibilitychange", () => document.hidden || (poll(), look()));

  async function poll() {
    clearTimeout(timer);
    if (!element.isConnected) return;
    const answer = await call(server.learning_page, {}, { quiet: page !== null });
    if (answer) paint(answer);
    else if (!page) fill(element, el("div", { class: "empty" }, el("p", {}, word("server_gone")), button("again", word("fs_try_again"), poll)));
    timer = setTimeout(poll, (page?.busy ? 1 : 4) * (document.hidden ? 4 : 1) * POLL);
  }

  function paint(answer) {
    const wasBusy = page?.busy;
    const first = page === null;
    page = answer;
    if (JSON.stringify(answer) !== seen) {
      seen = JSON.stringify(answer);
      if (first) paintForm();
      paintLists();
    }
    if (first) layOut();
    if (wasBusy && !answer.busy) look();
    paintGo();
  }

  function layOut() {
    if (now && fresh()) return fill(element, welcome());
    fill(element,
      el("div", { class: "sessions-head" }, el("div", {}, el("h1", {}, word("nav_learn")), el("p", { class: "quiet lead" }, word("ln_lead")))),
      working,
      el("div", { class: "session-form learn-form" },
        el("div", { class: "form-main" },
          el("fieldset", { class: "form-section" }, el("legend", {}, word("ln_which")), ratings, sessions),
          el("fieldset", { class: "form-section" }, el("legend", {}, word("ln_how_long")), howLong),
          el("details", { class: "form-more" }, el("summary", {}, word("ln_for_whom"), " ", el("span", { class: "quiet" }, word("ln_for_whom_hint"))),
            el("label", { class: "text-field" }, word("ln_team"), team, teams),
            page.models.length > 1 && el("label", { class: "text-field" }, word("model"), model))),
        side, found),
      adapters.node, runs);
    fill(side, el("h2", {}, word("ln_enough_for")), el("div", { class: "learn-summary" }, waitingNote(word("ln_looking"))), go, why);
    paintFound();
  }

  const fresh = () => page && page.runs.length === 0 && now.found.usable === 0 && Object.keys(now.left_out).length === 0 && !chosen.session;

  function welcome() {
    return el("div", { class: "welcome" },
      el("div", { class: "welcome-art", "aria-hidden": "true" }, icon("chart"), icon("spark")),
      el("h2", {}, word("ln_empty_title")),
      el("p", {}, word("ln_empty_text")),
      el("ol", {}, ["ln_empty_1", "ln_empty_2", "ln_empty_3"].map((key) => el("li", {}, word(key)))),
      el("p", { class: "welcome-ways" }, el("a", { class: "act primary", href: "/" }, word("ln_to_create")), el("a", { class: "act", href: "/sessions?new=1" }, word("ln_to_sessions"))));
  }

  function paintForm() {
    const way = (name, value, title, text, checked, onchange) => el("label", { class: "way" }, el("input", { type: "radio", name, value, checked, onchange }), el("span", {}, el("b", {}, title), el("small", {}, text)));
    fill(ratings,
      way("ratings", "all", word("ln_all"), word("ln_all_text"), !chosen.session, () => choose({ session: null })),
      page.sessions.length > 0 && way("ratings", "session", word("ln_one_session"), word("ln_one_session_text"), Boolean(chosen.session), () => choose({ session: Number(sessions.value) || page.sessions[0].id })));
    fill(sessions, page.sessions.map(({ id, name }) => el("option", { value: id, selected: id === chosen.session }, name)));
    sessions.hidden = !chosen.session;
    fill(howLong, LENGTHS.map((length) => way("length", length, word(`ln_length_${length}`), "…", length === chosen.length, () => choose({ length }))));
    fill(teams, page.teams.map((name) => el("option", { value: name })));
    fill(model, page.models.map((name) => el("option", { value: name, selected: name === page.model }, name)));
  }

  function choose(change) {
    Object.assign(chosen, change);
    sessions.hidden = !chosen.session;
    if (chosen.session) sessions.value = chosen.session;
    mark = nonce();
    look();
  }

  /** What the chosen ratings are enough for; the newest question's answer counts. */
  async function look() {
    const turn = ++asking;
    found.setAttribute("aria-busy", "true");
    const answer = await call(server.learning_preflight, { ...chosen }, { quiet: now !== null && document.hidden });
    if (turn !== asking) return;
    found.removeAttribute("aria-busy");
    if (!answer) {
      now = null;
      fill(found, button("again", word("fs_try_again"), look));
      return paintGo();
    }
    const first = now === null;
    now = answer;
    if (page && first && fresh()) return layOut();
    if (page && !side.isConnected) layOut();
    paintFound();
    lookForTaste(turn);
  }

  /** What the ratings prefer, in words: said once it is known, for pictures must be looked at. */
  async function lookForTaste(turn) {
    doubtful = false;
    fill(taste);
    const { session, team, model } = chosen;
    const answer = now.method !== "rerank" && await call(server.learning_taste, { session, team, model }, { quiet: true });
    if (turn !== asking) return;
    doubtful = Boolean(answer) && !answer.told && now.method !== "supervised";
    paintGo();
    fill(taste, answer && (answer.told
      ? answer.sentences.map((said) => el("p", { class: "learn-prefers" }, said))
      : el("p", { class: "learn-no-taste" }, [...answer.sentences, word("ln_no_taste")].join(window.studio.language === "zh" ? "" : " "))));
  }

  function paintFound() {
    if (!page || !now) return;
    for (const box of howLong.querySelectorAll("input")) {
      const { steps, seconds } = now.lengths[box.value];
      fill(box.parentNode.querySelector("small"), now.method === "rerank" ? word(`ln_length_${box.value}_text`) : seconds === null ? word("ln_time_unknown", { steps }) : word("ln_time_about", { time: duration(seconds), steps }));
    }
    const box = side.querySelector(".learn-summary");
    if (box) fill(box, summary(now), sentences(now), taste);
    fill(found, el("h2", {}, word("ln_found")), facts(now));
    paintGo();
  }

  /** The button, with the reason beside it where it does nothing. */
  function paintGo() {
    const refusal = now?.refusals[0];
    go.disabled = !now || Boolean(refusal) || Boolean(page?.busy);
    const label = word(doubtful ? "ln_learn_anyway" : "ln_learn");
    Object.assign(go, { title: label, ariaLabel: label });
    go.querySelector(".label").textContent = label;
    fill(why, page?.busy ? word("ln_busy", { run: page.busy }) : !now ? "" : refusal ? word("ln_refused") : word("ln_go_note"));
  }

  async function begin() {
    go.disabled = true;
    const answer = await call(server.begin_learning, { ...chosen, anyway: doubtful, nonce: mark });
    if (answer) location.href = `/learn?run=${answer.run}`;
    else mark = nonce();
    poll();
    look();
  }

  function paintLists() {
    const busy = page.runs.find((run) => run.id === page.busy);
    fill(working, busy && el("section", { class: "draft", "aria-label": word("ln_run_n", { id: busy.id }) },
      el("div", {}, el("h2", {}, el("a", { href: `/learn?run=${busy.id}` }, word("ln_run_n", { id: busy.id }))), statePill(busy)), progressLine(busy)));
    adapters.paint(page.adapters);
    runs.hidden = page.runs.length === 0;
    fill(runs, el("h2", {}, word("ln_runs")), el("table", { class: "session-table" },
      el("thead", {}, el("tr", {}, ["ln_run", "ln_state", "ln_ratings_used", "ln_method", "ln_result", "ln_begun"].map((key) => el("th", { scope: "col" }, word(key))))),
      el("tbody", {}, page.runs.map(row))));
  }

  function row(run) {
    const adapter = page.adapters.find((one) => one.run === run.id);
    const about = [run.model, run.team && word("ln_team_n", { team: run.team }), run.session].filter(Boolean).join(" · ");
    return el("tr", {},
      el("th", { scope: "row" }, el("a", { href: `/learn?run=${run.id}` }, word("ln_run_n", { id: run.id })), el("span", { class: "quiet" }, about)),
      el("td", { "data-head": word("ln_state") }, statePill(run), run.forgotten && el("span", { class: "flag-note" }, word("ln_forgotten"))),
      el("td", { "data-head": word("ln_ratings_used") }, run.examples || "–"),
      el("td", { "data-head": word("ln_method") }, methodName(run.method)),
      el("td", { "data-head": word("ln_result") }, winRate(run.verdict), adapter?.adopted && el("span", { class: "pill open" }, word("ln_in_use"))),
      el("td", { "data-head": word("ln_begun") }, ago(run.created)));
  }
}
