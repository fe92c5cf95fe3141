"""Settings and secrets are checked before a port opens."""

import json
from pathlib import Path

import pytest

from server.errors import BadKeys, BadSettings
from server.keys import FILE_NAME, make_keys, read_keys
from server.settings import ServerSettings, load_settings
from server.setup import init_centre

GOOD = 'host_name = "centre.test"\nsite = "s1"\n'


def load(tmp_path: Path, content: str, **environ: str) -> ServerSettings:
    (tmp_path / "server.toml").write_text(content)
    return load_settings(tmp_path, environ)


def test_two_names_are_enough(tmp_path: Path) -> None:
    settings = load(tmp_path, GOOD)
    assert (settings.origin, settings.bind) == ("centre.test/site/s1", "127.0.0.1")
    assert settings.local_only


def test_the_environment_wins(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        GOOD + "port = 1",
        REGRADE_SERVER_PORT="9000",
        REGRADE_SERVER_REFUND_RETRY_S="0.5, 1",
        REGRADE_STATION_PORT="1",
    )
    assert (settings.port, settings.refund_retry_s) == (9000, (0.5, 1.0))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "host_name"),
        (GOOD + "prot = 1", "prot"),
        (GOOD + "port = 70000", "port"),
        (GOOD + 'bind = "0.0.0.0"', "not loopback"),
        (GOOD + 'tls_cert = "a.pem"', "together"),
        (GOOD + 'refund_networks = ["10.0.0.1/8"]', "host bits"),
        ('host_name = "change-me"\nsite = "s1"', "placeholder"),
        ('host_name = "a b"\nsite = "s1"', "host_name"),
        ("host_name =", "not TOML"),
        (f'host_name = "centre.test"\nsite = "{"s" * 25}"', "site"),
        (f'host_name = "{"h" * 43}"\nsite = "{"s" * 24}"', "too long together"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(BadSettings, match=said):
        load(tmp_path, content)


@pytest.mark.parametrize("content", ["behind_proxy = true", 'tls_cert = "a"\ntls_key = "b"'])
def test_beyond_loopback_something_encrypts(tmp_path: Path, content: str) -> None:
    assert not load(tmp_path, GOOD + 'bind = "0.0.0.0"\n' + content).local_only


def test_a_missing_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="regrade server init"):
        load_settings(tmp_path / "nowhere", {})


def test_secrets_are_made_once_and_read_by_their_owner_only(tmp_path: Path) -> None:
    made = make_keys(tmp_path)
    assert read_keys(tmp_path).log_public == made.log_public
    assert "wrap" not in repr(made)
    with pytest.raises(BadKeys, match="never overwritten"):
        make_keys(tmp_path)
    (tmp_path / FILE_NAME).chmod(0o640)
    with pytest.raises(BadKeys, match="chmod 600"):
        read_keys(tmp_path)


@pytest.mark.parametrize("value", ["", "CHANGE-ME", "A" * 43 + "=", None])
def test_a_placeholder_secret_stops_the_start(tmp_path: Path, value: str | None) -> None:
    make_keys(tmp_path)
    path = tmp_path / FILE_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | {"wrap": value}))
    with pytest.raises(BadKeys):
        read_keys(tmp_path)


def test_a_centre_is_set_up_once(tmp_path: Path) -> None:
    key = init_centre(tmp_path / "c", "centre.test", "s1")
    assert key.startswith("console_")
    assert (tmp_path / "c" / "centre.sqlite").stat().st_mode & 0o077 == 0
    with pytest.raises(BadSettings, match="a centre in this folder"):
        init_centre(tmp_path / "c", "centre.test", "s1")


def test_a_set_up_that_fails_leaves_no_half_centre(tmp_path: Path) -> None:
    with pytest.raises(BadSettings):
        init_centre(tmp_path, "Centre!", "s1")
    assert not list(tmp_path.iterdir())
    init_centre(tmp_path, "centre.test", "s1")
