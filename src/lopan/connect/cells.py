"""From cells as they came to values of a kind, a whole column at a time.

Texts lose their outer blanks; an empty one is unknown. What can't be read is null, and named in ``wrong``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from lopan.connect import localtime, moments
from lopan.fact import Column, Kind
from lopan.store.facts import TIME

Mask = NDArray[np.bool_]
Value = object

_MONEY = pa.decimal128(18, 4)
_BLANKS = " \t\u00a0\u202f\u2009"
_SIGNS = _BLANKS + "$€£¥₹₩₽₺₫₱฿₴₦¢"
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
_EXACT = r"^[+-]?(\d{1,14}(\.\d{0,4})?|\.\d{1,4})$"
_CODE = r"^[A-Z]{3}\s*|\s*[A-Z]{3}$"
_FLAGS = {
    "true": True, "yes": True, "y": True, "1": True, "x": True, "t": True, "on": True,
    "false": False, "no": False, "n": False, "0": False, "f": False, "off": False,
}  # fmt: skip
_DAY_US = 86_400_000_000
_EXCEL_TIMES = -2_208_902_400_000_000
"""2 January 1900: what a sheet shows before it is a time of day, not a moment."""
_EXCEL_ZERO = -2_209_075_200_000_000


class Way(NamedTuple):
    """How the cells of one field are read; see ``mapping.Field``. ``zone`` is that of times without one."""

    format: str = ""
    zone: ZoneInfo = ZoneInfo("UTC")
    values: Mapping[str, Value] = {}
    null: tuple[str, ...] = ()
    decimal: str = "."
    thousands: str = ""
    factor: float = 1.0
    round: bool = False


class Cells(NamedTuple):
    """Values in the type of their column, what is wrong with which, how many times there were twice or never."""

    values: pa.Array
    wrong: Sequence[tuple[Mask, str]] = ()
    twice: int = 0
    never: int = 0


def read(raw: pa.Array, column: Column, way: Way) -> Cells:
    """The cells of one column as values of ``column``."""
    raw = plain(raw, way.null)
    if way.values and column.kind not in ("choice", "flag"):
        raw = _meant(raw, way.values)
    return _READ[column.kind](raw, column, way)


def plain(raw: pa.Array, null: Iterable[str] = ()) -> pa.Array:
    """Cells without dictionaries; of texts without outer blanks, and null where nothing or one of ``null`` is left."""
    if isinstance(raw, pa.ChunkedArray):
        raw = raw.combine_chunks()
    if pa.types.is_dictionary(raw.type):
        raw = raw.cast(raw.type.value_type)
    if pa.types.is_large_string(raw.type) or pa.types.is_string_view(raw.type):
        raw = raw.cast(pa.utf8())
    if not pa.types.is_string(raw.type):
        return raw
    trimmed = pc.utf8_trim_whitespace(raw)
    return pc.replace_with_mask(trimmed, pc.is_in(trimmed, pa.array(["", *null])), pa.scalar(None, pa.utf8()))


def texts(raw: pa.Array) -> pa.Array:
    """Cells as texts: whole numbers without a point, times as ISO."""
    kind = raw.type
    if pa.types.is_string(kind):
        return raw
    if pa.types.is_floating(kind):
        whole = pc.and_(pc.equal(pc.floor(raw), raw), pc.less(pc.abs(raw), 1e15))
        return pc.if_else(pc.fill_null(whole, False), _whole_part(raw, whole).cast(pa.utf8()), raw.cast(pa.utf8()))
    if pa.types.is_timestamp(kind):
        moment = raw.cast(pa.timestamp("us", kind.tz), safe=False)
        return pc.strftime(moment, "%Y-%m-%dT%H:%M:%SZ" if kind.tz else "%Y-%m-%dT%H:%M:%S")
    return raw.cast(pa.utf8())


def _whole_part(raw: pa.Array, whole: pa.Array) -> pa.Array:
    return pc.if_else(pc.fill_null(whole, False), raw, 0.0).cast(pa.int64())


def _meant(raw: pa.Array, values: Mapping[str, Value]) -> pa.Array:
    """Texts with the meaning that ``values`` give to some of them."""
    found = texts(raw)
    words = pa.array(list(values))
    meanings = pa.array([_word(value) for value in values.values()])
    index = pc.index_in(found, words)
    return pc.if_else(pc.is_valid(index), meanings.take(index), found)


def _word(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _text(raw: pa.Array, column: Column, way: Way) -> Cells:
    found = texts(raw)
    nul = pc.fill_null(pc.match_substring(found, "\0"), False)
    return _without(found, [(nul, "contains a NUL byte")])


def _choice(raw: pa.Array, column: Column, way: Way) -> Cells:
    known = {_plain_word(choice): choice for choice in column.choices} if column.choices else {}

    def meaning(text: str) -> str | None:
        return known.get(_plain_word(text))

    said = "is not one of " + ", ".join(choice or '""' for choice in column.choices) + "; say what it means in values"
    return _looked_up(texts(raw), way, meaning, pa.utf8(), said)


def _flag(raw: pa.Array, column: Column, way: Way) -> Cells:
    if pa.types.is_boolean(raw.type):
        return Cells(raw.cast(pa.uint8()))

    def meaning(text: str) -> int | None:
        found = _FLAGS.get(text.lower())
        return None if found is None else int(found)

    return _looked_up(texts(raw), way, meaning, pa.uint8(), "is neither yes nor no; say what it means in values")


def _looked_up(found: pa.Array, way: Way, meaning: Callable[[str], object], kind: pa.DataType, said: str) -> Cells:
    """Texts by what each distinct one means; those without a meaning are wrong."""
    given = {word.strip().lower(): _word(value) for word, value in way.values.items()}
    coded = found.dictionary_encode()
    words = coded.dictionary.to_pylist()
    meanings = pa.array([meaning(given.get(word.lower(), word)) for word in words], kind)
    values = meanings.take(coded.indices)
    return Cells(values, _named(pc.and_(pc.is_valid(found), pc.is_null(values)), said))


def _number(raw: pa.Array, column: Column, way: Way) -> Cells:
    if pa.types.is_string(raw.type):
        values, wrong = _parsed(raw, way, pa.float64(), _PLAIN)
    elif _is_number(raw.type):
        values, wrong = _floats(raw), []
    else:
        return _not(raw, pa.float64(), "is not a number")
    if way.factor != 1.0:
        values = pc.multiply(values, way.factor)
    return Cells(values, wrong)


def _floats(raw: pa.Array) -> pa.Array:
    """The nearest number; Arrow's own way from decimals ends beside it (59.000000000 becomes 59.00000000000001)."""
    return (raw.cast(pa.utf8()) if pa.types.is_decimal(raw.type) else raw).cast(pa.float64(), safe=False)


