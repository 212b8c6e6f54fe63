// Who takes part: pace, checks, hints, and taking somebody out, which is never silent.
import { button, call, el, fill, toast, word } from "./dom.js";
import { ask, ago, number } from "./session_parts.js";

const share = (estimate) => (estimate?.value === null || estimate === undefined || !estimate.answers ? "–" : `${Math.round(100 * estimate.value)} %`);
const outOf = (estimate) => (estimate?.answers ? el("small", { class: "quiet" }, ` ${Math.round(estimate.value * estimate.answers)}/${estimate.answers}`) : null);

export function makeRaters(server, id, changed) {
  let seats = [];
  let known = new Map();
  const body = el("tbody");
  const heads = ["fs_rater", "fs_answers", "fs_pace", "fs_known_right", "fs_repeats_same", "fs_left_share", "fs_last_seen", "fs_state"];
  const table = el("table", { class: "rater-table" }, el("thead", {}, el("tr", {}, heads.map((key) => el("th", { scope: "col" }, word(key))))), body);
  const empty = el("p", { class: "quiet" }, word("fs_no_raters"));
  const node = el("section", { class: "session-raters", "aria-labelledby": "raters-title" }, el("h2", { id: "raters-title" }, word("fs_raters")), empty, el("div", { class: "scroll" }, table), el("p", { class: "quiet" }, word("fs_raters_note")));

  /** What a rater is called on this page: the name on their link, or a number by order of coming. */
  function nameOf(rater) {
    const place = seats.findIndex((seat) => seat.rater === rater);
    return place < 0 ? null : seats[place].label ?? word("fs_rater_n", { n: place + 1 });
  }

  function paint(now) {
    seats = now;
    draw();
  }

  function measures(all) {
    known = new Map(all.map((each) => [each.rater, each]));
    draw();
  }

  function draw() {
    empty.hidden = seats.length > 0;
    table.hidden = seats.length === 0;
    if (table.contains(document.activeElement)) var focus = document.activeElement.dataset.rater;
    fill(body, seats.map(row));
    if (focus) body.querySelector(`button[data-rater="${focus}"]`)?.focus();
  }

  function row(seat) {
    const own = known.get(seat.rater);
    const cell = (key, ...children) => el("td", { "data-head": word(key) }, ...children);
    return el("tr", { class: seat.excluded ? "excluded" : "" },
      el("th", { scope: "row" }, nameOf(seat.rater), own?.flags.map((flag) => el("span", { class: "flag-note" }, word(`fs_flag_${flag.replaceAll("-", "_")}`)))),
      cell("fs_answers", number(seat.answered), seat.skipped > 0 && el("small", { class: "quiet" }, ` ${word("fs_skips", { n: seat.skipped })}`)),
      cell("fs_pace", own?.seconds ? `${own.seconds.toFixed(1)} s` : "–"),
      cell("fs_known_right", share(own?.known), outOf(own?.known)),
      cell("fs_repeats_same", share(own?.consistent), outOf(own?.consistent)),
      cell("fs_left_share", share(own?.left)),
      cell("fs_last_seen", seat.consented ? ago(seat.consented) : word("fs_not_yet_in")),
      cell("fs_state", seat.excluded
        ? [el("span", {}, word("fs_excluded_because", { reason: seat.reason })), button("undo", word("fs_readmit"), () => readmit(seat), { "data-rater": seat.rater })]
        : button("close", word("fs_exclude"), () => exclude(seat), { "data-rater": seat.rater, className: "exclude" })));
  }

  function exclude(seat) {
    ask({ title: word("fs_exclude_title", { rater: nameOf(seat.rater) }), text: word("fs_exclude_text"), label: word("fs_exclude"), danger: true,
      fields: [{ name: "reason", text: word("fs_reason"), type: "text", maxlength: 500, required: true }],
      yes: async ({ reason }) => {
        const done = await call(server.exclude_rater, { id, rater: seat.rater, reason });
        if (done) toast(word("fs_excluded_now"));
        changed();
        return done;
      } });
  }

  async function readmit(seat) {
    if (await call(server.readmit_rater, { id, rater: seat.rater })) toast(word("fs_readmitted_now"));
    changed();
  }

  return { node, paint, measures, nameOf };
}
