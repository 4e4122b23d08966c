// The lightbox over the review grid: one unit large, keys to move and to decide.
// The server decides everything; what is shown before its answer is only what was pressed.
import { say } from "./app.js";
import { makeQueue } from "./review-queue.js";
import { load, makeStage } from "./review-stage.js";
import { fill, gettext, ngettext } from "./texts.js";

const AHEAD = 3;
const TOAST_MS = 5000;
const SIGNS = { good: "check", reject: "cross", waiting: "pause", undecided: "question", failed: "warning" };
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("review-data")?.textContent ?? "null");
const dialog = $("lightbox");
const hasKeys = document.body.dataset.shortcuts !== "off";
const token = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");

let units = [];
let total = 0;
let here = -1;
let pending = null; // what a choice of class or reason is for
let toastTimer = 0;
let lastDecided = null;

const address = (name, unit) => data.urls[name].replace(data.blank, encodeURIComponent(unit.unit));
const urlsOf = (unit) => ({ photo: address("photo", unit), overlay: address("overlay", unit) });
const current = () => units[here];
const sayOf = (unit, text) => fill(gettext("Unit %(unit)s: %(text)s"), { unit: unit.unit, text });
const rejectOf = (defect) => fill(gettext("Reject: %(defect)s"), { defect });
const stage = dialog && makeStage($("lightbox-canvas"), $("lightbox-wait"), () => getComputedStyle(dialog).getPropertyValue("--focus-line").trim() || "#2f8fe6");

const queue = dialog && makeQueue({
  headers: token,
  told({ waiting, why }) {
    const line = $("lightbox-queue");
    const unsaved = fill(gettext("%(waiting)s unsaved"), { waiting });
    line.textContent = waiting ? `${unsaved}${why ? `. ${why}` : ""}` : "";
    line.classList.toggle("is-behind", Boolean(why));
  },
  saved(job, answer) { update(job.unit, answer.unit); count(answer.counts); },
  refused(job, text) {
    Object.assign(job.unit, job.before);
    drawCell(job.unit);
    showError(sayOf(job.unit, text));
    refresh(job.unit);
  },
});

// The units of the filter, fetched in parts ---------------------------------------------------
async function fetchUnits({ anew = false } = {}) {
  if (anew) units = [];
  // Reviewed units leave the filter "unreviewed" on the server, so its places count only the others.
  const from = data.urls.queue.includes("show=todo") ? units.filter(needsLook).length : units.length;
  const answer = await fetch(`${data.urls.queue}&from=${from}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error("queue");
  const part = await answer.json();
  const known = new Set(units.map((unit) => unit.unit));
  units.push(...part.units.filter((unit) => !known.has(unit.unit)));
  total = Math.max(units.length, units.length + part.total - part.from - part.units.length);
  return part;
}

function update(unit, fresh) {
  Object.assign(unit, fresh);
  drawCell(unit);
  if (unit === current()) drawSide();
}

async function refresh(unit) {
  const answer = await fetch(`${data.urls.queue.replace(/show=[^&]*/, "show=all")}&unit=${encodeURIComponent(unit.unit)}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) return;
  const part = await answer.json();
  update(unit, part.units[0]);
  count(part.counts);
}

// Drawing -----------------------------------------------------------------------------------
function icon(name) {
  const source = document.querySelector("svg.icon use")?.getAttribute("href") ?? "";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${source.split("#")[0]}#${name}`);
  svg.append(use);
  return svg;
}

function drawCell(unit) {
  const cell = document.querySelector(`.unit[data-unit="${CSS.escape(unit.unit)}"]`);
  if (!cell) return;
  cell.className = `unit unit-${unit.verdict}${unit === current() ? " is-current" : ""}`;
  const words = {
    good: gettext("good"),
    reject: (unit.decided || unit.defect || gettext("reject")).toLowerCase(),
    waiting: gettext("waiting"),
    failed: gettext("no result"),
    undecided: gettext("undecided"),
  };
  cell.querySelector("[data-verdict]").replaceChildren(icon(SIGNS[unit.verdict]), words[unit.verdict]);
  cell.querySelector("[data-done]").hidden = !unit.reviewed;
}

function count(counts) {
  for (const [name, number] of Object.entries(counts)) {
    const chip = document.querySelector(`[data-chip="${name}"] .count`);
    if (chip) chip.textContent = number;
  }
  const begin = $("review-start");
  if (begin) { begin.hidden = !counts.todo; begin.textContent = fill(ngettext("Review %(todo)s unit", "Review %(todo)s units", counts.todo), counts); }
}

