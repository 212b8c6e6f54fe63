// Answers the rater's page from a plan, in the organiser's browser: a preview asks nobody and keeps nothing.
// The window around this one holds what the page is told (see ui/session_preview.py).
(function () {
  const told = window.parent.sessionPreview ?? { items: [], kind: "pairs", practice: 0, break_every: 50, guideline: { zh: "", en: "" }, examples: [] };
  const about = { kind: told.kind, break_every: told.break_every, renew: 3600 };
  localStorage.removeItem("judge:preview");
  let at = 0;
  let counted = 0;

  const item = (place) => {
    const { id, text, pictures, practice } = told.items[place] ?? {};
    return id ? { id, text, pictures, practice } : null;
  };
  const work = () => ({ ...about, state: at < told.items.length ? "work" : "done", item: item(at), ahead: item(at + 1), count: counted });

  function answer(sent) {
    const place = told.items.findIndex(({ id }) => id === sent.assignment);
    const judged = told.items[place];
    if (place === at) {
      at++;
      if (!judged.practice && sent.verdict !== "skip") counted++;
    }
    if (!judged?.practice || sent.verdict === "skip") return work();
    const right = told.kind === "stars" ? Math.abs((sent.stars ?? 0) - judged.expected) <= 1 : sent.place === judged.expected;
    return { ...work(), feedback: { right, expected: judged.expected, fault: judged.fault } };
  }

  const replies = {
    enter: () => ({ ...about, ...told, items: undefined, state: "consent", key: null }),
    consent: work,
    next: work,
    answer,
    undo: work,
    renew: (sent) => ({ state: "work", renewed: sent.assignments }),
  };

  const ask = window.fetch.bind(window);
  window.fetch = async (address, options) => {
    const [, way] = /^\/judge\/preview\/(\w+)$/.exec(address) ?? [];
    if (!way) return ask(address, options);
    await new Promise((done) => setTimeout(done, 40));
    return new Response(JSON.stringify(replies[way](JSON.parse(options.body))), { status: 200, headers: { "Content-Type": "application/json" } });
  };
})();
