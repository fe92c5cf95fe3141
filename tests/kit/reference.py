"""A verifier written from the specifications alone: RFC 6962, C2SP signed-note, tlog-*, RFC 8785 in short.

Nothing of ours is imported and nothing was copied: trees are computed by the recursive definitions, proofs
are followed from the root down. It decides, and does not explain; two others are held against it.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

Files = dict[str, bytes]
SLACK = timedelta(minutes=5)
DECIDED = (AssertionError, ValueError, KeyError, TypeError, IndexError, InvalidSignature, RecursionError)
"""What it raises when something does not hold."""


def b64(text: str) -> bytes:
    raw = base64.b64decode(text.encode("ascii"), validate=True)
    assert base64.b64encode(raw).decode() == text
    return raw


def sha256(content: bytes) -> bytes:
    return hashlib.sha256(content).digest()


# RFC 8032, section 5.1, and RFC 7748, section 6: the y of the points whose order divides 8
LOW_ORDER = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
}


def check_signature(key: bytes, message: bytes, signature: bytes) -> None:
    r = signature[:31] + bytes([signature[31] & 0x7F])
    assert r.hex() not in LOW_ORDER
    Ed25519PublicKey.from_public_bytes(key).verify(signature, message)


# RFC 6962, section 2.1: MTH({}) = H(), MTH({d}) = H(0x00 || d),
# MTH(D[n]) = H(0x01 || MTH(D[0:k]) || MTH(D[k:n]))
def largest_power_below(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def tree_hash(leaf_hashes: list[bytes]) -> bytes:
    n = len(leaf_hashes)
    if n < 2:
        return leaf_hashes[0] if n else sha256(b"")
    k = largest_power_below(n)
    return sha256(b"\x01" + tree_hash(leaf_hashes[:k]) + tree_hash(leaf_hashes[k:]))


# Section 2.1.1: PATH(m, D[n]) = PATH(m, D[0:k]) : MTH(D[k:n]) for m < k,
# else PATH(m - k, D[k:n]) : MTH(D[0:k])
def root_over_path(leaf_hash: bytes, m: int, n: int, path: list[bytes]) -> bytes:
    if n == 1:
        assert m == 0 and not path
        return leaf_hash
    k, sibling = largest_power_below(n), path[-1]
    if m < k:
        return sha256(b"\x01" + root_over_path(leaf_hash, m, k, path[:-1]) + sibling)
    return sha256(b"\x01" + sibling + root_over_path(leaf_hash, m - k, n - k, path[:-1]))


def no_fraction(text: str) -> Any:
    raise ValueError(text)


def read_json(content: bytes, *fields: str) -> dict[str, Any]:
    value = json.loads(content, parse_float=no_fraction, parse_constant=no_fraction)
    assert isinstance(value, dict) and canonical(value) == content
    assert set(value) == set(fields)
    return value


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


@dataclass
class Trust:
    """A policy of one log and named witnesses, with groups."""

    logs: dict[tuple[str, bytes], bytes] = field(default_factory=dict)
    witnesses: dict[tuple[str, bytes], tuple[str, bytes]] = field(default_factory=dict)
    groups: dict[str, tuple[int, list[str]]] = field(default_factory=dict)
    quorum: str = ""

    def meets(self, name: str, seen: set[str]) -> bool:
        if name in self.groups:
            threshold, members = self.groups[name]
            return len([each for each in members if self.meets(each, seen)]) >= threshold
        return name == "none" or name in seen


def read_trust(text: bytes) -> Trust:
    trust = Trust()
    for line in text.decode().splitlines():
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0] == "log":
            name, id, key = read_key(words[1], 1)
            trust.logs[name, id] = key
        elif words[0] == "witness":
            name, id, key = read_key(words[2], 4)
            trust.witnesses[name, id] = (words[1], key)
        elif words[0] == "group":
            threshold = {"all": len(words) - 3, "any": 1}.get(words[2]) or int(words[2])
            assert words[2] in ("all", "any", str(threshold)) and 1 <= threshold <= len(words) - 3
            members = [each for _, group in trust.groups.values() for each in group] + words[3:]
            assert len(members) == len(set(members))
            trust.groups[words[1]] = (threshold, words[3:])
        else:
            assert words[0] == "quorum" and not trust.quorum
            trust.quorum = words[1]
    assert trust.quorum
    return trust


def read_key(vkey: str, algorithm: int) -> tuple[str, bytes, bytes]:
    name, id, encoded = vkey.split("+", 2)
    key = b64(encoded)
    assert len(key) == 33 and key[0] == algorithm
    assert sha256(name.encode() + b"\n" + key)[:4] == bytes.fromhex(id)
    return name, bytes.fromhex(id), key[1:]


@dataclass
class Seen:
    """A checkpoint that was believed."""

    origin: str
    size: int
    root: bytes
    at: list[datetime]


def open_note(note: bytes, trust: Trust, quorum: bool = True) -> Seen:
    whole = note.decode()
    assert all(char == "\n" or ord(char) >= 32 for char in whole)
    body, blank, signatures = whole.rpartition("\n\n")
    assert blank and signatures.endswith("\n")
    body += "\n"
    origin, size, root, *rest = body.split("\n")
    assert origin and all(rest[:-1]) and rest[-1] == "" and str(int(size)) == size and int(size) >= 0
    own, seen, times = False, set(), dict[str, int]()
    for line in signatures[:-1].split("\n"):
        dash, name, encoded = line.split(" ")
        assert dash == "\u2014" and name
        raw = b64(encoded)
        id, signature = raw[:4], raw[4:]
        assert signature
        if (name, id) in trust.logs and name == origin:
            check_signature(trust.logs[name, id], body.encode(), signature)
            own = True
        if (name, id) in trust.witnesses:
            witness, key = trust.witnesses[name, id]
            time = int.from_bytes(signature[:8], "big")
            check_signature(key, b"cosignature/v1\ntime %d\n" % time + body.encode(), signature[8:])
            seen.add(witness)
            times[witness] = max(time, times.get(witness, 0))
    assert own and (not quorum or trust.meets(trust.quorum, seen))
    raw_root = b64(root)
    assert len(raw_root) == 32
    moments = [datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=time) for time in times.values()]
    return Seen(origin, int(size), raw_root, moments)


LEAF = ("v", "log", "seq", "prev", "type", "id", "recorded_at", "device", "body")
TYPES = (
    "verdict", "correction", "reversal", "refund.instruction", "refund.outcome", "logistics", "key.add",
    "key.revoke", "policy", "model", "calibration", "autonomy", "approval", "access", "erasure",
)  # fmt: skip


@dataclass
class Ledger:
    """What the entries so far have said."""

    origin: str
    keys: dict[str, bytes] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    ids: list[str] = field(default_factory=list)
    times: list[datetime] = field(default_factory=list)
    counters: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    strangers: int = 0

    def read(self, leaf: bytes, index: int) -> dict[str, Any]:
        value = read_json(leaf, *LEAF)
        assert len(leaf) <= 8192 and value["v"] == 1 and value["type"] in TYPES
        assert value["log"] == self.origin and value["seq"] == index and type(value["seq"]) is int
        assert value["id"] not in self.ids
        self.ids.append(value["id"])
        time = datetime.strptime(value["recorded_at"] + "+0000", "%Y-%m-%dT%H:%M:%S.%fZ%z")
        assert value["recorded_at"] == time.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
        self.times.append(time)
        if value["type"] == "key.add":
            self.add(value)
        elif value["type"] == "key.revoke":
            self.revoke(value)
        elif value["type"] == "verdict":
            self.verdict(value)
        return value

    def add(self, value: dict[str, Any]) -> None:
        key = b64(value["body"]["public_key"])
        name = hashlib.sha256(key).hexdigest()[:32]
        assert len(key) == 32 and value["id"] == "key:" + name
        if value["body"].get("role", "station") == "station":
            self.keys[name] = key

    def revoke(self, value: dict[str, Any]) -> None:
        self.revoked.add(value["body"]["key"])

    def verdict(self, value: dict[str, Any]) -> None:
        body, device = value["body"], value["body"]["device"]
        name = device["key"]
        assert value["id"] == f"verdict:{name}/{device['boot']}/{device['counter']}"
        assert body["origin"] == self.origin and value["device"]["key"] == name and name not in self.revoked
        self.counters.setdefault((name, device["boot"]), set()).add(device["counter"])
        if name in self.keys:
            signature = b64(value["device"]["signature"])
            check_signature(self.keys[name], b"regrade/record/v1\n" + canonical(body), signature)
        else:
            self.strangers += 1

    def gaps(self) -> bool:
        return any(max(seen) != len(seen) for seen in self.counters.values())


def check_log(files: Files, trust: Trust, receipts: list[bytes], checkpoints: list[bytes]) -> bool:
    """The whole log; returns whether counters show that something is missing."""
    header_line, *leaves, rest = files["leaves.jsonl"].split(b"\n")
    assert rest == b""
    header = read_json(header_line, "v", "kind", "origin", "size", "head", "log_public_key", "checkpoint")
    assert (header["v"], header["kind"]) == (2, "regrade-export")
    newest = open_note(header["checkpoint"].encode(), trust)
    assert (header["origin"], header["size"]) == (newest.origin, newest.size)
    assert b64(header["log_public_key"]) in trust.logs.values()
    hashes = [sha256(b"\x00" + leaf) for leaf in leaves]
    assert len(leaves) == newest.size
    ledger, prev = Ledger(newest.origin), "0" * 64
    for index, leaf in enumerate(leaves):
        assert ledger.read(leaf, index)["prev"] == prev
        prev = hashes[index].hex()
    assert header["head"] == prev
    older = {name: open_note(note, trust, False) for name, note in files.items() if "checkpoints/" in name}
    assert all(name == f"checkpoints/{seen.size}" for name, seen in older.items())
    held = [open_note(note, trust, False) for note in checkpoints]
    for seen in (newest, *older.values(), *held):
        assert seen.origin == newest.origin and seen.size <= len(hashes)
        assert tree_hash(hashes[: seen.size]) == seen.root
        for moment in seen.at:
            assert all(time <= moment + SLACK for time in ledger.times[: seen.size])
            assert all(time >= moment - SLACK for time in ledger.times[seen.size :])
    for receipt in receipts:
        check_receipt(receipt, newest.origin, hashes, trust)
    if len(files) > 1:
        wanted = expected_tiles(hashes, leaves) | {"checkpoint": header["checkpoint"].encode()}
        others = {"leaves.jsonl", "policy", *older}
        assert {name: content for name, content in files.items() if name not in others} == wanted
    return ledger.gaps()


def check_receipt(content: bytes, origin: str, hashes: list[bytes], trust: Trust) -> None:
    receipt = json.loads(content)
    leaf_hash = sha256(b"\x00" + b64(receipt["leaf"]))
    message = f"regrade/receipt/v1\n{receipt['origin']}\n{receipt['index']}\n{leaf_hash.hex()}\n"
    key = next(key for (name, _), key in trust.logs.items() if name == origin)
    check_signature(key, message.encode(), b64(receipt["signature"]))
    assert receipt["origin"] == origin and hashes[receipt["index"]] == leaf_hash


def expected_tiles(hashes: list[bytes], leaves: list[bytes]) -> Files:
    """C2SP tlog-tiles; for logs of less than 256,000 entries, whose tiles have short names."""
    found: Files = {}
    level, row = 0, hashes
    while row:
        for start in range(0, len(row), 256):
            part = row[start : start + 256]
            name = f"{start // 256:03d}" + (f".p/{len(part)}" if len(part) < 256 else "")
            found[f"tile/{level}/{name}"] = b"".join(part)
            if level == 0:
                entries = leaves[start : start + 256]
                found[f"tile/entries/{name}"] = b"".join(
                    len(leaf).to_bytes(2, "big") + leaf for leaf in entries
                )
        row = [tree_hash(row[at : at + 256]) for at in range(0, len(row) - 255, 256)]
        level += 1
    return found


def check_one(proof: bytes, leaf: bytes, trust: Trust) -> tuple[int, Seen]:
    head, blank, note = proof.partition(b"\n\n")
    first, *lines = head.decode().split("\n")
    assert blank and first == "c2sp.org/tlog-proof@v1"
    if lines[0].startswith("extra "):
        b64(lines.pop(0)[6:])
    word, number = lines.pop(0).split(" ")
    assert word == "index" and str(int(number)) == number
    index, seen = int(number), open_note(note, trust)
    path = [b64(line) for line in lines]
    assert all(len(each) == 32 for each in path) and 0 <= index < seen.size
    assert root_over_path(sha256(b"\x00" + leaf), index, seen.size, path) == seen.root
    return index, seen


def check_pack(files: Files, trust: Trust) -> None:
    """An evidence pack: entries, fields and photos."""
    names = ("v", "kind", "origin", "unit", "merchant", "made_at", "policy", "entries", "openings", "images")
    bundle = read_json(files["bundle.json"], *names)
    assert (bundle["v"], bundle["kind"]) == (1, "regrade-evidence")
    ledger, records, wanted, last = Ledger(bundle["origin"]), {}, {"bundle.json"}, -1
    for entry in bundle["entries"]:
        leaf, proof = b64(entry["leaf"]), entry["proof"].encode()
        index, seen = check_one(proof, leaf, trust)
        assert last < index == entry["index"] and seen.origin == bundle["origin"]
        last, value = index, ledger.read(leaf, index)
        assert all(time <= moment + SLACK for moment in seen.at for time in ledger.times)
        assert files[f"leaves/{index}.json"] == leaf and files[f"proofs/{index}.tlog-proof"] == proof
        wanted |= {f"leaves/{index}.json", f"proofs/{index}.tlog-proof"}
        if value["type"] == "verdict":
            record = value["body"]
            assert (record["unit"]["id"], record["merchant"]) == (bundle["unit"], bundle["merchant"])
            records[value["id"].removeprefix("verdict:")] = record
        if value["type"] == "refund.instruction":
            assert any(agrees(value["body"], record) for record in records.values())
    assert records and not ledger.strangers
    for opening in bundle["openings"]:
        committed = records[opening["record"]]["personal"][opening["field"]]
        assert commitment(opening["salt"], opening["value"]) == committed
    for image in bundle["images"]:
        taken = [each for each in records[image["record"]]["evidence"] if fits(each, image)]
        digest = hashlib.sha256(files[image["file"]]).hexdigest()
        assert digest == image["sha256"] and taken
        assert commitment(image["salt"], digest) == taken[0]["plaintext_commitment"]
        wanted.add(image["file"])
    assert set(files) - wanted <= {"policy", "report.pdf", "verify.html", "regrade_verify.py"}


def fits(taken: dict[str, Any], image: dict[str, Any]) -> bool:
    return all(taken[name] == image[name] for name in ("ciphertext_sha256", "view", "media_type"))


def commitment(salt: str, value: str) -> str:
    key = b64(salt)
    assert len(key) == 32
    return hmac.new(key, canonical(value), "sha256").hexdigest()


def agrees(told: dict[str, Any], record: dict[str, Any]) -> bool:
    same = all(told[name] == record[name] for name in ("merchant", "site"))
    same &= all(told[name] == record["verdict"][name] for name in ("grade", "disposition", "exception"))
    same &= told["unit"] == record["unit"]["id"] and told["order_commitment"] == record["personal"]["order"]
    return same and set(told["images"]) <= {each["ciphertext_sha256"] for each in record["evidence"]}
