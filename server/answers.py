"""Answers in one spelling: a message as JSON."""

from fastapi import Response

from inspection.messages.base import Message


def answer(message: Message, status: int = 200) -> Response:
    """The message's own JSON bytes."""
    return Response(message.to_json(), status, media_type="application/json")
