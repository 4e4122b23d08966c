// Saves decisions one after another in the background, in the order in which they were made.
// A lost link stops the queue and tries again; a refusal stops it and says why.
import { gettext } from "./texts.js";

const RETRY_MS = [1000, 3000, 8000, 15000];

/** Make a queue; `told` is called after every change with {waiting, why}: how many are unsaved, and what stops them. */
export function makeQueue({ headers, told, saved, refused }) {
  const jobs = [];
  let isRunning = false;
  let failures = 0;

  let why = "";

  const tell = () => told({ waiting: jobs.length, why: failures > 0 ? why : "" });

  async function send(job) {
    const body = new URLSearchParams(job.fields());
    const answer = await fetch(job.url, { method: "POST", body, headers: { ...headers, Accept: "application/json" } });
    if (answer.status >= 500) throw new Error("server");
    if (answer.redirected || !(answer.headers.get("Content-Type") ?? "").includes("json")) throw new Error("signed out");
    return { isSaved: answer.ok, data: await answer.json() };
  }

  async function run() {
    if (isRunning) return;
    isRunning = true;
    while (jobs.length) {
      const job = jobs[0];
      let answer;
      try {
        answer = await send(job);
      } catch (fault) {
        why = fault.message === "signed out" ? gettext("You are signed out: sign in again in another window, and they are saved.") : gettext("The connection is lost; trying again…");
        const pause = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)];
        failures += 1;
        tell();
        await new Promise((resolve) => { setTimeout(resolve, pause); });
        continue;
      }
      failures = 0;
      jobs.shift();
      if (answer.isSaved) {
        saved(job, answer.data);
        document.dispatchEvent(new CustomEvent("countersign:saved"));
      } else {
        refused(job, answer.data.detail ?? gettext("Nothing was saved."));
      }
      tell();
    }
    isRunning = false;
  }

  addEventListener("beforeunload", (event) => { if (jobs.length) event.preventDefault(); });
  addEventListener("online", run);
  return {
    add(job) { jobs.push(job); tell(); run(); },
    get waiting() { return jobs.length; },
  };
}
