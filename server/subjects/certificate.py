"""The certificate in words, for whoever asked: the file of words is the same as everywhere."""

from inspection.messages.base import time_text
from inspection.words.catalog import LANGUAGES, Words, words
from server.subjects.schemas import Certificate


def in_words(certificate: Certificate) -> dict[str, str]:
    """The certificate as a text, by language."""
    return {language: _text(words(language), certificate) for language in LANGUAGES}


def _text(said: Words, certificate: Certificate) -> str:
    counts = certificate.counts
    return said.say(
        "erasure.certificate",
        merchant=certificate.merchant,
        erasure=certificate.erasure,
        at=time_text(certificate.erased_at),
        units=counts.units,
        records=counts.records,
        openings=counts.openings,
        images=counts.images,
        reason=certificate.reason,
        by=certificate.by,
        origin=certificate.origin,
        index=certificate.entry_index,
        days=certificate.key_backup_days,
        until=time_text(certificate.no_key_after),
    )
