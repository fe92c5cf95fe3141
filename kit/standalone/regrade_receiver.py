#!/usr/bin/env python3
"""Take Regrade's refund webhooks without installing Regrade: one file, Python 3.11 and `cryptography`.

    # `webhook_key` and `log_key` of GET /v1/log
    trust = Trust(keys=[Key("whpk_…")], log="centre.example/site/s1+…", merchant="m1")
    create(payments)                                  # a sqlite3 connection

    def receive(headers, body):                       # your route; `body` is the raw bytes
        try:
            instruction = check_event(headers, body, trust, time.time())
            if wait := wait_s(instruction, time.time()):
                return 425, {"retry-after": str(math.ceil(wait))}  # the bench may still take it back
            with payments:                            # one transaction: remembered and paid, or neither
                if offer(payments, instruction) == "new" and instruction["kind"] in PAID:
                    pay(instruction["target_total_minor"] - paid_so_far(instruction["unit"]))
        except Refused as refused:
            return refused.status, {}                 # never pay; refused.code and str(refused) say why
        return 204, {}

An instruction states the total owed for one unit, never a difference, and comes at least once: keep the
table for ever. Believed is what the webhook's key signed, what the log's key signed, and what stands in
the log under a checkpoint that enough of your witnesses have seen. This file is set closely: read it whole.
"""

import base64, hashlib, hmac, json, re, sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PAID = ("approve", "partial")  # kinds that are to be paid; `hold` and `deny_proposed` wait for a person
TOLERANCE_S, MAX_BODY, MAX_LEAF, MOST_KEYS = 300, 64 * 1024, 8192, 8
STATUS = {"untrusted": 401, "malformed": 400, "contradiction": 409, "conflict": 409}
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError)
PRIME = 2**255 - 19
SMALL_ORDER = {0, 1, PRIME - 1, 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
               0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7}
FORMS = {
    "id": "[A-Za-z0-9_./-]{1,48}#[0-9]{1,4}", "unit": "[A-Za-z0-9_./-]{1,48}",
    "merchant": "[A-Za-z0-9_-]{1,24}", "site": "[A-Za-z0-9_-]{1,24}",
    "currency": "[A-Z]{3}", "kind": "approve|partial|hold|deny_proposed",
    "issued_at": "[0-9]{4}(-[0-9]{2}){2}T([01][0-9]|2[0-3])(:[0-9]{2}){2}[.][0-9]{6}Z",
}

class Refused(ValueError):
    """An event that must not move money; `code` is one of STATUS."""
    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code, self.status = code, STATUS[code]

def need(holds: object, code: str, why: str) -> None:  # or it is refused
    if not holds: raise Refused(code, why)

# keys
def raw(text: object) -> bytes:  # base64 in its one spelling
    found = base64.b64decode(str(text), validate=True)
    if base64.b64encode(found).decode() != text: raise ValueError("not base64 in its one spelling")
    return found

def good_point(point: bytes) -> bool:  # an Ed25519 key, or R, in its one form and not of small order
    y = int.from_bytes(point, "little") & (2**255 - 1)
    return len(point) == 32 and y < PRIME and y not in SMALL_ORDER

def signed(public: bytes, signature: bytes, message: bytes) -> bool:  # does an Ed25519 signature hold?
    try: Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError): return False
    return good_point(signature[:32])  # libraries differ on an R of small order

@dataclass(frozen=True)
class Key:
    """A key for webhooks: `whpk_…` (Ed25519) or `whsec_…` (HMAC), good until `not_after` (s since 1970)."""
    text: str = field(repr=False)
    not_after: float | None = None
    secret: bool = field(init=False)
    content: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        prefix, _, encoded = self.text.partition("_")
        content = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        good = 24 <= len(content) <= 64 if prefix == "whsec" else prefix == "whpk" and good_point(content)
        if not good: raise ValueError("a key is whsec_ and 24 to 64 bytes, or whpk_ and 32, in base64")
        object.__setattr__(self, "secret", prefix == "whsec")
        object.__setattr__(self, "content", content)

    def fits(self, content: bytes, signatures: Sequence[tuple[str, bytes]]) -> bool:
        if self.secret:
            wanted = hmac.digest(self.content, content, "sha256")
            return any(hmac.compare_digest(wanted, given) for version, given in signatures if version == "v1")
        return any(signed(self.content, given, content) for version, given in signatures if version == "v1a")

