// Keys of every page. Single letters work only where shortcuts are on and nobody is typing.

const TYPING = "input:not([type=checkbox], [type=radio], [type=button]), textarea, select, [contenteditable]";
let leader = 0;

function openKeys() {
  document.getElementById("keys-dialog")?.showModal();
}

function go(key) {
  const link = document.querySelector(`#navigation a[data-go="${CSS.escape(key)}"]`);
  if (link) location.assign(link.href);
  return Boolean(link);
}

function pressed(event) {
  if (event.defaultPrevented || event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    const form = event.target.closest?.("form");
    if (form) { event.preventDefault(); form.requestSubmit(form.querySelector(".btn-primary:not([type=button])")); }
    return;
  }
  if (event.key === "k" && (event.ctrlKey || event.metaKey)) {
    const search = document.getElementById("search");
    if (search) { event.preventDefault(); search.focus(); }
    return;
  }
  if (event.key === "Escape") {
    event.target.closest?.("details[open].menu")?.removeAttribute("open");
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
  if (Date.now() - leader < 1500) {
    leader = 0;
    if (go(event.key)) event.preventDefault();
    return;
  }
  if (event.key === "?") openKeys();
  else if (event.key === "g") leader = Date.now();
  else if (event.key === "/") document.getElementById("search")?.focus();
  else return;
  event.preventDefault();
}

/** Listen to the keys, unless the person turned them off in their account. */
export function watchKeys() {
  if (document.body.dataset.shortcuts === "off") return;
  document.addEventListener("keydown", pressed);
}
