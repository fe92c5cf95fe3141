#!/usr/bin/env python3
"""Check what a Regrade ledger stated, on your own machine: one file, Python 3.11 and `cryptography`.

    python regrade_verify.py FILE --policy POLICY [--leaf LEAF] [--receipt R]... [--checkpoint OLD]...

FILE: an evidence pack (.zip), a bundle.json, an export (.zip, folder, .jsonl) or a tlog-proof (with --leaf).
POLICY names the log and the witnesses you trust (c2sp.org/tlog-policy); get it from a source of your own.
Exit codes: 0 it holds; 1 it does not, and the entry and the rule are named; 2 a file cannot be read. The
report.pdf of a pack repeats what is checked here; by itself it proves nothing.
"""

import argparse
import base64
import hashlib
import hmac
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PRIME, GENESIS, SKEW_S = 2**255 - 19, "0" * 64, 300
SMALL_ORDER = {0, 1, PRIME - 1, 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
               0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7}  # fmt: skip
LEAF = "body device id log prev recorded_at seq type v"
BUNDLE = "entries images kind made_at merchant openings origin policy unit v"
HEADER = "checkpoint head kind log_public_key origin size v"
TYPES = re.compile("verdict|correction|reversal|refund[.]instruction|refund[.]outcome|logistics|key[.]add|"
                   "key[.]revoke|policy|model|calibration|autonomy|approval|access|erasure")  # fmt: skip
PACK = {"bundle.json", "policy", "report.pdf", "verify.html", "regrade_verify.py"}
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError)
Files = dict[str, Callable[[], bytes]]
State = tuple[str, int, bytes, list[int]]  # origin, size, root, and when witnesses saw it (s since 1970)


class Failed(Exception):
    """It does not hold; says the rule, and the entry where there is one."""


def need(holds: object, rule: str, detail: object, entry: int | None = None) -> None:
    """Go on only if it holds."""
    if not holds:
        raise Failed(f"{rule}: {'' if entry is None else f'entry {entry}: '}{detail}")


def sha(*parts: bytes) -> bytes:
    """SHA-256."""
    return hashlib.sha256(b"".join(parts)).digest()


def raw(text: object, size: int | None = None) -> bytes:
    """The bytes of base64 in its one spelling."""
    found = base64.b64decode(str(text), validate=True)
    need(base64.b64encode(found).decode() == text and size in (None, len(found)), "unreadable", "base64")
    return found


def canonical(value: object) -> bytes:
    """The one byte form of a value (RFC 8785)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_object(content: bytes, fields: str, entry: int | None = None) -> Any:
    """An object in its one byte form with exactly these fields, without fractions and huge numbers."""
    value = json.loads(content, parse_float=lambda text: need(False, "unreadable", text, entry))
    good = isinstance(value, dict) and canonical(value) == content and sorted(value) == fields.split()
    need(good and not re.search(rb"[:\[,]-?\d{17}", content), "unreadable", "not in its one form", entry)
    return value


def signed(key: bytes, signature: bytes, message: bytes) -> bool:
    """Whether an Ed25519 signature holds."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def good_key(key: bytes) -> bool:
    """Whether an Ed25519 key is in its one form, and proves anything."""
    y = int.from_bytes(key, "little") & (2**255 - 1)
    return y < PRIME and y not in SMALL_ORDER


