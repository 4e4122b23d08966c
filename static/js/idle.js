// Says two minutes before the session ends that it will, and lets the person stay.
// The server alone ends sessions; this only tells.
import { fill, gettext, ngettext } from "./texts.js";

const CHECK_EVERY = 1000;
const CHANNEL = "countersign-activity"; // other windows of the same person keep the session too

/** Watch for idleness on pages of people who are signed in. */
export function watchIdle(say) {
  const { idleSeconds, idleWarningSeconds, stayUrl } = document.body.dataset;
  const dialog = document.getElementById("idle-dialog");
  if (!idleSeconds || !dialog) return;
  const left = dialog.querySelector("[data-idle-left]");
  const others = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;
  let seen = Date.now();
  let isSaid = false;

  const renew = () => { seen = Date.now(); isSaid = false; if (dialog.open) dialog.close(); };
  const tellOthers = () => { renew(); others?.postMessage("active"); };
  others?.addEventListener("message", renew);
  others?.postMessage("active");

  async function stay() {
    const token = JSON.parse(document.body.getAttribute("hx-headers") ?? "{}");
    const answer = await fetch(stayUrl, { method: "POST", headers: { ...token, Accept: "application/json" } });
    if (answer.ok) { tellOthers(); say(gettext("You stay signed in.")); } else location.reload();
  }

  dialog.querySelector("[data-stay]").addEventListener("click", () => { stay().catch(() => say(gettext("The connection is lost. Try again."))); });
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  document.addEventListener("htmx:afterOnLoad", (event) => { if (!event.target.closest("[data-poll]")) tellOthers(); });
  document.addEventListener("countersign:saved", tellOthers);

  setInterval(() => {
    const idle = (Date.now() - seen) / 1000;
    if (idle >= Number(idleSeconds) + 2) { location.reload(); seen = Date.now(); return; }
    if (idle < Number(idleWarningSeconds)) return;
    const rest = Math.max(0, Math.ceil(Number(idleSeconds) - idle));
    const minutes = Math.ceil(rest / 60);
    left.textContent = rest > 60
      ? fill(ngettext("%(minutes)s minute", "%(minutes)s minutes", minutes), { minutes })
      : fill(ngettext("%(rest)s second", "%(rest)s seconds", rest), { rest });
    if (!isSaid) { isSaid = true; dialog.showModal(); }
  }, CHECK_EVERY);
}
