"""The AsyncAPI 3.0 document, from the rows of the channels and the messages on them."""

import re
from functools import cache
from importlib.metadata import version
from typing import Any

from server.contract.channels import CHANNELS, Channel, Does, Peer
from server.contract.row import JSON
from server.contract.schemas import Names, components
from server.contract.webhooks import SIGNED

Document = dict[str, Any]
PARAMETERS = {
    "site": "A building with its own ledger.",
    "station": "A bench.",
    "merchant": "Whose goods they are.",
}
SERVERS: dict[Peer, Document] = {
    Peer.CENTRE: {
        "host": "{host}",
        "protocol": "https",
        "description": "The centre.",
        "variables": {"host": {"description": "Its name and port.", "default": "centre.example"}},
    },
    Peer.REFUND_SYSTEM: {
        "host": "{host}",
        "protocol": "https",
        "description": "Where a merchant's refund system listens (`PUT /v1/refunds/endpoint`).",
        "variables": {"host": {"description": "Its name and port.", "default": "refunds.example"}},
    },
    Peer.BROKER: {
        "host": "{host}",
        "protocol": "mqtt",
        "protocolVersion": "3.1.1",
        "description": "A broker that joins stations and centre. Reserved: there is none today.",
        "variables": {"host": {"description": "Its name and port.", "default": "broker.example:8883"}},
        "security": [{"$ref": "#/components/securitySchemes/Account"}],
    },
}
ABOUT = (
    "What the centre sends and receives as messages by themselves. Made from the messages of the program "
    "(`regrade server contract asyncapi`); everything else is in the OpenAPI document."
)


@cache
def document() -> Document:
    """The whole document."""
    taken = [channel.body for channel in CHANNELS if channel.does is Does.RECEIVES]
    given = [channel.body for channel in CHANNELS if channel.does is Does.SENDS]
    schemas, names = components(taken, given)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Regrade centre", "version": version("regrade"), "description": ABOUT},
        "defaultContentType": JSON,
        "servers": {peer.value: SERVERS[peer] for peer in Peer},
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {_verb(channel): _operation(channel) for channel in CHANNELS},
        "components": {
            "schemas": schemas,
            "messages": {channel.body.__name__: _message(channel, names) for channel in CHANNELS},
            "securitySchemes": {
                "Bearer": {"type": "http", "scheme": "bearer", "description": "An API key of scope `shop`."},
                "Account": {"type": "userPassword", "description": "One account for each station."},
            },
        },
    }


def _channel(channel: Channel) -> Document:
    named = re.findall(r"{(\w+)}", channel.address or "")
    parameters = {name: {"description": PARAMETERS[name]} for name in named}
    return {
        "address": channel.address,
        "description": channel.about,
        "servers": [{"$ref": f"#/servers/{channel.peer.value}"}],
        "messages": {
            channel.body.__name__: {"$ref": f"#/components/messages/{channel.body.__name__}"},
        },
        **({"parameters": parameters} if parameters else {}),
    }


def _verb(channel: Channel) -> str:
    return f"{channel.does.value}{channel.name[0].upper()}{channel.name[1:]}"


def _operation(channel: Channel) -> Document:
    return {
        "action": channel.does.value,
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "summary": channel.about,
        "messages": [{"$ref": f"#/channels/{channel.name}/messages/{channel.body.__name__}"}],
        "bindings": _bindings(channel),
        **({"security": [{"$ref": "#/components/securitySchemes/Bearer"}]} if channel.keyed else {}),
    }


def _bindings(channel: Channel) -> Document:
    if channel.peer is Peer.BROKER:
        return {"mqtt": {"qos": 1, "retain": channel.retained, "bindingVersion": "0.2.0"}}
    return {"http": {"method": "POST", "bindingVersion": "0.3.0"}}


def _message(channel: Channel, names: Names) -> Document:
    mode = names[(channel.body, "validation" if channel.does is Does.RECEIVES else "serialization")]
    headers = {
        "type": "object",
        "properties": {header.name: {**header.schema, "description": header.about} for header in SIGNED},
        "required": [header.name for header in SIGNED],
    }
    return {
        "name": channel.body.__name__,
        "title": channel.body.__name__,
        "summary": (channel.body.__doc__ or "").strip().partition("\n")[0],
        "contentType": JSON,
        "payload": {"$ref": mode},
        **({"headers": headers} if channel.signed else {}),
    }