function facts(unit) {
  const rows = [
    [gettext("Model"), `${unit.outcome ? gettext(unit.outcome) : gettext("no result")}${unit.defect ? `: ${unit.defect}` : ""}`],
    [gettext("Answer"), [unit.answer, unit.confidence].filter(Boolean).join(", ") || gettext("none")],
    [gettext("Limits"), data.limits],
    [gettext("Version"), data.model],
    [gettext("Photograph"), `${unit.file}, SHA-256 ${unit.sha256.slice(0, 12)}…`],
  ];
  if (unit.random) rows.push([gettext("Why here"), gettext("Random check of accepted units")]);
  if (unit.explanation) rows.push([gettext("Because"), unit.explanation]);
  return rows.map(([term, text]) => {
    const row = document.createElement("div");
    row.append(Object.assign(document.createElement("dt"), { textContent: term }), Object.assign(document.createElement("dd"), { textContent: text }));
    return row;
  });
}

function line(entry) {
  const item = document.createElement("li");
  const who = Object.assign(document.createElement("strong"), { textContent: entry.who });
  const when = Object.assign(document.createElement("time"), { dateTime: entry.at, textContent: entry.when, title: entry.utc });
  item.append(who, ` ${entry.what}${entry.reason ? `: ${entry.reason}` : ""} `, when);
  return item;
}

function drawSide() {
  const unit = current();
  $("lightbox-title").textContent = fill(gettext("Unit %(unit)s"), unit);
  $("lightbox-place").textContent = fill(unit.reviewed ? gettext("%(place)s of %(total)s · reviewed") : gettext("%(place)s of %(total)s"), { place: here + 1, total });
  $("lightbox-verdict").className = `lightbox-verdict verdict-${unit.verdict}`;
  $("lightbox-verdict").replaceChildren(icon(SIGNS[unit.verdict]), unit.text);
  $("lightbox-facts").replaceChildren(...facts(unit));
  $("lightbox-lines").hidden = !unit.lines.length;
  $("lightbox-lines").querySelector("ol").replaceChildren(...unit.lines.map(line));
  const isOpen = data.mayDecide && Boolean(unit.outcome);
  const shown = { agree: isOpen && unit.outcome !== "undecided", reject: isOpen, good: isOpen, undo: isOpen && unit.mine };
  const answers = data.mayVerify && unit.verdict === "waiting" && !unit.mine;
  for (const [name, is] of Object.entries({ ...shown, verify: answers, refuse: answers })) dialog.querySelector(`[data-do="${name}"]`).hidden = !is;
}

function show(place) {
  if (place < 0 || place >= units.length) return;
  document.querySelector(".unit.is-current")?.classList.remove("is-current");
  here = place;
  const unit = current();
  closeChoice();
  $("lightbox-error").hidden = true;
  drawSide();
  drawCell(unit);
  $("lightbox-canvas").setAttribute("aria-label", fill(gettext("Photograph of unit %(unit)s"), unit));
  const start = performance.now();
  stage.show(unit, urlsOf(unit)).then(() => { dialog.dataset.stepMs = (performance.now() - start).toFixed(1); dialog.dataset.shown = unit.unit; });
  for (const next of units.slice(here + 1, here + 1 + AHEAD)) load(urlsOf(next).photo);
  if (here > units.length - 20 && units.length < total) fetchUnits().catch(() => {});
  say(fill(gettext("Unit %(unit)s, %(place)s of %(total)s: %(text)s"), { unit: unit.unit, place: here + 1, total, text: unit.text }));
}

async function open(name) {
  if (!units.length) await fetchUnits();
  let place = units.findIndex((unit) => unit.unit === name);
  while (place < 0 && units.length < total) { await fetchUnits(); place = units.findIndex((unit) => unit.unit === name); }
  if (place < 0) { location.assign(data.urls.page.replace(data.blank, encodeURIComponent(name))); return; }
  if (!dialog.open) dialog.showModal();
  show(place);
  $("lightbox-title").focus();
}

const needsLook = (unit) => unit.required && !unit.reviewed;
function nextOpen() {
  const order = [...units.keys()].map((step) => (here + 1 + step) % units.length);
  const found = order.find((place) => needsLook(units[place]));
  if (found !== undefined && found !== here) show(found);
  else toast(gettext("No unit of this list is left to review."));
}