def _whole(raw: pa.Array, column: Column, way: Way) -> Cells:
    values, wrong, *_ = _number(raw, column, way)
    fits = pc.and_(pc.equal(pc.floor(values), values), pc.less(pc.abs(values), 2.0**53))
    odd = pc.and_(pc.is_valid(values), pc.invert(pc.fill_null(fits, False)))
    kept = _whole_part(values, fits)
    outcome = pc.if_else(pc.fill_null(fits, False), kept, pa.scalar(None, pa.int64()))
    return Cells(outcome, [*wrong, *_named(odd, "is not a whole number")])


def _money(raw: pa.Array, column: Column, way: Way) -> Cells:
    inexact = way.factor != 1.0 or way.round
    if pa.types.is_string(raw.type):
        plainly = _cast(raw, _MONEY) if _is_plain(way) else None
        if plainly is not None and not inexact:
            return Cells(plainly)
        found = raw if plainly is not None else _cleaned(raw, way)
    elif _is_number(raw.type):
        found = raw
    else:
        return _not(raw, _MONEY, "is not a number")
    return _money_of_floats(found, way) if inexact or pa.types.is_floating(found.type) else _exact(found)


def _exact(found: pa.Array) -> Cells:
    """Decimals from texts, whole numbers or decimals; a fifth place is refused."""
    values = _cast(found, _MONEY)
    if values is not None:
        return Cells(values)
    if not pa.types.is_string(found.type):
        found = found.cast(pa.utf8())
    usual = pc.replace_substring_regex(found, r"^([+-]?)0+(\d)", r"\1\2")
    usual = pc.replace_substring_regex(usual, r"(\.\d*?)0+$", r"\1")
    fits = pc.fill_null(pc.match_substring_regex(usual, _EXACT), False)
    values = pc.if_else(fits, usual, pa.scalar(None, pa.utf8())).cast(_MONEY)
    rest = np.asarray(pc.and_(pc.is_valid(found), pc.invert(fits)))
    reasons = np.full(len(found), "", object)
    late: dict[int, Decimal] = {}
    for index in np.flatnonzero(rest):
        outcome = _decimal(found[index].as_py())
        if isinstance(outcome, str):
            reasons[index] = outcome
        else:
            late[int(index)] = outcome
    if late:
        values = pa.array([late.get(index, value) for index, value in enumerate(values.to_pylist())], _MONEY)
    return Cells(values, [(reasons == reason, reason) for reason in sorted({*reasons[rest]} - {""})])


