from __future__ import annotations

import re
from pathlib import Path

import pytest

from lopan.alerts import playbook
from lopan.catalog.loader import load
from lopan.errors import ConfigError

HEAD = '+++\nid = "own"\ntitle = "Own"\nseverity = "warning"\nresponse_minutes = 30\n+++\n'


@pytest.mark.parametrize(
    ("name", "severity", "minutes"),
    [
        ("app-launch-time", "critical", 15),
        ("crash-rate", "critical", 10),
        ("memory-usage", "critical", 20),
        ("user-retention", "warning", 120),
        ("customer-satisfaction", "critical", 60),
    ],
)
def test_the_documents_playbooks(name: str, severity: str, minutes: int) -> None:
    found = playbook.load()[name]
    assert (found.severity, found.response_minutes) == (severity, minutes)
    assert len(found.steps) >= 4


def test_links_between_playbooks_lead_somewhere() -> None:
    books = playbook.load()
    named = {name for book in books.values() for name in re.findall(r"\]\(/playbooks/([^)]+)\)", book.body)}
    assert named
    assert named <= set(books)


def test_every_playbook_that_a_kpi_names_exists() -> None:
    assert {kpi.playbook for kpi in load().kpis.values() if kpi.playbook} <= set(playbook.load())


@pytest.mark.parametrize(
    ("body", "absent", "present"),
    [
        pytest.param("- [ ] <script>alert(1)</script>", "<script>", "&lt;script&gt;", id="script"),
        pytest.param("- [ ] <img src=x onerror=alert(1)>", "<img", "&lt;img", id="attribute"),
        pytest.param("- [ ] [x](javascript:alert(1))", "<a", "[x]", id="javascript-link"),
        pytest.param("- [ ] [x](data:text/html;base64,AA)", "<a", "[x]", id="data-link"),
        pytest.param(
            "- [ ] see [x](/performance?by=device)", "[ ]", '<a href="/performance?by=device">', id="good-link"
        ),
    ],
)
def test_html_is_safe(body: str, absent: str, present: str) -> None:
    html = playbook.parse(HEAD + body, "own.md").html
    assert absent not in html
    assert present in html


def test_an_operators_playbook_replaces_and_adds(tmp_path: Path) -> None:
    (tmp_path / "own.md").write_text(HEAD + "- [ ] Look\n- [ ] Act\n")
    (tmp_path / "crash.md").write_text(HEAD.replace('"own"', '"crash-rate"') + "- [ ] Ours\n")
    books = playbook.load(tmp_path)
    assert books["own"].steps == ("Look", "Act")
    assert books["crash-rate"].steps == ("Ours",)
    assert len(books) == 13


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        pytest.param("# no head\n", "begins with its settings", id="no-head"),
        pytest.param(HEAD.replace("\n+++\n", "\n", 1) + "- [ ] x", "begins with its settings", id="open-head"),
        pytest.param(HEAD + "just prose\n", "at least one step", id="no-steps"),
        pytest.param(HEAD.replace("30", "0") + "- [ ] x", "response_minutes", id="no-time"),
        pytest.param(HEAD.replace('"own"', '"Own!"') + "- [ ] x", "id", id="bad-id"),
        pytest.param(HEAD.replace("title", "titel") + "- [ ] x", "titel", id="misspelt"),
    ],
)
def test_a_bad_playbook_is_refused_with_its_file(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "own.md").write_text(text)
    with pytest.raises(ConfigError, match=complaint) as raised:
        playbook.load(tmp_path)
    assert "own.md" in str(raised.value)
