"""Which metrics say what about which machine: ``lopan.d/machines/NAME.toml``."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Literal

import msgspec

from lopan.errors import ConfigError

State = Literal["production", "setup", "delay", "down", "planned_down", "idle"]


class Machine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``[[machine]]``: devices whose ``group/node/device`` matches ``device`` (``*`` stands for anything).

    ``work_unit`` may hold ``{group}``, ``{node}`` and ``{device}``. All others name metrics: ``state``, whose values
    ``states`` translates (``otherwise`` for those it does not name), ``reason``, ``order``, ``product``, ``operator``,
    the counters ``good`` and ``scrap``, and ``ideal_cycle_s``. A counter that becomes smaller began again at 0, or went
    past ``wraps_at``.
    """

    device: str
    work_unit: str = "{device}"
    site: str = ""
    state: str
    states: dict[str, State]
    otherwise: State = "idle"
    reason: str = ""
    order: str = ""
    product: str = ""
    operator: str = ""
    good: str = ""
    scrap: str = ""
    ideal_cycle_s: str = ""
    wraps_at: int = 0

    def unit(self, path: str) -> str:
        """The work unit of the device at ``path``."""
        group, node, device = [*path.split("/"), "", ""][:3]
        return self.work_unit.replace("{group}", group).replace("{node}", node).replace("{device}", device or node)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    machine: list[Machine]


def load(operator: Path, name: str) -> list[Machine]:
    """The machines of one file, in order. Raises ConfigError naming file and key."""
    path = operator / "machines" / f"{name}.toml"
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File).machine
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(f"{path}: {said}; see docs/connect.md for its form") from None


def machine_of(machines: list[Machine], path: str) -> Machine | None:
    """The first that matches a device."""
    return next((one for one in machines if fnmatchcase(path, one.device)), None)
