// The line to the studio: questions, and answers that are kept here until the studio has confirmed them.

import { language } from "./words.js";

const token = location.pathname.split("/")[2];
const PLACE = `judge:${token}`;
const PATIENCE = 20_000;
const WAITS = [1, 2, 4, 8, 15];

/** No answer came, or none of the studio's: worth another try. */
export class Offline extends Error {}

/** The studio said no: {key, sentence, state}. */
export class Refused extends Error {
  constructor(told) {
    super(told.sentence);
    Object.assign(this, told);
  }
}

let memory = { key: null, coming: null, queue: [], last: null, begun: false };

/** What this browser keeps for the link: key, mark of coming in, queue of answers, the last item with its answer. */
export function kept() {
  try {
    memory = JSON.parse(localStorage.getItem(PLACE)) ?? memory;
  } catch {
    // no storage, or something else in its place: the page's own memory
  }
  return memory;
}

/** Change what is kept. */
export function keep(changes) {
  memory = { ...kept(), ...changes };
  try {
    localStorage.setItem(PLACE, JSON.stringify(memory));
  } catch {
    // full or forbidden: the page's own memory
  }
}

/** Ask one of the link's routes. Throws Offline or Refused. */
export async function ask(route, body = {}) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  let response, told;
  try {
    response = await fetch(`/judge/${token}/${route}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ key: kept().key, language, ...body }),
      signal: stop.signal,
      cache: "no-store",
    });
    told = await response.json();
  } catch {
    throw new Offline();
  } finally {
    clearTimeout(timer);
  }
  if (response.ok) return told;
  if (response.status >= 500 || !told.sentence) throw new Offline();
  throw new Refused(told);
}

/** A mark that no other answer has. */
const nonce = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

/** The mark of this browser's coming in, until it has a key: sent again because the answer was lost, it is still one rater. */
export function coming() {
  if (!kept().coming) keep({ coming: nonce() });
  return kept().coming;
}

/** Keep an answer {assignment, verdict, …} and send it as soon as the line allows. again: it replaces an earlier one. */
export function give(answer, again = false) {
  keep({ queue: [...kept().queue, { answer, nonce: nonce(), again }] });
  send();
}

/** Who wants to know: confirmed(answer, told), refused(answer, error), paused(error), waiting(number of answers kept, whether the line is down). */
export const listeners = { confirmed() {}, refused() {}, paused() {}, waiting() {} };

let sending = false;
let failures = 0;
let timer = null;

/** Send what is kept, one after the other; again and again while the line is down. Resolves when the queue is empty or the line is down. */
export async function send() {
  if (sending) return;
  sending = true;
  clearTimeout(timer);
  try {
    for (let first = kept().queue[0]; first; first = kept().queue[0]) {
      listeners.waiting(kept().queue.length, failures > 0);
      await sendOne(first);
    }
    listeners.waiting(0, false);
  } catch (error) {
    if (error instanceof Refused) return listeners.paused(error);
    if (!(error instanceof Offline)) throw error;
    timer = setTimeout(send, 1000 * WAITS[Math.min(failures++, WAITS.length - 1)]);
    listeners.waiting(kept().queue.length, true);
  } finally {
    sending = false;
  }
}

/** Refusals that may end: the answer stays here. */
const PASSING = ["paused"];

/** Send it; where the lease ran out meanwhile and the place is still free, take it again first. */
async function inTime(answer, nonce) {
  try {
    return await ask("answer", { ...answer, nonce });
  } catch (error) {
    if (error.key !== "answer.late") throw error;
    const { renewed } = await ask("renew", { assignments: [answer.assignment] });
    if (!renewed.length) throw error;
    return ask("answer", { ...answer, nonce });
  }
}

async function sendOne({ answer, nonce }) {
  let told, no;
  try {
    told = await inTime(answer, nonce);
  } catch (error) {
    if (!(error instanceof Refused) || PASSING.includes(error.state)) throw error;
    no = error;
  }
  failures = 0;
  keep({ queue: kept().queue.filter((other) => other.nonce !== nonce) });
  if (no) listeners.refused(answer, no);
  else listeners.confirmed(answer, told);
}

addEventListener("online", () => kept().queue.length && send());
