// What every page does: files dropped anywhere, trouble said where a screen reader hears it, news looked for on return.
"use strict";

document.documentElement.classList.add("scripted");

const trouble = (line) => {
  const place = document.getElementById("trouble");
  const shown = document.createElement("p");
  shown.className = "trouble";
  shown.textContent = line;
  place.replaceChildren(...(line ? [shown] : []));
  if (line) place.scrollIntoView({ block: "nearest" });
};

// A file dropped anywhere is the ticket.
const paste = document.getElementById("paste");
if (paste) {
  const file = document.getElementById("file");
  addEventListener("dragover", (event) => {
    event.preventDefault();
    paste.classList.add("over");
  });
  for (const end of ["dragleave", "drop"]) addEventListener(end, () => paste.classList.remove("over"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    const { files } = event.dataTransfer;
    if (files.length > 1) return trouble(`${files.length} files: expected one ticket; \`escalation batch\` takes many`);
    if (files.length) {
      file.files = files;
      paste.requestSubmit();
    } else {
      document.getElementById("text").value = event.dataTransfer.getData("text");
    }
  });
  file.addEventListener("change", () => file.files.length && paste.requestSubmit());
  // Ctrl-Enter sends, as in the chat.
  paste.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) paste.requestSubmit();
  });
}

// Words are never lost: what the server did not take stays in its box.
document.addEventListener("htmx:sendError", () =>
  trouble("the program does not answer: is `escalation serve` still running? Your words are still here; send them again"));
document.addEventListener("htmx:responseError", ({ detail }) => {
  const answer = new DOMParser().parseFromString(detail.xhr.responseText, "text/html");
  trouble((answer.body.textContent || `the program answered ${detail.xhr.status}`).trim());
});
// A new try takes the line away; a check while somebody types does not.
document.addEventListener("htmx:beforeRequest", ({ detail }) => detail.elt.matches("form[method=post]") && trouble(""));

// Another tab or another person may have gone on meanwhile. A stream for each tab would use up the browser's few connections.
const look = () => document.visibilityState === "visible" && document.body.dispatchEvent(new Event("look"));
document.addEventListener("visibilitychange", look);
setInterval(look, 15000);
