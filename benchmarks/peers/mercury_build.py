"""Build python-mercuryapi's extension `mercury` from the sources of two packages: `mercury_build.py SDIST`.

python-mercuryapi 0.5.3 is a wrapper of 2019 in one file and does not carry JADAK's API; smartx-rfid carries
it, in a version of 2023 in which one call takes one more argument. It needs gcc.
"""

import subprocess
import sys
import sysconfig
import tarfile
from importlib.util import find_spec
from pathlib import Path

PARTS = (
    "hex_bytes", "osdep_posix", "serial_reader", "serial_reader_l3", "serial_transport_posix",
    "serial_transport_tcp_posix", "tm_reader", "tm_reader_async", "tmr_loadsave_configuration", "tmr_param",
    "tmr_strerror", "tmr_utils",
)  # fmt: skip
CALL = "(uint8_t *)PyByteArray_AsString(data));"
WITH_ONE_MORE = CALL.replace(");", ", NULL);")


def wrapper(sdist: Path) -> str:
    """The wrapper's source, with the one call as the newer API wants it."""
    with tarfile.open(sdist) as archive:
        file = archive.extractfile("python-mercuryapi-0.5.3/mercury.c")
        assert file is not None
        source = file.read().decode()
    assert source.count(CALL) == 1
    return source.replace(CALL, WITH_ONE_MORE)


def build(sdist: Path) -> None:
    """Put the extension where Python finds it."""
    spec = find_spec("smartx_rfid")
    assert spec is not None
    assert spec.submodule_search_locations
    api = Path(spec.submodule_search_locations[0]) / "devices" / "RFID" / "ACUPAD" / "mercury_api"
    source = sdist.with_name("mercury.c")
    source.write_text(wrapper(sdist), encoding="utf-8")
    paths = sysconfig.get_paths()
    target = Path(paths["platlib"]) / f"mercury{sysconfig.get_config_var('EXT_SUFFIX')}"
    flags = ("-O1", "-w", "-fPIC", "-shared", "-DTMR_ENABLE_SERIAL_READER_ONLY=1")
    headers = ("-I", api, "-I", paths["include"])
    parts = [api / f"{part}.c" for part in PARTS]
    subprocess.run(["gcc", *flags, *headers, "-o", target, source, *parts, "-lpthread"], check=True)


if __name__ == "__main__":
    build(Path(sys.argv[1]))