// Deciding ----------------------------------------------------------------------------------
function send(unit, name, fields, shown) {
  const before = { ...unit };
  Object.assign(unit, shown);
  drawCell(unit);
  queue.add({ unit, before, url: address(name, unit), fields: () => ({ ...fields, seen: unit.seen }) });
}

function decide(fields, verdict, text) {
  const unit = current();
  lastDecided = unit;
  send(unit, "decide", fields, { verdict, text, reviewed: true, mine: true });
  toast(sayOf(unit, text), true);
  closeChoice();
  const ahead = units.findIndex((row, place) => place > here && needsLook(row));
  if (ahead >= 0) show(ahead);
  else if (here + 1 < units.length && data.urls.queue.includes("show=all")) show(here + 1);
  else nextOpen();
}

function agree() {
  const unit = current();
  if (unit.outcome === "undecided") { showError(gettext("The model did not decide this unit. Press G for good or R for reject.")); return; }
  decide({ action: "agree" }, unit.outcome, unit.outcome === "good" ? gettext("Good") : rejectOf(unit.defect));
}

function good() {
  const unit = current();
  if (unit.outcome === "good") agree();
  else if (unit.outcome === "undecided") decide({ action: "good" }, "good", gettext("Good"));
  else choose(gettext("Why is it good?"), data.reasons.good, (reason, words) => decide({ action: "good", reason_code: reason.code, reason_text: words }, "waiting", gettext("Reject; good waits for a second person")));
}

function reject() {
  const unit = current();
  choose(gettext("Which defect?"), data.defects.map((row) => ({ ...row, label: `${row.name} (${row.severity})` })), (defect) => {
    const fields = { action: "reject", defect: defect.id };
    const done = (more) => decide({ ...fields, ...more }, "reject", rejectOf(defect.name));
    if (unit.outcome === "undecided" || (unit.outcome === "reject" && defect.id === unit.defectId)) done({});
    else choose(gettext("Why otherwise than the model?"), data.reasons.reject, (reason, words) => done({ reason_code: reason.code, reason_text: words }));
  });
}

function undo() {
  const unit = toastTimer && lastDecided ? lastDecided : current();
  if (!unit.mine || !unit.reviewed) { showError(gettext("There is no decision of yours on this unit to take back.")); return; }
  hideToast();
  send(unit, "decide", { action: "undo" }, { reviewed: false, mine: false, verdict: unit.outcome, text: gettext("Taken back") });
  show(units.indexOf(unit));
}

function answer(name) {
  const unit = current();
  const go = (words) => {
    send(unit, "verify", { answer: name, reason: words }, { verdict: name === "verify" ? "good" : "reject", text: name === "verify" ? gettext("Good, verified") : gettext("Not verified"), reviewed: name === "verify" });
    closeChoice();
    const ahead = units.findIndex((row, place) => place > here && row.verdict === "waiting" && !row.mine);
    if (ahead >= 0) show(ahead); else drawSide();
  };
  if (name === "verify") go("");
  else ask(gettext("Why do you not verify it?"), 4, go);
}

function showSide(is) {
  dialog.classList.toggle("no-side", !is);
  toggle("info", is);
}

