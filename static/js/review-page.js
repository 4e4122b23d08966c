// Keys on a unit's own page: each presses the link or button that says which key it is.

const TYPING = "input:not([type=checkbox], [type=radio], [type=button]), textarea, select";

function pressed(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const target = [...document.querySelectorAll("[data-key]")].find((row) => row.dataset.key.split(" ").includes(key));
  if (!target) return;
  event.preventDefault();
  target.click();
}

if (document.body.dataset.shortcuts !== "off") document.addEventListener("keydown", pressed);
