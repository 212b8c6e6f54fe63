// The page's words in both languages; they come with the page, so that switching asks nobody.

const { words, faults } = JSON.parse(document.getElementById("words").textContent);
const KEPT = "judge-language";
const locales = { zh: "zh-CN", en: "en" };

export let language = first();

function first() {
  try {
    if (localStorage.getItem(KEPT) in locales) return localStorage.getItem(KEPT);
  } catch {
    // no storage: the language of the page as it was sent
  }
  return document.documentElement.lang.startsWith("zh") ? "zh" : "en";
}

/** Use a language from now on. */
export function speak(chosen) {
  language = chosen;
  document.documentElement.lang = locales[chosen];
  document.title = word("title");
  try {
    localStorage.setItem(KEPT, chosen);
  } catch {
    // kept for this page only
  }
}

/** The words of `key` with {name}s filled in; those of `key_one` where there are such and n is 1. */
export function word(key, values = {}) {
  if (values.n === 1 && `${key}_one` in words) key += "_one";
  if (!(key in words)) throw new Error(`no word for ${key}`);
  return words[key][language].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** [{code, name, description}] in the language of the page. */
export const faultTags = () => faults.map((tag) => ({ code: tag.code, name: tag.name[language], description: tag.description[language] }));
