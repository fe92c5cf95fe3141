"""What a tag or a printed code says, as names and values for `regrade devices decode`; never raises."""

from typing import Any

from inspection.errors import NotUnderstood
from inspection.identity.epc import read_epc
from inspection.identity.gs1 import read_elements

Fields = dict[str, Any]

WITH_URI = frozenset({"SGTIN", "SSCC", "SGLN"})
"""Keys whose URI stands in `epc_uri`; `pure_identity` has that of every scheme."""


def tell_epc(epc: bytes, bits: int) -> Fields:
    """Scheme, URI, link and the rest of a tag's EPC of so many bits, or one `error`."""
    try:
        code = read_epc(epc, bits=bits)
    except NotUnderstood as error:
        return {"error": error.fault}
    key = (code.scheme or "").partition("-")[0]
    return {
        "scheme": code.scheme,
        "epc_uri": code.uri if key in WITH_URI else None,
        "pure_identity": code.uri,
        "digital_link": code.digital_link,
        "filter": code.filter,
        "company_prefix": code.company_prefix,
        "host": code.host,
        "data": dict(code.data),
        "unread": code.unread,
    }


def tell_elements(content: bytes) -> Fields:
    """The application identifiers of a printed code with their values, or one `error`."""
    try:
        return dict(read_elements(content.decode("utf-8", "replace")))
    except NotUnderstood as error:
        return {"error": error.fault}
