"""One file a way of sending; they share ``lopan.alerts.notifier`` and know nothing of each other."""