def _decimal(text: str) -> Decimal | str:
    """An amount with an exponent or out of range, or what is wrong with it."""
    try:
        value = Decimal(text) if re.match(_PLAIN, text, re.ASCII) else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        return "is not a number"
    if value and value.adjusted() > 13:
        return _TOO_MUCH
    exponent = value.normalize().as_tuple().exponent
    return value if isinstance(exponent, int) and exponent >= -4 else _FIFTH


_TOO_MUCH = "is more than 10,000,000,000,000"
_FIFTH = "has more than four places after the point; round = true in the mapping rounds it"


def _money_of_floats(found: pa.Array, way: Way) -> Cells:
    """Amounts from binary fractions, or after a factor: the nearest of four places when it is as near as noise."""
    values, wrong = (found, []) if not pa.types.is_string(found.type) else _parsed(found, Way(), pa.float64(), _PLAIN)
    scaled = np.asarray(pc.fill_null(values.cast(pa.float64(), safe=False), 0.0)) * way.factor * 10_000.0
    whole = np.round(scaled)
    large = ~(np.abs(whole) <= 1e17)
    apart = ~large & (np.abs(scaled - whole) > np.maximum(1e-4, np.abs(scaled) * 1e-12)) & (not way.round)
    kept = np.where(large | apart, 0.0, whole).astype(np.int64)
    # A decimal is 128 bits: its ten-thousandths, and their sign again above them.
    wide = np.stack([kept, kept >> 63], axis=1)
    money = pa.Array.from_buffers(_MONEY, kept.size, [None, pa.py_buffer(wide)])
    lost = pc.or_(pa.array(large | apart), pc.is_null(values))
    money = pc.if_else(lost, pa.scalar(None, _MONEY), money)
    return Cells(money, [*wrong, *_named(pa.array(large), _TOO_MUCH), *_named(pa.array(apart), _FIFTH)])


def _parsed(raw: pa.Array, way: Way, kind: pa.DataType, pattern: str) -> tuple[pa.Array, list[tuple[Mask, str]]]:
    """Numbers from texts: at once where all are plain, else after a look at every one."""
    values = _cast(raw, kind) if _is_plain(way) else None
    if values is not None:
        return values, []
    found = _cleaned(raw, way)
    fits = pc.fill_null(pc.match_substring_regex(found, pattern), False)
    values = pc.if_else(fits, found, pa.scalar(None, pa.utf8())).cast(kind)
    return values, _named(pc.and_(pc.is_valid(raw), pc.invert(fits)), "is not a number")


