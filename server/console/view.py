"""Words and marks for what the console shows; a mark is a shape and a colour, never colour alone."""

from dataclasses import dataclass

from inspection.messages.base import read_time
from inspection.messages.station import DeviceHealth
from inspection.words.catalog import Words
from server.console.overview import Overview, StationRow

LIVE_S = 15.0
"""A station sends its health every few seconds; after this it is silent."""
JUST_NOW_S = 5.0
DEVICE_MARKS = {
    "ready": ("●", "good"),
    "degraded": ("▲", "warn"),
    "starting": ("◆", "warn"),
    "lost": ("✕", "bad"),
}
STATION_MARKS = {
    "live": ("●", "good"),
    "silent": ("✕", "bad"),
    "stopped": ("○", "soft"),
    "new": ("◆", "warn"),
}
DEVICE_TROUBLES = ("bad_checks", "resyncs", "dropped", "lost")
"""What a device counts that somebody may want to look at."""
TAG_MARKS = {"arrive": "●", "move": "→", "depart": "○"}
REFUND_STATES = (
    "settled", "delivered", "queued", "awaiting_checkpoint", "behind", "held", "rejected", "mismatch", "dead",
)  # fmt: skip
TO_LOOK_AT = ("rejected", "mismatch", "dead")
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One number of the top row."""

    key: str
    number: int
    tone: str
    mark: str = ""


def age(words: Words, seconds: float) -> str:
    """A span of time as people say it; whole, and never negative."""
    whole = max(0, int(seconds))
    if whole < MINUTE_S:
        return words.say("console.seconds", count=whole)
    if whole < HOUR_S:
        return words.say("console.minutes", count=whole // MINUTE_S)
    if whole < DAY_S:
        return words.say("console.hours", count=whole // HOUR_S, minutes=whole % HOUR_S // MINUTE_S)
    return words.say("console.days", count=whole // DAY_S, hours=whole % DAY_S // HOUR_S)


def language_of(accepted: str) -> str:
    """The language of a browser's Accept-Language: Chinese where it comes first, else English.

    Source: RFC 9110, 12.5.4.
    """
    ranges = [part.partition(";") for part in accepted.lower().split(",") if part.strip()]
    first = max(ranges, key=lambda each: _quality(each[2]), default=("", "", ""))
    return "zh_CN" if first[0].strip().partition("-")[0] == "zh" else "en"


def _quality(parameter: str) -> float:
    try:
        return float(parameter.strip().removeprefix("q=")) if parameter else 1.0
    except ValueError:
        return 0.0


def station_standing(station: StationRow) -> str:
    """`live`, `silent`, `stopped` or `new`: by the age of its health, unless it said that it ends."""
    if station.stopped:
        return "stopped"
    if station.heard_s is None:
        return "new"
    return "live" if station.heard_s <= LIVE_S else "silent"


def heard(words: Words, seconds: float | None) -> str:
    """How old the last health is."""
    if seconds is None or seconds <= JUST_NOW_S:
        return words.say("console.heard_now") if seconds is not None else ""
    return words.say("console.heard", age=age(words, seconds))


def wants_somebody(station: StationRow) -> bool:
    """True for a station that is silent, is held, or lacks a device; not for one that was told to stop."""
    health = station.health
    if health is None or station.stopped:
        return False
    broken = health.state == "held" or any(device.state != "ready" for device in health.devices)
    return broken or station_standing(station) == "silent"


def troubles(device: DeviceHealth) -> tuple[tuple[str, int], ...]:
    """What a device counted that should not have been, by its name."""
    counted = {**device.counts, "dropped": device.dropped, "lost": device.lost}
    return tuple((name, counted[name]) for name in DEVICE_TROUBLES if counted.get(name))


def deadline(words: Words, left_s: float | None) -> tuple[str, str, str]:
    """Mark, tone and words of a unit's deadline."""
    if left_s is None:
        return "○", "soft", words.say("console.no_deadline")
    if left_s <= 0:
        return "✕", "bad", words.say("console.late_by", age=age(words, -left_s))
    near = left_s <= HOUR_S
    return (
        ("▲" if near else "●"),
        ("warn" if near else "good"),
        words.say("console.left", age=age(words, left_s)),
    )


def tiles(overview: Overview) -> tuple[Tile, ...]:
    """The numbers of the top row, what needs somebody first."""
    to_look_at = sum(overview.refunds.get(state, 0) for state in TO_LOOK_AT)
    return (
        Tile(key="overdue", number=overview.overdue, **_alarm(overview.overdue, "bad", "✕")),
        Tile(key="due_soon", number=overview.due_soon, **_alarm(overview.due_soon, "warn", "▲")),
        Tile(key="expected", number=overview.expected, tone="plain"),
        Tile(key="inspected", number=overview.inspected, tone="plain"),
        Tile(key="of_refunds", number=to_look_at, **_alarm(to_look_at, "bad", "✕")),
        Tile(key="refused_records", number=overview.refused, **_alarm(overview.refused, "warn", "▲")),
    )


def _alarm(number: int, tone: str, mark: str) -> dict[str, str]:
    return {"tone": tone, "mark": mark} if number else {"tone": "good", "mark": "●"}


def clock_time(recorded_at: str) -> str:
    """Hours, minutes and seconds of a wire time, on this machine's clock."""
    return read_time(recorded_at).astimezone().strftime("%H:%M:%S")


def short(digest: str) -> str:
    """Enough of a hash to compare by eye."""
    return f"{digest[:8]} {digest[8:16]}"
