#!/usr/bin/env python3
"""Check what a Regrade ledger stated, on your own machine: one file, Python 3.11 and `cryptography`.

    python regrade_verify.py FILE --policy POLICY [--leaf LEAF] [--receipt R]... [--checkpoint OLD]...

FILE: an evidence pack (.zip), a bundle.json, an export (.zip, folder, .jsonl) or a tlog-proof (with --leaf).
POLICY names the log and the witnesses you trust (c2sp.org/tlog-policy); get it from a source of your own.
Exit codes: 0 it holds; 1 it does not, and the entry and the rule are named; 2 a file cannot be read.
The report.pdf of a pack proves nothing by itself. This file is set closely: it is read once, and whole.
"""

import argparse, base64, hashlib, hmac, json, re, sys, zipfile
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial, reduce
from itertools import accumulate
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PRIME, SKEW_S, TIME = 2**255 - 19, 300, re.compile(r"(?a)\d{4}(-\d\d){2}T([01]\d|2[0-3])(:\d\d){2}[.]\d{6}Z")
SMALL_ORDER = {0, 1, PRIME - 1, 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
               0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7}
TYPES = re.compile("verdict|correction|reversal|refund[.]instruction|refund[.]outcome|logistics|key[.]add|"
                   "key[.]revoke|policy|model|calibration|autonomy|approval|access|erasure")
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError)
Files = dict[str, Callable[[], bytes]]
State = tuple[str, int, bytes, list[int]]  # origin, size, root, and when witnesses saw it (s since 1970)

class Failed(ValueError): """It does not hold; says the rule, and the entry where there is one."""
def need(holds: object, rule: str, detail: object, entry: int | None = None) -> None:  # or it fails
    if not holds: raise Failed(f"{rule}: {'' if entry is None else f'entry {entry}: '}{detail}")

def sha(*parts: bytes) -> bytes: return hashlib.sha256(b"".join(parts)).digest()
def raw(text: object, size: int | None = None) -> bytes:  # the bytes of base64 in its one spelling
    found = base64.b64decode(str(text), validate=True)
    need(base64.b64encode(found).decode() == text and size in (None, len(found)), "unreadable", "base64")
    return found
def canonical(value: object) -> bytes:  # the one byte form of a value (RFC 8785)
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
def opens(commitment: object, salt: object, value: object) -> bool:  # was it committed to (HMAC-SHA256)?
    return hmac.new(raw(salt, 32), canonical(value), hashlib.sha256).hexdigest() == commitment

def read_object(content: bytes, fields: str, entry: int | None = None) -> Any:  # an object in its one form
    value = json.loads(content, parse_float=lambda text: need(False, "unreadable", text, entry))
    good = isinstance(value, dict) and canonical(value) == content and sorted(value) == fields.split()
    need(good and not re.search(rb"[:\[,]-?\d{17}", content), "unreadable", "not in its one form", entry)
    return value

def good_point(point: bytes) -> bool:  # an Ed25519 key, or R, in its one form and not of small order
    y = int.from_bytes(point, "little") & (2**255 - 1)
    return y < PRIME and y not in SMALL_ORDER
def signed(key: bytes, signature: bytes, message: bytes) -> bool:  # does an Ed25519 signature hold?
    try: Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError): return False
    return good_point(signature[:32])  # libraries differ on an R of small order: nobody may use one

