// What made a variant, as labelled values; and what differs between two variants.
import { word } from "./dom.js";

/** [[section word, [[label word, text, long]…]]…] of a variant as desk.detail sends it. */
export function sections(variant) {
  const { request, origin } = variant;
  const made = origin ?? {};
  return [
    [
      "fact_words",
      [
        ["fact_description", request.text, true],
        ["fact_corrections", corrections(variant), true],
        ["fact_prompt", made.prompt ?? request.prompt.text, true],
        ["fact_negative", made.negative || null, true],
        ["fact_dropped", request.prompt.dropped.join(" · ") || null],
        ["fact_preset", nameOf(window.studio.presets, request.preset)],
        ["fact_style", styleText(request.style)],
        ["market", nameOf(window.studio.markets, request.market)],
      ],
    ],
    [
      "fact_picture",
      [
        ["size", made.width && `${made.width} × ${made.height}`],
        ["seed", variant.seed],
        ["steps", made.steps],
        ["guidance", made.guidance],
        ["sampler", made.sampler],
        ["fact_derivation", word(`derivation_${request.derivation.replace("-", "_")}`)],
        ["strength", made.strength],
        ["adapter", (made.adapters ?? []).map((adapter) => `${adapter.path} × ${adapter.scale}`).join(", ") || null],
        ["learnt", variant.learnt && word("learnt_made_with", variant.learnt)],
      ],
    ],
    [
      "fact_origin",
      [
        ["model", made.model],
        ["fact_hash", made.model_hash, true],
        ["fact_pipeline", made.pipeline],
        ["fact_device", made.device && `${made.device} · ${made.dtype}`],
        ["fact_together", made.computed_together],
        ["fact_seconds", made.seconds && word("seconds_n", { s: made.seconds.toFixed(1) })],
        ["fact_versions", made.versions && Object.entries(made.versions).map(([name, value]) => `${name} ${value}`).join(", "), true],
        ["fact_image", variant.image, true],
      ],
    ],
  ].map(([section, rows]) => [section, rows.filter(([, value]) => value !== null && value !== undefined && value !== "")]);
}

/** What was corrected of how the description was read, in words; null for nothing. */
function corrections(variant) {
  const told = variant.corrections.map((one) => {
    const [field, ...said] = one.split("=");
    return word("fact_correction", { said: said.join("="), field: word(`field_${field}`) });
  });
  return told.join(" · ") || null;
}

/** The name of what a table lists, its id where it is listed no more, null for none. */
function nameOf(table, id) {
  return table.find((one) => one.id === id)?.name ?? id;
}

/** The sliders that say something, in words. */
export function styleText(style) {
  const said = window.studio.styles.filter(({ control }) => style[control] !== 3).map(({ control, levels }) => levels[style[control] - 1]);
  if (style.position !== "auto") said.push(word(`position_${style.position}`));
  return said.join(" · ") || word("style_neutral");
}

const COMPARED = ["fact_description", "fact_corrections", "fact_prompt", "fact_negative", "fact_preset", "fact_style", "size", "seed", "steps", "guidance", "sampler", "fact_derivation", "strength", "adapter", "learnt", "model"];

/** Rows [label word, of a, of b] in which two variants differ. */
export function differences(a, b) {
  const flat = (variant) => new Map(sections(variant).flatMap(([, rows]) => rows.map(([label, value]) => [label, String(value)])));
  const [left, right] = [flat(a), flat(b)];
  return COMPARED.map((label) => [label, left.get(label) ?? "–", right.get(label) ?? "–"]).filter(([, one, other]) => one !== other);
}

/** A variant's settings as plain text, for another tool or a colleague. */
export function asText(variant) {
  return sections(variant).flatMap(([, rows]) => rows.map(([label, value]) => `${word(label)}: ${value}`)).join("\n");
}
