/**
 * The search: sections of the book that have the words, prose and pitfalls before code.
 *
 * bookSearch.index(pages) is called by search-sections.js, which _ext/book_search.py writes and
 * which is loaded when there is something to look for. Works from disk, without a network; Chinese
 * is found wherever it stands, other words at their beginning.
 */
const bookSearch = (() => {
  "use strict";

  const MOST = 40; // results shown
  const KINDS = { pitfall: ["Pitfall", 1.8], term: ["Term", 1.2], exercise: ["Exercise", 0.6] };

  /** One spelling for both: regularization, regularisation. */
  const plain = (text) => text.toLowerCase().replace(/z(?=[aei])/g, "s");
  const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

  /** What finds a word: as it stands, and with another ending. */
  const finder = (word) => {
    const text = plain(word);
    if (/\p{Script=Han}/u.test(text)) return { whole: new RegExp(text, "gu"), part: null };
    const stem = text.length > 4 ? text.replace(/(?:ies|es|s|ing|ed)$/, "") : text;
    return {
      whole: new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(text)}(?:s|es)?(?![\\p{L}\\p{N}_])`, "gu"),
      part: new RegExp(`(?<![\\p{L}\\p{N}_])${escaped(stem)}`, "gu"),
    };
  };

  const count = (pattern, text) => (pattern ? (text.match(pattern) ?? []).length : 0);

  /** How well a place answers to one word; 0 if it does not have it. */
  const fits = (place, { whole, part }) => {
    const here = (text, weight) => {
      const times = count(whole, text) + 0.3 * count(part, text);
      return times && weight * (1 + Math.log2(1 + times)) / 2;
    };
    return here(place.titleText, 12) + here(place.proseText, 4) + here(place.codeText, 0.5)
      + here(place.pageText, 2);
  };

  /**
   * Look for words.
   * @param {object[]} places the sections and terms
   * @param {string} query what the reader typed
   * @returns {object[]} those that have all words, the best first; if none has all, those with some
   */
  const find = (places, query) => {
    const words = query.split(/[^\p{L}\p{N}_]+/u).filter(Boolean);
    const finders = words.map(finder);
    if (!finders.length) return [];
    const scored = places.map((place) => {
      const each = finders.map((one) => fits(place, one));
      // A term has several names: the nearer the query is to all of them, the better.
      const asked = plain(query.trim());
      const named = ` ${place.titleText} `.includes(` ${asked} `);
      const whole = named ? 20 * asked.length / place.titleText.length : 0;
      const score = each.reduce((sum, one) => sum + one, whole) * (KINDS[place.kind]?.[1] ?? 1);
      return { place, score, all: each.every(Boolean) };
    }).filter(({ score }) => score > 0);
    const complete = scored.filter(({ all }) => all);
    return (complete.length ? complete : scored)
      .sort((a, b) => b.score - a.score).map(({ place }) => place);
  };

  const element = (name, className, ...children) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  };

  /** Some words around the first one that was found, with those found marked. */
  const excerpt = (place, words) => {
    const patterns = words.map(finder).flatMap(({ whole, part }) => [whole, part]).filter(Boolean);
    const at = (text) => Math.min(...patterns.map((one) => {
      const found = plain(text).search(one);
      return found < 0 ? Infinity : found;
    }));
    const inCode = at(place.prose) === Infinity && at(place.code) < Infinity;
    if (inCode) return element("p", "context", "In its code.");
    const text = place.prose;
    const first = at(text) === Infinity ? 0 : at(text);
    const start = first < 90 ? 0 : text.lastIndexOf(" ", first - 70) + 1;
    const piece = text.slice(start, start + 240);
    const box = element("p", "context", start ? "… " : "");
    let last = 0;
    const marks = new RegExp(patterns.map((one) => `(?:${one.source})`).join("|"), "gu");
    for (const found of plain(piece).matchAll(marks)) {
      const end = found.index + found[0].length;
      box.append(piece.slice(last, found.index), element("mark", "", piece.slice(found.index, end)));
      last = end;
    }
    box.append(piece.slice(last), start + 240 < text.length ? " …" : "");
    return box;
  };

  const show = (places, query) => {
    const found = find(places, query);
    const words = query.split(/[^\p{L}\p{N}_]+/u).filter(Boolean);
    const out = document.getElementById("search-results");
    const many = found.length > MOST ? `, the best ${MOST} below` : "";
    const places_ = found.length === 1 ? "1 place" : `${found.length} places`;
    out.replaceChildren(
      element("h2", "", "Search results"),
      element("p", "search-summary", found.length
        ? `${places_} in the book${many}.`
        : "No section has these words. Try fewer of them, or the beginning of one."),
      element("ul", "search", ...found.slice(0, MOST).map((place) => {
        const link = element("a", "", place.title);
        link.href = `${place.page.address}#${place.id}`;
        const kind = KINDS[place.kind]?.[0];
        const page = [place.page.number, place.page.title].filter(Boolean).join(" ");
        const where = [kind, page].filter(Boolean);
        return element(
          "li", "", link, element("p", "where", where.join(" · ")), excerpt(place, words),
        );
      })),
    );
    document.getElementById("search-progress")?.replaceChildren();
    try { // doctools marks them on the page that the reader opens
      localStorage.setItem("sphinx_highlight_terms", words.join(" ").toLowerCase());
    } catch { /* private window */ }
  };

  return {
    index(pages) {
      const places = pages.flatMap((page) => page.sections.map((section) => ({
        ...section,
        page,
        titleText: plain(section.title),
        proseText: plain(section.prose),
        codeText: plain(section.code),
        pageText: plain(page.title),
      })));
      show(places, new URLSearchParams(location.search).get("q"));
    },
  };
})();

document.addEventListener("DOMContentLoaded", () => {
  const query = new URLSearchParams(location.search).get("q");
  if (!query) return;
  for (const field of document.querySelectorAll("input[name=q]")) field.value = query;
  const root = document.documentElement.dataset.content_root;
  document.body.append(Object.assign(document.createElement("script"), {
    src: `${root}_static/search-sections.js`,
  }));
});