class Policy:  # tlog-policy: trusted keys by key name and id, and which witnesses must have seen a checkpoint
    def __init__(self, text: str) -> None:
        self.keys: dict[tuple[str, bytes], tuple[str, bytes]] = {}  # a witness's name or "" for a log; key
        self.groups, self.quorum = {"none": (0, list[str]())}, ""
        for line in text.split("\n"):
            match re.findall(r"[^ \t]+", line):
                case ["log", key, *_]: self.trust(key, 1, "")
                case ["witness", name, key, *_] if name not in self.groups: self.trust(key, 4, name)
                case ["group", name, least, *members] if name not in self.groups:
                    count = {"any": 1, "all": len(members)}.get(least) or int(least)
                    used = sum((of for _, of in self.groups.values()), ["none", *members])  # each counts once
                    good = 0 < count <= len(members) and least in ("any", "all", str(count))
                    need(good and len(used) == len({*used}) and {*used} <= {*self.groups}, "policy", line)
                    self.groups[name] = (count, members)
                case ["quorum", name] if name in self.groups and not self.quorum: self.quorum = name
                case words: need(not words or words[0].startswith("#"), "policy", line)
        need(self.quorum, "policy", "it needs a line `quorum`")

    def trust(self, vkey: str, kind: int, witness: str) -> None:  # a key of signed-note: name+id+key
        name, id, encoded = vkey.split("+", 2)
        key = raw(encoded, 33)
        right = key[0] == kind and sha(f"{name}\n".encode(), key)[:4].hex() == id and good_point(key[1:])
        need(right, "policy", f"the key of {name}")
        self.keys[name, bytes.fromhex(id)] = (witness, key[1:])
        if witness: self.groups[witness] = (1, [])

    def met(self, name: str, seen: Iterable[str]) -> bool:  # has a witness, or enough of a group, seen it?
        least, members = self.groups[name]
        return sum(self.met(one, seen) for one in members) >= least if members or not least else name in seen

def open_checkpoint(note: bytes, policy: Policy, witnessed: bool = True) -> State:  # log's and witnesses'
    form = "((.+)\n(0|[1-9][0-9]*)\n(.+)\n(?:.+\n)*)\n((?:\u2014 [^ \n]+ [^ \n]+\n)+)"
    found: Any = re.fullmatch(form, note.decode())
    need(found and not re.search(rb"[\x00-\x09\x0b-\x1f]", note), "unreadable", "no signed checkpoint")
    text, origin, size, root, lines = found.groups()
    seen: dict[str, int] = {}
    for name, encoded in re.findall("\u2014 ([^ \n]+) (.+)", lines):
        signature, at, said = raw(encoded), 0, text
        witness, key = policy.keys.get((name, signature[:4]), ("", b""))
        if witness:
            at, signature = int.from_bytes(signature[4:12]), signature[8:]
            said = f"cosignature/v1\ntime {at}\n{said}"
        if witness or (key and name == origin):
            need(signed(key, signature[4:], said.encode()), "checkpoint_signature", f"not by {name}")
            seen[witness] = max(at, seen.get(witness, 0))
    need("" in seen, "checkpoint_signature", f"no log of the policy signed the checkpoint of {origin!r}")
    need(not witnessed or policy.met(policy.quorum, seen), "quorum_missing", "too few witnesses saw it")
    return origin, int(size), raw(root, 32), [at for witness, at in seen.items() if witness]

def check_proof(proof: bytes, leaf: bytes, policy: Policy) -> tuple[int, State]:  # c2sp.org/tlog-proof
    head, _, note = proof.partition(b"\n\n")
    form = r"c2sp\.org/tlog-proof@v1(?:\nextra (.*))?\nindex (0|[1-9]\d*)((?:\n\S+)*)"
    found: Any = re.fullmatch(form, head.decode())
    need(found and raw(found[1] or "") is not None, "unreadable", "no tlog-proof")
    index, path = int(found[2]), [raw(line, 32) for line in found[3].split()]
    state, at = open_checkpoint(note, policy), sha(b"\0", leaf)
    inner = (index ^ (state[1] - 1)).bit_length()  # so high, the leaf's branch joins that of the last leaf
    for height, node in enumerate(path):
        at = sha(b"\1", node, at) if height >= inner or index >> height & 1 else sha(b"\1", at, node)
    right = index < state[1] and len(path) == inner + (index >> inner).bit_count() and at == state[2]
    need(right, "bad_proof", "its proof does not hold", index)
    return index, state

