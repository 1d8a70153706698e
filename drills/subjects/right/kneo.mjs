// A client of kneo that is right, for Node 20 without packages. See kneo.py: the same in another language.

import { appendFileSync, readFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const { STEADFAST_BASE_URL: base, STEADFAST_API_KEY: apiKey, STEADFAST_JOB, STEADFAST_RESULTS } = process.env;
const job = JSON.parse(readFileSync(STEADFAST_JOB, "utf8"));
const tell = (result) => appendFileSync(STEADFAST_RESULTS, JSON.stringify(result) + "\n");

const PATIENCE_S = 60;
const ATTEMPTS = 4;
let notBefore = 0;

// What is known after one exchange: "answered", "not sent", "no answer" (it may have worked) or "give up".
async function exchange(method, path, headers, body) {
  const waitMs = notBefore - Date.now();
  if (waitMs > PATIENCE_S * 1000) return { known: "give up" };
  if (waitMs > 0) await sleep(waitMs);
  try {
    const reply = await fetch(base + path, {
      method,
      headers: { Authorization: `Bearer ${apiKey}`, "X-Request-ID": randomUUID(), ...headers },
      body: body && JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(job.timeout_s * 1000),
    });
    const text = await reply.text();
    const { status } = reply;
    const hintMs = hint(reply.headers);
    if (hintMs !== null && (status === 429 || status === 409 || status >= 500)) notBefore = Date.now() + hintMs + 50;
    return { known: "answered", status, body: parsed(text) };
  } catch (error) {
    const refused = ["ECONNREFUSED", "ENOTFOUND", "UND_ERR_CONNECT_TIMEOUT"].includes(error.cause?.code);
    return { known: refused ? "not sent" : "no answer" };
  }
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return value !== null && typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

// The wait that Retry-After asks for, in milliseconds; null if it says nothing that makes sense.
function hint(headers) {
  const text = headers.get("Retry-After") ?? "";
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : (Date.parse(text) - Date.parse(headers.get("Date"))) / 1000;
  return /^-/.test(text) || !Number.isFinite(seconds) || seconds < 0 ? null : seconds * 1000;
}

const code = (answer) => answer.body?.detail?.error ?? answer.body?.error;
const isSuccess = ({ status, body }) => status >= 200 && status < 300 && body !== null;
const isAmbiguous = ({ status, body }) => status >= 500 || status === 408 || (status >= 200 && status < 300 && body === null);
let isShutOut = false;

// Sends until something is known. All attempts bear the same headers, and so the same idempotency key.
async function call(method, path, headers, body) {
  let mayHaveWorked = false;
  for (let attempt = 0; attempt < ATTEMPTS && !isShutOut; attempt++) {
    if (attempt > 0) await sleep(1000 * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    const answer = await exchange(method, path, headers, body);
    if (answer.known === "give up") break;
    if (answer.known === "not sent") continue;
    if (answer.known === "no answer" || isAmbiguous(answer)) {
      mayHaveWorked = true;
      if (answer.status === 500) break;
      continue;
    }
    if (answer.status === 429 || code(answer) === "idempotency_key_in_progress") continue;
    isShutOut = answer.status === 401;
    // Once an attempt may have worked, a refusal is the repeat's alone.
    return isSuccess(answer) || !mayHaveWorked ? answer : { known: "unknown" };
  }
  return { known: mayHaveWorked ? "unknown" : "failed" };
}

async function write({ id, method, path, body, idempotency_key }) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": idempotency_key ?? randomUUID() };
  const answer = await call(method, path, headers, body);
  if (answer.known !== "answered") return { id, state: answer.known };
  if (isSuccess(answer)) return { id, state: "applied" };
  const refused = answer.status >= 400 && answer.status !== 401;
  return refused ? { id, state: "rejected", code: code(answer) } : { id, state: "failed" };
}

async function read({ id, path, rows_at }) {
  const seen = new Set();
  for (;;) {
    const answer = await call("GET", `${path}?offset=${seen.size}`, {});
    if (answer.known !== "answered" || !isSuccess(answer)) return { id, state: "failed" };
    const rows = rows_at.split("/").slice(1).reduce((page, name) => page[name], answer.body);
    const known = seen.size;
    for (const row of rows) seen.add(row.run_id);
    // The same row again: pages that lead nowhere.
    if (seen.size !== known + rows.length) return { id, state: "failed" };
    if (rows.length === 0 || seen.size >= answer.body.total) return { id, state: "read", rows: seen.size };
  }
}

for (const step of job.steps) tell(step.kind === "read" ? await read(step) : await write(step));