// Choices: a numbered list, then words where they are needed -----------------------------------
function choose(title, options, chosen) {
  pending = { options, chosen };
  showSide(true);
  $("lightbox-choice").hidden = false;
  $("lightbox-text").hidden = true;
  $("lightbox-choice-title").textContent = title;
  $("lightbox-options").replaceChildren(...options.map((option, place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(Object.assign(document.createElement("kbd"), { textContent: place < 9 ? place + 1 : " " }), option.label);
    button.addEventListener("click", () => pick(place));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
  $("lightbox-choice").scrollIntoView({ block: "nearest" });
  $("lightbox-choice-title").focus();
  say(title);
}

function pick(place) {
  const option = pending?.options?.[place];
  if (!option) return;
  const { chosen } = pending;
  if (option.code === data.other) ask(gettext("Say what"), data.otherMinimum, (words) => chosen(option, words));
  else chosen(option, "");
}

function ask(title, minimum, chosen) {
  pending = { minimum, words: chosen };
  showSide(true);
  $("lightbox-choice").hidden = false;
  $("lightbox-options").replaceChildren();
  $("lightbox-choice-title").textContent = title;
  $("lightbox-words-label").textContent = fill(gettext("In at least %(minimum)s characters"), { minimum });
  $("lightbox-text").hidden = false;
  $("lightbox-words").value = "";
  $("lightbox-words").focus();
}

function takeWords() {
  const words = $("lightbox-words").value.trim();
  if (words.length < pending.minimum) { showError(fill(gettext("Write at least %(minimum)s characters."), pending)); return; }
  pending.words(words);
}

function closeChoice() {
  const had = pending;
  pending = null;
  $("lightbox-choice").hidden = true;
  if (had && dialog.open) $("lightbox-title").focus();
  return Boolean(had);
}

// Messages ----------------------------------------------------------------------------------
function showError(text) {
  showSide(true);
  $("lightbox-error").textContent = text;
  $("lightbox-error").hidden = false;
}

function toast(text, canUndo = false) {
  const line = $("review-toast");
  (dialog.open ? dialog : document.body).append(line);
  line.querySelector("span").textContent = text;
  line.querySelector("button").hidden = !canUndo;
  line.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(hideToast, TOAST_MS);
}

function hideToast() {
  clearTimeout(toastTimer);
  toastTimer = 0;
  $("review-toast").hidden = true;
}

// What keys and buttons do --------------------------------------------------------------------
const toggle = (name, is) => dialog.querySelector(`[data-do="${name}"]`).setAttribute("aria-pressed", String(is));
const acts = {
  before: () => show(here - 1),
  after: () => show(here + 1),
  next: nextOpen,
  agree: () => data.mayDecide && agree(),
  good: () => data.mayDecide && good(),
  reject: () => data.mayDecide && reject(),
  undo: () => data.mayDecide && undo(),
  "toast-undo": () => data.mayDecide && undo(),
  verify: () => data.mayVerify && current().verdict === "waiting" && !current().mine && answer("verify"),
  refuse: () => data.mayVerify && current().verdict === "waiting" && !current().mine && answer("refuse"),
  overlay: async () => toggle("overlay", await stage.toggleOverlay(urlsOf(current()))),
  in: () => stage.zoomBy(1.5),
  out: () => stage.zoomBy(1 / 1.5),
  fit: () => stage.zoomBy(0),
  info: () => showSide(dialog.classList.contains("no-side")),
  keys: () => { showSide(true); $("lightbox-keys").hidden = !$("lightbox-keys").hidden; $("lightbox-keys").scrollIntoView({ block: "nearest" }); },
  words: takeWords,
  cancel: closeChoice,
  close: () => dialog.close(),
};
const KEYS = {
  ArrowLeft: "before", k: "before", ArrowRight: "after", j: "after", n: "next", a: "agree", g: "good", r: "reject", u: "undo",
  v: "verify", x: "refuse", o: "overlay", "+": "in", "=": "in", "-": "out", "−": "out", 0: "fit", i: "info", "?": "keys",
};
const ALWAYS = new Set(["ArrowLeft", "ArrowRight"]);

function pressed(event) {
  if (event.defaultPrevented || event.isComposing || event.altKey) return;
  if (event.target.matches?.("textarea")) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); takeWords(); }
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  if (pending?.options && /^[1-9]$/.test(event.key)) { event.preventDefault(); pick(Number(event.key) - 1); return; }
  const name = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!name || (!hasKeys && !ALWAYS.has(event.key))) return;
  event.preventDefault();
  acts[name]();
}

function start() {
  document.querySelector("[data-keys-hint]")?.removeAttribute("hidden");
  if (!hasKeys) document.querySelector("[data-keys-hint]")?.setAttribute("hidden", "");
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button) { acts[button.dataset.do]?.(); return; }
    const link = event.target.closest("a[data-open]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    open(link.dataset.open).catch(() => location.assign(link.href));
  });
  document.addEventListener("keydown", (event) => {
    // What had the focus may be hidden by now: then the keys arrive at the page's body.
    if (dialog.open && (event.target === document.body || dialog.contains(event.target))) pressed(event);
  });
  document.addEventListener("keydown", (event) => {
    // With nothing in focus, Enter opens the first unit; on a link or button it stays what it is.
    if (event.key !== "Enter" || event.defaultPrevented || dialog.open || event.target !== document.body) return;
    document.querySelector("a[data-open]")?.click();
  });
  dialog.addEventListener("cancel", (event) => { if (closeChoice()) event.preventDefault(); });
  dialog.addEventListener("close", () => {
    document.body.append($("review-toast"));
    document.querySelector(".unit.is-current a")?.focus();
  });
  $("review-start")?.addEventListener("click", (event) => {
    const first = document.querySelector("a[data-open]");
    if (!first || !location.search.includes("show=todo") && location.search) return;
    event.preventDefault();
    open(first.dataset.open).catch(() => location.assign(first.href));
  });
}

if (dialog && data) start();