class Entries:  # checks leaves in the log's order, each by itself and beside those before it
    def __init__(self, origin: str) -> None:
        self.origin, self.keys, self.times = origin, dict[str, bytes](), list[float]()
        self.ids, self.revoked, self.unchecked = set[str](), set[str](), 0
        self.counters, self.gaps = dict[str, int](), 0

    def take(self, leaf: bytes, index: int) -> Any:  # check one leaf and return what it says
        value = read_object(leaf, "body device id log prev recorded_at seq type v", index)
        id, body, known = value["id"], value["body"], TYPES.fullmatch(value["type"])
        need(value["v"] == 1 and known and len(leaf) <= 8192, "unreadable", "unknown kind", index)
        need(value["log"] == self.origin, "other_log", f"it is of log {value['log']!r}", index)
        need(type(value["seq"]) is int and value["seq"] == index, "misnumbered", "not its index", index)
        need(id not in self.ids, "duplicate_id", f"{id!r} stands twice", index)
        self.ids.add(id)
        if value["type"] == "key.add":
            key = raw(body["public_key"], 32)
            need(good_point(key), "device_key", "a key that proves nothing", index)
            need(id == f"key:{sha(key).hex()[:32]}", "wrong_id", "its id is not of its key", index)
            self.keys |= {id[4:]: key} if body.get("role", "station") == "station" else {}
        elif value["type"] == "key.revoke": self.revoked.add(id.removeprefix("revoke:"))
        elif value["type"] == "verdict": self.verdict(value, body, body["device"], index)
        need(TIME.fullmatch(value["recorded_at"]), "unreadable", "recorded_at is no time", index)
        self.times += [datetime.fromisoformat(value["recorded_at"]).timestamp()]
        return value

    def verdict(self, value: Any, body: Any, device: Any, index: int) -> None:  # did a station sign it?
        key, start = device["key"], f"{device['key']}/{device['boot']}"
        need(value["id"] == f"verdict:{start}/{device['counter']}", "wrong_id", "not its record's", index)
        need(body["origin"] == self.origin, "other_log", "its record is for another log", index)
        need(value["device"]["key"] == key, "device_signature", "leaf and record differ in the key", index)
        need(key not in self.revoked, "revoked_key", "its station's key was revoked before", index)
        message, public = b"regrade/record/v1\n" + canonical(body), self.keys.get(key)
        holds = public is None or signed(public, raw(value["device"]["signature"]), message)
        need(holds, "device_signature", "not signed by its station", index)
        self.unchecked += public is None
        before = self.counters.get(start, 0)
        self.gaps += device["counter"] > before + 1
        self.counters[start] = max(before, device["counter"])

    def check_times(self, dropped: int, states: Iterable[State]) -> None:
        latest, earliest = [*accumulate(self.times, max)], [*accumulate(self.times[::-1], min)][::-1]
        for count, at in ((max(state[1] - dropped, 0), at) for state in states for at in state[3]):
            early = not count or latest[min(count, len(latest)) - 1] <= at + SKEW_S  # seen: recorded before
            late = count >= len(earliest) or earliest[count] >= at - SKEW_S  # unseen: recorded later
            need(early and late, "backdated", f"an entry's time contradicts what a witness saw at {at}")

def tile_path(level: object, start: int, part: list[bytes]) -> str:  # c2sp.org/tlog-tiles
    *parts, last = (digits.zfill(3) for digits in f"{start // 256:,}".split(","))
    width = "" if len(part) == 256 else f".p/{len(part)}"
    return f"tile/{level}/{''.join(f'x{digits}/' for digits in parts)}{last}{width}"

def root_of(rows: list[list[bytes]], size: int) -> bytes:  # from the complete nodes, row by row (RFC 6962)
    tops = [rows[height][(size >> height) - 1] for height in range(size.bit_length()) if size >> height & 1]
    return reduce(lambda right, left: sha(b"\1", left, right), tops) if tops else sha()

def check_receipt(receipt: Any, hashes: list[bytes], origin: str, policy: Policy) -> None:  # was it kept?
    index, node = receipt["index"], sha(b"\0", raw(receipt["leaf"]))
    said = f"regrade/receipt/v1\n{receipt['origin']}\n{index}\n{node.hex()}\n".encode()
    good = any(signed(key, raw(receipt["signature"]), said) for who, key in policy.keys.values() if not who)
    need(good and receipt["origin"] == origin, "receipt_signature", "forged, or of another log", index)
    need(index < len(hashes) and hashes[index] == node, "split", "the receipt proves another entry", index)

