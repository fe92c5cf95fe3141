"""One target in a process of its own: `python -m tests.devices.fuzz.child NAME` and libFuzzer's options."""

import sys

import atheris

with atheris.instrument_imports(include=["devices", "inspection", "biip", "epcpy", "llrpkit"]):
    from tests.devices.fuzz.targets import TARGETS


def main() -> None:
    """Never returns: libFuzzer ends the process."""
    name, *options = sys.argv[1:]
    # libFuzzer starts itself again where it merges: by this line, given to a shell
    again = f"{sys.executable} -m tests.devices.fuzz.child {name}"
    atheris.Setup([again, *options], TARGETS[name].ask)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