class Policy:
    """Trusted keys by key name and id, and which witnesses must have seen a checkpoint (tlog-policy)."""

    def __init__(self, text: str) -> None:
        self.keys: dict[tuple[str, bytes], tuple[str, bytes]] = {}  # a witness's name or "" for a log; key
        self.groups: dict[str, tuple[int, list[str]]] = {"none": (0, [])}
        self.quorum = ""
        for line in text.split("\n"):
            match re.split(r"[ \t]+", line.strip(" \t")):
                case ["log", key, *_]:
                    self._trust(key, 1, "")
                case ["witness", name, key, *_] if name not in self.groups:
                    self._trust(key, 4, name)
                    self.groups[name] = (1, [])
                case ["group", name, least, *members] if name not in self.groups and "none" not in members:
                    count = {"any": 1, "all": len(members)}.get(least) or int(least)
                    good = 0 < count <= len(members) == len(set(members)) and set(members) <= set(self.groups)
                    need(good, "policy", line)
                    self.groups[name] = (count, members)
                case ["quorum", name] if name in self.groups and not self.quorum:
                    self.quorum = name
                case words:
                    need(words[0] == "" or words[0].startswith("#"), "policy", line)
        need(self.quorum, "policy", "it needs a line `quorum`")

    def _trust(self, vkey: str, kind: int, witness: str) -> None:
        name, id, encoded = vkey.split("+", 2)
        key = raw(encoded, 33)
        right = key[0] == kind and sha(f"{name}\n".encode(), key)[:4].hex() == id and good_key(key[1:])
        need(right, "policy", f"the key of {name}")
        self.keys[name, bytes.fromhex(id)] = (witness, key[1:])

    def met(self, name: str, seen: Iterable[str]) -> bool:
        """Whether a witness, or enough of a group, has seen it."""
        least, members = self.groups[name]
        enough = sum(self.met(each, seen) for each in members) >= least
        return enough if members or not least else name in seen


def open_checkpoint(note: bytes, policy: Policy, witnessed: bool = True) -> State:
    """The checkpoint in a note that a trusted log signed and, if asked for, enough witnesses saw."""
    text, gap, tail = note.decode().rpartition("\n\n")
    lines = [line.split(" ") for line in tail[:-1].split("\n")]
    good = gap and tail[-1:] == "\n" and not re.search(r"[\x00-\x09\x0b-\x1f]", text + tail)
    need(good and all(len(x) == 3 and x[0] == "\u2014" for x in lines), "unreadable", "no signed note")
    origin, size, root, *more = text.split("\n")
    need(origin and all(more) and str(int(size)) == size, "unreadable", "no checkpoint")
    seen: dict[str, int] = {}
    for _, name, encoded in lines:
        signature, at, said = raw(encoded), 0, f"{text}\n"
        witness, key = policy.keys.get((name, signature[:4]), ("", b""))
        if key and witness:
            at, signature = int.from_bytes(signature[4:12]), signature[8:]
            said = f"cosignature/v1\ntime {at}\n{said}"
        if key and (witness or name == origin):
            need(signed(key, signature[4:], said.encode()), "checkpoint_signature", f"not by {name}")
            seen[witness] = max(at, seen.get(witness, 0))
    need("" in seen, "checkpoint_signature", f"no log of the policy signed the checkpoint of {origin!r}")
    need(not witnessed or policy.met(policy.quorum, seen), "quorum_missing", "too few witnesses saw it")
    return origin, int(size), raw(root, 32), [at for witness, at in seen.items() if witness]


def check_proof(proof: bytes, leaf: bytes, policy: Policy) -> tuple[int, State]:
    """Index and checkpoint that a proof (c2sp.org/tlog-proof, RFC 9162 2.1.3.2) shows a leaf in."""
    head, _, note = proof.partition(b"\n\n")
    form = r"c2sp\.org/tlog-proof@v1(\nextra .*)?\nindex (0|[1-9]\d*)((\n\S+)*)"
    found = re.fullmatch(form, head.decode())
    if found is None or raw((found[1] or "")[7:]) is None:
        raise Failed("unreadable: no tlog-proof")
    index, state, at = int(found[2]), open_checkpoint(note, policy), sha(b"\0", leaf)
    place, last = index, state[1] - 1
    for each in (raw(line, 32) for line in found[3].split()):
        need(last > 0, "bad_proof", "its proof is too long", index)
        left = place & 1 or place == last
        at = sha(b"\1", each, at) if left else sha(b"\1", at, each)
        while left and place and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    need(index < state[1] and last == 0 and at == state[2], "bad_proof", "its proof does not hold", index)
    return index, state