def note_key(vkey: str, kind: int) -> tuple[str, bytes, bytes]:  # name, id and key of c2sp.org/signed-note
    name, id, encoded = vkey.split("+", 2)
    key = raw(encoded)
    right = hashlib.sha256(name.encode() + b"\n" + key).digest()[:4]
    good = len(key) == 33 and key[0] == kind and right.hex() == id and good_point(key[1:])
    if not good: raise ValueError(f"the key of {name} is wrong")
    return name, right, key[1:]

@dataclass(frozen=True, kw_only=True)
class Trust:
    """Whom you believe; get it over a line that you trust, and compare it with the operator."""
    keys: Sequence[Key]  # for webhooks: two while a new one replaces an old one
    log: str  # `log_key` of GET /v1/log
    merchant: str
    witnesses: Sequence[str] = ()  # keys of witnesses that you trust (c2sp.org/tlog-witness), best your own
    quorum: int = 0  # how many of them must have seen an entry before it is paid
    proof_needed: bool = True  # refuse an event without a proof that it stands in the log

    def __post_init__(self) -> None:
        names = {note_key(witness, 4)[2] for witness in self.witnesses} if note_key(self.log, 1) else set()
        good = 0 <= self.quorum <= len(names) and 1 <= len(self.keys) <= MOST_KEYS
        if not good: raise ValueError("a quorum of more witnesses than there are, or no key, or more than 8")

# the webhook (Standard Webhooks 1.0)
def check_webhook(headers: Mapping[str, str], body: bytes, keys: Sequence[Key], now_s: float) -> str:
    """Return the webhook's id; raises Refused."""
    need(len(body) <= MAX_BODY, "malformed", f"an event has at most {MAX_BODY} bytes")
    named = {name.lower(): value for name, value in headers.items()}
    names = ("webhook-id", "webhook-timestamp", "webhook-signature")
    need(not (missing := [name for name in names if name not in named]), "malformed", f"no {missing} header")
    id, timestamp, listed = (named[name] for name in names)
    times = [int(part) for part in id.split(".")[1:] if re.fullmatch("[0-9]{10}", part)]
    good_id = re.fullmatch("[!-~]{1,128}", id) and not any(abs(now_s - at) <= TOLERANCE_S for at in times)
    need(good_id, "untrusted", "webhook-id is too long, not ASCII, or holds what could be the time")
    need(re.fullmatch("[0-9]{1,12}", timestamp), "untrusted", "webhook-timestamp is not a number of seconds")
    late_s = now_s - int(timestamp)
    need(abs(late_s) <= TOLERANCE_S, "untrusted", f"webhook-timestamp is {late_s:.0f} s from our clock")
    parts = listed.split() if len(listed) <= 4096 else []
    need(1 <= len(parts) <= MOST_KEYS, "untrusted", "webhook-signature has none, or too many signatures")
    content = f"{id}.{timestamp}.".encode() + body
    signatures = [(part.partition(",")[0], _decoded(part.partition(",")[2])) for part in parts]
    fitting = [key for key in keys if key.fits(content, signatures)]
    need(fitting, "untrusted", "no webhook-signature fits the body and a key")
    current = any(key.not_after is None or now_s <= key.not_after for key in fitting)
    need(current, "untrusted", "webhook-signature fits an old key, past its overlap")
    return id

def _decoded(text: str) -> bytes:  # a signature; none where it cannot be read, which fits no key
    try: return base64.b64decode(text, validate=True)
    except ValueError: return b""

# the event
def check_event(headers: Mapping[str, str], body: bytes, trust: Trust, now_s: float) -> dict[str, Any]:
    """Return the instruction of an event that may be believed; raises Refused."""
    id = check_webhook(headers, body, trust.keys, now_s)
    try:
        event = json.loads(body, object_pairs_hook=_once)
        instruction: dict[str, Any] = event["instruction"]
        _check_form(event, instruction)
        need(id == instruction["id"], "contradiction", "webhook-id is not the instruction's id")
        index, leaf, record = _proven_record(event["verdict"], trust)
        _compare(instruction, record, trust.merchant)
        if event.get("proof") is None:
            need(not trust.proof_needed and not trust.quorum, "untrusted", "the event has no proof")
            return instruction
        told, said = _entry(event["proof"], instruction, record, trust)
        need(told == said, "contradiction", "the instruction is not what its entry in the ledger says")
        need(check_proof(event["proof"]["verdict"], leaf, trust) == index, "contradiction", "another's proof")
    except Refused: raise
    except UNREADABLE as error:
        raise Refused("malformed", f"no event of Regrade: {type(error).__name__}") from error
    return instruction

def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:  # an object in which no name stands twice
    need(len(dict(pairs)) == len(pairs), "malformed", "a name stands twice in an object")
    return dict(pairs)

