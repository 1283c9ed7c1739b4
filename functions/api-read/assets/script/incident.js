// What a person does about an incident: sent with the version that was seen, and the page shows how it stands then.
import { send, tell } from "./api.js";
import { renew } from "./live.js";
import { toast } from "./toast.js";

const page = () => document.querySelector("[data-live=incident]");

/** The body of an action; `fields` are those of its dialog. */
function body(action, fields) {
  if (action === "order") return { action, quantity: Number(fields.get("quantity")), expected_on: fields.get("expected_on") };
  if (action === "snooze") return { action, until: `${fields.get("until")}T00:00:00Z` };
  return { action };
}

async function act(action, fields) {
  const { number, version, saved, conflict } = page().dataset;
  for (const button of page().querySelectorAll("button")) button.disabled = true;
  const answer = await send("POST", `/api/v1/incidents/${number}/actions`, body(action, fields), { "if-match": `"${version}"` });
  for (const button of page().querySelectorAll("button")) button.disabled = false;
  if (!answer.ok && answer.status !== 412) {
    tell(answer);
    return;
  }
  // What has the focus is not renewed, so it goes where screen readers read on.
  document.getElementById("main").focus();
  try {
    await renew();
  } catch {
    location.reload();
    return;
  }
  if (answer.ok) toast(saved);
  else toast(conflict, "low");
}

async function copy(button) {
  const text = document.getElementById(button.dataset.copies);
  const { copied, notCopied } = page().dataset;
  try {
    await navigator.clipboard.writeText(text.value);
    toast(copied);
  } catch {
    text.focus();
    text.select();
    toast(notCopied, "low");
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-action], button[data-copies]");
  if (button?.dataset.copies) copy(button);
  else if (button) act(button.dataset.action);
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.dataset.action || event.submitter?.value !== "save") return;
  act(form.dataset.action, new FormData(form));
});
