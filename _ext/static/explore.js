/**
 * Pictures behind sliders: figure.book-explore holds a picture, hidden controls and the list of
 * frames (a JSON script; the last control changes fastest). This shows the controls and switches
 * the picture, its alt text and the value beside each slider, plays a slider's values, and keeps
 * what is chosen in the page's address. On paper, stills stand for the slider. Works from disk,
 * without a network.
 */
(() => {
  "use strict";

  const SPEAK_AFTER = 700; // ms without a change before a screen reader hears the picture
  const PRELOAD_AFTER = 1000; // ms in view before frames are fetched unasked
  const NOTE_AFTER = 400; // ms without a change before the page's address says the values
  const PLAY_FROM = 4; // values of a slider that has a button to play them
  const STILL = matchMedia("(prefers-reduced-motion: reduce)"); // then there is none (style sheet)

  /** Words as an address has them: "hidden units" as hidden-units, "10⁻⁵" as 10^-5. */
  const forAddress = (words) => encodeURIComponent(
    words.trim().replace(/[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+/g, (power) => `^${power.normalize("NFKC")}`)
      .replaceAll("\u2212", "-").replaceAll(" × ", "x").replace(/\s+/g, "-"),
  ).replaceAll("%5E", "^");

  /**
   * One control, whatever its kind.
   * @param {HTMLElement} element a .book-explore-control
   * @returns {object} its name, how many values it has (size), the chosen one (index), it in words
   *   and as an address has it (state), what takes such a part of an address (set: whether it was
   *   one of this control) and what writes the value beside it (show)
   */
  function readControl(element) {
    const name = element.querySelector("label, span").textContent;
    const track = element.querySelector('input[type="range"]');
    const output = element.querySelector("output");
    const select = element.querySelector("select");
    const radios = [...element.querySelectorAll('input[type="radio"]')];
    let values;
    let index;
    let choose;
    if (track) {
      values = JSON.parse(track.dataset.values).map(String);
      index = () => Number(track.value);
      choose = (at) => { track.value = String(at); };
    } else if (select) {
      values = [...select.options].map((option) => option.textContent);
      index = () => select.selectedIndex;
      choose = (at) => { select.selectedIndex = at; };
    } else {
      values = radios.map((radio) => radio.nextElementSibling.textContent);
      index = () => radios.findIndex((radio) => radio.checked);
      choose = (at) => { radios[at].checked = true; };
    }
    const state = (at) => `${forAddress(name)}=${forAddress(values[at])}`;
    return {
      element,
      name,
      track,
      size: values.length,
      index,
      words: (at = index()) => `${name} = ${values[at]}`,
      state: () => state(index()),
      set: (part) => {
        // An address may come with other characters escaped than these here, or be broken.
        const same = (text) => {
          try { return decodeURIComponent(text); } catch { return text; }
        };
        const at = values.findIndex((_, each) => same(state(each)) === same(part));
        if (at >= 0) choose(at);
        return at >= 0;
      },
      show: () => {
        if (!track) return;
        output.textContent = values[index()];
        track.setAttribute("aria-valuetext", values[index()]);
      },
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
    const frames = JSON.parse(data.textContent).frames;
    const controls = [...box.querySelectorAll(".book-explore-control")].map(readControl);
    const count = controls.reduce((product, control) => product * control.size, 1);
    if (count !== frames.length) return;

    // A frame holds what differs from the start picture, and lies over it.
    const stack = document.createElement("span");
    stack.className = "book-explore-stack";
    stack.style.minInlineSize = image.style.minInlineSize;
    const over = Object.assign(new Image(), { className: "book-explore-over", alt: "" });
    over.hidden = true;
    image.replaceWith(stack);
    stack.append(image, over);

    const status = document.createElement("p");
    status.className = "book-explore-status";
    status.setAttribute("role", "status");
    figure.append(status);

    const current = () =>
      frames[controls.reduce((at, control) => at * control.size + control.index(), 0)];

    /** Fetch a frame; it is decoded when it is shown, and the browser may forget it again. */
    const fetchFrame = (frame) => {
      if (frame.src && !frame.picture) {
        frame.picture = new Image();
        frame.picture.src = frame.src;
      }
      return frame.picture;
    };
    const fetchAll = () => frames.forEach(fetchFrame);

    stillsFor(figure, image, controls, frames);

    let shown;
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
      const fails = await fetchFrame(frame)?.decode().then(() => false, () => true);
      if (frame !== current() || frame === shown) return;
      shown = frame;
      image.loading = "eager";
      // A frame that fails is shown as broken.
      image.src = fails ? frame.src : start;
      over.hidden = fails || !frame.src;
      if (frame.src) over.src = frame.src;
      else over.removeAttribute("src");
      image.alt = frame.alt;
      clearTimeout(timer);
      timer = setTimeout(() => { status.textContent = frame.alt; }, SPEAK_AFTER);
    };

    // --- the state in the page's address: #cell:training-step=8&layer=2 ---------------------
    let noting = 0;
    const note = () => {
      clearTimeout(noting);
      if (!figure.id) return;
      noting = setTimeout(() => {
        const state = controls.map((control) => control.state()).join("&");
        history.replaceState(history.state, "", `#${figure.id}:${state}`);
      }, NOTE_AFTER);
    };
    const recall = () => {
      if (!figure.id || !location.hash.startsWith(`#${figure.id}:`)) return false;
      const wanted = location.hash.slice(figure.id.length + 2).split("&");
      controls.forEach((control) => wanted.some((part) => control.set(part)));
      update();
      return true;
    };
    addEventListener("hashchange", () => { if (recall()) figure.scrollIntoView({ block: "center" }); });

    // --- play -------------------------------------------------------------------------------
    const players = controls.filter((control) => control.track && control.size >= PLAY_FROM)
      .map((control) => player(control, update, () => note()));
    const stop = () => players.forEach((each) => each.stop());
    document.addEventListener("visibilitychange", stop);
    if ("IntersectionObserver" in window) {
      new IntersectionObserver((entries) => {
        if (!entries.at(-1).isIntersecting) stop();
      }).observe(figure);
    }

    box.addEventListener("input", () => { stop(); update(); note(); });
    figure.addEventListener("pointerenter", fetchAll, { once: true });
    figure.addEventListener("focusin", fetchAll, { once: true });
    preloadInView(figure, fetchAll);
    box.hidden = false;
    shown = frames.find((frame) => !frame.src);
    write();
    if (recall()) {
      const arrived = performance.getEntriesByType("navigation")[0]?.type ?? "navigate";
      const aim = () => figure.scrollIntoView({ block: "center" });
      if (arrived !== "navigate") return; // the browser finds the place again by itself
      aim();
      if (document.readyState !== "complete") addEventListener("load", aim, { once: true });
    } else if (current() !== shown) {
      update(); // a browser that comes back may have kept the sliders where they were
    }
  }

  /**
   * A button that moves a slider from value to value, and stops at the last.
   * @param {object} control what readControl gave
   * @param {() => Promise<void>} update shows the picture
   * @param {() => void} ended called when it stops
   * @returns {{stop: () => void}} what stops it
   */
  function player(control, update, ended) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "book-explore-play";
    button.innerHTML = '<svg viewBox="0 0 16 16" aria-hidden="true"><path/></svg>';
    let plays = 0; // grows with every start, so that an earlier one notices
    let runs = false;
    const draw = () => {
      button.setAttribute("aria-label", `${runs ? "Pause" : "Play"}: ${control.name}`);
      button.title = runs ? "Pause" : "Play";
      button.querySelector("path").setAttribute("d", runs ? "M4 2h3v12H4zM9 2h3v12H9z" : "M4 2l9 6-9 6z");
    };
    const stop = () => {
      if (!runs) return;
      runs = false;
      draw();
      ended();
    };
    button.addEventListener("click", async () => {
      if (runs) return stop();
      runs = true;
      draw();
      const mine = (plays += 1);
      const track = control.track;
      if (control.index() === control.size - 1) track.value = "0";
      else track.value = String(control.index() + 1);
      for (;;) {
        await update();
        if (control.index() === control.size - 1) return stop();
        await new Promise((resolve) => { setTimeout(resolve, pace(control.size)); });
        if (!runs || mine !== plays) return undefined;
        track.value = String(control.index() + 1);
      }
    });
    STILL.addEventListener("change", stop);
    draw();
    control.element.append(button);
    return { stop };
  }

  /** Milliseconds a frame: some ten seconds for all, and quicker than a screen reader speaks. */
  const pace = (size) => Math.min(SPEAK_AFTER - 50, Math.max(150, 10000 / size));

  /**
   * Put two more positions of a figure's longest control beside its picture while the page is
   * printed: its ends, or the middle where the picture shows one of these.
   * @param {HTMLElement} figure a figure.book-explore
   * @param {HTMLImageElement} image its start picture
   * @param {object[]} controls what readControl gave
   * @param {object[]} frames the frames; the last control changes fastest
   */
  function stillsFor(figure, image, controls, frames) {
    const row = document.createElement("div");
    row.className = "book-explore-stills";
    const long = controls.reduce((one, other) => (other.size > one.size ? other : one));
    addEventListener("beforeprint", () => {
      const last = long.size - 1;
      const others = [0, last, Math.floor(last / 2)].filter((at) => at !== long.index());
      const places = [...new Set(others)].slice(0, 2).sort((one, other) => one - other);
      row.replaceChildren(...places.map((place) => {
        const at = (control) => (control === long ? place : control.index());
        const frame = frames[controls.reduce((sum, each) => sum * each.size + at(each), 0)];
        const still = document.createElement("div");
        const stack = document.createElement("span");
        stack.className = "book-explore-stack";
        for (const src of [image.currentSrc || image.src, frame.src].filter(Boolean)) {
          const layer = Object.assign(new Image(), { src, alt: stack.children.length ? "" : frame.alt });
          if (stack.children.length) layer.className = "book-explore-over";
          stack.append(layer);
        }
        const words = document.createElement("p");
        words.textContent = controls.map((each) => each.words(at(each))).join(", ");
        still.append(stack, words);
        return still;
      }));
      figure.querySelector(".book-explore-values").after(row);
    });
    addEventListener("afterprint", () => row.remove());
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
