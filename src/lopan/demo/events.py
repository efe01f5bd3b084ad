"""What sessions report, as an Arrow table with the columns of an event."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from lopan.demo import feedback, performance, usage, workflows
from lopan.demo.draw import Draw, Rows, words
from lopan.demo.fleet import Fleet, customers, system_of, systems
from lopan.demo.product import DEVICES, RELEASES, ROLES
from lopan.demo.sessions import Sessions, random_ids
from lopan.ingest.arrays import ID, TIME

_LATE_MS = 700.0


def of(fleet: Fleet, sessions: Sessions, rng: np.random.Generator, density: float = 1.0) -> list[Rows]:
    """Every event of the sessions; ``density`` multiplies frames, memory, actions and requests only."""
    draw = Draw(fleet, sessions, rng)
    share = np.clip(sessions.seconds / 1110.0, 0.25, 2.5) * density
    rows = [
        performance.launches(draw),
        performance.frames(draw, 2.5 * share),
        performance.memory(draw, 1.9 * share),
        usage.actions(draw, 2.5 * share),
        performance.network(draw, 1.9 * share),
        workflows.runs(draw),
        performance.hangs(draw),
        performance.errors(draw),
        *feedback.answers(draw),
        usage.security(draw),
        usage.optimizers(draw),
        *performance.ends(draw),
    ]
    return [row for row in rows if len(row.of)]


def opening(sessions: Sessions) -> Rows:
    """The ``ok`` that a live client says when a session begins; history needs only the end."""
    told = np.flatnonzero(~sessions.brief)
    start = sessions.start[told]
    own = {"status": pa.repeat("ok", len(told)), "started": pa.array(start, pa.int64()).cast(TIME)}
    return Rows("session", told, start, own)


def table(fleet: Fleet, sessions: Sessions, rows: list[Rows], rng: np.random.Generator, project: int) -> pa.Table:
    """One table of all the rows, type after type, with the common columns of the session each belongs to."""
    index = np.concatenate([row.of for row in rows])
    at = np.concatenate([row.at for row in rows])
    who = sessions.who[index]
    device = fleet.device[who]
    late = sessions.late[index] + rng.exponential(_LATE_MS, len(at)).astype(np.int64) + 40
    columns: dict[str, Any] = {
        "project": pa.repeat(pa.scalar(project, pa.uint32()), len(index)),
        "type": words([row.type for row in rows], np.repeat(np.arange(len(rows)), [len(row.of) for row in rows])),
        "time": pa.array(at, pa.int64()).cast(TIME),
        "received": pa.array(at + late, pa.int64()).cast(TIME),
        "event_id": _fixed(random_ids(rng, len(at))),
        "release": words([release.version for release in RELEASES], sessions.release[index]),
        "build": words([release.build for release in RELEASES], sessions.release[index]),
        "environment": pa.repeat("production", len(index)),
        "os": words(systems(), system_of(fleet, who)),
        "device": words([device.model for device in DEVICES], device),
        "install": words(list(fleet.installs), who),
        "user": words(list(fleet.users), who),
        "customer": words(customers(), fleet.customer[who]),
        "role": words([role.name for role in ROLES], fleet.role[who]),
        "session": _fixed(sessions.ids[index]),
    }
    own = {name: column.type for row in rows for name, column in row.own.items()}
    for name, kind in own.items():
        columns[name] = pa.chunked_array([row.own.get(name, pa.nulls(len(row.of), kind)) for row in rows])
    return pa.table(columns)


def _fixed(ids: np.ndarray[Any, np.dtype[np.uint8]]) -> pa.Array:
    return pa.Array.from_buffers(ID, len(ids), [None, pa.py_buffer(np.ascontiguousarray(ids))])
