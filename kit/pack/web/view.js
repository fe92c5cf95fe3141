// The page: what was found, in the reader's language. Every text goes in as text, never as markup.
const PACK = JSON.parse(document.getElementById("pack").textContent);
const state = {
  language: navigator.language.toLowerCase().startsWith("zh") ? "zh_CN" : "en",
  dropped: new Map(),
  result: null,
  able: Boolean(globalThis.crypto?.subtle),
};

function say(key, values) {
  const text = PACK.words[state.language][key] ?? key.slice(key.indexOf(".") + 1);
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values?.[name] ?? "…"));
}

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "place") Object.assign(node.style, value);
    else node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

const ofType = (type) => state.result.entries.filter(({ leaf }) => leaf.type === type);
const clock = (text) => text.replace("T", " ").replace(/(\.\d+)?Z$/, "");

function money(minor, currency) {
  let digits = 2;
  try {
    digits = new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits;
  } catch { /* a currency that the browser does not know */ }
  return `${(minor / 10 ** digits).toFixed(digits)} ${currency}`;
}

// What was dropped, by what it stands for.
function inputs() {
  const taken = {
    bundle: fromBase64(PACK.bundle), policy: null, photos: new Map(), strangers: [],
  };
  for (const [file, content] of Object.entries(PACK.photos)) taken.photos.set(file, fromBase64(content));
  for (const [name, bytes] of state.dropped) {
    const photo = [...taken.photos.keys()].find((file) => file.split("/").pop() === name);
    if (photo) taken.photos.set(photo, bytes);
    else if (name === "bundle.json") taken.bundle = bytes;
    else if (name.startsWith("policy") || name.endsWith(".policy")) taken.policy = new TextDecoder().decode(bytes);
    else taken.strangers.push(name);
  }
  return taken;
}

async function check() {
  if (state.able) {
    const taken = inputs();
    const result = await checkAll(taken.bundle, taken.policy, taken.photos, taken.strangers);
    Object.assign(state, { result, photos: taken.photos });
  }
  show();
}

async function take(files) {
  for (const file of files) state.dropped.set(file.name, new Uint8Array(await file.arrayBuffer()));
  await check();
}

function banner() {
  const kind = !state.able ? "unable" : !state.result ? "checking" : state.result.findings.good ? "good" : "bad";
  const sign = { unable: "?", checking: "…", good: "✓", bad: "✗" }[kind];
  const more = kind === "checking" ? null : make("p", {}, say(`page.${kind}_more`));
  const words = make("div", {}, make("h2", {}, say(`page.${kind}`)), more);
  return make("div", { class: `verdict ${kind}`, role: "status" }, make("div", { class: "sign" }, sign), words);
}

function checkNotes(name, { seen, faults }) {
  if (faults.length > 0) return faults.slice(0, 8).map(([what, values]) => say(`page.${what}`, values));
  if (name === "witness") return witnessNotes();
  if (name === "read") return [];
  const notes = seen === 0 ? [say("page.none_here")] : [];
  const missing = name === "photos" ? evidenceRows().filter((row) => !row.image).length : 0;
  return missing > 0 ? [...notes, say("page.photos_missing", { count: missing })] : notes;
}

function witnessNotes() {
  const names = new Set(state.result.trees.flatMap((tree) => [...tree.cosigned.keys()]));
  const notes = names.size > 0 ? [[...names].join(", ")] : [];
  return state.result.policy?.quorum === "none" ? [...notes, say("page.no_witness")] : notes;
}

function isNeutral(name, { seen }) {
  if (name === "witness") return state.result.policy?.quorum === "none";
  return name !== "read" && seen === 0;
}

function checkRow(name) {
  const check = state.result.findings.checks[name];
  const kind = check.faults.length > 0 ? "bad" : isNeutral(name, check) ? "none" : "good";
  const notes = checkNotes(name, check).map((note) => make("small", {}, note));
  const sign = make("span", { class: "sign" }, { bad: "✗", none: "–", good: "✓" }[kind]);
  return make("div", { class: `check ${kind}`, id: `check-${name}` }, sign, make("div", {}, say(`page.check_${name}`), notes));
}