def _form(value: Any) -> str:  # the one form of a value (RFC 8785)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

def _check_form(event: Any, told: Any) -> None:
    need(event["type"] == "refund.instruction" and told["v"] == 1, "malformed", "another kind of event")
    for name, form in FORMS.items():
        need(isinstance(told[name], str) and re.fullmatch(form, told[name]), "malformed", name)
    for name, least, most in (("number", 1, 9999), ("target_total_minor", 0, 2**53 - 1)):
        need(type(told[name]) is int and least <= told[name] <= most, "malformed", name)
    need(isinstance(told["images"], list) and len(told["images"]) <= 6, "malformed", "images")
    for time in (told["issued_at"], told.get("not_before") or told["issued_at"]):
        need(re.fullmatch(FORMS["issued_at"], time) and datetime.fromisoformat(time), "malformed", "a time")

def _leaf(content: bytes, origin: str, kind: str) -> Any:  # an entry of the log, in its one form
    value = json.loads(content, object_pairs_hook=_once)
    fields = {"v", "log", "seq", "prev", "type", "id", "recorded_at", "device", "body"}
    good = _form(value).encode() == content and len(content) <= MAX_LEAF and value.keys() == fields
    need(good and value["v"] == 1, "malformed", "the entry is not in its one form")
    need((value["log"], value["type"]) == (origin, kind), "contradiction", f"the entry is no {kind}")
    return value

def _proven_record(receipt: Any, trust: Trust) -> tuple[int, bytes, Any]:
    origin, _, public = note_key(trust.log, 1)
    index, leaf = receipt["index"], raw(receipt["leaf"])
    node = hashlib.sha256(b"\0" + leaf).hexdigest()
    content = f"regrade/receipt/v1\n{receipt['origin']}\n{index}\n{node}\n".encode()
    holds = signed(public, raw(receipt["signature"]), content)
    need(holds, "untrusted", "the receipt is not signed by the log")
    value = _leaf(leaf, origin, "verdict")
    need((receipt["origin"], value["seq"]) == (origin, index), "untrusted", "a receipt of another entry")
    named = "verdict:{key}/{boot}/{counter}".format(**value["body"]["device"])
    need(value["id"] == named, "contradiction", "the leaf's id is not its record's")
    return index, leaf, value["body"]

def _compare(told: Any, record: Any, merchant: str) -> None:  # what it says of the unit stands in the verdict
    verdict, number = record["verdict"], told["number"]
    shown = {image["ciphertext_sha256"] for image in record["evidence"]}
    lower = {f"{told['unit']}#{one}" for one in range(1, number)}
    pairs = {name: told[name] == verdict[name] for name in ("grade", "disposition", "exception")} | {
        "merchant": told["merchant"] == record["merchant"] == merchant,
        "site": told["site"] == record["site"], "unit": told["unit"] == record["unit"]["id"],
        "images": set(told["images"]) <= shown,
        "id": told["id"] == f"{told['unit']}#{number}",
        "replaces": told.get("replaces") is None or told["replaces"] in lower,
    }
    wrong = [name for name, right in pairs.items() if not right]
    need(not wrong, "contradiction", f"the instruction contradicts its verdict in {wrong}")

def _entry(proof: Any, told: Any, record: Any, trust: Trust) -> tuple[Any, Any]:
    """What the instruction says, and what its entry says, in one form; the entry is proven here."""
    leaf = raw(proof["leaf"])
    value = _leaf(leaf, note_key(trust.log, 1)[0], "refund.instruction")
    need(value["id"] == f"instruction:{told['id']}", "contradiction", "the proof is of another instruction")
    need(check_proof(proof["instruction"], leaf, trust) == value["seq"], "contradiction", "another's proof")
    whole = {**told, "order": None, "order_commitment": record["personal"]["order"]}
    both = [{k: v for k, v in each.items() if v not in (None, [])} for each in (whole, value["body"])]
    return both[0], both[1]

# the log (c2sp.org/tlog-proof, tlog-checkpoint, tlog-cosignature)
def check_proof(text: str, leaf: bytes, trust: Trust) -> int:
    """Return the index at which the leaf stands, under a checkpoint that is believed; raises Refused."""
    head, _, note = text.partition("\n\n")
    form = r"c2sp\.org/tlog-proof@v1(?:\nextra .*)?\nindex (0|[1-9]\d*)((?:\n\S+)*)"
    found: Any = re.fullmatch(form, head)
    need(found, "malformed", "no tlog-proof")
    index, path = int(found[1]), [raw(line) for line in found[2].split()]
    size, root = open_checkpoint(note, trust)
    at = hashlib.sha256(b"\0" + leaf).digest()
    inner = (index ^ (size - 1)).bit_length()  # so high, the leaf's branch joins that of the last leaf
    for height, node in enumerate(path):
        left = height >= inner or index >> height & 1
        at = hashlib.sha256(b"\1" + (node + at if left else at + node)).digest()
    whole = index < size and len(path) == inner + (index >> inner).bit_count() and at == root
    need(whole, "untrusted", f"the proof of entry {index} does not hold")
    return index

