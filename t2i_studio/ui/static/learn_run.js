// One learning run: its stages, how far it is, its loss, samples before and after, the verdict and what can be done.
import { button, call, el, fill, icon, toast, word } from "./dom.js";
import { adapterActions } from "./learn_adapters.js";
import { curve } from "./learn_curve.js";
import { facts, sentences, summary } from "./learn_found.js";
import { progressLine, statePill } from "./learn_parts.js";
import { gallery, verdict } from "./learn_verdict.js";
import { ago, knownLinks, rememberLink, shownLink, waitingNote } from "./session_parts.js";

const POLL = 2000;
const STAGES = ["preflight", "training", "evaluating", "decided"];

export function makeRun(element, server, id) {
  const parts = Object.fromEntries(["head", "stages", "status", "verdict", "curve", "samples", "pictures", "found"].map((name) => [name, el("div", { class: `run-${name}` })]));
  let run = null;
  const seen = {};
  let timer = 0;
  let gone = false;
  if (!id) return notFound();
  fill(element, waitingNote());
  poll();
  document.addEventListener("visibilitychange", () => document.hidden || poll());

  function notFound() {
    fill(element, el("div", { class: "welcome" }, el("h2", {}, word("ln_not_found")), el("a", { class: "act", href: "/learn" }, word("nav_learn"))));
  }

  async function poll() {
    clearTimeout(timer);
    if (!element.isConnected) return;
    const answer = await call(server.learning_run, { id }, { quiet: run !== null });
    if (!answer && run === null) return notFound();
    if (!answer && !gone) toast(word("server_gone"), { kind: "bad" });
    gone = !answer;
    if (answer) paint(answer.run);
    timer = setTimeout(poll, (busy() || asking() ? 1 : 5) * (document.hidden ? 4 : 1) * POLL);
  }

  const asking = () => run.asked?.making || run.state === "asking";
  const busy = () => ["starting", "preflight", "training", "evaluating"].includes(run.state);

  function paint(now) {
    if (run === null) fill(element, el("div", { class: "session-body" }, el("p", { class: "crumbs" }, el("a", { href: "/learn" }, word("nav_learn"))), Object.values(parts)));
    run = now;
    keep("head", [now.id, now.created], () => head());
    keep("stages", [now.state, now.stage, now.asked], () => stages());
    keep("status", [now.state, now.cancelling, now.progress, now.error, now.forgotten, now.verdict], () => status());
    keep("verdict", [now.verdict, now.reasons, now.adapter, now.asked, now.state], () => outcome());
    keep("curve", [now.curve, now.steps], () => loss());
    keep("samples", [now.samples], () => now.samples.length > 0 && [el("h2", {}, word("ln_samples")), el("p", { class: "quiet" }, word("ln_samples_note")), gallery(now.samples)]);
    keep("pictures", [now.pictures], () => now.pictures.length > 0 && [el("h2", {}, word("ln_compared")), el("p", { class: "quiet" }, word("ln_compared_note")), gallery(now.pictures)]);
    keep("found", [now.preflight, now.state], () => found());
  }

  /** Draw a part again only when what it shows has changed. */
  function keep(name, shown, draw) {
    const mark = JSON.stringify(shown);
    if (seen[name] === mark) return;
    seen[name] = mark;
    fill(parts[name], draw());
    parts[name].hidden = !parts[name].childNodes.length;
  }

  function head() {
    const { model, team, session, length, by } = run;
    const made = by === "" ? word("fs_by_you") : by ? word("fs_by", { name: by }) : "";
    const about = [model, team ? word("ln_team_n", { team }) : word("ln_everybody"), session ?? word("ln_all"), word(`ln_length_${length}`), made].filter(Boolean).join(" · ");
    return [el("h1", {}, word("ln_run_n", { id })), el("p", { class: "quiet" }, about, " · ", ago(run.created))];
  }

  /** The stages as a row: what is done, what goes on, what is to come. */
  function stages() {
    const all = run.asked?.session || run.stage === "asking" ? [...STAGES.slice(0, 3), "asking", "decided"] : STAGES;
    const reached = run.stage === "refused" ? 0 : all.indexOf(run.stage);
    const stopped = ["cancelled", "failed"].includes(run.stage);
    const at = stopped ? (run.curve.length ? (run.adapter ? 2 : 1) : run.preflight ? 1 : 0) : reached;
    return el("ol", { class: "learn-stages" }, all.map((stage, place) => {
      const kind = stage === "decided" && run.stage === "decided" ? "done" : place < at ? "done" : place > at ? "" : stopped || run.state === "interrupted" || run.stage === "refused" ? "stopped" : "now";
      return el("li", { class: kind, "aria-current": kind === "now" ? "step" : null }, el("i", { "aria-hidden": "true" }, kind === "done" ? icon("check") : String(place + 1)), el("span", {}, word(`ln_stage_${stage}`)));
    }));
  }

  function status() {
    const stopped = ["interrupted", "cancelled", "failed"].includes(run.state);
    return [
      el("div", { class: "learn-status", hidden: run.state === "decided" }, statePill(run),
        busy() && !run.cancelling && button("close", word("cancel"), () => act(server.cancel_learning), { className: "cancel" }),
        stopped && button("play", word("resume"), () => act(server.resume_learning), { className: "primary resume" })),
      busy() && progressLine(run),
      busy() && el("p", { class: "quiet" }, word("ln_close_tab")),
      run.state === "interrupted" && el("p", { class: "notice" }, word("ln_was_interrupted")),
      run.state === "cancelled" && el("p", { class: "notice" }, word("ln_was_cancelled")),
      run.error && el("p", { class: "failure", role: "alert" }, run.error),
      run.forgotten && el("p", { class: "notice" }, el("span", {}, word("ln_forgotten_note")), button("again", word("ln_again_without"), again, { className: "again" })),
    ];
  }

  function outcome() {
    if (!run.verdict && run.stage !== "asking") return null;
    const askable = run.adapter && !run.asked && !run.adapter.discarded && run.state === "decided";
    const more = askable && button("compare", word("ln_ask_people"), () => act(server.ask_people), { className: "ask-people" });
    return [run.stage === "asking" ? el("p", { class: "notice" }, word("ln_asking_note")) : verdict(run), run.adapter && adapterActions(server, run.adapter, poll, { more: [more] }), run.asked && people()];
  }

  /** Who is asked, how far they are, and the link for more of them. */
  function people() {
    const { session, making, answers, wanted, raters, open } = run.asked;
    if (making) {
      return el("section", { class: "draft learn-asked" }, el("h2", {}, word("ln_asking")),
        el("p", { role: "status" }, word("ln_asking_pictures", { done: making.done, of: making.of })),
        el("progress", { class: "whole", max: Math.max(1, making.of), value: making.done, "aria-label": word("progress") }),
        making.problem && el("p", { class: "failure", role: "alert" }, making.problem),
        !making.running && making.done < making.of && el("p", {}, el("a", { href: "/sessions" }, word("ln_asking_stuck"))));
    }
    const links = knownLinks(session).slice(-1).map(({ token, label }) => shownLink(token, label));
    return el("section", { class: "draft learn-asked" }, el("h2", {}, word("ln_asking")),
      el("p", { role: "status" }, word("ln_asking_answers", { answers, wanted, raters })),
      el("progress", { class: "whole", max: Math.max(1, wanted), value: answers, "aria-label": word("progress") }),
      links,
      el("div", { class: "session-actions" },
        open && button("copy", word("ln_make_link"), makeLink, { className: links.length ? "make-link" : "primary make-link" }),
        el("a", { class: "act", href: `/session?id=${session}` }, icon("open"), el("span", { class: "label" }, word("ln_to_session")))));
  }

  async function makeLink() {
    const answer = await call(server.link_for_raters, { id });
    if (!answer?.token) return;
    rememberLink(run.asked.session, answer.token);
    delete seen.verdict;
    paint(run);
  }

  function loss() {
    const drawn = curve(run.curve, run.steps);
    return drawn && [el("h2", {}, word("ln_loss")), el("p", { class: "quiet" }, word("ln_loss_note")), drawn];
  }

  function found() {
    if (!run.preflight) return null;
    const refused = run.state === "refused";
    return el("details", { class: "form-more", open: refused || !run.verdict }, el("summary", {}, word("ln_found")), summary(run.preflight), sentences(run.preflight), facts(run.preflight));
  }

  async function act(fn) {
    if (await call(fn, { id })) poll();
  }

  async function again() {
    const answer = await call(server.learn_again, { id });
    if (answer) location.href = `/learn?run=${answer.run}`;
  }
}
