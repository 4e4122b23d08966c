// What scripts add to every page. Without them every page still works.
import { watchCodeWaits } from "./countdown.js";
import { watchIdle } from "./idle.js";
import { watchKeys } from "./keys.js";
import { fill, gettext } from "./texts.js";

const live = () => document.getElementById("live");

/** Say something to screen readers, politely. */
export function say(text) {
  const region = live();
  if (!region || !text) return;
  region.textContent = "";
  setTimeout(() => { region.textContent = text; }, 50);
}

/** Move the focus to the message or heading that explains what just changed. */
function focusOn(root) {
  const target = root.querySelector("[data-focus], .error-summary, .message-error") ?? root.querySelector("[autofocus]");
  if (target) target.focus({ preventScroll: false });
  return Boolean(target);
}

function afterSettle(event) {
  const root = event.detail.target ?? event.target;
  if (!(root instanceof Element) || root.closest("[data-poll]")) return;
  const spoken = root.matches("[data-say]") ? root.dataset.say : root.querySelector("[data-say]")?.dataset.say;
  if (spoken) say(spoken);
  if (focusOn(root)) return;
  const heading = root.querySelector("h1, h2, h3, h4, .message, .confirm-panel");
  if (!heading) return;
  heading.setAttribute("tabindex", "-1");
  heading.focus({ preventScroll: true });
}

// A pressed button says that it works, and cannot be pressed twice ---------------------------
function busy(form, button) {
  if (!button || button.formMethod === "dialog" || form.method === "dialog") return;
  button.setAttribute("aria-busy", "true");
  if (button.dataset.busy) {
    button.dataset.idleText = button.textContent;
    button.textContent = button.dataset.busy;
    say(button.dataset.busy);
  }
  form.dataset.sent = "yes";
}

function idleAgain(form) {
  delete form.dataset.sent;
  for (const button of form.querySelectorAll("[aria-busy=true]")) {
    button.removeAttribute("aria-busy");
    if (button.dataset.idleText) button.textContent = button.dataset.idleText;
  }
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  changed.delete(form);
  setTimeout(() => { if (!event.defaultPrevented || form.matches("[hx-post]")) busy(form, event.submitter); });
});
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) idleAgain(form);
});
addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(idleAgain));

// Leaving with unsaved text asks first -------------------------------------------------------
const changed = new Set();
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-warn-unsaved]");
  if (form) changed.add(form);
});
addEventListener("beforeunload", (event) => {
  if ([...changed].some((form) => form.isConnected)) event.preventDefault();
});

// Three polls in a row that fail: say that the page may be out of date -----------------------
let failures = 0;
function polled(isAnswered) {
  failures = isAnswered ? 0 : failures + 1;
  const banner = document.getElementById("offline");
  if (banner) banner.hidden = failures < 3;
}
document.addEventListener("htmx:sendError", (event) => { if (event.target.closest("[data-poll]")) polled(false); });
document.addEventListener("htmx:timeout", (event) => { if (event.target.closest("[data-poll]")) polled(false); });
document.addEventListener("htmx:afterOnLoad", (event) => { if (event.target.closest("[data-poll]")) polled(true); });
document.addEventListener("htmx:responseError", (event) => {
  if (event.target.closest("[data-poll]")) polled(event.detail.xhr.status < 500);
});

// Help in place, other dialogs, digests to copy ----------------------------------------------
async function openHelp(link) {
  const dialog = document.getElementById("help-dialog");
  const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) { location.assign(link.href); return; }
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const text = page.getElementById("help-text");
  if (!text) { location.assign(link.href); return; }
  dialog.querySelector("h2").textContent = page.querySelector("h1").textContent.trim();
  document.getElementById("help-dialog-body").replaceChildren(document.importNode(text, true));
  dialog.showModal();
}

document.addEventListener("click", (event) => {
  const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
  const help = event.target.closest("a[data-help]");
  if (help && plain) { event.preventDefault(); openHelp(help).catch(() => location.assign(help.href)); return; }
  const opener = event.target.closest("[data-dialog]");
  if (opener) { document.getElementById(opener.dataset.dialog)?.showModal(); return; }
  const digest = event.target.closest("button.digest");
  if (digest) navigator.clipboard?.writeText(digest.dataset.copy).then(() => say(gettext("Copied")));
});

/** Make digests into buttons that copy the whole. */
function enhance(root) {
  if (!navigator.clipboard) return;
  for (const span of root.querySelectorAll("span.digest[data-copy]")) {
    const button = document.createElement("button");
    button.type = "button";
    for (const { name, value } of span.attributes) button.setAttribute(name, value);
    button.title = fill(gettext("Copy %(digest)s"), { digest: span.dataset.copy });
    button.append(...span.childNodes);
    span.replaceWith(button);
  }
}

// Only then are the forms of the new part htmx's: a key pressed before would send one as a whole page.
document.addEventListener("htmx:afterSettle", afterSettle);
document.addEventListener("htmx:load", (event) => { enhance(event.target); watchCodeWaits(event.target, say); });
enhance(document);
watchCodeWaits(document, say);
watchKeys();
watchIdle(say);
// The focus tells that keys are heard, so every other script of the page comes first.
document.addEventListener("DOMContentLoaded", () => focusOn(document));