class Entries:
    """Checks leaves in the log's order, each by itself and beside those before it."""

    def __init__(self, origin: str) -> None:
        self.origin, self.keys, self.times = origin, dict[str, bytes](), list[float]()
        self.ids, self.revoked, self.unchecked = set[str](), set[str](), 0
        self.counters, self.gaps = dict[str, int](), 0

    def take(self, leaf: bytes, index: int) -> Any:
        """Check one leaf and return what it says."""
        value = read_object(leaf, LEAF, index)
        id, body, known = value["id"], value["body"], TYPES.fullmatch(value["type"])
        need(value["v"] == 1 and known and len(leaf) <= 8192, "unreadable", "unknown kind", index)
        need(value["log"] == self.origin, "other_log", f"it is of log {value['log']!r}", index)
        need(type(value["seq"]) is int and value["seq"] == index, "misnumbered", "not its index", index)
        need(id not in self.ids, "duplicate_id", f"{id!r} stands twice", index)
        self.ids.add(id)
        if value["type"] == "key.add":
            key = raw(body["public_key"], 32)
            need(good_key(key), "device_key", "a key that proves nothing", index)
            need(id == f"key:{sha(key).hex()[:32]}", "wrong_id", "its id is not of its key", index)
            self.keys |= {id[4:]: key} if body.get("role", "station") == "station" else {}
        elif value["type"] == "key.revoke":
            self.revoked.add(id.removeprefix("revoke:"))
        elif value["type"] == "verdict":
            self.verdict(value, body, body["device"], index)
        at = datetime.strptime(f"{value['recorded_at']}+0000", "%Y-%m-%dT%H:%M:%S.%fZ%z")
        self.times.append(at.timestamp())
        return value

    def verdict(self, value: Any, body: Any, device: Any, index: int) -> None:
        """Check that a station signed the record."""
        key, record = device["key"], f"{device['key']}/{device['boot']}/{device['counter']}"
        need(value["id"] == f"verdict:{record}", "wrong_id", "its id is not its record's", index)
        need(body["origin"] == self.origin, "other_log", "its record is for another log", index)
        need(value["device"]["key"] == key, "device_signature", "leaf and record differ in the key", index)
        need(key not in self.revoked, "revoked_key", "its station's key was revoked before", index)
        message, public = b"regrade/record/v1\n" + canonical(body), self.keys.get(key)
        holds = public is None or signed(public, raw(value["device"]["signature"]), message)
        need(holds, "device_signature", "not signed by its station", index)
        self.unchecked += public is None
        start, before = record.rpartition("/")[0], self.counters.get(record.rpartition("/")[0], 0)
        self.gaps += device["counter"] > before + 1
        self.counters[start] = max(before, device["counter"])

    def check_times(self, size: int, states: Iterable[State]) -> None:
        """What a witness saw was recorded before; what it did not see was recorded later."""
        times, dropped = self.times, size - len(self.times)
        latest, earliest = [*accumulate(times, max)], [*accumulate(reversed(times), min)][::-1]
        for count, at in ((max(state[1] - dropped, 0), at) for state in states for at in state[3]):
            early = not count or latest[min(count, len(times)) - 1] <= at + SKEW_S
            late = count >= len(times) or earliest[count] >= at - SKEW_S
            need(early and late, "backdated", f"an entry's time contradicts what a witness saw at {at}")


