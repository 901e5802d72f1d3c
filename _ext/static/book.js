// What the book's pages do beyond the theme: framework tabs, wide equations, menus that follow.
"use strict";

// A page asks for the script after its first paint, from a disk before it.
function whenReady(run) {
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", run);
  else run();
}

// --- framework tabs: one choice for the page, kept for the next one -------------------------
(() => {
  const root = document.documentElement;

  const recall = () => {
    try { return localStorage.getItem("framework"); } catch { return null; }
  };
  const remember = (framework) => {
    try { localStorage.setItem("framework", framework); } catch { /* private window */ }
  };

  // The style sheet shows the panels of <html data-framework>; here the tabs are told.
  const choose = (framework) => {
    root.dataset.framework = framework;
    for (const tab of document.querySelectorAll(".framework-tab")) {
      const chosen = tab.dataset.framework === framework;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
  };

  // Panels above may grow or shrink: the tab under the reader's hand stays where it is.
  const chooseAt = (tab) => {
    const before = tab.getBoundingClientRect().top;
    choose(tab.dataset.framework);
    remember(tab.dataset.framework);
    window.scrollBy({ top: tab.getBoundingClientRect().top - before, behavior: "instant" });
  };

  whenReady(() => {
    choose(root.dataset.framework || "pytorch");
    for (const list of document.querySelectorAll(".framework-tablist")) {
      const tabs = [...list.querySelectorAll(".framework-tab")];
      list.addEventListener("click", (event) => {
        const tab = event.target.closest(".framework-tab");
        if (tab) chooseAt(tab);
      });
      list.addEventListener("keydown", (event) => {
        const here = tabs.indexOf(document.activeElement);
        const next = {
          ArrowRight: (here + 1) % tabs.length,
          ArrowLeft: (here + tabs.length - 1) % tabs.length,
          Home: 0,
          End: tabs.length - 1,
        }[event.key];
        if (next === undefined) return;
        event.preventDefault();
        tabs[next].focus();
        chooseAt(tabs[next]);
      });
    }
  });

  // Another window of the book chose, or the browser brought back an old copy of this page.
  window.addEventListener("storage", (event) => {
    if (event.key === "framework" && event.newValue) choose(event.newValue);
  });
  window.addEventListener("pageshow", (event) => {
    if (event.persisted && recall()) choose(recall());
  });
})();

// --- boxes that scroll sideways can be reached and scrolled by keyboard ----------------------
(() => {
  const names = {
    ".math-scroll": "Equation, wider than the page",
    "pre": "Code or output, wider than the page",
    ".pst-scrollable-table-container": "Table, wider than the page",
    ".cell_output > .output": "Output, wider than the page",
    ".figure-box": "Picture, wider than the page",
  };

  const mark = (box, name) => {
    const style = getComputedStyle(box);
    const wide = box.scrollWidth > box.clientWidth + 1 && style.overflowX !== "visible";
    const tall = box.scrollHeight > box.clientHeight + 1 && /auto|scroll/.test(style.overflowY);
    const scrolls = wide || tall;
    if (scrolls) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", name);
    } else if (box.getAttribute("role") === "group") {
      box.removeAttribute("tabindex");
      box.removeAttribute("role");
      box.removeAttribute("aria-label");
    }
    if (box.matches(".figure-box")) goesOn(box);
  };

  // Where a picture goes on beyond its box: nothing, "left", "right" or both.
  const goesOn = (box) => {
    const sides = [
      box.scrollLeft > 1 && "left",
      box.scrollLeft + box.clientWidth < box.scrollWidth - 1 && "right",
    ].filter(Boolean);
    if (sides.length) box.dataset.goesOn = sides.join(" ");
    else delete box.dataset.goesOn;
  };

  whenReady(() => {
    const watch = new ResizeObserver((entries) => {
      for (const { target } of entries) mark(target, target.dataset.scrollName);
    });
    for (const [selector, name] of Object.entries(names)) {
      for (const box of document.querySelectorAll(selector)) {
        box.dataset.scrollName = name;
        watch.observe(box);
        if (box.matches(".figure-box")) {
          box.addEventListener("scroll", () => goesOn(box), { passive: true });
        }
      }
    }
    // A font that comes late widens what is in a box, and not the box. (Pictures have none.)
    document.fonts.addEventListener("loadingdone", () => {
      for (const box of document.querySelectorAll("[data-scroll-name]:not(.figure-box)")) {
        mark(box, box.dataset.scrollName);
      }
    });
  });
})();

