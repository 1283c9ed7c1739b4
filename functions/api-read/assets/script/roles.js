// Changes of roles: sent with the version that was seen; the page then shows how far they are.
import { send, tell } from "./api.js";
import { renew } from "./live.js";
import { toast } from "./toast.js";

/** Refusals come in the language of the page. */
const inOurLanguage = () => ({ "accept-language": document.documentElement.lang });

async function change(form) {
  const { confirm: question } = form.closest("[data-live]").dataset;
  if (!confirm(question)) return;
  const successor = new FormData(form).get("successor");
  const wish = successor ? { to: form.dataset.role, successor: Number(successor) } : { to: form.dataset.role };
  const headers = { ...inOurLanguage(), "if-match": `"${form.dataset.version}"` };
  const answer = await send("POST", "/api/v1/roles/changes", wish, headers);
  // Whoever has lost a right is signed out by it: the page itself leads to sign-in and back.
  if (answer.ok) location.reload();
  else tell(answer);
}

async function decide(button) {
  const { decided } = button.closest("[data-live]").dataset;
  const { person, holds, drift } = button.dataset;
  // The difference that was seen: if it is another one by now, nothing is decided.
  const decision = { person: Number(person), holds, drift: JSON.parse(drift) };
  const answer = await send("POST", "/api/v1/roles/decisions", decision, inOurLanguage());
  if (!answer.ok) return tell(answer);
  document.getElementById("main").focus();
  toast(decided);
  try {
    await renew();
  } catch {
    // The decision was about whoever took it.
    location.reload();
  }
}

document.addEventListener("submit", (event) => {
  if (!event.target.dataset.role) return;
  event.preventDefault();
  change(event.target);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("button[data-holds]");
  if (button) decide(button);
});