def _cleaned(raw: pa.Array, way: Way) -> pa.Array:
    """Numbers in the form 1234.5: without currency, brackets for less than nothing, and signs between thousands."""
    found = pc.utf8_trim(raw, _SIGNS)
    found = pc.utf8_trim(pc.replace_substring_regex(found, _CODE, ""), _BLANKS)
    found = pc.replace_substring_regex(found, r"^\((.*)\)$", r"-\1")
    found = pc.replace_substring_regex(found, r"^([^-]+)-$", r"-\1")
    found = pc.replace_substring_regex(found, rf"^([+-]?)[{_SIGNS}]+", r"\1")
    if way.thousands:
        sign = rf"[{_BLANKS}]" if way.thousands in _BLANKS else re.escape(way.thousands)
        if way.thousands == "'":
            sign = "['’]"
        point = re.escape(way.decimal)
        grouped = pc.match_substring_regex(found, rf"^[+-]?\d{{1,3}}({sign}\d{{2,3}})*{sign}\d{{3}}({point}\d*)?$")
        found = pc.if_else(grouped, pc.replace_substring_regex(found, sign, ""), found)
    if way.decimal == ",":
        # A point that was not between thousands is no decimal sign here.
        found = pc.replace_substring(pc.replace_substring(found, ".", "?"), ",", ".")
    return found


def _time(raw: pa.Array, column: Column, way: Way) -> Cells:
    found = _moments(raw, way)
    if isinstance(found, Cells):
        return found
    at, zoned, known, wrong = found
    local = localtime.to_utc(at[~zoned], way.zone)
    at = at.copy()
    at[~zoned] = local.utc
    counted = known[~zoned]
    values = pa.array(np.floor_divide(at, 1_000), mask=~known).cast(TIME)
    return Cells(values, wrong, int((local.twice & counted).sum()), int((local.never & counted).sum()))


def _day(raw: pa.Array, column: Column, way: Way) -> Cells:
    if pa.types.is_date(raw.type):
        return Cells(raw.cast(pa.date32()))
    found = _moments(raw, way)
    if isinstance(found, Cells):
        return Cells(pa.nulls(len(raw), pa.date32()), found.wrong)
    at, zoned, known, wrong = found
    at = at.copy()
    at[zoned] = localtime.to_local(at[zoned], way.zone)
    days = np.clip(np.floor_divide(at, _DAY_US), -(2**31), 2**31 - 1).astype(np.int32)
    return Cells(pa.array(days, mask=~known).cast(pa.date32()), wrong)


_Found = tuple[NDArray[np.int64], Mask, Mask, list[tuple[Mask, str]]]


def _moments(raw: pa.Array, way: Way) -> _Found | Cells:
    """Microseconds, which of them are UTC, which are known, and what is wrong."""
    kind, present = raw.type, np.asarray(pc.is_valid(raw))
    if pa.types.is_timestamp(kind):
        at = _filled(raw.cast(pa.timestamp("us", kind.tz), safe=False).cast(pa.int64()))
        timeless = present & (at < _EXCEL_TIMES) & (kind.tz is None)
        said = "is a time of day without a day; name the column of the day too"
        return at, np.full(len(raw), kind.tz is not None), present & ~timeless, _masks(timeless, said)
    if pa.types.is_date(kind):
        days = _filled(raw.cast(pa.date32()).cast(pa.int32()).cast(pa.int64()))
        return days * _DAY_US, np.zeros(len(raw), bool), present, []
    if way.format in moments.NUMBERS:
        values, wrong, *_ = _number(raw, _ANY, way)
        found = moments.from_numbers(_filled(values, 0.0), way.format)
        known = np.asarray(pc.is_valid(values))
        return found.at, found.zoned, known & found.valid, [*wrong, *_masks(known & ~found.valid, "is not a date")]
    if not pa.types.is_string(kind):
        return _not(raw, TIME, "is not a date")
    return _moments_of_texts(raw, way, present)


def _moments_of_texts(raw: pa.Array, way: Way, present: Mask) -> _Found | Cells:
    if not way.format:
        return _not(raw, TIME, "needs a format: say how dates are written (--dates, or format in the mapping)")
    coded = raw.dictionary_encode()
    found = moments.parse(coded.dictionary, way.format)
    index = _filled(coded.indices.cast(pa.int64()))
    if len(coded.dictionary) == 0:
        nothing = np.zeros(len(raw), np.int64)
        return nothing, np.zeros(len(raw), bool), present, []
    known = present & found.valid[index]
    said = f"is not a date written {way.format}"
    return found.at[index], found.zoned[index], known, _masks(present & ~known, said)


