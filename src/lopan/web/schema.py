"""Shapes of the read API's answers, as OpenAPI shows them; the bytes themselves come from msgspec."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from lopan.analytics.metric import Status, Trend, Verdict

Better = Literal["higher", "lower"]
_Bound = Annotated[float | None, Field(description="Bound of the 95 % interval.")]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PointModel(_Answer):
    """One bucket; `value` null = no data, `partial` = still filling, `provisional` = late facts may change it."""

    t: datetime
    value: float | None
    n: int
    partial: bool
    provisional: bool


class GroupModel(_Answer):
    """The figure for one value of the dimension in `by`."""

    key: str
    value: float | None
    n: int
    status: Status
    low: _Bound
    high: _Bound


class PercentileModel(_Answer):
    """`q` in 0 to 1; `value` within 0.4 % of the exact one."""

    q: float
    value: float | None


class VersusModel(_Answer):
    """The other side of a comparison; `difference` is this side minus the other, in the unit of the figure."""

    label: str
    start: datetime
    end: datetime
    value: float | None
    n: int
    low: _Bound
    high: _Bound
    difference: float | None
    verdict: Verdict = Field(description="Better or worse only when the difference is significant at 95 %.")
    p: float | None = Field(description="Two-sided; null where it can't be tested.")
    shift: int = Field(description="Seconds to add to a time of the series to lay it over the figure's own.")
    series: list[PointModel]


class MetricModel(_Answer):
    """One KPI over one range. A percentage is in percent, a time in seconds."""

    id: str
    title: str
    value: float | None = Field(description="Null = no data; never 0 % or 100 % for want of events.")
    unit: str
    n: int = Field(description="Samples behind the value.")
    target: float | None
    warning: float | None
    critical: float | None
    status: Status
    trend: Trend = Field(description="The range against the one before it, with a significance test.")
    previous: float | None = Field(description="The value over the range before this one.")
    definition: str
    description: str
    better: Better
    min_samples: int
    enough: bool = Field(description="Whether n reaches min_samples; alerts stay silent below.")
    low: _Bound
    high: _Bound
    start: datetime
    end: datetime
    step: int = Field(description="Seconds of one bucket of the series.")
    decimals: int
    playbook: str
    provisional: bool = Field(description="The range is so young that facts still to come are expected to change it.")
    percentiles: list[PercentileModel]
    series: list[PointModel]
    groups: list[GroupModel]
    late: list[date] = Field(description="Local days whose latest events are not counted yet.")
    versus: VersusModel | None = Field(description="Null without `compare`.")


class EntryModel(_Answer):
    """One KPI as the catalog has it."""

    id: str
    title: str
    description: str
    unit: str
    better: Better
    group: str = Field(description="The access group that may see it.")
    target: float | None
    warning: float | None
    critical: float | None
    definition: str
    dimensions: list[str]


class EntriesModel(_Answer):
    """The KPIs that the asker may see."""

    metrics: list[EntryModel]


class AttemptModel(_Answer):
    """One try to send a message."""

    number: int
    started_at: datetime
    finished_at: datetime | None
    outcome: str = Field(description="sending, sent, retry, refused or uncertain.")
    detail: str


class DeliveryModel(_Answer):
    """One message about an alert to one channel."""

    channel: str
    kind: str
    state: str = Field(description="waiting, claimed, sent, failed or dropped.")
    note: str
    created_at: datetime
    done_at: datetime | None
    next_at: datetime | None
    attempts: list[AttemptModel]


class EventModel(_Answer):
    """One line of an alert's history, with the figure that led to it."""

    at: datetime
    kind: str
    state: str
    severity: str
    reason: str
    value: float | None
    low: _Bound
    high: _Bound
    n: int
    threshold: float


class AlertModel(_Answer):
    """One alert; `value` and `threshold` in `unit`, `window_s` in seconds."""

    id: int
    rule: str
    title: str
    kpi: str
    group: str = Field(description="The access group that may see it.")
    severity: str
    state: str = Field(description="pending, firing, recovering, resolved, or cancelled (it never fired).")
    reason: str
    value: float | None
    low: _Bound
    high: _Bound
    n: int
    unit: str
    decimals: int
    op: str
    threshold: float
    window_s: int
    definition: str
    playbook: str
    labels: dict[str, str]
    started_at: datetime
    fired_at: datetime | None
    resolved_at: datetime | None
    updated_at: datetime
    deliveries: list[DeliveryModel]
    events: list[EventModel] = Field(description="Filled when one alert is asked for.")


class AlertsModel(_Answer):
    """Alerts on the KPIs that the asker may see."""

    alerts: list[AlertModel]


class ReachModel(_Answer):
    """People by outcome; a person is a user, or an installation where no user was named."""

    shown: int
    dismissed: int
    clicked: int
    applied: int
    failed: int
    n: int = Field(description="Acknowledgements behind the counts.")


class TargetsModel(_Answer):
    """All that is given must hold; within a list one is enough, and an empty list is everybody."""

    releases: list[str] = Field(description="Releases and ranges: `2.2.0`, `<2.2.1`, `>=2.1,<2.3`.")
    roles: list[str]
    users: list[str]
    customers: list[str]
    share: float = Field(description="Percent of users, of installations where no user is named.")


class DirectiveModel(_Answer):
    """What an app is told; `ends` null = until somebody ends it."""

    id: int
    project: int
    state: Literal["scheduled", "active", "ended"]
    content: dict[str, Any] = Field(description="`kind` and what belongs to it.")
    targets: TargetsModel
    starts: datetime
    ends: datetime | None
    priority: int = Field(description="0 to 100, higher first.")
    alert: int | None
    playbook: str
    revision: int
    made_by: str
    made_at: datetime
    changed_by: str
    changed_at: datetime
    reach: ReachModel | None = Field(description="Null = the store is busy.")


class DirectivesModel(_Answer):
    """Directives, newest first."""

    directives: list[DirectiveModel]


class NewAnnotationModel(_Answer):
    """What a script sends to mark a moment."""

    text: str = Field(description="1 to 200 characters, one line.")
    at: str = Field("now", description="ISO 8601 with a zone, `now`, or back from now: `-15m`.")
    project: int | None = Field(None, description="The number of a project; null = all of them.")
    release: str = Field("", description="Only charts of this release; empty = all of them.")


class AnnotationModel(_Answer):
    """A moment that is marked on every chart over time."""

    id: int
    at: datetime
    text: str
    project_id: int | None
    release: str
    author: str = Field(description="An e-mail address, or `token NAME`.")
    created_at: datetime


class AnnotationsModel(_Answer):
    """Annotations by time."""

    annotations: list[AnnotationModel]


class ProblemModel(_Answer):
    """Why a request was refused: which part of it, and what would be right."""

    place: str
    reason: str
