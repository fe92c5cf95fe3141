// Bytes, hashes and the one byte form of JSON (RFC 8785 within the ledger's profile).
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

function fromBase64(text) {
  const raw = atob(text);
  if (btoa(raw) !== text) throw new Error("base64 in a second spelling");
  return Uint8Array.from(raw, (sign) => sign.charCodeAt(0));
}

function toBase64(bytes) {
  let raw = "";
  for (const byte of bytes) raw += String.fromCharCode(byte);
  return btoa(raw);
}

function toHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function same(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));
}

async function sha512(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-512", joined(...parts)));
}

async function hmacSha256(secret, message) {
  const how = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", secret, how, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, message));
}

// Keys are ASCII there, so that sorting them by UTF-16 unit is sorting them by byte.
function canonicalText(value) {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new Error("a number that the ledger does not know");
    return String(value);
  }
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  const rows = Object.keys(value).sort();
  return `{${rows.map((key) => `${JSON.stringify(key)}:${canonicalText(value[key])}`).join(",")}}`;
}

function canonical(value) {
  return encoder.encode(canonicalText(value));
}

// An object that must be in its canonical bytes already: no second spelling, no doubled key.
function readCanonical(bytes) {
  const value = JSON.parse(decoder.decode(bytes));
  if (value === null || typeof value !== "object" || !same(canonical(value), bytes)) {
    throw new Error("not in canonical form");
  }
  return value;
}

async function opensCommitment(commitment, saltText, value) {
  const salt = fromBase64(saltText);
  if (salt.length !== 32) return false;
  return toHex(await hmacSha256(salt, canonical(value))) === commitment;
}
