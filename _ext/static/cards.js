/**
 * Cards: a link to a term, an equation or a source says what it is about when the pointer rests on
 * it, when it has the focus, and at the first tap (the second one follows it). Escape, a tap
 * elsewhere or scrolling away closes the card, and the pointer may go into it. It lies above or
 * below its link and never on it. _ext/cards.py writes what stands on other pages.
 */
(() => {
  "use strict";

  const LINKS = ["term-", "equation-"].map((kind) => `article a.reference[href*="#${kind}"]`)
    .concat(".bibtex-citation a.reference").join(", ");
  const SHOW_AFTER = 250; // ms
  const HIDE_AFTER = 200;

  const root = document.documentElement.dataset.content_root;
  let card; // made when it is first needed
  let owner = null; // the link it speaks of
  let timer = 0;
  let touched = false;
  let elsewhere; // a promise of the cards of other pages

  /** The cards of other pages; a script, because a page on disk may load nothing else. */
  const load = () => {
    elsewhere ??= new Promise((resolve) => {
      window.bookCards = resolve;
      document.head.append(Object.assign(document.createElement("script"), {
        src: `${root}_static/cards-content.js`,
        onerror: () => resolve({}),
      }));
    });
    return elsewhere;
  };

  /** What a link's card says, or nothing. */
  const contentOf = async (link) => {
    if (link.closest(".bibtex-citation")) {
      link.dataset.source ??= link.title;
      link.removeAttribute("title"); // the browser would show it a second time
      const text = document.createElement("p");
      text.textContent = link.dataset.source;
      return text.textContent && [text];
    }
    const url = new URL(link.href);
    const id = decodeURIComponent(url.hash.slice(1));
    if (url.pathname === location.pathname) {
      const copy = document.getElementById(id)?.cloneNode(true);
      if (!copy) return null;
      copy.querySelectorAll(".headerlink, .eqno").forEach((part) => part.remove());
      for (const part of [copy, ...copy.querySelectorAll("*")]) {
        for (const name of ["id", "tabindex", "role", "aria-label"]) part.removeAttribute(name);
      }
      return [copy];
    }
    const site = new URL(root, location.href).pathname;
    const html = (await load())[url.pathname.slice(site.length) + url.hash];
    const box = document.createElement("template");
    box.innerHTML = html ?? "";
    return html && [...box.content.childNodes];
  };

  const hide = () => {
    clearTimeout(timer);
    owner?.removeAttribute("aria-describedby");
    owner = null;
    if (card) card.hidden = true;
  };

  /** Put the card below its link, or above it where there is more room. */
  const place = () => {
    const line = [...owner.getClientRects()].at(-1);
    const [over, under] = [line.top, innerHeight - line.bottom].map((room) => room - 16);
    const width = document.documentElement.clientWidth;
    card.style.maxBlockSize = `${Math.max(over, under)}px`;
    card.style.left = "0";
    const box = card.getBoundingClientRect();
    card.style.left = `${Math.max(8, Math.min(line.left, width - box.width - 8))}px`;
    const below = under >= box.height || under >= over;
    card.style.top = `${below ? line.bottom + 6 : line.top - 6 - box.height}px`;
  };

  const show = async (link, hint = "") => {
    const asked = owner = link;
    const content = await contentOf(link);
    if (owner !== asked) return;
    if (!content) { owner = null; return; }
    if (!card) {
      card = Object.assign(document.createElement("div"), { className: "book-card", id: "book-card" });
      card.setAttribute("role", "tooltip");
      card.addEventListener("pointerenter", () => clearTimeout(timer));
      card.addEventListener("pointerleave", () => later(hide, HIDE_AFTER));
      document.querySelector(".bd-article").append(card);
    }
    card.replaceChildren(...content);
    if (hint) {
      card.append(Object.assign(document.createElement("p"), { className: "hint", textContent: hint }));
    }
    card.hidden = false;
    link.setAttribute("aria-describedby", "book-card");
    place();
  };

  const later = (act, wait) => {
    clearTimeout(timer);
    timer = setTimeout(act, wait);
  };
  const linkOf = (event) => event.target.closest?.(LINKS);

  document.addEventListener("pointerdown", (event) => {
    touched = event.pointerType === "touch";
    if (owner && !linkOf(event) && !event.target.closest?.(".book-card")) hide();
  });
  document.addEventListener("pointerover", (event) => {
    const link = event.pointerType !== "touch" && linkOf(event);
    if (!link) return;
    if (link === owner) clearTimeout(timer);
    else later(() => { hide(); show(link); }, SHOW_AFTER);
  });
  document.addEventListener("pointerout", (event) => {
    if (event.pointerType !== "touch" && linkOf(event)) later(hide, HIDE_AFTER);
  });
  document.addEventListener("focusin", (event) => {
    const link = linkOf(event);
    if (link && !touched) { hide(); show(link); }
    touched = false;
  });
  document.addEventListener("focusout", (event) => {
    if (linkOf(event) === owner) hide();
  });
  document.addEventListener("click", (event) => {
    const link = linkOf(event);
    if (event.pointerType !== "touch" || !link || link === owner) return;
    event.preventDefault();
    hide();
    show(link, "Tap again to go there.").then(() => {
      if (owner !== link) location.assign(link.href); // there is no card
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && owner) hide();
  });
  addEventListener("scroll", () => {
    if (!owner || card?.hidden) return;
    const { top, bottom } = owner.getBoundingClientRect();
    if (bottom < 0 || top > innerHeight) hide();
    else place();
  }, { passive: true });
  addEventListener("resize", hide);
})();