function checksSection() {
  return make("section", {}, make("h3", {}, say("page.checks")), CHECKS.map(checkRow));
}

function resultSection() {
  const verdict = ofType("verdict").at(-1)?.leaf.body;
  if (!verdict) return make("section", {});
  const refund = ofType("refund.instruction").at(-1)?.leaf.body;
  const owed = refund ? `${say(`refund.${refund.kind}`)} · ${money(refund.target_total_minor, refund.currency)}` : "–";
  const rows = [
    ["pack.unit", verdict.unit.id], ["pack.product", verdict.unit.sku],
    ["pack.merchant", verdict.merchant],
    ["page.disposition", `${say(`disposition.${verdict.verdict.disposition}`)} · ${say(`channel.${verdict.verdict.channel}`)}`],
    ["page.refund", owed], ["pack.decided", `${say(`verdict.${verdict.verdict.kind}`)} · ${say(`role.${verdict.verdict.role}`)}`],
    ["pack.station", verdict.station], ["pack.device_time", `${clock(verdict.clock.device_time)} UTC`],
  ];
  const list = rows.map(([key, value]) => [make("dt", {}, say(key)), make("dd", {}, value)]);
  return make("section", {}, make("h3", {}, say("pack.result")),
    make("p", { class: "grade" }, say(`grade.${verdict.verdict.grade}`)), make("dl", {}, list.flat()));
}

function evidenceRows() {
  return ofType("verdict").flatMap(({ leaf: { body } }) => body.evidence.map((item, at) => {
    const record = recordId(body.device);
    const image = state.result.bundle.images.find(
      (each) => each.record === record && each.ciphertext_sha256 === item.ciphertext_sha256);
    return { image, item, number: body.unit.inspection, findings: body.findings.map((row, number) => ({ row, number })).filter(({ row }) => row[5] === at) };
  }));
}

function boxOf({ row, number }) {
  if (!row[7]) return null;
  const [left, top, width, height] = row[7].map((ppm) => `${ppm / 10000}%`);
  return make("span", { class: "box", place: { left, top, width, height } }, make("b", {}, String(number + 1)));
}

function photoFigure({ image, item, number, findings }) {
  const bad = image && state.result.findings.checks.photos.faults.some(([, values]) => values.file === image.file);
  const bytes = image && state.photos.get(image.file);
  const frame = bytes
    ? [make("img", { src: `data:${image.media_type};base64,${toBase64(bytes)}`, alt: item.view }), findings.map(boxOf)]
    : [make("div", { class: "gone" }, say("pack.photo_withheld"))];
  const told = findings.map(({ row, number }) => `${number + 1}. ${say(`defect.${row[0]}`)}, ${say(`severity.${row[2]}`)}`);
  const caption = make("figcaption", {}, make("b", {}, `${say("pack.inspection")} ${number} · ${item.view}`), ` ${image ? image.file : ""}`, told.length ? make("br") : null, told.join(" · "));
  return make("figure", { class: bad ? "bad" : "" }, make("div", { class: "frame" }, frame.flat()), caption);
}

function photosSection() {
  const rows = evidenceRows();
  if (rows.length === 0) return null;
  return make("section", {}, make("h3", {}, say("page.photos")), make("div", { class: "photos" }, rows.map(photoFigure)));
}

function told({ type, body }) {
  if (type === "verdict") return `${say(`grade.${body.verdict.grade}`)} · ${say(`disposition.${body.verdict.disposition}`)}`;
  if (type === "refund.instruction") return `${say(`refund.${body.kind}`)} · ${money(body.target_total_minor, body.currency)}`;
  if (type === "refund.outcome") return `${say(`outcome.${body.status}`)} · ${money(body.refunded_total_minor, body.currency)}`;
  if (type === "correction" || type === "reversal") return `${body.corrects ?? body.reverses} · ${body.reason}`;
  if (type === "logistics") return String(body.parcel ?? "");
  return String(body.station ?? "");
}

