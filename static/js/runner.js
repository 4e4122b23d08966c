// The runner: P and F choose the result and go to the text, E chooses evidence; dropped and pasted files are kept at once.
import { say } from "./app.js";
import { gettext } from "./texts.js";

const TYPING = "input:not([type=checkbox], [type=radio], [type=button], [type=file]), textarea, select";
const RESULTS = { p: "pass", f: "fail" };

function choose(result) {
  const radio = document.querySelector(`#result-form input[name=result][value=${result}]`);
  if (!radio) return false;
  radio.checked = true;
  document.getElementById("id_actual")?.focus();
  return true;
}

function pressed(event) {
  if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  if (key in RESULTS && choose(RESULTS[key])) event.preventDefault();
  else if (key === "e" && document.getElementById("evidence-files")) {
    event.preventDefault();
    document.getElementById("evidence-files").click();
  }
}

/** Send files now and show the list that comes back; the text beside it stays as it is. */
async function keep(files) {
  const form = document.querySelector("form[data-evidence]");
  if (!form || !files.length) return;
  const body = new FormData();
  body.append("csrfmiddlewaretoken", form.querySelector("[name=csrfmiddlewaretoken]").value);
  for (const file of files) body.append("evidence", file);
  document.getElementById("evidence").setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.dataset.evidence, { method: "POST", body });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const list = page.getElementById("evidence");
    if (!list) throw new Error(String(answer.status));
    document.getElementById("evidence").replaceWith(document.importNode(list, true));
    say(answer.ok ? gettext("Evidence is kept.") : list.querySelector("[role=alert]")?.textContent ?? gettext("The file was refused."));
  } catch {
    document.getElementById("evidence").removeAttribute("aria-busy");
    say(gettext("The file was not sent. Try again."));
  }
}

function dropped(event) {
  if (!event.dataTransfer?.files.length || !event.target.closest?.("#runner")) return;
  event.preventDefault();
  keep([...event.dataTransfer.files]);
}

function pasted(event) {
  const files = [...(event.clipboardData?.files ?? [])];
  if (!files.length) return;
  event.preventDefault();
  keep(files);
}

if (document.body.dataset.shortcuts !== "off") document.addEventListener("keydown", pressed);
document.addEventListener("dragover", (event) => { if (event.target.closest?.("#runner")) event.preventDefault(); });
document.addEventListener("drop", dropped);
document.addEventListener("paste", pasted);
document.addEventListener("change", (event) => {
  if (event.target.id === "evidence-files") keep([...event.target.files]);
});
