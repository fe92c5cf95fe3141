"""Webhooks signed and verified in a second, ours beside standardwebhooks, in one run on one machine.

`python -m benchmarks.webhooks` prints a table in Markdown. CPU time, one thread, the best of 15 rounds, in
turns: what else the machine does is not counted. The body is the example event, as refund systems get it.
standardwebhooks knows `v1` only; its answer is not parsed as JSON, since ours is not either. A rotation
signs with the old and the new key of both kinds; the receiver knows the last of the four.
"""

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import standardwebhooks
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.peers.pyepc_speed import rates
from inspection.messages.webhook import SignedBody, sign_webhook, verify_webhook
from inspection.messages.webhook_keys import HmacKey, SigningKey, VerifyingKey

EVENT = Path(__file__).parents[1] / "tests" / "golden" / "messages" / "refund.InstructionEvent.json"
ID = "R1/1/1#1"
OLD, NEW = HmacKey(bytes(range(32))), HmacKey(bytes(range(32, 64)))
BEFORE, KEY = (SigningKey(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2))
KEYS: Mapping[str, tuple[HmacKey | SigningKey, ...]] = {
    "v1": (NEW,),
    "v1a": (KEY,),
    "rotation of both": (NEW, OLD, KEY, BEFORE),
}
LEAST_PER_S = 2_000
"""100 returns a second then cost a twentieth of a core, with a rotation under way."""


def main() -> dict[str, Any]:
    """Rates of signing and of verifying, and whether each keeps its limit."""
    body = EVENT.read_bytes().rstrip()
    rows = {name: row(keys, body) for name, keys in KEYS.items()}
    return {
        "figure": "webhooks signed and verified in a second of CPU time",
        "body_bytes": len(body),
        "rows": rows,
        "limit_per_s": LEAST_PER_S,
        "within_limit": all(min(found["sign"], found["verify"]) >= LEAST_PER_S for found in rows.values()),
    }


def row(keys: tuple[HmacKey | SigningKey, ...], body: bytes) -> dict[str, Any]:
    """Rates of one list of keys: ours, and standardwebhooks' where it can."""
    at = datetime.now(UTC)
    at_s = int(at.timestamp())
    headers = sign_webhook(keys, ID, at_s, body)
    signed = SignedBody(id=ID, timestamp=str(at_s), signatures=headers["webhook-signature"], body=body)
    ring = [seen(keys[-1])]
    once: list[Callable[[], object]] = [
        lambda: sign_webhook(keys, ID, at_s, body),
        lambda: verify_webhook(signed, ring, at_s),
    ]
    if keys == (NEW,):
        peer, text = standardwebhooks.Webhook(NEW.to_text()), body.decode()
        assert peer.sign(ID, at, text) == headers["webhook-signature"]
        once.append(lambda: peer.sign(ID, at, text))
        once.append(lambda: peer.verify(body, headers, json_parse=False))
    names = ("sign", "verify", "standardwebhooks sign", "standardwebhooks verify")
    return dict.fromkeys(names) | dict(zip(names, rates(*once), strict=False))


def seen(key: HmacKey | SigningKey) -> HmacKey | VerifyingKey:
    """What the receiver has of it."""
    return key if isinstance(key, HmacKey) else key.verifying()


def report(found: Mapping[str, Any]) -> str:
    """The table."""
    lines = [
        "| signed with | ours: sign/s | verify/s | standardwebhooks: sign/s | verify/s |",
        "|" + "---|" * 5,
    ]
    for name, rates_of in found["rows"].items():
        shown = (f"{rate:,}" if rate else "-" for rate in rates_of.values())
        lines.append(f"| {name} | {' | '.join(shown)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    answer = main()
    print(report(answer))
    sys.exit(0 if answer["within_limit"] else 1)
