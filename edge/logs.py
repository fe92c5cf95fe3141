"""Where a station's log goes: one JSON line per event on stderr, for whatever collects it."""

import logging
import sys

import structlog


def log_to_stderr() -> None:
    """Set structlog up once, from the composition root."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
