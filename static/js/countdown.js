// Counts down to the next one-time code that the server will accept. The server's clock rules:
// the page says when that is and what the server's time was, so a wrong local clock does no harm.
//
//   <p data-code-wait data-available-at="…" data-server-now="…">Use the next code, after 14:03:30.</p>
import { fill, gettext } from "./texts.js";

function write(seconds) {
  return fill(gettext("Use the next code: available in %(seconds)s s"), { seconds });
}

function start(line, say) {
  if (line.dataset.started) return;
  line.dataset.started = "yes";
  const skew = Date.parse(line.dataset.serverNow) - Date.now();
  const end = Date.parse(line.dataset.availableAt);
  if (Number.isNaN(skew) || Number.isNaN(end)) return;
  line.setAttribute("aria-live", "off");
  const tick = () => {
    const rest = Math.ceil((end - Date.now() - skew) / 1000);
    if (!line.isConnected) return;
    if (rest > 0) {
      line.textContent = write(rest);
      setTimeout(tick, 250);
      return;
    }
    line.textContent = gettext("Your next code is ready. Use the one shown now.");
    line.classList.add("is-ready");
    say?.(line.textContent);
  };
  tick();
}

/** Start every countdown below a node once. */
export function watchCodeWaits(root, say) {
  const scope = root instanceof Element || root instanceof Document ? root : document;
  scope.querySelectorAll("[data-code-wait]").forEach((line) => start(line, say));
}
