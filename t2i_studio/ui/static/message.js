// Sentences from the server's event handlers, shown as toasts.
import { toast } from "./dom.js";

export default function ({ props, watch }) {
  watch("note", () => props.note && toast(props.note.text, { kind: "bad" }));
}
