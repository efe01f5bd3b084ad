from __future__ import annotations

import pytest

from lopan.alerts.channel import channels
from lopan.config import Email, Notify, Slack, Webhook
from lopan.errors import ConfigError


def test_channels_come_in_the_order_in_which_they_step_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLACK_HOOK", "https://hooks.example/x")
    notify = Notify(
        slack=Slack("env:SLACK_HOOK"),
        email=Email(host="mail.example", to=["a@example.com"]),
        webhook=[Webhook("ops", "https://a.example"), Webhook("dev", "https://b.example")],
    )
    found = [(one.destination.name, one.destination.kind) for one in channels(notify)]
    assert found == [("slack", "slack"), ("email", "email"), ("webhook ops", "webhook"), ("webhook dev", "webhook")]


def test_nothing_configured_is_no_channel() -> None:
    assert channels(Notify()) == []
    assert channels(Notify(email=Email(host="mail.example"))) == []


@pytest.mark.parametrize(
    ("notify", "complaint"),
    [
        pytest.param(Notify(slack=Slack("env:NOT_SET_ANYWHERE")), "NOT_SET_ANYWHERE", id="secret-is-missing"),
        pytest.param(Notify(webhook=[Webhook("a", "https://x"), Webhook("a", "https://y")]), "same name", id="names"),
    ],
)
def test_refused(notify: Notify, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        channels(notify)
