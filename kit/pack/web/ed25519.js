// Ed25519 (RFC 8032): the browser's own where it has it, else this one; without the cofactor, S below the
// order, no R of small order.
const FIELD = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const modulo = (a) => ((a % FIELD) + FIELD) % FIELD;

function power(base, exponent) {
  let result = 1n;
  for (base = modulo(base); exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * base) % FIELD;
    base = (base * base) % FIELD;
  }
  return result;
}

const inverse = (a) => power(a, FIELD - 2n);
const EDWARDS_D = modulo(-121665n * inverse(121666n));
const ROOT_OF_MINUS_ONE = power(2n, (FIELD - 1n) / 4n);

function littleEndian(bytes) {
  return bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

const encodedY = (bytes) => littleEndian(bytes) & ((1n << 255n) - 1n);

// Points are (X, Y, Z, T) with x = X/Z, y = Y/Z, T = XY/Z.
function sum([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = modulo((y1 - x1) * (y2 - x2));
  const b = modulo((y1 + x1) * (y2 + x2));
  const c = modulo(2n * t1 * t2 * EDWARDS_D);
  const d = modulo(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [modulo(e * f), modulo(g * h), modulo(f * g), modulo(e * h)];
}

function times(point, scalar) {
  let result = [0n, 1n, 1n, 0n];
  for (; scalar > 0n; scalar >>= 1n) {
    if (scalar & 1n) result = sum(result, point);
    point = sum(point, point);
  }
  return result;
}

// Reads a second encoding too, as browsers do; `isSound` is what keeps such keys out.
function pointOf(bytes) {
  const all = littleEndian(bytes);
  const sign = all >> 255n;
  const y = modulo(encodedY(bytes));
  const above = modulo(y * y - 1n);
  const below = modulo(EDWARDS_D * y * y + 1n);
  let x = modulo(above * power(below, 3n) * power(above * power(below, 7n), (FIELD - 5n) / 8n));
  if (modulo(below * x * x) === modulo(-above)) x = modulo(x * ROOT_OF_MINUS_ONE);
  if (modulo(below * x * x) !== above) return null;
  if ((x & 1n) !== sign) x = modulo(-x);
  return [x, y, 1n, modulo(x * y)];
}

function encodedPoint([x, y, z]) {
  const flat = inverse(z);
  let rest = modulo(y * flat) | ((modulo(x * flat) & 1n) << 255n);
  return Uint8Array.from({ length: 32 }, () => {
    const byte = Number(rest & 255n);
    rest >>= 8n;
    return byte;
  });
}

const BASE_Y = (4n * inverse(5n)) % FIELD;
const BASE = pointOf(Uint8Array.from({ length: 32 }, (_, at) => Number((BASE_Y >> BigInt(8 * at)) & 255n)));

// y of the eight points whose order divides 8: as a key they would sign for everybody, and over an R
// among them libraries differ.
const SMALL_ORDER_Y = new Set([
  0n, 1n, FIELD - 1n,
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n,
]);
const hasSmallOrder = (bytes) => SMALL_ORDER_Y.has(encodedY(bytes));

// Whether a key may stand in a ledger: in its one encoding, and not of small order.
function isSound(publicKey) {
  return publicKey.length === 32 && encodedY(publicKey) < FIELD && !hasSmallOrder(publicKey);
}

async function ownVerify(publicKey, message, signature) {
  const point = pointOf(publicKey);
  const s = littleEndian(signature.slice(32));
  if (point === null || s >= ORDER) return false;
  const challenge = littleEndian(await sha512(signature.slice(0, 32), publicKey, message)) % ORDER;
  const minus = [modulo(-point[0]), point[1], 1n, modulo(-point[3])];
  return same(encodedPoint(sum(times(BASE, s), times(minus, challenge))), signature.slice(0, 32));
}

async function browserKey(publicKey) {
  try {
    return await crypto.subtle.importKey("raw", publicKey, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return null;
  }
}

async function ed25519(publicKey, message, signature, importKey = browserKey) {
  if (publicKey.length !== 32 || signature.length !== 64 || hasSmallOrder(signature.slice(0, 32))) return false;
  const key = await importKey(publicKey);
  if (key === null) return ownVerify(publicKey, message, signature);
  return crypto.subtle.verify({ name: "Ed25519" }, key, signature, message);
}
