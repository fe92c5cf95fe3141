"""What may be opened, and what is said of it."""

import pytest
from pydantic import ValidationError

from devices.camera.opencv.driver import OpenCvConfig
from devices.camera.opencv.source import SourceKind, check_device, has_user, read_source, with_password
from devices.config import parse_devices
from devices.errors import LinkLost, WrongSetUp

SECRET = "p@ss:w/rd"


def config(**settings: object) -> OpenCvConfig:
    return OpenCvConfig.model_validate({"driver": "opencv", "name": "cam", "view": "top", **settings})


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("0", SourceKind.DEVICE, "/dev/video0"),
        ("/dev/v4l/by-id/usb-Cam-index0", SourceKind.DEVICE, "/dev/v4l/by-id/usb-Cam-index0"),
        ("rtsp://me@10.0.0.5:8554/s?token=abc", SourceKind.STREAM, "rtsp://10.0.0.5:8554/s"),
        ("http://10.0.0.5/video.mjpg?user=me&pwd=abc", SourceKind.STREAM, "http://10.0.0.5/video.mjpg"),
        ("trial/mug.avi", SourceKind.FILE, "trial/mug.avi"),
    ],
)
def test_a_source_is_shown_without_what_may_be_a_secret(text: str, kind: SourceKind, shown: str) -> None:
    source = read_source(text)
    assert (source.kind, source.shown) == (kind, shown)


@pytest.mark.parametrize(
    "text", ["", "ftp://a/b", "rtsp://", f"rtsp://me:{SECRET}@host/s", "a\0b", "http:///x"]
)
def test_what_is_no_source_is_refused(text: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        config(source=text)
    assert SECRET not in str([fault["msg"] for fault in refusal.value.errors()])


def test_a_password_in_the_address_is_not_repeated_in_the_refusal() -> None:
    with pytest.raises(ValidationError) as refusal:
        config(source="rtsp://me:hunter2@host/s")
    assert "hunter2" not in str(refusal.value)
    assert "password_env" in str(refusal.value)
    table = {"driver": "opencv", "name": "cam", "view": "top", "source": "rtsp://me:hunter2@host/s"}
    with pytest.raises(WrongSetUp, match="password_env") as wrong:
        parse_devices([table])
    assert "hunter2" not in str(wrong.value)


def test_a_password_comes_from_the_environment_and_fits_into_an_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = read_source("rtsp://me@host:8554/s")
    assert has_user(source)
    assert with_password(source, None) == "rtsp://me@host:8554/s"
    monkeypatch.delenv("CAM", raising=False)
    with pytest.raises(WrongSetUp, match="CAM") as refusal:
        with_password(source, "CAM")
    assert refusal.value.reason == "no_password"
    monkeypatch.setenv("CAM", SECRET)
    assert with_password(source, "CAM") == "rtsp://me:p%40ss%3Aw%2Frd@host:8554/s"


def test_a_password_without_a_user_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="user"):
        config(source="rtsp://host/s", password_env="CAM")


def test_a_device_that_is_not_there_is_named() -> None:
    with pytest.raises(LinkLost) as lost:
        check_device("/dev/v4l/by-id/nothing", "/dev/v4l/by-id/nothing")
    assert lost.value.reason == "port_missing"