def check_export(content: bytes, files: Files, policy: Policy, held: argparse.Namespace) -> str:  # all lines
    first, *leaves, last = content.split(b"\n")
    header = read_object(first, "checkpoint head kind log_public_key origin size v")
    need((header["kind"], header["v"], last) == ("regrade-export", 2, b""), "unreadable", "no whole export")
    made = {"checkpoint": header["checkpoint"].encode(), "leaves.jsonl": content}
    state, size = open_checkpoint(made["checkpoint"], policy), len(leaves)
    need(("", raw(header["log_public_key"])) in policy.keys.values(), "other_key", "not a key of the policy")
    kept = {name: open_checkpoint(files[name](), policy, False) for name in files if "checkpoints/" in name}
    states = [state, *kept.values(), *(open_checkpoint(old, policy, False) for old in held.checkpoint)]
    entries, hashes, prev = Entries(state[0]), list[bytes](), "0" * 64
    for index, leaf in enumerate(leaves):
        bare = None if entries.times else re.fullmatch(rb'"([0-9a-f]{64})"', leaf)  # dropped under retention
        need(bare or entries.take(leaf, index)["prev"] == prev, "chain", "it follows another entry", index)
        hashes.append(bytes.fromhex(bare[1].decode()) if bare else sha(b"\0", leaf))
        prev = hashes[-1].hex()
    rows = [hashes]
    while len(row := rows[-1]) > 1:
        rows.append([sha(b"\1", *row[at : at + 2]) for at in range(0, len(row) - 1, 2)])
    need((header["origin"], header["size"], header["head"]) == (state[0], size, prev), "header", "is wrong")
    for origin, before, root, _ in states:
        good = origin == state[0] and before <= size == state[1] and root_of(rows, before) == root
        need(good, "root", f"these are not the {before} entries that {origin} signed")
    dropped, packed = size - len(entries.times), [len(leaf).to_bytes(2) + leaf for leaf in leaves]
    entries.check_times(dropped, states)
    for receipt in held.receipt: check_receipt(json.loads(receipt), hashes, state[0], policy)
    for level, row in [("entries", packed), *enumerate(rows[::8])]:
        for start in range(0, len(row), 256):
            part = row[start : start + 256]
            if level != "entries" or start >= dropped: made[tile_path(level, start, part)] = b"".join(part)
    made |= {f"checkpoints/{one[1]}": files[name]() for name, one in kept.items()}
    check_files(files, made, {"policy"})
    odd = f"{entries.gaps} gaps in counters, {entries.unchecked} verdicts without their station's key"
    return f"export of {state[0]}: {size} entries, {odd}"

def check_files(files: Files, made: dict[str, bytes], free: set[str]) -> None:  # these, no others
    for name in made if files else ():
        need(name in files and files[name]() == made[name], "tile", f"{name} is missing, or of other entries")
    need(files.keys() <= made.keys() | free, "stray", sorted(files.keys() - made - free))

def fits(told: Any, record: Any) -> bool:  # does an instruction follow from a record?
    said = [record["merchant"], record["site"], record["unit"]["id"], record["personal"]["order"]]
    said += [record["verdict"][name] for name in ("grade", "disposition", "exception")]
    facts = "merchant site unit order_commitment grade disposition exception"
    shown = {image["ciphertext_sha256"] for image in record["evidence"]}
    return said == [told[name] for name in facts.split()] and set(told["images"]) <= shown

