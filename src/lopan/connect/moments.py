"""Dates and times in text, by a format that is always named, never guessed.

A format is ``iso``, a pattern of ``d``, ``dd``, ``m``, ``mm``, ``mon``, ``yy``, ``yyyy`` and signs between them (a time
of day may follow: ``dd/mm/yyyy`` also reads 03/04/2026 14:05), a strptime pattern with ``%``, or one of the numbers
``excel`` (days since 30 December 1899), ``unix`` and ``unix_ms``. Two-digit years from 69 on lie in the last century.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

ISO = "iso"
NUMBERS = {"excel": 86_400_000_000.0, "unix": 1_000_000.0, "unix_ms": 1_000.0}
"""Formats that are numbers, and how many microseconds their unit has."""

CANDIDATES = (
    ISO, "dd/mm/yyyy", "mm/dd/yyyy", "dd.mm.yyyy", "dd-mm-yyyy", "mm-dd-yyyy", "yyyy/mm/dd", "yyyymmdd", "dd-mon-yy",
    "dd-mon-yyyy", "dd mon yyyy", "mon dd, yyyy", "dd/mm/yy", "mm/dd/yy", "dd.mm.yy",
)  # fmt: skip
"""Formats that a preview tries."""

_EXCEL_DAY_0 = -2_209_161_600_000_000
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_ZONE = r"(?P<z>[Zz]|[+-]\d{2}:?\d{2})"
_CLOCK = r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:[.,](?P<f>\d{1,9}))?)?"
_TAIL = rf"(?:[ ,T]+{_CLOCK}(?:\s*(?P<p>[AaPp])\.?[Mm]\.?)?(?:\s*{_ZONE})?)?"
_ISO = rf"(?P<Y>\d{{4}})-(?P<m>\d{{2}})-(?P<d>\d{{2}}){_TAIL}"
_TOKENS = re.compile(r"yyyy|yy|mon|mm|m|dd|d", re.IGNORECASE)
_DIRECTIVES = {
    "d": r"(?P<d>\d{1,2})", "m": r"(?P<m>\d{1,2})", "Y": r"(?P<Y>\d{4})", "y": r"(?P<y>\d{2})",
    "b": r"(?P<b>[A-Za-z]{3,9})", "B": r"(?P<b>[A-Za-z]{3,9})", "H": r"(?P<H>\d{1,2})", "I": r"(?P<H>\d{1,2})",
    "M": r"(?P<M>\d{1,2})", "S": r"(?P<S>\d{1,2})", "f": r"(?P<f>\d{1,9})", "p": r"(?P<p>[AaPp])[Mm]",
    "z": _ZONE, "%": "%",
}  # fmt: skip
_TIME_OF_DAY = re.compile(rf"^(?:(?:1899-12-31|(?P<after>1900-01-01)) )?{_CLOCK}(?:\s*(?P<p>[AaPp])\.?[Mm]\.?)?$")


class Moments(NamedTuple):
    """Microseconds since 1970 by the clock of the text; ``zoned`` are in UTC already; ``valid`` could be read."""

    at: NDArray[np.int64]
    zoned: NDArray[np.bool_]
    valid: NDArray[np.bool_]


@lru_cache(maxsize=256)
def compile_format(text: str) -> str:
    """The pattern of a format, or its name where it is a number; raises ValueError saying what may be written."""
    name = text.strip().lower()
    if name in NUMBERS:
        return name
    if name == ISO:
        return f"^{_ISO}$"
    pattern = _strptime(text) if "%" in text else _tokens(text)
    try:
        groups = set(re.compile(pattern).groupindex)
    except re.error:
        raise ValueError(f"{text!r} names a part of the date twice") from None
    if not ({"Y", "y"} & groups and {"m", "b"} & groups and "d" in groups):
        raise ValueError(
            f"{text!r} is no format of dates: write iso, excel, unix, unix_ms, or one with day, month and year,"
            " like dd/mm/yyyy or %d-%b-%y"
        )
    return pattern


def parse(texts: pa.Array, written: str) -> Moments:
    """Read an array of texts without nulls; ``written`` is a format that is not a number."""
    found = pc.extract_regex(texts, compile_format(written))
    valid = np.asarray(pc.is_valid(found))
    parts = {field.name: field_values for field, field_values in zip(found.type, found.flatten(), strict=True)}
    at, ok = _date(parts, len(texts))
    clock, fine = _clock(parts, len(texts))
    shift, zoned = _zone(parts, len(texts))
    return Moments(at + clock - shift, zoned, valid & ok & fine)


def fits(texts: pa.Array, written: str) -> bool:
    """Whether every one of the texts can be read by this format."""
    return bool(parse(texts, written).valid.all())


def from_numbers(values: NDArray[np.float64], written: str) -> Moments:
    """Read numbers by one of ``NUMBERS``; those of ``excel`` are local, the others UTC."""
    at = np.zeros(values.size, np.int64)
    valid = np.isfinite(values) & (np.abs(values) < 1e13)
    unit = NUMBERS[written]
    # Days are binary fractions: the nearest millisecond is what was meant.
    at[valid] = np.round(values[valid] * (unit / 1_000)).astype(np.int64) * 1_000
    if written == "excel":
        at += _EXCEL_DAY_0
        return Moments(at, np.zeros(values.size, bool), valid & (values >= 1))
    return Moments(at, np.ones(values.size, bool), valid)


def time_of_day(text: str) -> int | None:
    """Microseconds since midnight, up to 48 h for a shift that ends on the next day; None when it is no time.

    In a column of mixed cells, Excel's times of day are texts that begin with 31 December 1899 or the day after.
    """
    match = _TIME_OF_DAY.match(text)
    if match is None:
        return None
    hours, minutes, seconds = (int(match[name] or 0) for name in ("H", "M", "S"))
    if match["p"]:
        if not 1 <= hours <= 12:
            return None
        hours = hours % 12 + (12 if match["p"] in "Pp" else 0)
    hours += 24 if match["after"] else 0
    if hours > 47 or minutes > 59 or seconds > 59:
        return None
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + int((match["f"] or "").ljust(6, "0")[:6])


def _tokens(text: str) -> str:
    parts, at = ["^"], 0
    tight = _TOKENS.sub("", text).strip() == ""
    for match in _TOKENS.finditer(text):
        parts.append(_literal(text[at : match.start()]))
        token = match[0].lower()
        directive = {"yyyy": "Y", "yy": "y", "mon": "B"}.get(token, token[0])
        parts.append(rf"(?P<{directive}>\d{{2}})" if tight and directive in "dm" else _DIRECTIVES[directive])
        at = match.end()
    return "".join([*parts, _literal(text[at:]), _TAIL, "$"])


def _literal(text: str) -> str:
    if re.search(r"[A-Za-z0-9]", text):
        raise ValueError(f"{text!r} is no part of a format: write d, dd, m, mm, mon, yy or yyyy, or use % patterns")
    return r"\s*".join(re.escape(sign) for sign in text)


def _strptime(text: str) -> str:
    parts, at = ["^"], 0
    for match in re.finditer(r"%(.?)", text):
        if match[1] not in _DIRECTIVES:
            raise ValueError(
                f"%{match[1]} in {text!r} is not known; there are {' '.join('%' + d for d in _DIRECTIVES)}"
            )
        parts += [re.escape(text[at : match.start()]), _DIRECTIVES[match[1]]]
        at = match.end()
    return "".join([*parts, re.escape(text[at:]), "$"])


def _date(parts: dict[str, pa.Array], count: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    if "Y" in parts:
        year = _whole(parts, "Y", count)
    else:
        year = _whole(parts, "y", count)
        year = year + np.where(year >= 69, 1900, 2000)
    if "m" in parts:
        month = _whole(parts, "m", count)
    else:
        index = pc.index_in(pc.utf8_lower(pc.fill_null(parts["b"], "")), _month_names())
        index = np.asarray(pc.fill_null(index, -1)).astype(np.int64)
        month = np.where(index < 0, 0, index % 12 + 1)
    day = _whole(parts, "d", count)
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1)
    months = (year - 1970) * 12 + np.where(valid, month, 1) - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    following = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    return (first + day - 1) * 86_400_000_000, valid & (first + day <= following)


def _clock(parts: dict[str, pa.Array], count: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    hours, minutes, seconds = (_whole(parts, name, count) for name in "HMS")
    valid = (hours < 24) & (minutes < 60) & (seconds < 60)
    if "p" in parts:
        half = np.asarray(pc.utf8_lower(pc.fill_null(parts["p"], "")).to_numpy(zero_copy_only=False))
        halved = half != ""
        valid &= ~halved | ((hours >= 1) & (hours <= 12))
        hours = np.where(halved, hours % 12 + np.where(half == "p", 12, 0), hours)
    fraction = np.zeros(count, np.int64)
    if "f" in parts:
        padded = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.fill_null(parts["f"], ""), 6, "0"), 0, 6)
        fraction = np.asarray(padded.cast(pa.int64()))
    return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction, valid


def _zone(parts: dict[str, pa.Array], count: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    shift, zoned = np.zeros(count, np.int64), np.zeros(count, bool)
    if "z" in parts:
        texts = pc.fill_null(parts["z"], "")
        zoned = np.asarray(pc.not_equal(texts, ""))
        for text in pc.unique(texts).to_pylist():
            digits = text[1:].replace(":", "")
            if digits:
                minutes = (int(digits[:2]) * 60 + int(digits[2:])) * (-1 if text[0] == "-" else 1)
                shift[np.asarray(pc.equal(texts, text))] = minutes * 60_000_000
    return shift, zoned


def _whole(parts: dict[str, pa.Array], name: str, count: int) -> NDArray[np.int64]:
    if name not in parts:
        return np.zeros(count, np.int64)
    texts = pc.fill_null(parts[name], "0")
    return np.asarray(pc.if_else(pc.equal(texts, ""), "0", texts).cast(pa.int64()))


@cache
def _month_names() -> pa.Array:
    """Not made on import: the first value of Arrow in a process decides whether pandas is loaded (``lopan.lean``)."""
    return pa.array([*_MONTHS, *(month[:3] for month in _MONTHS)])
