// Signed notes, checkpoints, policies and proofs (c2sp.org), and the tree of RFC 6962.
const LOG_KEY = 1;
const WITNESS_KEY = 4;

async function readVkey(text) {
  const [name, id, ...rest] = text.split("+");
  const raw = fromBase64(rest.join("+"));
  const expected = toHex((await sha256(encoder.encode(`${name}\n`), raw)).slice(0, 4));
  if (!name || id !== expected || raw.length !== 33) throw new Error(`no key: ${text}`);
  return { text, name, id, algorithm: raw[0], publicKey: raw.slice(1) };
}

async function readPolicy(text) {
  const policy = { logs: [], witnesses: [], groups: new Map(), quorum: null };
  for (const line of text.split("\n")) {
    const words = line.trim().split(/[ \t]+/);
    if (words[0] === "" || words[0].startsWith("#")) continue;
    await readPolicyLine(policy, words);
  }
  if (policy.quorum === null || policy.logs.length === 0) throw new Error("the policy names no log or no quorum");
  return policy;
}

async function readPolicyLine(policy, [kind, ...words]) {
  const known = (name) => policy.groups.has(name) || policy.witnesses.some((each) => each.label === name);
  if (kind === "log") {
    policy.logs.push(await readVkey(words[0]));
  } else if (kind === "witness" && !known(words[0]) && words[0] !== "none") {
    policy.witnesses.push({ ...(await readVkey(words[1])), label: words[0] });
  } else if (kind === "group" && !known(words[0]) && words[0] !== "none" && words.slice(2).every(known)) {
    policy.groups.set(words[0], readGroup(policy, words));
  } else if (kind === "quorum" && policy.quorum === null && (words[0] === "none" || known(words[0]))) {
    policy.quorum = words[0];
  } else {
    throw new Error(`policy line ${kind}`);
  }
}

// A member stands in one group and once: nobody's cosignature counts twice.
function readGroup(policy, [name, asked, ...members]) {
  const used = [...[...policy.groups.values()].flatMap((group) => group.members), ...members];
  if (new Set(used).size < used.length) throw new Error(`group ${name} has a member that is used already`);
  const count = /^[1-9][0-9]{0,5}$/.test(asked) ? Number(asked) : 0;
  const needed = new Map([["any", 1], ["all", members.length]]).get(asked) ?? count;
  if (!(needed >= 1 && needed <= members.length)) throw new Error(`group ${name} cannot be met`);
  return { needed, members };
}

function isMet(policy, name, cosigned) {
  if (name === "none") return true;
  const group = policy.groups.get(name);
  if (!group) return cosigned.has(name);
  return group.members.filter((member) => isMet(policy, member, cosigned)).length >= group.needed;
}

function readNote(note) {
  const cut = note.lastIndexOf("\n\n");
  if (cut < 0 || !note.endsWith("\n")) throw new Error("no signed note");
  const signatures = note.slice(cut + 2, -1).split("\n").map((line) => {
    const [dash, name, blob, ...more] = line.split(" ");
    if (dash !== "—" || !name || !blob || more.length > 0) throw new Error("no signature line");
    const raw = fromBase64(blob);
    return { name, id: toHex(raw.slice(0, 4)), signature: raw.slice(4) };
  });
  return { text: note.slice(0, cut + 1), signatures };
}

function readCheckpoint(text) {
  const [origin, size, root] = text.split("\n");
  if (!origin || !/^(0|[1-9][0-9]*)$/.test(size ?? "")) throw new Error("no checkpoint");
  const hash = fromBase64(root ?? "");
  if (hash.length !== 32) throw new Error("no root hash");
  return { origin, size: BigInt(size), root: hash };
}

async function cosignedAt(key, text, signature) {
  const at = signature.slice(0, 8).reduce((time, byte) => time * 256n + BigInt(byte), 0n);
  const message = encoder.encode(`cosignature/v1\ntime ${at}\n${text}`);
  return (await ed25519(key.publicKey, message, signature.slice(8))) ? at : null;
}

// Which keys of the policy signed a checkpoint; a known key whose signature does not fit spoils all.
async function acceptCheckpoint(note, policy, origin) {
  const { text, signatures } = readNote(note);
  const checkpoint = readCheckpoint(text);
  const result = { checkpoint, signed: checkpoint.origin === origin, log: null, cosigned: new Map() };
  for (const { name, id, signature } of signatures) {
    const fits = (key) => key.name === name && key.id === id;
    const log = policy.logs.find((key) => fits(key) && key.algorithm === LOG_KEY);
    const witness = policy.witnesses.find((key) => fits(key) && key.algorithm === WITNESS_KEY);
    if (log && name === origin) {
      if (await ed25519(log.publicKey, encoder.encode(text), signature)) result.log = log;
      else result.signed = false;
    }
    if (witness) {
      const at = await cosignedAt(witness, text, signature);
      if (at === null) result.signed = false;
      else result.cosigned.set(witness.label, { key: witness, at });
    }
  }
  result.signed &&= result.log !== null;
  result.quorum = isMet(policy, policy.quorum, result.cosigned);
  return result;
}

function readProof(text) {
  const cut = text.indexOf("\n\n");
  const lines = text.slice(0, cut).split("\n");
  if (cut < 0 || lines.shift() !== "c2sp.org/tlog-proof@v1") throw new Error("no proof");
  if (lines[0]?.startsWith("extra ")) lines.shift();
  const index = /^index (0|[1-9][0-9]*)$/.exec(lines.shift() ?? "");
  const hashes = lines.map(fromBase64);
  if (!index || hashes.some((hash) => hash.length !== 32)) throw new Error("no proof");
  return { index: BigInt(index[1]), hashes, note: text.slice(cut + 2) };
}

const leafHash = (leaf) => sha256(Uint8Array.of(0), leaf);
const nodeHash = (left, right) => sha256(Uint8Array.of(1), left, right);

// RFC 9162, section 2.1.3.2.
async function isIncluded(hash, index, size, path, root) {
  if (index >= size) return false;
  let [place, last] = [index, size - 1n];
  for (const sibling of path) {
    if (last === 0n) return false;
    if (place & 1n || place === last) {
      hash = await nodeHash(sibling, hash);
      while (!(place & 1n) && place !== 0n) [place, last] = [place >> 1n, last >> 1n];
    } else {
      hash = await nodeHash(hash, sibling);
    }
    [place, last] = [place >> 1n, last >> 1n];
  }
  return last === 0n && same(hash, root);
}
