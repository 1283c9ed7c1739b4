// Calls to our own API: JSON there and back, with what a write needs.
import { toast } from "./toast.js";

/**
 * Sends a request. Answers `{ ok, status, data, etag }`; `data` is the parsed body, a problem (RFC 9457) when not ok.
 * Never throws: a connection that fails is `status` 0.
 */
export async function send(method, address, body, headers = {}) {
  const csrf = document.querySelector("meta[name=csrf-token]")?.content;
  const request = { method, headers: { accept: "application/json", ...headers }, cache: "no-cache" };
  if (method !== "GET" && csrf) request.headers["x-csrf-token"] = csrf;
  if (body !== undefined) {
    request.headers["content-type"] = "application/json";
    request.body = JSON.stringify(body);
  }
  try {
    const answer = await fetch(address, request);
    const isJson = /\bjson\b/.test(answer.headers.get("content-type") ?? "");
    const data = isJson ? await answer.json() : null;
    return { ok: answer.ok, status: answer.status, data, etag: answer.headers.get("etag") };
  } catch {
    return { ok: false, status: 0, data: null, etag: null };
  }
}

/** Tells people why a call failed, in the API's words. */
export function tell(answer) {
  const { failed, offline } = document.body.dataset;
  const detail = answer.data?.detail ?? "";
  toast(answer.status === 0 ? offline : `${failed} ${detail}`.trim(), "short");
}