def open_checkpoint(note: str, trust: Trust) -> tuple[int, bytes]:
    """Size and root of a checkpoint that the log signed, and enough witnesses; raises Refused."""
    form = "((.+)\n(0|[1-9][0-9]*)\n(.+)\n(?:.+\n)*)\n((?:\u2014 [^ \n]+ [^ \n]+\n)+)"
    found: Any = re.fullmatch(form, note)
    need(found and not re.search("[\x00-\x09\x0b-\x1f]", note), "malformed", "no signed checkpoint")
    text, origin, size, root, lines = found.groups()
    log, by_log, seen = note_key(trust.log, 1), False, set[bytes]()
    witnesses = {each[:2]: each[2] for each in (note_key(vkey, 4) for vkey in trust.witnesses)}
    for name, encoded in re.findall("\u2014 ([^ \n]+) (.+)", lines):
        signature = raw(encoded)
        if (name, signature[:4]) == log[:2]:
            by_log = signed(log[2], signature[4:], text.encode())
            need(by_log, "untrusted", "the checkpoint is not signed by the log")
        elif (name, signature[:4]) in witnesses:
            said = f"cosignature/v1\ntime {int.from_bytes(signature[4:12])}\n{text}".encode()
            key = witnesses[name, signature[:4]]
            need(signed(key, signature[12:], said), "untrusted", f"the checkpoint is not cosigned by {name}")
            seen.add(key)
    need(by_log and origin == log[0], "untrusted", "the checkpoint is not of the log")
    need(len(seen) >= trust.quorum, "untrusted", "too few witnesses have seen it")
    return int(size), raw(root)

# what came before, and what became of it
def create(connection: sqlite3.Connection) -> None:
    """Make the table where there is none: in the database of your payments."""
    connection.execute("CREATE TABLE IF NOT EXISTS regrade_taken (merchant TEXT NOT NULL, id TEXT NOT NULL, "
                       "unit TEXT NOT NULL, number INTEGER NOT NULL, sha256 TEXT NOT NULL, "
                       "PRIMARY KEY (merchant, id))")

def offer(connection: sqlite3.Connection, told: Mapping[str, Any]) -> str:
    """Take it up: `new`, `same` or `superseded`; raises Refused for other content under its id."""
    if not connection.in_transaction: connection.execute("BEGIN IMMEDIATE")  # one receiver at a time
    unit, sha = (told["merchant"], told["unit"]), hashlib.sha256(_form(told).encode()).hexdigest()
    query = "SELECT id, number, sha256 FROM regrade_taken WHERE merchant = ? AND unit = ?"
    known = {id: (number, content) for id, number, content in connection.execute(query, unit)}
    same = known.get(told["id"], (0, sha))[1] == sha
    need(same, "conflict", f"{told['id']} came before with another content")
    if told["id"] in known: return "same"
    row = (unit[0], told["id"], unit[1], told["number"], sha)
    connection.execute("INSERT INTO regrade_taken VALUES (?, ?, ?, ?, ?)", row)
    return "superseded" if any(number > told["number"] for number, _ in known.values()) else "new"

def wait_s(told: Mapping[str, Any], now_s: float) -> float:
    """How long nothing may be paid yet; do not offer it before."""
    at = told.get("not_before")
    return max(0.0, datetime.fromisoformat(at).timestamp() - now_s) if at else 0.0

def sign_outcome(outcome: Mapping[str, Any], private: bytes, now_s: float) -> tuple[dict[str, str], bytes]:
    """Headers and body of `POST /v1/refunds/outcomes`; `private` is the raw Ed25519 key of your endpoint."""
    body = _form(outcome).encode()
    id, at = f"outcome_{hashlib.sha256(body).hexdigest()[:32]}", str(int(now_s))
    signature = Ed25519PrivateKey.from_private_bytes(private).sign(f"{id}.{at}.".encode() + body)
    headers = {"webhook-id": id, "webhook-timestamp": at, "content-type": "application/json"}
    return headers | {"webhook-signature": "v1a," + base64.b64encode(signature).decode()}, body