def tile_path(level: object, index: int, width: int) -> str:
    """Where a tile, or a bundle of entries, lies (c2sp.org/tlog-tiles)."""
    *parts, last = re.findall("...", str(index).zfill(-(-len(str(index)) // 3) * 3))
    path = f"tile/{level}/{''.join(f'x{part}/' for part in parts)}{last}"
    return path if width == 256 else f"{path}.p/{width}"


def root_of(nodes: list[list[bytes]], size: int) -> bytes:
    """The root at a size, from the complete nodes by height (RFC 6962)."""
    right = b""
    for height in (height for height in range(size.bit_length()) if size >> height & 1):
        node = nodes[height][(size >> height) - 1]
        right = sha(b"\1", node, right) if right else node
    return right or sha()


def check_receipt(receipt: Any, hashes: list[bytes], origin: str, policy: Policy) -> None:
    """What was promised to somebody must stand in the log."""
    index, node = receipt["index"], sha(b"\0", raw(receipt["leaf"]))
    said = f"regrade/receipt/v1\n{receipt['origin']}\n{index}\n{node.hex()}\n".encode()
    logs = [key for witness, key in policy.keys.values() if not witness]
    good = any(signed(key, raw(receipt["signature"]), said) for key in logs)
    need(good and receipt["origin"] == origin, "receipt_signature", "forged, or of another log", index)
    need(index < len(hashes) and hashes[index] == node, "split", "the receipt proves another entry", index)


def check_export(content: bytes, files: Files, policy: Policy, held: argparse.Namespace) -> str:
    """The whole log, line by line; `files` are the other parts of an archive."""
    first, *leaves = content.split(b"\n")
    header, last = read_object(first, HEADER), leaves.pop()
    need((header["kind"], header["v"], last) == ("regrade-export", 2, b""), "unreadable", "no whole export")
    made = {"checkpoint": header["checkpoint"].encode(), "leaves.jsonl": content}
    state = open_checkpoint(made["checkpoint"], policy)
    trusted = any(key == raw(header["log_public_key"]) for _, key in policy.keys.values())
    need(trusted, "other_key", "it names a log key that the policy does not")
    kept = {name: open_checkpoint(files[name](), policy, False) for name in files if "checkpoints/" in name}
    states = [state, *kept.values(), *(open_checkpoint(old, policy, False) for old in held.checkpoint)]
    entries, nodes, prev = Entries(state[0]), [list[bytes]() for _ in range(64)], GENESIS
    for index, leaf in enumerate(leaves):
        node, height = sha(b"\0", leaf), 0
        if not entries.times and re.fullmatch(rb'"[0-9a-f]{64}"', leaf):  # its body: dropped under retention
            node = bytes.fromhex(leaf[1:-1].decode())
        else:
            need(entries.take(leaf, index)["prev"] == prev, "chain", "it follows another entry", index)
        prev = node.hex()
        nodes[0].append(node)
        while len(nodes[height]) % 2 == 0:
            nodes[height + 1].append(sha(b"\1", *nodes[height][-2:]))
            height += 1
    size = len(leaves)
    need(
        (header["origin"], header["size"], header["head"]) == (state[0], size, prev), "header", "it is wrong"
    )
    for origin, before, root, _ in states:
        good = origin == state[0] and before <= size == state[1] and root_of(nodes, before) == root
        need(good, "root", f"these are not the {before} entries that {origin} signed")
    entries.check_times(size, states)
    for receipt in held.receipt:
        check_receipt(json.loads(receipt), nodes[0], state[0], policy)
    for level, row in enumerate(nodes[::8]):
        for start in range(0, len(row), 256):
            part, some = row[start : start + 256], leaves[start : start + 256]
            made[tile_path(level, start // 256, len(part))] = b"".join(part)
            if level == 0 and start >= size - len(entries.times):
                packed = b"".join(len(leaf).to_bytes(2) + leaf for leaf in some)
                made[tile_path("entries", start // 256, len(part))] = packed
    named = {f"checkpoints/{one[1]}": files[name]() for name, one in kept.items()}
    check_files(files, made | named, {"policy"})
    odd = f"{entries.gaps} gaps in counters, {entries.unchecked} verdicts without their station's key"
    return f"export of {state[0]}: {size} entries, {odd}"


def check_files(files: Files, made: dict[str, bytes], free: set[str]) -> None:
    """An archive has these parts, and beside them only some that nothing covers."""
    for name in made if files else ():
        need(name in files and files[name]() == made[name], "tile", f"{name} is missing, or of other entries")
    stray = sorted(files.keys() - made - free)
    need(not stray, "stray", f"{stray} belong to nothing")


def fits(told: Any, record: Any) -> bool:
    """Whether an instruction follows from a record."""
    verdict, shown = record["verdict"], {image["ciphertext_sha256"] for image in record["evidence"]}
    pairs = [(told[name], record[name]) for name in ("merchant", "site")]
    pairs += [(told[name], verdict[name]) for name in ("grade", "disposition", "exception")]
    pairs += [(told["unit"], record["unit"]["id"]), (told["order_commitment"], record["personal"]["order"])]
    return all(one == other for one, other in pairs) and set(told["images"]) <= shown


def opens(commitment: object, salt: object, value: object) -> bool:
    """Whether salt and value are what was committed to (HMAC-SHA256)."""
    return hmac.new(raw(salt, 32), canonical(value), hashlib.sha256).hexdigest() == commitment


def check_bundle(content: bytes, files: Files, policy: Policy, whole: bool) -> str:
    """Every entry of a return with its proof, and what was opened of it: fields and photos."""
    bundle = read_object(content, BUNDLE)
    need((bundle["kind"], bundle["v"]) == ("regrade-evidence", 1), "unreadable", "another kind of bundle")
    entries, records, index, made = Entries(bundle["origin"]), dict[str, Any](), -1, {"bundle.json": content}
    for each in bundle["entries"]:
        leaf, proof, before = raw(each["leaf"]), each["proof"].encode(), index
        index, state = check_proof(proof, leaf, policy)
        need(
            before < index == each["index"], "misnumbered", "not in the log's order, or not its index", index
        )
        value = entries.take(leaf, index)
        entries.check_times(len(entries.times), [(state[0], len(entries.times), *state[2:])])
        made |= {f"leaves/{index}.json": leaf, f"proofs/{index}.tlog-proof": proof}
        body = value["body"]
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
        digest = sha(made[image["file"]]).hex()
        good = opens(said["plaintext_commitment"], image["salt"], digest) and digest == image["sha256"]
        good = good and (said["view"], said["media_type"]) == (image["view"], image["media_type"])
        need(good, "photo", f"{image['file']!r} is not the photo that was taken")
    if whole:
        check_files(files, made, PACK)
    return f"evidence of {bundle['unit']}, log {bundle['origin']}: {len(bundle['entries'])} entries"


def check(path: Path, policy: Policy, held: argparse.Namespace) -> str:
    """Find out what a file is and check it; returns what holds."""
    files: Files = {}
    if path.is_dir():
        found = (one for one in path.rglob("*") if one.is_file())
        files = {one.relative_to(path).as_posix(): one.read_bytes for one in found}
    elif zipfile.is_zipfile(path):
        archive = zipfile.ZipFile(path)
        files = {name: partial(archive.read, name) for name in archive.namelist()}
        plain = all(info.compress_type == zipfile.ZIP_STORED for info in archive.infolist())
        need(plain and len(files) == len(archive.namelist()), "stray", "compressed, or a name stands twice")
    if "bundle.json" in files:
        return check_bundle(files["bundle.json"](), files, policy, True)
    content = files["leaves.jsonl"]() if files else path.read_bytes()
    if content.startswith(b"c2sp.org/tlog-proof"):
        index, state = check_proof(content, held.leaf, policy)
        Entries(state[0]).take(held.leaf, index)
        return f"entry {index} of {state[0]}"
    if content.startswith(b'{"entries":'):
        beside: Files = {f"photos/{one.name}": one.read_bytes for one in path.parent.glob("photos/*")}
        return check_bundle(content, beside, policy, False)
    return check_export(content, files, policy, held)


def main(words: list[str] | None = None) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--policy", type=Path, required=True)
    parser.add_argument("--leaf", type=lambda name: Path(name).read_bytes())
    for name in ("--receipt", "--checkpoint"):
        parser.add_argument(name, type=lambda name: Path(name).read_bytes(), action="append", default=[])
    try:
        held = parser.parse_args(words)
        policy = Policy(held.policy.read_text("utf-8"))
        print(f"holds: {check(held.file, policy, held)}")
    except Failed as error:
        print(f"FAILED: {error}")
        return 1
    except (OSError, zipfile.BadZipFile) as error:
        print(f"cannot be read: {error}", file=sys.stderr)
        return 2
    except UNREADABLE as error:
        print(f"FAILED: unreadable: {error!r}")
        return 1
    if policy.quorum == "none":
        print("this policy asks for no witness: a fork of the log is not detectable")
    return 0


if __name__ == "__main__":
    sys.exit(main())
