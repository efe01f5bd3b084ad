"""Ids in bulk are what Python's own UUID says, one by one."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lopan.event.ids import NOTHING, digest, digests, pack


@given(st.lists(st.uuids()), st.booleans())
def test_pack_is_the_bytes_of_each(uuids: list[UUID], dashes: bool) -> None:
    texts = [str(one) if dashes else one.hex for one in uuids]
    assert pack(texts) == b"".join(one.bytes for one in uuids)


@given(st.lists(st.tuples(st.uuids(), st.sampled_from(["{}", "{}", "{}x"]))))
def test_pack_refuses_what_is_no_uuid(parts: list[tuple[UUID, str]]) -> None:
    texts = [form.format(one) for one, form in parts]
    if any(text.endswith("x") for text in texts):
        with pytest.raises(ValueError, match=r".+"):
            pack(texts)
    else:
        assert len(pack(texts)) == 16 * len(texts)


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(["0" * 31, "0" * 33], id="lengths that even out"),
        pytest.param(["g" * 32], id="not hex"),
        pytest.param([" " * 2 + "0" * 30], id="spaces"),
        pytest.param(["0" * 32 + "----"], id="dashes elsewhere"),
        pytest.param([""], id="empty"),
    ],
)
def test_pack_is_not_fooled(texts: list[str]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        pack(texts)


@given(st.lists(st.text(max_size=40) | st.uuids().map(str)))
def test_digests_are_the_digest_of_each(texts: list[str]) -> None:
    assert digests(texts) == b"".join(map(digest, texts))
    assert all((digest(text) == NOTHING) == (not text) for text in texts if text != str(UUID(int=0)))
