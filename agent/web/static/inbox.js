// Copies ready words to the clipboard.
"use strict";

document.documentElement.classList.add("scripted");
document.addEventListener("click", async ({ target }) => {
  const button = target.closest("[data-copy]");
  if (!button) return;
  const words = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(words.textContent);
    button.textContent = "Copied";
  } catch {
    // Without a secure connection there is no clipboard: the words are selected, to be copied by hand.
    getSelection().selectAllChildren(words);
    button.textContent = "Selected: copy them";
  }
});
