/**
 * Pictures behind sliders: figure.book-explore holds a picture, hidden controls and the list of
 * frames (a JSON script; the last control changes fastest). This shows the controls and switches
 * the picture, its alt text and the value beside each slider. Works from disk, without a network.
 */
(() => {
  "use strict";

  const SPEAK_AFTER = 700; // ms without a change before a screen reader hears the picture
  const PRELOAD_AFTER = 1000; // ms in view before frames are fetched unasked

  /**
   * One control, whatever its kind.
   * @param {HTMLElement} element a .book-explore-control
   * @returns {{size: number, index: () => number, words: () => string, show: () => void}} how many
   *   values it has, the chosen one, it in words, and what writes the value beside it
   */
  function readControl(element) {
    const name = element.querySelector("label, span").textContent;
    const range = element.querySelector('input[type="range"]');
    if (range) {
      const values = JSON.parse(range.dataset.values);
      const output = element.querySelector("output");
      return {
        size: values.length,
        index: () => Number(range.value),
        words: () => `${name} = ${values[Number(range.value)]}`,
        show: () => {
          output.textContent = values[Number(range.value)];
          range.setAttribute("aria-valuetext", values[Number(range.value)]);
        },
      };
    }
    const select = element.querySelector("select");
    if (select) {
      return {
        size: select.options.length,
        index: () => select.selectedIndex,
        words: () => `${name} = ${select.selectedOptions[0]?.textContent}`,
        show: () => {},
      };
    }
    const radios = [...element.querySelectorAll('input[type="radio"]')];
    return {
      size: radios.length,
      index: () => radios.findIndex((radio) => radio.checked),
      words: () => `${name} = ${radios.find((radio) => radio.checked)?.nextElementSibling.textContent}`,
      show: () => {},
    };
  }

  /**
   * Make one figure's controls work.
   * @param {HTMLElement} figure a figure.book-explore
   */
  function enhance(figure) {
    const image = figure.querySelector("img");
    const box = figure.querySelector(".book-explore-controls");
    const data = figure.querySelector('script[type="application/json"]');
    if (!image || !box || !data) return;

    const start = image.getAttribute("src");
    const frames = JSON.parse(data.textContent).frames.map((frame) => ({
      src: frame.src || start,
      alt: frame.alt,
    }));
    const controls = [...box.querySelectorAll(".book-explore-control")].map(readControl);
    const count = controls.reduce((product, control) => product * control.size, 1);
    if (count !== frames.length) return;

    const status = document.createElement("p");
    status.className = "book-explore-status";
    status.setAttribute("role", "status");
    figure.append(status);

    const current = () =>
      frames[controls.reduce((at, control) => at * control.size + control.index(), 0)];

    /** Fetch and decode a frame once; a frame that fails is shown as broken, not waited for. */
    const load = (frame) => {
      if (!frame.ready) {
        const picture = new Image();
        picture.src = frame.src;
        frame.picture = picture; // keeps the decoded picture in memory
        frame.ready = picture.decode().catch(() => {});
      }
      return frame.ready;
    };
    const loadAll = () => frames.forEach(load);

    let shown = start;
    let timer = 0;

    const values = document.createElement("p");
    values.className = "book-explore-values";
    values.setAttribute("aria-hidden", "true"); // it repeats the controls, for paper
    box.after(values);
    const write = () => {
      controls.forEach((control) => control.show());
      values.textContent = controls.map((control) => control.words()).join(", ");
    };

    /** Show the frame for the controls' values, as soon as it is decoded. */
    const update = async () => {
      write();
      const frame = current();
      await load(frame);
      if (frame !== current() || frame.src === shown && frame.alt === image.alt) return;
      shown = frame.src;
      image.loading = "eager";
      image.src = frame.src;
      image.alt = frame.alt;
      clearTimeout(timer);
      timer = setTimeout(() => { status.textContent = frame.alt; }, SPEAK_AFTER);
    };

    box.addEventListener("input", update);
    figure.addEventListener("pointerenter", loadAll, { once: true });
    figure.addEventListener("focusin", loadAll, { once: true });
    preloadInView(figure, loadAll);
    box.hidden = false;
    write();
    // A browser that comes back to the page may have kept the sliders where they were.
    if (current().src !== start) update();
  }

  /**
   * Call a function once, when an element has been well in view for a moment, unless the reader
   * asked to save data.
   * @param {HTMLElement} element what is looked at
   * @param {() => void} load the function
   */
  function preloadInView(element, load) {
    if (!("IntersectionObserver" in window) || navigator.connection?.saveData) return;
    let timer = 0;
    const observer = new IntersectionObserver(
      (entries) => {
        clearTimeout(timer);
        if (!entries.at(-1).isIntersecting) return;
        timer = setTimeout(() => { observer.disconnect(); load(); }, PRELOAD_AFTER);
      },
      { threshold: 0.5 },
    );
    observer.observe(element);
  }

  const run = () => document.querySelectorAll("figure.book-explore").forEach(enhance);
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", run);
  else run();
})();
