// A fact, a rule or a line of the brief, and the places in the ticket that it stands on: each lights the other up.
// Without this file the links between them still work. Whatever stands in `data-f` are numbers of facts.
"use strict";

const SOURCES = "[data-f]:is(li, .rule, .row, h2)";
const factsOf = (element) => new Set((element.dataset.f || "").split(" ").filter(Boolean));
const having = (selector, facts) =>
  [...document.querySelectorAll(selector)].filter((element) => [...factsOf(element)].some((fact) => facts.has(fact)));

// Pieces of a quote stand side by side: a run of them is one place.
const places = (marks) => marks.filter((mark, at) => at === 0 || +mark.dataset.p !== +marks[at - 1].dataset.p + 1).length;

const say = (line, links) => {
  const led = document.getElementById("led");
  const heading = document.createElement("p");
  heading.textContent = links.length ? `${line}:` : line;
  const list = document.createElement("ul");
  for (const source of links) {
    const link = document.createElement("a");
    link.href = `#${source.id}`;
    link.dataset.back = "";
    link.textContent = source.dataset.name;
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
  led.replaceChildren(heading, ...(links.length ? [list] : []));
  led.hidden = false;
  document.getElementById("lit").textContent = `${heading.textContent} ${links.map((source) => source.dataset.name).join("; ")}`;
};

const putOut = () => {
  for (const element of document.querySelectorAll(".lit")) element.classList.remove("lit");
  const led = document.getElementById("led");
  if (!led || led.hidden) return;
  led.hidden = true;
  document.getElementById("lit").textContent = "";
};

const lightUp = (elements) => elements.forEach((element) => element.classList.add("lit"));

// The pane is scrolled, and the page only where the place is not seen then: the line that one came from stays in sight.
const bring = (element) => {
  const pane = element.closest(".ticket");
  const [own, around] = [element.getBoundingClientRect(), pane.getBoundingClientRect()];
  pane.scrollTop += (own.top + own.bottom - around.top - around.bottom) / 2;
  const { top, bottom } = element.getBoundingClientRect();
  if (top < 0 || bottom > innerHeight) element.scrollIntoView({ block: "center", behavior: "instant" });
};
// What is out of sight is laid out only when it comes near, so the first jump may miss by a little.
const show = (element) => {
  bring(element);
  requestAnimationFrame(() => bring(element));
};

const toTicket = (source, facts) => {
  putOut();
  const marks = having(".ticket mark[data-f]", facts);
  lightUp([...marks, source]);
  const count = places(marks);
  const line = count === 0 ? "No place in the ticket" : `${count} place${count === 1 ? "" : "s"} in the ticket`;
  say(`${line} for`, [source]);
  if (marks.length) show(marks[0]);
};

const toResult = (mark, facts) => {
  putOut();
  const sources = having(SOURCES, facts);
  lightUp([...having(".ticket mark[data-f]", facts), ...sources]);
  say(sources.length ? "Led to" : "Led to nothing", sources);
};

const toOrder = (number) => {
  const pieces = [...document.querySelectorAll(".ticket .order[data-o]")].filter((piece) => piece.dataset.o === number);
  putOut();
  lightUp(pieces);
  if (pieces.length) show(pieces[0]);
};

// Where a link leads may be folded. Not every browser unfolds it by itself. What lights up from the ticket moves nothing.
document.addEventListener("click", ({ target }) => {
  const to = target.closest(".led a, main :not(.ticket *) > a[href^='#']")?.hash.slice(1);
  for (let one = to && document.getElementById(to); one; one = one.parentElement) if (one.matches("details")) one.open = true;
});

document.addEventListener("click", (event) => {
  const { target } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const link = target.closest("a");
  if (link?.dataset.back !== undefined) return; // the way back keeps the light on
  if (link?.getAttribute("href") === "#more") return requestAnimationFrame(() => document.getElementById("say")?.focus());
  if (link?.dataset.order) {
    event.preventDefault();
    return toOrder(link.dataset.order);
  }
  const mark = target.closest(".ticket mark[data-f], .ticket a.n");
  if (mark) {
    if (!String(getSelection())) {
      event.preventDefault();
      toResult(mark, factsOf(mark));
    }
    return;
  }
  // What the headline mentions stands below its table.
  const source = target.closest(SOURCES) ?? (target.closest(".brief > .uses") && document.getElementById("b-headline"));
  const evidence = link?.getAttribute("href")?.startsWith("#e-");
  if (source && evidence) {
    event.preventDefault();
    return toTicket(source, factsOf(source));
  }
  if (target.closest("a, button, input, textarea, select, label, summary, form, dialog")) {
    if (link && !target.closest(".led")) putOut();
    return;
  }
  if (source) {
    if (!String(getSelection())) toTicket(source, factsOf(source));
  } else if (!target.closest(".led")) {
    putOut();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !document.querySelector("dialog[open]")) putOut();
});

// How long it is until a time of the decision, by the server's clock. The words are those of `agent.ledger.moments.span`.
const span = (seconds) => {
  let minutes = Math.round(Math.abs(seconds) / 60);
  let days = Math.floor(minutes / 1440);
  if (days < 2) days = 0;
  minutes -= days * 1440;
  const hours = Math.floor(minutes / 60);
  const parts = [[days, "d"], [hours, "h"], [minutes % 60, "min"]].filter(([count]) => count);
  return parts.map(([count, unit]) => `${count} ${unit}`).join(" ") || "0 min";
};

const begun = new WeakMap(); // when each version of the page came, by our own clock
const passed = () => {
  const main = document.querySelector("main.case");
  if (!main) return;
  if (!begun.has(main)) begun.set(main, performance.now());
  const now = Date.parse(main.dataset.now) + performance.now() - begun.get(main);
  for (const left of main.querySelectorAll(".left[data-at]")) {
    const seconds = (Date.parse(left.dataset.at) - now) / 1000;
    left.textContent = seconds < 0 ? `${span(seconds)} ago` : `in ${span(seconds)}`;
    left.closest("div").classList.toggle("late", seconds < 0);
  }
};
passed();
setInterval(passed, 20000);

// A new version of the case: the ticket stays where one read it, and what was decided is told to a screen reader.
const news = document.createElement("p");
news.className = "hidden-label";
news.setAttribute("role", "status");
document.body.append(news);
let [seen, scrolled] = [document.querySelector("main.case")?.dataset.version, 0];
document.addEventListener("htmx:beforeSwap", () => (scrolled = document.getElementById("ticket")?.scrollTop ?? 0));
document.addEventListener("htmx:afterSettle", () => {
  const main = document.querySelector("main.case");
  if (!main || begun.has(main)) return;
  passed();
  const ticket = document.getElementById("ticket");
  if (ticket) ticket.scrollTop = scrolled;
  const parts = [...main.querySelectorAll("#h-outcome, .headline .badge")];
  if (main.dataset.version !== seen) news.textContent = parts.map((part) => part.textContent).join(", ");
  seen = main.dataset.version;
});
