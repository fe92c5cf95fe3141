// What an evidence bundle must fulfil. Each check collects its faults; none means that it holds.
const RECORD_DOMAIN = "regrade/record/v1\n";
const CLOCK_SLACK_S = 300;
const LEAF_FIELDS = "body,device,id,log,prev,recorded_at,seq,type,v";
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{6}Z$/;
const CHECKS = [
  "read", "entries", "inclusion", "checkpoint", "witness", "device", "refund", "openings", "photos",
];

class Findings {
  constructor() {
    this.checks = Object.fromEntries(CHECKS.map((name) => [name, { faults: [], seen: 0 }]));
  }

  seen(check) {
    this.checks[check].seen += 1;
  }

  fault(check, what, values) {
    this.checks[check].faults.push([`fault_${what}`, values ?? {}]);
  }

  get good() {
    return CHECKS.every((name) => this.checks[name].faults.length === 0);
  }
}

function readBundle(bytes) {
  const bundle = readCanonical(bytes);
  if (bundle.v !== 1 || bundle.kind !== "regrade-evidence") throw new Error("another kind of file");
  return bundle;
}

function readEntry(entry, origin, before) {
  const bytes = fromBase64(entry.leaf);
  const leaf = readCanonical(bytes);
  const timed = TIME.test(leaf.recorded_at) && !Number.isNaN(Date.parse(leaf.recorded_at));
  const whole = timed && Object.keys(leaf).sort().join() === LEAF_FIELDS && leaf.v === 1;
  const inOrder = leaf.seq === entry.index && (before === undefined || before.index < leaf.seq);
  if (!whole || leaf.log !== origin || !inOrder) throw new Error("not of this log");
  return { bytes, leaf, index: entry.index, proof: entry.proof };
}

async function checkProofs(entries, policy, origin, findings) {
  const known = new Map();
  let latest = 0;
  for (const { bytes, leaf, index, proof } of entries) {
    latest = Math.max(latest, Date.parse(leaf.recorded_at) / 1000);
    try {
      const read = readProof(proof);
      if (!known.has(read.note)) known.set(read.note, await acceptCheckpoint(read.note, policy, origin));
      const { checkpoint, signed, quorum, cosigned } = known.get(read.note);
      if (!signed) findings.fault("checkpoint", "checkpoint", { index });
      if (!quorum) findings.fault("witness", "quorum", { index });
      const early = [...cosigned.values()].some(({ at }) => !(latest <= Number(at) + CLOCK_SLACK_S));
      if (early) findings.fault("witness", "backdated", { index });
      const hash = await leafHash(bytes);
      const fits = read.index === BigInt(index)
        && (await isIncluded(hash, read.index, checkpoint.size, read.hashes, checkpoint.root));
      if (!fits) findings.fault("inclusion", "proof", { index });
    } catch {
      findings.fault("inclusion", "proof", { index });
    }
    for (const check of ["inclusion", "checkpoint"]) findings.seen(check);
  }
  return [...known.values()];
}

const recordId = (device) => `${device.key}/${device.boot}/${device.counter}`;

async function expectedId({ type, body }) {
  switch (type) {
    case "verdict": return `verdict:${recordId(body.device)}`;
    case "key.add": return body.public_key ? `key:${await keyId(fromBase64(body.public_key))}` : null;
    case "refund.instruction": return `instruction:${body.id}`;
    case "refund.outcome": return `outcome:${body.merchant}:${body.id}`;
    default: return null;
  }
}

async function keyId(publicKey) {
  return toHex((await sha256(publicKey)).slice(0, 16));
}

function unitOf({ type, body }) {
  if (type === "verdict") return body.unit.id;
  return type.startsWith("refund.") ? body.unit : null;
}

async function checkContent(entries, bundle, findings) {
  const ids = new Set();
  for (const { leaf, index } of entries) {
    findings.seen("entries");
    const [id, unit] = [await expectedId(leaf), unitOf(leaf)];
    if ((id !== null && id !== leaf.id) || ids.has(leaf.id)) findings.fault("entries", "id", { index });
    ids.add(leaf.id);
    const merchant = unit === null ? bundle.merchant : leaf.body.merchant;
    if ((unit ?? bundle.unit) !== bundle.unit || merchant !== bundle.merchant) {
      findings.fault("entries", "unit", { index });
    }
  }
  if (!entries.some(({ leaf }) => leaf.type === "verdict")) findings.fault("entries", "verdict");
}

