// The rater's page: which screen is to be seen, and what is done with the studio's answers.

import { announce, el, icon, toast } from "./dom.js";
import { ask, coming, give, keep, kept, listeners, Offline, Refused, send } from "./line.js";
import { breakScreen, codeScreen, feedbackNote, noticeScreen, thanksScreen, welcomeScreen } from "./screens.js";
import { language, speak, word } from "./words.js";
import { forgetPictures, picture, workNode } from "./work.js";

const ASK_AGAIN = { waiting: 8_000, preparing: 1_500, paused: 20_000 };
const SLEPT = 15_000;
/** Milliseconds out of sight after which the leases are looked after first. */

const stage = document.getElementById("main");
const progress = document.getElementById("progress");
const told = { kind: null, break_every: 50, renew: 120, count: 0, welcome: null };
/** What the studio said of the session and of this rater. */

let upcoming = [];
/** Items in hand, the first one to be judged now. */
let view = null;
/** {node, keys, close} of the item in sight. */
let redraw = () => {};
/** Draws the screen in sight anew, in another language. */
let timer = null;
let renewed = performance.now();

// --- screens

function show(draw) {
  redraw = () => {
    view?.close();
    view = null;
    const drawn = draw();
    stage.replaceChildren(drawn);
    stage.querySelector("h1")?.focus({ preventScroll: true });
    scrollTo(0, 0);
  };
  redraw();
  showProgress();
}

function showProgress() {
  const at = told.count % told.break_every;
  progress.hidden = !told.count;
  progress.firstElementChild.textContent = word("answered", { n: told.count });
  progress.lastElementChild.firstElementChild.style.width = `${(100 * at) / told.break_every}%`;
}

function showNotice(state, sentence) {
  upcoming = [];
  clearTimeout(timer);
  if (state === "done") return show(() => thanksScreen(told.count));
  const again = ASK_AGAIN[state];
  if (again) timer = setTimeout(next, again * (0.8 + 0.4 * Math.random()));
  show(() => noticeScreen(state, word(`${state}_title`), sentence ?? word(`${state}_text`), again ? [word("look_again"), next] : null, state === "closed" ? told.count : 0));
}

function showItem(earlier = null) {
  const item = upcoming[0];
  show(() => {
    const practising = item.practice;
    view = workNode({
      item, kind: told.kind, earlier, undo: !practising && (kept().last ? item.id !== kept().last.item.id : told.count) ? goBack : null,
      note: practising ? word("practice_note", { n: practising.n, of: practising.of }) : null,
      give: (answer) => judged(item, answer),
    });
    return view.node;
  });
  announce(item.practice ? word("practice_note", item.practice) : word("item_n", { n: told.count + 1 }));
}

const idle = () => show(() => el("section", { class: "screen notice idle" }, el("h1", { tabindex: "-1", class: "dots" }, word("loading"))));

// --- the way of an item

function judged(item, answer) {
  const again = kept().last?.item.id === item.id;
  keep({ last: item.practice ? null : { item, answer } });
  if (item.practice) {
    view.node.classList.add("sent");
    view.node.querySelectorAll("button").forEach((button) => (button.disabled = true));
    return give(answer);
  }
  upcoming.shift();
  if (!again && answer.verdict !== "skip") told.count++;
  give(answer, again);
  const due = !again && answer.verdict !== "skip" && told.count % told.break_every === 0;
  if (due) return show(() => breakScreen(told.count, goOn));
  goOn();
}

function goOn() {
  if (upcoming.length) showItem();
  else {
    idle();
    if (!kept().queue.length) next();
  }
}

async function goBack() {
  const last = kept().last ?? (await lastOfStudio());
  if (!last) return toast(word("nothing_to_undo"));
  upcoming = [last.item, ...upcoming.filter((item) => item.id !== last.item.id)];
  showItem(last.answer);
}

/** After a reload of a page without storage: what the studio has as the last one. */
async function lastOfStudio() {
  try {
    const { last } = await ask("undo");
    if (last) keep({ last: { item: last, answer: null } });
    return kept().last;
  } catch (error) {
    return fail(error);
  }
}

/** Use what the studio says: {state, item, ahead, count…}. */
function take(reply) {
  for (const name of ["kind", "break_every", "renew"]) if (reply[name] !== undefined) told[name] = reply[name];
  if (reply.key) keep({ key: reply.key, coming: null });
  renewed = performance.now();
  const waiting = kept().queue;
  if (reply.count !== undefined) told.count = reply.count + (reply.state === "closed" ? 0 : waiting.filter(isNew).length);
  if (reply.state !== "work") {
    const barred = !(reply.state in ASK_AGAIN || reply.state === "done") || reply.state === "paused";
    if (barred || (!upcoming.length && !waiting.length)) showNotice(reply.state, reply.sentence);
    return;
  }
  const known = new Set([...upcoming.map((item) => item.id), ...waiting.map(({ answer }) => answer.assignment)]);
  upcoming.push(...[reply.item, reply.ahead].filter((item) => item && !known.has(item.id)));
  const wanted = [...upcoming, ...(kept().last ? [kept().last.item] : [])].flatMap((item) => item.pictures);
  forgetPictures(wanted);
  upcoming.forEach((item) => item.pictures.forEach(picture));
  const resting = stage.querySelector(".break, .feedback");
  if (!view && !resting && upcoming.length) showItem();
  showProgress();
}

