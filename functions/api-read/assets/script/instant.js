// A filter that answers while one types: the form's own address, asked for in the background.
import { renew } from "./live.js";

const PAUSE_MS = 180;

/** The address the form would lead to; what is empty is left out. */
function addressOf(form) {
  const values = [...new FormData(form)].filter(([, value]) => value !== "");
  const query = new URLSearchParams(values).toString();
  return form.getAttribute("action") + (query ? `?${query}` : "");
}

/** `<form data-instant>` filters while one types, and keeps the address of the page true. */
export function watchForms() {
  let timer = 0;
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.hasAttribute("data-instant")) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      history.replaceState(null, "", addressOf(form));
      renew().catch(() => {});
    }, PAUSE_MS);
  });
}
