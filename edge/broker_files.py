"""What the station's broker reads at its start: passwords, rights and settings, all in one 0700 folder."""

import base64
import hashlib
import json
import os
import pwd
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from link.topics import check_filter

PASSWORD_BYTES = 24
MOSQUITTO_ROUNDS = 1000
"""PBKDF2 rounds; the passwords are random, so rounds add nothing but a slower start."""


class BrokerUser(BaseModel):
    """One account and the only topics it may touch."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    publish: tuple[str, ...] = ()
    """Topic filters, such as `devices/gate/#`."""
    subscribe: tuple[str, ...] = ()


def private_folder(folder: Path) -> None:
    """Make the folder, for this user only."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)


def write_private(path: Path, text: str) -> None:
    """Write a 0600 file in one step: a crash leaves the old one or the new one."""
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def keep_passwords(path: Path, names: Sequence[str]) -> dict[str, str]:
    """Return a password for each name: those in the file stay, since real readers hold them."""
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    missing = [name for name in names if name not in known]
    if missing or not path.exists():
        known |= {name: secrets.token_urlsafe(PASSWORD_BYTES) for name in missing}
        write_private(path, json.dumps(known, indent=1))
    return {name: known[name] for name in names}


def nats_settings(
    *, folder: Path, host: str, port: int, users: Sequence[BrokerUser], passwords: Mapping[str, str]
) -> str:
    """The settings of nats-server as MQTT broker (measured with 2.15.1).

    `sync_interval: always` is the only setting that keeps acknowledged messages over a power cut.
    Nobody gets `$MQTT.>`: with it, and the native port, one user reads every payload.
    """
    settings = {
        "server_name": "regrade-station",
        "host": "127.0.0.1",
        "port": -1,
        "max_payload": 1_048_576,
        "jetstream": {
            "store_dir": str(folder / "store"),
            "sync_interval": "always",
            "max_memory_store": 67_108_864,
            "max_file_store": 1_073_741_824,
        },
        "mqtt": {"host": host, "port": port, "ack_wait": "5s", "max_ack_pending": 100},
        "authorization": {"users": [_nats_user(user, passwords[user.name]) for user in users]},
    }
    return json.dumps(settings, indent=1)


def _nats_user(user: BrokerUser, password: str) -> dict[str, object]:
    return {
        "user": user.name,
        "password": password,
        "allowed_connection_types": ["MQTT"],
        "permissions": {"publish": _nats_rights(user.publish), "subscribe": _nats_rights(user.subscribe)},
    }


def _nats_rights(filters: Sequence[str]) -> dict[str, list[str]]:
    """An empty allow list would allow everything, so nothing is said by denying everything."""
    subjects = [subject for topic in filters for subject in _nats_subjects(topic)]
    return {"allow": subjects} if subjects else {"deny": [">"]}


def _nats_subjects(topic_filter: str) -> list[str]:
    check_filter(topic_filter)
    subject = topic_filter.replace("/", ".").replace("+", "*").replace("#", ">")
    parent = subject.removesuffix(".>")
    return [subject] if parent == subject else [subject, parent]  # `a/#` holds `a` too


def mosquitto_settings(
    *, folder: Path, host: str, port: int, users: Sequence[BrokerUser], passwords: Mapping[str, str]
) -> str:
    """Write mosquitto's password and rights files, and return its settings (measured with 2.0.11)."""
    write_private(
        folder / "mosquitto.passwords", "".join(_mosquitto_line(n, p) for n, p in passwords.items())
    )
    write_private(folder / "mosquitto.rights", "".join(_mosquitto_rights(user) for user in users))
    (folder / "mosquitto").mkdir(mode=0o700, exist_ok=True)
    me = pwd.getpwuid(
        os.getuid()
    ).pw_name  # started by root, it would change to a user that reads nothing here
    return "\n".join(
        (
            f"listener {port} {host}",
            f"user {me}",
            "allow_anonymous false",
            f"password_file {folder / 'mosquitto.passwords'}",
            f"acl_file {folder / 'mosquitto.rights'}",
            "persistence true",
            f"persistence_location {folder / 'mosquitto'}/",
            "max_inflight_messages 100",
            "max_queued_messages 1000",
            "message_size_limit 1048576",
            "log_dest stderr",
            "log_type error",
            "log_type warning",
            "",
        )
    )


def _mosquitto_line(name: str, password: str) -> str:
    """One line of a password file, as mosquitto_passwd writes it: `$7$rounds$salt$hash`, PBKDF2-SHA512."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, MOSQUITTO_ROUNDS)
    encoded = (base64.b64encode(part).decode() for part in (salt, digest))
    return f"{name}:$7${MOSQUITTO_ROUNDS}${'$'.join(encoded)}\n"


def _mosquitto_rights(user: BrokerUser) -> str:
    for topic in (*user.publish, *user.subscribe):
        check_filter(topic)
    lines = [f"user {user.name}"]
    lines += [f"topic write {topic}" for topic in user.publish]
    lines += [f"topic read {topic}" for topic in user.subscribe]
    return "\n".join(lines) + "\n\n"
