// Sets mathematics for katex_local.py: one JSON request a line in, one JSON answer a line out.
// A request is {latex, display}; the answer is {html} or {error}. What KaTeX would merely warn
// about (a letter that LaTeX does not know, say) is an error here, so that the build shows it.
"use strict";

const katex = require("katex");
const lines = require("readline").createInterface({ input: process.stdin });

lines.on("line", (line) => {
  const { latex, display } = JSON.parse(line);
  let answer;
  try {
    const options = { displayMode: display, throwOnError: true, strict: "error" };
    answer = { html: katex.renderToString(latex, options) };
  } catch (error) {
    answer = { error: error.message };
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
});