const isNew = ({ answer, again }) => answer.verdict !== "skip" && !again;

listeners.confirmed = (answer, reply) => {
  if (reply.feedback && view && upcoming[0]?.id === answer.assignment) showFeedback(reply.feedback);
  else if (upcoming[0]?.id === answer.assignment && upcoming[0].practice) leave();
  take(reply);
};

listeners.refused = (answer, error) => {
  if (error.state) return fail(error);
  toast(error.sentence);
  if (kept().last?.item.id === answer.assignment) keep({ last: null });
  if (upcoming[0]?.id === answer.assignment) leave();
  next();
};

listeners.paused = (error) => fail(error);

listeners.waiting = (count, down) => {
  const pill = document.getElementById("waiting");
  pill.hidden = !down;
  if (down) pill.replaceChildren(icon("line"), el("span", {}, count ? word("kept_here", { n: count }) : word("offline")));
};

/** Take the item in sight away. */
function leave() {
  upcoming.shift();
  view?.close();
  view = null;
  idle();
}

function showFeedback(feedback) {
  const goes = () => (upcoming.shift(), (view = null), goOn());
  const paint = () => {
    const note = feedbackNote(feedback, told.kind, goes);
    view.node.classList.remove("sent");
    view.node.classList.add("answered");
    view.node.querySelector(".foot").replaceChildren(note);
    if (told.kind !== "stars") view.node.querySelectorAll(".shot")[feedback.expected].classList.add("expected");
    view.keys = () => {};
    note.querySelector("button").focus();
  };
  const again = redraw;
  redraw = () => (again(), paint());
  paint();
}

// --- asking

async function next() {
  clearTimeout(timer);
  try {
    await send();
    take(await ask("next"));
  } catch (error) {
    fail(error, next);
  }
}

function fail(error, again) {
  if (error instanceof Refused) {
    if (error.state === "enter") return keep({ key: null, queue: [], last: null }), enter();
    if (error.state === "closed" && kept().key && again !== next) return next(); // which tells how many count
    return showNotice(error.state ?? "refused", error.sentence);
  }
  if (!(error instanceof Offline)) throw error;
  listeners.waiting(kept().queue.length, true);
  clearTimeout(timer);
  if (again) timer = setTimeout(again, 3_000);
  if (!view && !upcoming.length) show(() => noticeScreen("offline", word("offline_title"), word("offline_text"), again ? [word("look_again"), again] : null));
}

/** Renew the leases of what is in hand; what is lost is taken away. */
async function renew() {
  const ids = upcoming.map((item) => item.id).filter((id) => id !== kept().last?.item.id);
  if (!ids.length || kept().queue.length) return;
  renewed = performance.now();
  try {
    const reply = await ask("renew", { assignments: ids });
    if (reply.state !== "work") return showNotice(reply.state, reply.sentence);
    const lost = ids.filter((id) => !reply.renewed.includes(id));
    const inSight = upcoming[0]?.id;
    upcoming = upcoming.filter((item) => !lost.includes(item.id));
    if (!lost.length) return;
    if (view && inSight !== upcoming[0]?.id) {
      toast(word("lease_lost"));
      view.close();
      view = null;
      idle();
    }
    next();
  } catch (error) {
    fail(error);
  }
}

let hiddenAt = null;
document.addEventListener("visibilitychange", async () => {
  if (document.hidden) return void (hiddenAt = performance.now());
  if (hiddenAt === null || performance.now() - hiddenAt < SLEPT || !view) return;
  const node = view.node;
  node.inert = true; // an item that was lost meanwhile is not to be judged
  await Promise.race([renew(), new Promise((done) => setTimeout(done, 3_000))]);
  node.inert = false;
});
setInterval(() => !document.hidden && performance.now() - renewed > told.renew * 1000 && renew(), 5_000);

// --- entering

async function enter(code = null) {
  try {
    const reply = await ask("enter", { code, nonce: coming() });
    if (reply.key) keep({ key: reply.key, coming: null });
    listeners.waiting(kept().queue.length, false);
    if (reply.state === "code") return show(() => codeScreen(enter, null));
    Object.assign(told, { kind: reply.kind, break_every: reply.break_every, renew: reply.renew });
    if (reply.state === "consent") return show(() => welcomeScreen(told.welcome, consent), (told.welcome = reply));
    await next();
  } catch (error) {
    if (error instanceof Refused && (error.state === "code" || error.key === "judging.slow")) return show(() => codeScreen(enter, error.sentence));
    fail(error, () => enter(code));
  }
}

async function consent() {
  idle();
  try {
    take(await ask("consent", { nonce: coming() }));
  } catch (error) {
    fail(error, consent);
  }
}

// --- beginning

document.getElementById("language").addEventListener("click", () => {
  speak(language === "zh" ? "en" : "zh");
  dress();
  redraw();
  showProgress();
});

function dress() {
  const button = document.getElementById("language");
  button.textContent = word("other_language");
  button.lang = language === "zh" ? "en" : "zh-CN";
  document.querySelector(".skip-link").textContent = word("skip_to");
}

addEventListener("keydown", (event) => view?.keys(event));
speak(language);
dress();
idle();
enter();
