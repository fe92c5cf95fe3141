"""A station becomes known to the centre: it makes its key, proves that it holds it, and is answered.

The private key never leaves the folder. Enrolling again makes a new key: what a cloned or restored
station needs.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import ValidationError

from edge.errors import CentreAway, EnrolmentFailed
from edge.identity import write_identity
from inspection.custody.signing import Domain, public_bytes, sign
from inspection.errors import BadMessage
from inspection.messages.station import Enrolment, EnrolmentRequest
from link.errors import LinkError, Overloaded, Refused, Unreachable
from link.http import HttpConfig, HttpLink

SAMPLE = """\
# The station's settings; every key can also be given as REGRADE_STATION_<KEY> in the environment.
centre = "{centre}"
views = []
language = "zh_CN"          # until somebody signs in: zh_CN or en
broker = "none"             # nats or mosquitto where a device speaks MQTT

# [[devices]]
# driver = "uhfreader"
# name = "gate"
# port = "/dev/ttyUSB0"
"""


async def enrol(folder: Path, centre: str, code: str) -> Enrolment:
    """Enrol the station of `folder`; raises EnrolmentFailed or CentreAway and then changes nothing."""
    key = Ed25519PrivateKey.generate()
    request = request_for(key, code)
    try:
        async with HttpLink(HttpConfig(base_url=centre, attempts=1)) as link:
            answer = await link.post("/v1/stations/enrol", request.model_dump(mode="json"))
        enrolment = Enrolment.read(answer.content)
    except Refused as error:
        raise EnrolmentFailed(f"the centre did not take the code: {error}") from error
    except (Unreachable, Overloaded) as error:
        raise CentreAway(f"{error}: the code is still good, try again") from error
    except (LinkError, BadMessage) as error:
        raise EnrolmentFailed(str(error)) from error
    _keep(folder, key, enrolment, centre)
    return enrolment


def request_for(key: Ed25519PrivateKey, code: str) -> EnrolmentRequest:
    """The request that proves possession of the key; raises EnrolmentFailed for a misspelt code."""
    spelt = code.strip().upper()
    try:
        return EnrolmentRequest(
            code=spelt,
            public_key=public_bytes(key),
            signature=sign(key, Domain.ENROLMENT, spelt.encode("ascii", "replace")),
        )
    except ValidationError as error:
        raise EnrolmentFailed(
            "a code has four groups of four letters or digits 2-7, such as ABCD-EFGH-IJKL-MN23"
        ) from error


def _keep(folder: Path, key: Ed25519PrivateKey, enrolment: Enrolment, centre: str) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_identity(folder, key, enrolment)
    settings = folder / "station.toml"
    if not settings.exists():
        settings.write_text(SAMPLE.format(centre=centre), encoding="utf-8")
