"""Our webhooks before node's libraries, and theirs before us: `make peers-refunds-webhooks`.

`python -m benchmarks.peers.webhooks_peer FOLDER` (where npm put them) prints a table in Markdown. `v1` is
judged by standardwebhooks and svix, `v1a` by node's own crypto, since no library on npm knows it yet.
Keys, ids and bodies are drawn from a fixed seed; the time is now, which those libraries ask for themselves.
"""

import base64
import json
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from inspection.errors import BadSignature
from inspection.messages.webhook import SignedBody, sign_webhook, verify_webhook
from inspection.messages.webhook_keys import HmacKey, SigningKey, VerifyingKey

CASES = 500
JUDGE = Path(__file__).parent / "webhooks" / "judge.js"
Case = dict[str, str]


def main(folder: Path) -> int:
    """Print the table; 1 when one judge disagrees with another."""
    chance, tally = Random(6), Counter[tuple[str, str]]()  # noqa: S311 # the same cases in every run
    at_s = int(datetime.now(UTC).timestamp())
    drawn = [draw(chance, at_s) for _ in range(CASES)]
    for kind, ours in (("ours", True), ("theirs", False)):
        cases = [case for keys, body in drawn for case in (told if ours else asked)(chance, keys, body, at_s)]
        for case, answer in zip(cases, node(folder, cases), strict=True):
            judged = check(case, answer) if ours else believed(case, answer, at_s)
            tally.update((f"{kind}, {name}", said) for name, said in judged)
    print("| signed by, judged by | as it should be | not |\n|---|---|---|")
    for name in sorted({name for name, _ in tally}):
        print(f"| {name} | {tally[name, 'right']} | {tally[name, 'wrong']} |")
    return int(any(said == "wrong" for _, said in tally))


def draw(chance: Random, at_s: int) -> tuple[list[HmacKey | SigningKey], bytes]:
    """One to four keys of either kind, and a body."""
    keys: list[HmacKey | SigningKey] = [
        HmacKey(chance.randbytes(chance.randrange(24, 65)))
        if chance.random() < 0.5
        else SigningKey(Ed25519PrivateKey.from_private_bytes(chance.randbytes(32)))
        for _ in range(chance.randrange(1, 5))
    ]
    words = ["碎了", "☕", "cracked", '"', "\\", "\u2028", " ", "0.1"]
    body = {"at": at_s, "said": "".join(chance.choices(words, k=chance.randrange(40)))}
    return keys, json.dumps(body, ensure_ascii=chance.random() < 0.5).encode()


def told(chance: Random, keys: list[HmacKey | SigningKey], body: bytes, at_s: int) -> list[Case]:
    """What we sign, for each key's holder; half of it changed on the way."""
    headers = sign_webhook(keys, f"R{chance.randrange(10**6)}/1/1#1", at_s, body)
    changed = chance.random() < 0.5
    return [
        {
            "id": headers["webhook-id"] + ("0" if changed else ""),
            "timestamp": headers["webhook-timestamp"],
            "signatures": headers["webhook-signature"],
            "body": base64.b64encode(body).decode(),
            "key": (key if isinstance(key, HmacKey) else key.verifying()).to_text(),
            "wanted": "no" if changed else "yes",
        }
        for key in keys
    ]


def asked(chance: Random, keys: list[HmacKey | SigningKey], body: bytes, at_s: int) -> list[Case]:
    """What they are to sign with each key."""
    return [
        {
            "id": f"msg_{chance.randrange(10**9)}",
            "timestamp": str(at_s),
            "body": base64.b64encode(body).decode(),
            "key": key.to_text(),
        }
        for key in keys
    ]


def node(folder: Path, cases: list[Case]) -> list[dict[str, Any]]:
    """Put the cases before node; it looks for its libraries in the folder."""
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    environment = {"NODE_PATH": str(folder / "node_modules"), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    done = subprocess.run(
        ["node", str(JUDGE)], input=lines, capture_output=True, text=True, check=True, env=environment
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(case: Case, answer: dict[str, bool]) -> list[tuple[str, str]]:
    """Whether each of them said what is true."""
    return [
        (name, "right" if said is (case["wanted"] == "yes") else "wrong") for name, said in answer.items()
    ]


def believed(case: Case, answer: dict[str, str], at_s: int) -> list[tuple[str, str]]:
    """Whether we believe what they signed, and only that."""
    body = base64.b64decode(case["body"])
    signed = SignedBody(
        id=case["id"], timestamp=case["timestamp"], signatures=answer["signatures"], body=body
    )
    key = key_of(case["key"])
    good, bad = verifies(signed, key, at_s), verifies(replace(signed, id="x"), key, at_s)
    name = "v1 by us" if isinstance(key, HmacKey) else "v1a by us"
    return [(name, "right" if good and not bad else "wrong")]


def key_of(text: str) -> HmacKey | VerifyingKey:
    """The receiver's key for a signer's."""
    prefix, _, encoded = text.partition("_")
    content = base64.b64decode(encoded)
    return HmacKey(content) if prefix == "whsec" else VerifyingKey(content[32:])


def verifies(signed: SignedBody, key: HmacKey | VerifyingKey, at_s: int) -> bool:
    """Whether we believe it."""
    try:
        verify_webhook(signed, [key], at_s)
    except BadSignature:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