function historySection() {
  const heads = ["pack.entry", "pack.recorded", "pack.kind", ""].map((key) => make("th", {}, key && say(key)));
  const rows = state.result.entries.map(({ leaf, index }) => make("tr", {}, make("td", { class: "number" }, String(index)),
    make("td", { class: "number" }, clock(leaf.recorded_at)), make("td", {}, say(`entry.${leaf.type}`)), make("td", {}, told(leaf))));
  return make("section", {}, make("h3", {}, say("page.history")), make("table", {}, make("tr", {}, heads), rows));
}

function valuesSection() {
  const { openings } = state.result.bundle;
  if (openings.length === 0) return null;
  const rows = openings.map(({ field, value }) => [make("dt", {}, say(`pack.${field}`)), make("dd", {}, value)]);
  return make("section", {}, make("h3", {}, say("page.values")), make("dl", {}, rows.flat()));
}

function keysSection() {
  const { policy, trees } = state.result;
  const trusted = [...policy.logs.map((key) => ["pack.log", key]), ...policy.witnesses.map((key) => ["pack.witnesses", key])];
  const rows = trusted.map(([name, key]) => [make("dt", {}, say(name)), make("dd", {}, make("code", {}, key.text))]);
  const roots = trees.map(({ checkpoint }) => [make("dt", {}, say("pack.root")),
    make("dd", {}, make("code", {}, toBase64(checkpoint.root)), ` · ${say("page.entries", { count: checkpoint.size })}`)]);
  return make("section", {}, make("h3", {}, say("page.keys")), make("dl", {}, rows.flat(), roots.flat()),
    make("p", { class: "foot" }, say("page.keys_more")));
}

function dropSection() {
  const input = make("input", { type: "file", multiple: "", id: "files", onchange: (event) => take(event.target.files) });
  const names = [...state.dropped.keys()].join(", ");
  const reset = () => { state.dropped.clear(); return check(); };
  const used = names ? [make("p", { id: "dropped" }, say("page.dropped", { files: names })), make("button", { onclick: reset, id: "reset" }, say("page.reset"))] : [];
  return make("section", { class: "drop", id: "drop" }, make("strong", {}, say("page.drop")), make("p", {}, say("page.drop_more")), input,
    make("button", { onclick: () => input.click() }, say("page.choose")), " ", used);
}

function heading() {
  const other = state.language === "en" ? "zh_CN" : "en";
  const flip = () => { state.language = other; show(); };
  const unit = make("span", { class: "unit" }, state.result?.bundle?.unit ?? "");
  return make("header", {}, make("h1", {}, say("page.title")), unit,
    make("button", { onclick: flip, id: "language" }, other === "en" ? "English" : "中文"));
}

function show() {
  document.documentElement.lang = state.language === "en" ? "en" : "zh-CN";
  document.title = say("page.title");
  const parts = [heading(), banner()];
  if (state.result) parts.push(make("div", { class: "columns" }, checksSection(), state.result.bundle ? resultSection() : null));
  if (state.result?.policy) parts.push(photosSection(), historySection(), valuesSection(), keysSection());
  if (state.able) parts.push(dropSection());
  parts.push(make("p", { class: "foot" }, say("page.not_proven")));
  document.getElementById("page").replaceChildren(...parts.filter(Boolean));
}

for (const kind of ["dragover", "dragleave", "drop"]) {
  addEventListener(kind, (event) => {
    event.preventDefault();
    document.getElementById("drop")?.classList.toggle("over", kind === "dragover");
    if (kind === "drop" && state.able) take(event.dataTransfer.files);
  });
}
show();
check();
