from __future__ import annotations

import cramjam
import pytest
from starlette.datastructures import Headers

from lopan.web import compress

BODY = b"figures " * 500


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("br; q=0.000", ""),
        ("deflate", ""),
        ("", ""),
        ("BR", "br"),
    ],
)
def test_choice(accepted: str, coding: str) -> None:
    assert compress.choose(Headers({"accept-encoding": accepted})) == coding


@pytest.mark.parametrize("best", [False, True])
def test_what_is_sent_can_be_read_again(best: bool) -> None:
    assert bytes(cramjam.brotli.decompress(compress.encode(BODY, "br", best=best))) == BODY
    assert bytes(cramjam.gzip.decompress(compress.encode(BODY, "gzip", best=best))) == BODY
    assert compress.encode(BODY, "") == BODY


def test_small_answers_are_left_alone() -> None:
    body, headers = compress.answer(b"{}", Headers({"accept-encoding": "br"}))

    assert body == b"{}"
    assert headers == {"Vary": "Accept-Encoding"}