// --- the page's contents show the section one is in -------------------------------------------
// The theme marks an entry when its heading comes near the top of the window: not after a jump
// into the middle of a section, nor on the way back up. So it is overruled here.
whenReady(() => {
  const entries = [...document.querySelectorAll("#pst-page-toc-nav a[href^='#']")]
    .map((link) => [link, document.getElementById(decodeURIComponent(link.hash.slice(1)))])
    .filter(([, section]) => section)
    .map(([link, section]) => [link, section.querySelector("h1, h2, h3, h4, h5, h6") ?? section]);
  if (!entries.length) return;

  const aimedAt = () => {
    const target = location.hash.length > 1
      && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    return entries.find(([, heading]) => target && heading.parentElement === target);
  };
  // An entry's own heading may be too near the page's end to come to the top of the window.
  let aim = aimedAt();
  const current = () => {
    const top = aim?.[1].getBoundingClientRect().top;
    if (top >= 0 && top < innerHeight) return aim[0];
    const line = parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop) + 24;
    return entries.findLast(([, heading]) => heading.getBoundingClientRect().top < line)?.[0];
  };
  const show = (here) => {
    for (const [link] of entries) {
      if (link.classList.contains("active") !== (link === here)) link.classList.toggle("active");
      if (link !== here) link.removeAttribute("aria-current");
      else if (!link.hasAttribute("aria-current")) link.setAttribute("aria-current", "true");
    }
    for (const item of document.querySelectorAll("#pst-page-toc-nav li")) {
      const holds = item.contains(here ?? null) && Boolean(here);
      if (item.classList.contains("active") !== holds) item.classList.toggle("active");
    }
  };

  let waits = false;
  let here = current();
  const look = () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => { waits = false; here = current(); show(here); });
  };
  const aimAgain = () => { aim = aimedAt(); look(); };
  addEventListener("hashchange", aimAgain);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("a[href^='#']")) setTimeout(aimAgain);
  });
  // From the reader's own scrolling on, the place counts and not the aim.
  for (const moved of ["wheel", "touchmove", "keydown", "pointerdown"]) {
    addEventListener(moved, (event) => {
      if (!event.target.closest?.("a")) aim = undefined;
    }, { passive: true });
  }
  addEventListener("scroll", look, { passive: true });
  addEventListener("resize", look);
  if (document.readyState === "complete") requestAnimationFrame(look);
  else addEventListener("load", look);
  new MutationObserver(() => show(here)).observe(
    document.getElementById("pst-page-toc-nav"),
    { subtree: true, attributeFilter: ["class"] },
  );
  show(here);
});

// --- a table with a field above it: rows without the words are not shown ---------------------
whenReady(() => {
  for (const filter of document.querySelectorAll(".table-filter")) {
    const field = filter.querySelector("input");
    const status = filter.querySelector("[role=status]");
    const box = filter.nextElementSibling;
    const rows = [...box.querySelectorAll("tbody tr")];
    const texts = rows.map((row) => row.textContent.toLowerCase());
    field.addEventListener("input", () => {
      const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
      let found = 0;
      rows.forEach((row, k) => {
        row.hidden = !words.every((word) => texts[k].includes(word));
        found += !row.hidden;
      });
      status.textContent = words.length ? `${found} of ${rows.length}` : "";
    });
    filter.classList.add("ready");
  }
});

// --- paper: a fold prints nothing while it is closed, in browsers whose style sheets cannot
// open it; pictures that wait to be seen are fetched ------------------------------------------
(() => {
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open], .checked)")];
    opened.forEach((fold) => { fold.open = true; });
    for (const image of document.querySelectorAll("img[loading=lazy]")) image.loading = "eager";
  });
  addEventListener("afterprint", () => {
    opened.forEach((fold) => { fold.open = false; });
    opened = [];
  });
})();
