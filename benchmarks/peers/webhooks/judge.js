// Signs and verifies webhooks with what node has: standardwebhooks and svix for v1, node's own crypto for v1a.
// One case a line on stdin, one answer a line on stdout; see ../webhooks_peer.py.
const { createPrivateKey, createPublicKey, sign, verify } = require("node:crypto");
const { createInterface } = require("node:readline");
const { Webhook: Standard } = require("standardwebhooks");
const { Webhook: Svix } = require("svix");

const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex"); // RFC 8410: what stands before a seed
const SPKI = Buffer.from("302a300506032b6570032100", "hex"); // and before a public key

const bytes = (text, prefix) => Buffer.from(text.slice(prefix.length), "base64");
const privateKey = (text) =>
  createPrivateKey({ key: Buffer.concat([PKCS8, bytes(text, "whsk_").subarray(0, 32)]), format: "der", type: "pkcs8" });
const publicKey = (text) =>
  createPublicKey({ key: Buffer.concat([SPKI, bytes(text, "whpk_")]), format: "der", type: "spki" });
const content = (one) =>
  Buffer.concat([Buffer.from(`${one.id}.${one.timestamp}.`), Buffer.from(one.body, "base64")]);
const holds = (check) => {
  try {
    return check() !== false;
  } catch {
    return false;
  }
};

const v1 = (Library, one) =>
  holds(() =>
    new Library(one.key).verify(Buffer.from(one.body, "base64").toString(), {
      "webhook-id": one.id,
      "webhook-timestamp": one.timestamp,
      "webhook-signature": one.signatures,
    }),
  );
const v1a = (one) =>
  one.signatures
    .split(" ")
    .filter((each) => each.startsWith("v1a,"))
    .some((each) => verify(null, content(one), publicKey(one.key), Buffer.from(each.slice(4), "base64")));

const answer = (one) => {
  if (one.key.startsWith("whpk_")) return { crypto: holds(() => v1a(one)) };
  if (one.key.startsWith("whsk_"))
    return { signatures: "v1a," + sign(null, content(one), privateKey(one.key)).toString("base64") };
  if (one.signatures === undefined) {
    const at = new Date(Number(one.timestamp) * 1000);
    return { signatures: new Standard(one.key).sign(one.id, at, Buffer.from(one.body, "base64").toString()) };
  }
  return { standardwebhooks: v1(Standard, one), svix: v1(Svix, one) };
};

createInterface({ input: process.stdin }).on("line", (line) => console.log(JSON.stringify(answer(JSON.parse(line)))));
