// What a person types in a case stays, whatever is put in around it; the brief is checked while it is edited.
"use strict";

(() => {
  const main = () => document.getElementById("main");
  const kept = () => [...main().querySelectorAll("[data-keep]")];
  const base = (field) =>
    field.matches("select")
      ? ([...field.options].find((option) => option.defaultSelected) ?? field.options[0]).value
      : field.defaultValue;
  const plain = (text) => text.replace(/\s+/g, " ").trim();
  const changed = (field) => field.value !== base(field);
  const listOf = (key) => key.replace(/\d+( result)?$/, "#$1");

  // What is typed is taken along when #main is put in anew. What was sent and is still the same is not.

  const sent = new WeakMap(); // request -> what its form held, by key
  let posts = 0;
  let missed = false;
  let carried = null;

  const sends = (detail) => detail.elt.matches?.("#main form") && detail.requestConfig.verb === "post";

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { detail } = event;
    if (detail.elt.id === "main" && posts) {
      missed = true; // what comes back for those is as new
      return event.preventDefault();
    }
    if (!sends(detail)) return;
    posts += 1;
    const fields = [...detail.elt.querySelectorAll("[data-keep][name]")]; // those without a name stay here
    sent.set(detail.xhr, new Map(fields.map((field) => [field.dataset.keep, field.value])));
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (!sent.has(detail.xhr)) return;
    posts -= 1;
    // Refused: nothing new came back. A moment later, when this request is over.
    if (!detail.successful && (missed || detail.xhr.status === 409)) setTimeout(() => document.body.dispatchEvent(new Event("look")));
    missed = false;
  });

  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id !== "main" || !detail.shouldSwap || !main()) return;
    if (!detail.target.isConnected) detail.target = main(); // it was put in anew while this request was under way
    const gone = sent.get(detail.xhr) ?? new Map();
    const active = document.activeElement;
    const form = active?.closest?.("#main form");
    const said = document.getElementById("said");
    carried = {
      fields: kept()
        .filter((field) => changed(field) && gone.get(field.dataset.keep) !== field.value)
        .map((field) => ({ key: field.dataset.keep, what: field.dataset.what, base: base(field), value: field.value, line: "line" in field.dataset })),
      details: new Map([...main().querySelectorAll("details[id]")].map((one) => [one.id, one.open])),
      radio: gone.has("say") ? null : main().querySelector("input[name=do][type=radio]:checked")?.id,
      key: active?.dataset?.keep ?? form?.querySelector("[data-keep]")?.dataset.keep,
      id: active?.id,
      typing: active?.matches?.("[data-keep]"),
      top: active?.getBoundingClientRect?.().top,
      y: scrollY,
      was: main().contains(active),
      caret: active?.matches?.("textarea, input[type=text]") ? [active.selectionStart, active.selectionEnd, active.scrollTop] : null,
      entry: Math.max(0, ...[...main().querySelectorAll("[data-entry]")].map((one) => Number(one.dataset.entry))),
      scroll: said?.scrollTop,
      saved: gone.size && [...gone.keys()].some((key) => key.startsWith("line ")),
    };
  });

  const put = () => {
    const was = carried;
    carried = null;
    const said = document.getElementById("said");
    const lost = [];
    if (was) {
      // An element is found by its id only where it still is about the same: a number may be another fact's now.
      for (const [id, open] of was.details) {
        const one = document.getElementById(id);
        if (one && !(was.saved && id === "edit-brief")) one.open = open;
      }
      for (const field of was.fields) {
        const found = place(field);
        if (found) {
          found.value = field.value;
          for (let one = found; one; one = one.parentElement) if (one.matches("details")) one.open = true;
          mark(found);
        } else lost.push(field);
      }
      if (was.radio) document.getElementById(was.radio).checked = true;
      if (lost.length) orphan(lost);
      if (was.fields.some((field) => field.line)) check();
      if (was.was) focus(was);
      settle(was, lost.length ? document.querySelector(".orphans") : null);
    }
    if (said) {
      const news = [...said.children].filter((one) => was && Number(one.dataset.entry) > was.entry);
      said.scrollTop = was && !news.length ? was.scroll : said.scrollHeight;
      announce(news.filter((one) => !one.matches(".given")).map((one) => one.querySelector(".text")?.textContent ?? ""));
    }
  };

  // Where it belongs now: a line of a list that reads as before may have another number, and none may be overwritten.
  const place = ({ key, base: before, line }) => {
    const fields = kept();
    const same = fields.find((field) => field.dataset.keep === key);
    if (!line) return same;
    if (same && plain(base(same)) === plain(before)) return same;
    return fields.find((field) => listOf(field.dataset.keep) === listOf(key) && plain(base(field)) === plain(before));
  };

  const orphan = (fields) => {
    const box = document.createElement("section");
    box.className = "orphans";
    box.setAttribute("role", "status");
    const title = document.createElement("p");
    title.textContent = "This was decided or written anew meanwhile. Your words for what is no longer there, or reads otherwise now:";
    box.append(title);
    for (const { key, what, value } of fields) {
      const label = document.createElement("label");
      const text = document.createElement("textarea");
      const drop = document.createElement("button");
      label.textContent = what ?? key;
      text.value = value;
      text.rows = 2;
      Object.assign(text.dataset, { keep: key.startsWith("lost ") ? key : `lost ${key}`, what: what ?? key });
      drop.type = "button";
      drop.textContent = "Drop these words";
      drop.addEventListener("click", () => {
        for (const one of [label, drop]) one.remove();
        if (!box.querySelector("textarea")) box.remove();
      });
      label.append(text);
      box.append(label, drop);
    }
    const lines = fields.some(({ key }) => /^(lost )?line /.test(key));
    const form = lines && document.getElementById("brief-form");
    const home = form || document.getElementById("talk") || main();
    home.prepend(box);
    if (form) form.closest("details").open = true;
  };

  const focus = (was) => {
    const byKey = kept().find((field) => field.dataset.keep === was.key);
    const found = byKey ?? (was.id && document.getElementById(was.id)) ?? null;
    const target = found || document.getElementById("said") || main();
    let shut = target.closest("details:not([open])");
    for (let one = shut; one; one = one.parentElement) if (one.matches("details:not([open])")) shut = one; // the outermost
    if (shut) return shut.querySelector("summary").focus({ preventScroll: true });
    target.focus({ preventScroll: true });
    if (was.caret && target === byKey && target.matches("textarea, input[type=text]")) {
      target.setSelectionRange(was.caret[0], was.caret[1]);
      target.scrollTop = was.caret[2];
    }
  };

  // Nothing moves under the eyes: the box with the caret stays where it was, else the page does.
  const settle = (was, lost) => {
    const active = document.activeElement;
    if (lost && !was.typing) {
      lost.querySelector("textarea").focus({ preventScroll: true });
      return lost.scrollIntoView({ block: "center", behavior: "instant" });
    }
    const same = was.typing && active.dataset?.keep === was.key;
    scrollTo({ top: same ? scrollY + active.getBoundingClientRect().top - was.top : was.y, behavior: "instant" });
    // Who has no mouse must see where the focus went when what had it is gone.
    if (!same && (was.typing || active.matches("#main :focus-visible"))) active.scrollIntoView({ block: "nearest", behavior: "instant" });
  };

  // A list that is put in anew with the page is not read out by itself.
  const news = document.createElement("div");
  news.className = "hidden-label";
  news.setAttribute("aria-live", "polite");
  document.body.append(news);
  const announce = (lines) => lines.length && news.replaceChildren(...lines.map((line) => {
    const told = document.createElement("p");
    told.textContent = line;
    return told;
  }));

  let current = main();
  new MutationObserver(() => {
    if (main() && main() !== current) {
      current = main();
      put();
    }
  }).observe(document.querySelector(".wrap"), { childList: true });
  put();

  // The brief: findings beside their lines as they are checked, one more empty line where the last one is used.

  const check = () => document.getElementById("brief-check")?.dispatchEvent(new Event("check"));
  const mark = (field) => "line" in field.dataset && field.classList.toggle("unsaved", changed(field));

  const fill = (place, nodes) => {
    if (!place) return;
    const now = document.createElement("div");
    now.append(...nodes);
    if (plain(place.textContent) !== plain(now.textContent)) place.replaceChildren(...now.childNodes);
  };

  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt.id !== "brief-check" || !detail.successful) return;
    const answer = new DOMParser().parseFromString(detail.xhr.responseText, "text/html");
    const held = new Map([...answer.querySelectorAll("[data-held]")].map((one) => [one.dataset.held, one]));
    for (const place of document.querySelectorAll("#brief-form .held")) {
      const id = place.id.replace(/^held-/, "");
      document.getElementById(id)?.setAttribute("aria-invalid", String(Boolean(held.get(id)?.querySelector(".blocks"))));
      fill(place, held.get(id)?.childNodes ?? []);
    }
    fill(document.getElementById("brief-summary"), answer.querySelector("[data-summary]")?.childNodes ?? []);
  });

  const grow = (row) => {
    if (!row || ![...row.querySelectorAll("textarea")].some((field) => field.value.trim())) return;
    const next = row.cloneNode(true);
    const count = (text) => text.replace(/\d+(?=(?:[ -]result)?$)/, (number) => Number(number) + 1);
    for (const one of next.querySelectorAll("*")) {
      for (const name of ["id", "name", "for", "data-keep", "data-what", "aria-describedby"]) {
        if (one.hasAttribute(name)) one.setAttribute(name, count(one.getAttribute(name)));
      }
      if (one.matches("label")) one.firstChild.data = one.firstChild.data.replace(/\d+/, (number) => Number(number) + 1);
      if (one.matches("textarea")) one.value = one.defaultValue;
      if (one.matches(".held")) one.replaceChildren();
      one.classList.remove("unsaved");
    }
    row.removeAttribute("data-grows");
    row.after(next);
  };

  document.addEventListener("input", ({ target }) => {
    if (!target.matches("#brief-form textarea")) return;
    mark(target);
    grow(target.closest("[data-grows]"));
  });

  document.addEventListener("reset", ({ target }) => {
    if (target.id !== "brief-form") return;
    target.querySelector(".orphans")?.remove();
    setTimeout(() => {
      for (const field of target.querySelectorAll("textarea")) mark(field);
      check();
      const around = target.closest("details");
      around.open = false;
      around.querySelector("summary").focus();
    });
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("#main textarea")) {
      event.preventDefault();
      event.target.form?.requestSubmit(event.target.form.querySelector("button:not([type=button], [type=reset])"));
    }
  });

  addEventListener("beforeunload", (event) => {
    if (main() && kept().some((field) => changed(field) && field.value.trim())) event.preventDefault();
  });
})();
