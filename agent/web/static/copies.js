// Text onto the clipboard: what a link leads to, or what stands in the element that a button names.
// Where the browser forbids it (plain http on another host), the text is shown selected instead.
"use strict";

const told = document.createElement("p");
told.className = "copied";
told.setAttribute("role", "status");
document.body.append(told);

let quiet = 0;
const tell = (line) => {
  told.textContent = line;
  clearTimeout(quiet);
  quiet = setTimeout(() => (told.textContent = ""), 4000);
};

const shownSelected = (what, text) => {
  const dialog = document.createElement("dialog");
  const label = document.createElement("label");
  label.textContent = `The browser does not let this page copy ${what}. It is selected: copy it with your keyboard.`;
  const area = document.createElement("textarea");
  area.readOnly = true;
  area.value = text;
  const close = document.createElement("button");
  close.textContent = "Close";
  close.addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => dialog.remove());
  label.append(area);
  dialog.append(label, close);
  document.body.append(dialog);
  dialog.showModal();
  area.focus();
  area.select();
};

const copy = async (what, text, form) => {
  try {
    await navigator.clipboard.writeText(text);
    tell(`Copied ${what}${form}`);
  } catch {
    shownSelected(what, text);
  }
};

document.addEventListener("click", async (event) => {
  const one = event.target.closest("[data-copied]");
  if (!one || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const what = one.dataset.copied;
  const place = one.dataset.copy && document.getElementById(one.dataset.copy);
  if (place) return copy(what, place.value ?? place.textContent, "");
  event.preventDefault();
  let text;
  try {
    const answer = await fetch(one.href, { headers: { Accept: "text/plain" } });
    text = await answer.text();
    if (!answer.ok) return tell(text.trim());
  } catch {
    return tell("The program does not answer: is `escalation serve` still running?");
  }
  copy(what, text, ` (${one.textContent.trim().toLowerCase()})`);
});
