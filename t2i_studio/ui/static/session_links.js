// The ways into a session: made, copied, revoked.
import { button, call, el, fill, toast, word } from "./dom.js";
import { ago, ask, copyText, knownLinks, raterAddress, rememberLink } from "./session_parts.js";

export function makeLinks(server, id, changed) {
  const list = el("ul", { class: "link-list" });
  const label = el("input", { type: "text", maxlength: 200, id: "link-label", autocomplete: "off" });
  const add = el("button", { type: "submit", class: "act" }, word("fs_new_link"));
  const form = el("form", { class: "link-form", onsubmit: make }, label, add);
  const note = el("p", { class: "quiet" });
  const node = el("section", { class: "session-links", "aria-labelledby": "links-title" }, el("h2", { id: "links-title" }, word("fs_links")), note, list, form);

  async function make(event) {
    event.preventDefault();
    add.disabled = true;
    const answer = await call(server.new_link, { id, label: label.value.trim() });
    add.disabled = false;
    if (!answer) return label.focus();
    rememberLink(id, answer.token, answer.link, label.value.trim());
    label.value = "";
    await copyText(raterAddress(answer.token));
    changed();
  }

  function paint(links, session) {
    const closed = session.state === "closed";
    const words = session.entry === "named" ? "fs_link_whose" : "fs_link_label";
    label.placeholder = word(words);
    label.setAttribute("aria-label", word(words));
    form.hidden = closed;
    note.textContent = word(closed ? "fs_links_closed" : links.length ? `fs_links_${session.entry}` : `fs_links_none_${session.entry}`);
    fill(list, links.map((link) => row(link, links.length, closed)));
  }

  function row(link, count, closed) {
    const known = knownLinks(id).find((one) => one.link === link.id || (one.link === null && count > 0 && link.id === lowest(link)));
    const name = link.label ?? word("fs_link_open");
    return el("li", { class: link.revoked ? "revoked" : "" },
      el("span", {}, el("b", {}, name), " ", el("small", { class: "quiet" }, link.revoked ? word("fs_revoked") : ago(link.created))),
      !link.revoked && !closed && el("span", { class: "link-actions" },
        known && button("copy", word("fs_copy_link"), () => copyText(raterAddress(known.token)), { show: false }),
        button("close", word("fs_revoke", { label: name }), () => revoke(link, name), { show: false })));
  }

  // The link that came with the session was not told by its number: it is the first one.
  let first = null;
  const lowest = (link) => (first = first === null ? link.id : Math.min(first, link.id));

  function revoke(link, name) {
    ask({ title: word("fs_revoke_title", { label: name }), text: word("fs_revoke_text"), label: word("fs_revoke_do"), danger: true, yes: async () => {
      const done = await call(server.revoke_link, { link: link.id });
      if (done) toast(word("fs_revoked_now"));
      changed();
      return done;
    } });
  }

  return { node, paint };
}