def day_and_time(day: pa.Array, clock: pa.Array, way: Way) -> Cells:
    """Times from a column of days and one of times of day: texts, times, or what Excel makes of them."""
    found = _moments(plain(day, way.null), way)
    if isinstance(found, Cells):
        return found
    at, _, known, wrong = found
    midnight = np.floor_divide(at, _DAY_US) * _DAY_US
    passed, readable = _passed(plain(clock, way.null))
    local = localtime.to_utc(midnight + passed, way.zone)
    values = pa.array(np.floor_divide(local.utc, 1_000), mask=~(known & readable)).cast(TIME)
    wrong = [*wrong, *_masks(known & ~readable, "has a day, but no time of day like 14:05")]
    return Cells(values, wrong, int((local.twice & known).sum()), int((local.never & known).sum()))


def _passed(clock: pa.Array) -> tuple[NDArray[np.int64], Mask]:
    """Microseconds since midnight; more than a day for what ends on the next one."""
    kind, present = clock.type, np.asarray(pc.is_valid(clock))
    if pa.types.is_time(kind):
        return _filled(clock.cast(pa.time64("us")).cast(pa.int64())), present
    if pa.types.is_duration(kind):
        passed = _filled(clock.cast(pa.duration("us"), safe=False).cast(pa.int64()))
        return passed, present & (passed >= 0) & (passed < 2 * _DAY_US)
    if pa.types.is_timestamp(kind):
        at = _filled(clock.cast(pa.timestamp("us"), safe=False).cast(pa.int64()))
        bare = at < _EXCEL_TIMES
        return np.where(bare, at - _EXCEL_ZERO, np.mod(at, _DAY_US)), present & (~bare | (at >= _EXCEL_ZERO))
    if pa.types.is_floating(kind):
        days = _filled(clock, 0.0)
        fine = (days >= 0) & (days < 2)
        return np.round(np.where(fine, days, 0) * 86_400_000).astype(np.int64) * 1_000, present & fine
    coded = texts(clock).dictionary_encode()
    read_ = [moments.time_of_day(text) for text in coded.dictionary.to_pylist()] or [None]
    index = _filled(coded.indices.cast(pa.int64()))
    passed = np.array([-1 if one is None else one for one in read_], np.int64)[index]
    return passed, present & (passed >= 0)


_ANY = Column("", "number", required=False, optional=True, default=None)
_READ: dict[Kind, Callable[[pa.Array, Column, Way], Cells]] = {
    "text": _text,
    "choice": _choice,
    "number": _number,
    "money": _money,
    "whole": _whole,
    "flag": _flag,
    "time": _time,
    "day": _day,
}


def _plain_word(text: str) -> str:
    return re.sub(r"[\s_-]+", "_", text.strip().lower())


def _is_plain(way: Way) -> bool:
    return way.decimal == "." and not way.thousands


def _cast(values: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """The values in another type; None when one of them is not to be had in it."""
    try:
        return values.cast(kind)
    except pa.ArrowInvalid:
        return None


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _filled(values: pa.Array, stand_in: float = 0) -> NDArray[Any]:
    found: NDArray[Any] = pc.fill_null(values, stand_in).to_numpy(zero_copy_only=False)
    return found


def _not(raw: pa.Array, kind: pa.DataType, said: str) -> Cells:
    return Cells(pa.nulls(len(raw), kind), _named(pc.is_valid(raw), said))


def _without(values: pa.Array, wrong: list[tuple[pa.Array, str]]) -> Cells:
    found = [one for mask, said in wrong for one in _named(mask, said)]
    for mask, _ in found:
        values = pc.replace_with_mask(values, pa.array(mask), pa.scalar(None, values.type))
    return Cells(values, found)


def _named(mask: pa.Array, said: str) -> list[tuple[Mask, str]]:
    return _masks(np.asarray(mask.to_numpy(zero_copy_only=False), bool), said)


def _masks(mask: Mask, said: str) -> list[tuple[Mask, str]]:
    return [(mask, said)] if mask.any() else []