def check_bundle(content: bytes, files: Files, policy: Policy, whole: bool) -> str:  # of one return
    bundle = read_object(content, "entries images kind made_at merchant openings origin policy unit v")
    need((bundle["kind"], bundle["v"]) == ("regrade-evidence", 1), "unreadable", "another kind of bundle")
    entries, records, index, made = Entries(bundle["origin"]), dict[str, Any](), -1, {"bundle.json": content}
    for each in bundle["entries"]:
        leaf, proof, before = raw(each["leaf"]), each["proof"].encode(), index
        index, state = check_proof(proof, leaf, policy)
        need(state[0] == entries.origin, "other_log", f"it is proven in log {state[0]!r}", index)
        need(before < index == each["index"], "misnumbered", "out of order, or not its index", index)
        body = (value := entries.take(leaf, index))["body"]
        entries.check_times(0, [(state[0], len(entries.times), *state[2:])])
        made |= {f"leaves/{index}.json": leaf, f"proofs/{index}.tlog-proof": proof}
        if value["type"] == "verdict":
            records[value["id"][8:]] = body
            of = (body["merchant"], body["unit"]["id"])
            need(of == (bundle["merchant"], bundle["unit"]), "contradiction", "of another unit", index)
        if value["type"] == "refund.instruction":
            need(any(fits(body, one) for one in records.values()), "contradiction", "fits no verdict", index)
    need(records and not entries.unchecked, "device_key", "no verdict, or one without its station's key")
    for opening in bundle["openings"]:
        said = records[opening["record"]]["personal"][opening["field"]]
        need(opens(said, opening["salt"], opening["value"]), "opening", f"{opening['field']!r} is another")
    for image in bundle["images"]:
        seals = {one["ciphertext_sha256"]: one for one in records[image["record"]]["evidence"]}
        said, made[image["file"]] = seals[image["ciphertext_sha256"]], files[image["file"]]()
        shown = [sha(made[image["file"]]).hex(), said["view"], said["media_type"]]
        same = shown == [image["sha256"], image["view"], image["media_type"]]
        need(same and opens(said["plaintext_commitment"], image["salt"], shown[0]), "photo", image["file"])
    if whole: check_files(files, made, {"policy", "report.pdf", "verify.html", "regrade_verify.py"})
    return f"evidence of {bundle['unit']}, log {bundle['origin']}: {len(bundle['entries'])} entries"

def check(path: Path, policy: Policy, held: argparse.Namespace) -> str:  # find out what it is
    files: Files = {}
    if path.is_dir():
        files = {one.relative_to(path).as_posix(): one.read_bytes for one in path.rglob("*") if one.is_file()}
    elif zipfile.is_zipfile(path):
        archive = zipfile.ZipFile(path)
        files = {name: partial(archive.read, name) for name in archive.namelist()}
        plain = all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
        need(plain and len(files) == len(archive.namelist()), "stray", "compressed, or a name stands twice")
    content = files.get("bundle.json", files.get("leaves.jsonl", path.read_bytes))()
    if content.startswith(b"c2sp.org/tlog-proof"):
        index, state = check_proof(content, held.leaf[0], policy)
        Entries(state[0]).take(held.leaf[0], index)
        return f"entry {index} of {state[0]}"
    if content.startswith(b'{"entries":'):
        photos: Files = {f"photos/{one.name}": one.read_bytes for one in path.parent.glob("photos/*")}
        return check_bundle(content, files or photos, policy, bool(files))
    return check_export(content, files, policy, held)

def main(words: list[str] | None = None) -> int:  # the command line; returns the exit code
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--policy", type=Path, required=True)
    for name in ("--leaf", "--receipt", "--checkpoint"):
        parser.add_argument(name, type=lambda name: Path(name).read_bytes(), action="append", default=[])
    try:
        held = parser.parse_args(words)
        policy = Policy(held.policy.read_text("utf-8"))
        print(f"holds: {check(held.file, policy, held)}")
    except UNREADABLE as error:
        print(f"FAILED: {error if isinstance(error, Failed) else f'unreadable: {error!r}'}")
        return 1
    except (OSError, zipfile.BadZipFile, RuntimeError) as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return 2
    if policy.quorum == "none": print("this policy asks for no witness: a fork of the log is not detectable")
    return 0

if __name__ == "__main__": sys.exit(main())
