// Pencil exercises are answered on their page. `judge` is what `check` of utils/exercises is for
// numbers and options, line by line: change them together; tests/test_answers.py gives both the same answers.
"use strict";

var bookAnswers = (() => {
  const COUNT = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

  // --- what was typed: numbers, or lists of lists as in Python, or one row a line ------------
  class Unreadable extends Error {}
  class Hint extends Error {}

  const NUMBER = /^[+-]?(?:\d[\d_]*\.?[\d_]*|\.\d+)(?:e[+-]?\d+)?$/i;

  const number = (word) => {
    if (/^[+-]?(?:inf|nan)$/i.test(word)) return NaN;
    const [over, under, more] = word.split("/");
    const read = (text) => {
      if (!NUMBER.test(text ?? "")) throw new Unreadable(`“${word}” is not a number.`);
      return Number(text.replaceAll("_", ""));
    };
    if (more !== undefined) throw new Unreadable(`“${word}” is not a number.`);
    return under === undefined ? read(over) : read(over) / read(under);
  };

  // Returns { kind: "number", "list" or "tuple", shape (null: rows of different lengths), flat }.
  const nested = (items, kind) => {
    const [first] = items;
    const shape = first?.shape ?? [];
    const same = items.every((item) => item.shape && String(item.shape) === String(shape));
    return {
      kind,
      shape: same ? [items.length, ...shape] : null,
      flat: items.flatMap((item) => item.flat),
    };
  };

  const single = (word) => ({ kind: "number", shape: [], flat: [number(word)] });

  const parse = (typed) => {
    // a minus sign as mathematics sets it, spaces around a fraction's stroke
    const text = typed.trim().replace(/[−–]/g, "-").replace(/\s*\/\s*/g, "/");
    if (/^[+-]?\d{1,3}(?:,\d{3})+$/.test(text)) {
      const whole = single(text.replaceAll(",", ""));
      const row = nested(text.split(",").map(single), "tuple");
      return { ...row, whole };
    }
    if (/[[(]/.test(text)) {
      const words = text.match(/[[\]()]|[^\s,;[\]()]+/g);
      let at = 0;
      const item = () => {
        const word = words[at++];
        const close = { "[": "]", "(": ")" }[word];
        if (!close) {
          if (word === undefined || /[\])]/.test(word)) throw new Unreadable("A bracket is missing.");
          return single(word);
        }
        const items = [];
        while (words[at] !== close) items.push(item());
        at += 1;
        const alone = close === ")" && items.length === 1 && !/,\s*\)/.test(text);
        return alone ? items[0] : nested(items, close === "]" ? "list" : "tuple");
      };
      const all = [];
      while (at < words.length) all.push(item());
      return all.length === 1 ? all[0] : nested(all, "tuple");
    }
    if (!/[^\s,;]/.test(text)) throw new Unreadable("There is no number in it.");
    const rows = text.split(/[\n;]/).filter((row) => /[^\s,]/.test(row))
      .map((row) => row.split(/[\s,]+/).filter(Boolean).map(single));
    if (rows.length > 1) return nested(rows.map((row) => nested(row, "list")), "list");
    return rows[0].length > 1 ? nested(rows[0], "tuple") : rows[0][0];
  };

  // --- how Python writes a shape and a number -------------------------------------------------
  const tuple = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

  // Python's f"{x:.6g}": halves go to the even digit.
  const brief = (x) => {
    if (x === 0) return Object.is(x, -0) ? "-0" : "0";
    let [digits, exponent] = x.toExponential(5).split("e");
    const [exact] = x.toExponential(60).split("e");
    if (/^-?\d\.\d{4}[02468]50*$/.test(exact)) digits = exact.slice(0, exact.indexOf(".") + 6);
    const power = Number(exponent);
    const trim = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    if (power >= -4 && power < 6) {
      return trim(Number(`${digits}e${power}`).toFixed(Math.max(0, 5 - power)));
    }
    return `${trim(digits)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  };
  const short = (numbers) => (numbers.length === 1 ? brief(numbers[0]) : "that");

  // --- the judgement --------------------------------------------------------------------------
  const expectArray = (answer, shape) => {
    if (answer.shape === null) {
      throw new Hint(`the answer should be numeric, but you gave a ${answer.kind}.`);
    }
    if (shape && String(answer.shape) !== String(shape)) {
      const want = shape.length ? `of shape ${tuple(shape)}` : "a single number";
      throw new Hint(`the answer should be ${want}; yours has shape ${tuple(answer.shape)}.`);
    }
    if (!answer.flat.every(Number.isFinite)) {
      throw new Hint("the answer contains a value that is not finite (inf or nan).");
    }
    return answer.flat;
  };

  const expectNumbers = (answer, n) => {
    if (n === 1) return expectArray(answer, []);
    const given = expectArray(answer);
    if (given.length !== n) throw new Hint(`Give ${COUNT[n]} numbers; you gave ${given.length}.`);
    return given;
  };

  const close = (given, wrong, atol) =>
    given.every((x, k) => Math.abs(x - wrong[wrong.length > 1 ? k : 0]) <= atol);

  const makes = (given, row, atol) => row.slice(0, -1).some((wrong) => close(given, wrong, atol));

  const expectPart = (given, part) => {
    if (close(given, part.right, part.atol)) return;
    const say = part.name ? `${part.name} is not ${short(given)}: ` : "";
    for (const row of part.mistakes) {
      if (makes(given, row, 5 * part.atol)) throw new Hint(say + row.at(-1));
    }
    for (const [factors, value, hint] of part.laws) {
      const found = factors.reduce((sum, factor, k) => sum + factor * given[k], 0);
      if (Math.abs(found - value) > 5 * part.atol) {
        throw new Hint(say + hint.replaceAll("{given}", brief(found)));
      }
    }
    throw new Hint(say + part.otherwise.replaceAll("{given}", short(given)));
  };

  const expectChoice = (given, part) => {
    if (given === part.right) return;
    const row = part.mistakes.find((mistake) => mistake.slice(0, -1).includes(given));
    throw new Hint(`${part.name || "The answer"} is not ${given}: ${row.at(-1)}`);
  };

  // Where there are options, each part has a field of its own.
  const expectEach = (table, typed) => {
    for (const [k, part] of table.parts.entries()) {
      if (part.options) expectChoice(typed[k], part);
      else expectPart(expectNumbers(parseFor(part, typed[k]), part.right.length), part);
    }
  };

  // 1,024 is a number where one is asked
  const parseFor = (part, typed) => {
    const answer = parse(typed);
    return answer.whole && part.right.length === 1 ? answer.whole : answer;
  };

  const expectRight = (table, answer) => {
    for (const [shape, hint] of table.shapes) {
      expectArray(answer);
      if (String(answer.shape) === String(shape)) throw new Hint(hint);
    }
    if (table.shape.length) expectArray(answer, table.shape);
    const size = table.parts.reduce((sum, part) => sum + part.right.length, 0);
    const given = expectNumbers(answer, size);
    let start = 0;
    const split = table.parts.map((part) => {
      const own = given.slice(start, start + part.right.length);
      start += part.right.length;
      return [own, part];
    });
    if (split.every(([own, part]) => close(own, part.right, part.atol))) return;
    const widest = Math.max(...table.parts.map((part) => part.atol));
    for (const row of table.first) {
      if (makes(given, row, 5 * widest)) throw new Hint(row.at(-1));
    }
    for (const [own, part] of split) expectPart(own, part);
  };

  /**
   * Return null for a right answer, the hint for a wrong one; throw for no numbers at all.
   * What was typed is a string, or a list of one for each part where there are options.
   */
  const judge = (table, typed) => {
    try {
      if (Array.isArray(typed)) expectEach(table, typed);
      else if (table.parts.length === 1) expectRight(table, parseFor(table.parts[0], typed));
      else expectRight(table, parse(typed));
    } catch (error) {
      if (error instanceof Hint) return error.message;
      throw error;
    }
    return null;
  };

  const decode = (text) =>
    JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(text), (c) => c.charCodeAt(0))));

  return { judge, parse, decode, brief, Unreadable };
})();

// --- the page: forms, marks beside exercises, counts in the list of chapters -------------------
if (typeof document !== "undefined") {
  const KEY = "answered";
  let here = []; // where the browser keeps nothing, marks last as long as the page

  const recall = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      return new Set([...(Array.isArray(kept) ? kept : []), ...here]);
    } catch { return new Set(here); }
  };
  const remember = (id) => {
    here.push(id);
    try { localStorage.setItem(KEY, JSON.stringify([...recall()])); } catch { /* private window */ }
  };

  const mark = () => {
    const done = recall();
    for (const form of document.querySelectorAll("form.answer")) {
      const heading = form.closest("section")?.querySelector("h2, h3, h4");
      if (!done.has(form.dataset.id) || !heading || heading.querySelector(".answered-mark")) continue;
      const sign = document.createElement("span");
      sign.className = "answered-mark";
      sign.setAttribute("role", "img");
      sign.setAttribute("aria-label", "answered");
      sign.title = "You have answered this exercise.";
      sign.textContent = "✓";
      heading.insertBefore(sign, heading.querySelector(".headerlink"));
    }
    for (const line of document.querySelectorAll("[data-exercises]")) {
      const ids = line.dataset.exercises.split(" ");
      const count = ids.filter((id) => done.has(id)).length;
      line.hidden = !count;
      line.textContent = `✓ ${count} of ${ids.length} pencil exercises answered`;
    }
  };

  // What is in a form: a string, or a list of one for each part where there are options.
  const typedIn = (form) => {
    const parts = [...form.querySelectorAll(".answer-part")];
    if (!parts.length) return form.querySelector("input, textarea").value;
    return parts.map((part) => (part.matches("fieldset")
      ? part.querySelector(":checked")?.value ?? "" : part.querySelector("input").value));
  };

  const answer = (form) => {
    const fields = form.querySelectorAll("input, textarea");
    const said = form.querySelector("[role=status]");
    const table = bookAnswers.decode(form.dataset.table);
    const typed = typedIn(form);
    const missing = [typed].flat().findIndex((text) => !text.trim());
    let words;
    let right = false;
    if (missing >= 0 && Array.isArray(typed)) {
      const part = table.parts[missing];
      const which = part.name ? ` for ${part.name.replace(/^The /, "the ")}` : "";
      words = part.options ? `Choose an answer${which} first.` : `Type a number${which} first.`;
    } else if (missing >= 0) {
      words = `Type your answer first. It takes ${table.takes}.`;
    } else {
      try {
        const hint = bookAnswers.judge(table, typed);
        right = hint === null;
        words = right ? "Right." : `Not yet. ${hint}`;
      } catch (error) {
        if (!(error instanceof bookAnswers.Unreadable)) throw error;
        words = `${error.message} Write numbers such as 3, -0.5 or 2/3, with commas between them.`;
      }
    }
    for (const field of fields) {
      if (field.type !== "radio") field.setAttribute("aria-invalid", String(!right));
    }
    said.textContent = "";
    setTimeout(() => { // the same words twice are read out twice
      said.textContent = words;
      if (right) {
        const sign = Object.assign(document.createElement("span"), { textContent: "✓" });
        sign.className = "answered-mark";
        sign.setAttribute("aria-hidden", "true");
        said.prepend(sign);
      }
    }, 50);
    if (right) {
      remember(form.dataset.id);
      mark();
    }
  };

  document.addEventListener("submit", (event) => {
    if (!event.target.matches("form.answer")) return;
    event.preventDefault();
    answer(event.target);
  });
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.("form.answer textarea")?.form;
    if (!form || event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    form.requestSubmit();
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", mark);
  else mark();
  addEventListener("storage", (event) => { if (event.key === KEY) mark(); });
  addEventListener("pageshow", (event) => { if (event.persisted) mark(); });
}