// Keys as the ledger enrols them; one of small order would verify signatures that nobody made.
async function stationKey({ type, body }) {
  if (type !== "key.add" || (body.role ?? "station") !== "station") return null;
  const publicKey = fromBase64(body.public_key);
  return isSound(publicKey) ? { id: await keyId(publicKey), publicKey } : null;
}

async function checkDevices(entries, findings) {
  const keys = new Map();
  for (const { leaf, index } of entries) {
    const added = await stationKey(leaf);
    if (added) keys.set(added.id, added.publicKey);
    if (leaf.type === "key.revoke") keys.delete(leaf.body.key);
    if (leaf.type === "verdict") await checkDevice(leaf, index, keys, findings);
  }
}

async function checkDevice(leaf, index, keys, findings) {
  findings.seen("device");
  const publicKey = keys.get(leaf.body.device.key);
  if (!publicKey || leaf.device?.key !== leaf.body.device.key) {
    findings.fault("device", "key", { index });
    return;
  }
  const message = joined(encoder.encode(RECORD_DOMAIN), canonical(leaf.body));
  const good = await ed25519(publicKey, message, fromBase64(leaf.device.signature));
  if (!good) findings.fault("device", "device", { index });
}

function leadsTo(record, refund) {
  const shown = new Set(record.evidence.map((item) => item.ciphertext_sha256));
  return record.merchant === refund.merchant
    && record.site === refund.site
    && record.unit.id === refund.unit
    && record.personal.order === refund.order_commitment
    && ["grade", "disposition", "exception"].every((name) => record.verdict[name] === refund[name])
    && refund.images.every((image) => shown.has(image));
}

function checkRefunds(entries, findings) {
  const verdicts = entries.filter(({ leaf }) => leaf.type === "verdict");
  for (const { leaf, index } of entries.filter((entry) => entry.leaf.type === "refund.instruction")) {
    findings.seen("refund");
    const led = verdicts.some((each) => each.index < index && leadsTo(each.leaf.body, leaf.body));
    if (!led) findings.fault("refund", "refund", { index });
  }
}

async function checkOpenings(openings, records, findings) {
  for (const { record, field, salt, value } of openings) {
    findings.seen("openings");
    const commitment = records.get(record)?.personal[field];
    const fits = commitment && (await opensCommitment(commitment, salt, value));
    if (!fits) findings.fault("openings", "opening", { field });
  }
}

async function checkPhotos(images, photos, records, findings) {
  for (const image of images) {
    findings.seen("photos");
    const { record, view, file, sha256: stated, ciphertext_sha256: name, salt } = image;
    const row = records.get(record)?.evidence.find((each) => each.ciphertext_sha256 === name);
    const bytes = photos.get(file);
    if (!bytes) {
      findings.fault("photos", "photo_missing", { file });
      continue;
    }
    const found = toHex(await sha256(bytes));
    const fits = row && row.view === view && found === stated
      && (await opensCommitment(row.plaintext_commitment, salt, found));
    if (!fits) findings.fault("photos", "photo", { file });
  }
}

// `photos` maps file names to bytes; `strangers` names what was handed in and is none of the pack's.
async function checkAll(bundleBytes, policyText, photos, strangers) {
  const findings = new Findings();
  const result = { findings, bundle: null, entries: [], trees: [], policy: null };
  try {
    result.bundle = readBundle(bundleBytes);
    result.policy = await readPolicy(policyText ?? result.bundle.policy);
    await checkRead(result, photos);
  } catch (error) {
    findings.fault("read", "read", { detail: error.message });
  }
  for (const file of strangers) findings.fault("photos", "stranger", { file });
  return result;
}

async function checkRead(result, photos) {
  const { bundle, policy, findings } = result;
  for (const entry of bundle.entries) {
    try {
      result.entries.push(readEntry(entry, bundle.origin, result.entries.at(-1)));
    } catch {
      findings.fault("entries", "leaf", { index: entry.index });
    }
  }
  const verdicts = result.entries.filter(({ leaf }) => leaf.type === "verdict");
  const records = new Map(verdicts.map(({ leaf }) => [recordId(leaf.body.device), leaf.body]));
  findings.seen("read");
  result.trees = await checkProofs(result.entries, policy, bundle.origin, findings);
  await checkContent(result.entries, bundle, findings);
  await checkDevices(result.entries, findings);
  checkRefunds(result.entries, findings);
  await checkOpenings(bundle.openings, records, findings);
  await checkPhotos(bundle.images, photos, records, findings);
}
