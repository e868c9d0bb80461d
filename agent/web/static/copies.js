// Text onto the clipboard. Where the browser forbids it (plain http on another host), it is shown selected instead.
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

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a.copy");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const what = link.dataset.copied;
  let text;
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/plain" } });
    text = await answer.text();
    if (!answer.ok) return tell(text.trim());
  } catch {
    return tell("The program does not answer: is `escalation serve` still running?");
  }
  try {
    await navigator.clipboard.writeText(text);
    tell(`Copied ${what} (${link.textContent.trim().toLowerCase()})`);
  } catch {
    shownSelected(what, text);
  }
});
