"""The configured channels: one notifier each, under a name that is unique and safe to show."""

from __future__ import annotations

from typing import NamedTuple

from lopan.alerts.dispatch import Destination
from lopan.alerts.notifier import Notifier
from lopan.alerts.notifiers.email import EmailNotifier
from lopan.alerts.notifiers.slack import SlackNotifier
from lopan.alerts.notifiers.webhook import WebhookNotifier
from lopan.config import Notify, secret
from lopan.errors import ConfigError


class Channel(NamedTuple):
    """Where messages go, and what sends them there."""

    destination: Destination
    notifier: Notifier


def channels(notify: Notify) -> list[Channel]:
    """One channel per configured destination, in the order in which they step in for each other.

    Raises ConfigError for a secret that is not in the environment, or two webhooks of one name.
    """
    found: list[Channel] = []
    if notify.slack.webhook:
        slack = SlackNotifier(secret(notify.slack.webhook), notify.slack.channel, notify.slack_allow_private)
        found.append(Channel(Destination("slack", "slack"), slack))
    if notify.email.host and notify.email.to:
        found.append(Channel(Destination("email", "email"), EmailNotifier(notify.email, secret(notify.email.password))))
    for hook in notify.webhook:
        notifier = WebhookNotifier(secret(hook.url), secret(hook.secret), hook.allow_private)
        found.append(Channel(Destination(f"webhook {hook.name}", "webhook"), notifier))
    names = [channel.destination.name for channel in found]
    if len(set(names)) != len(names):
        raise ConfigError("[[notify.webhook]]: two webhooks have the same name; give each its own")
    return found
