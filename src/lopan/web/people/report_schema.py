"""The report as OpenAPI shows it; the bytes themselves come from msgspec."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from lopan.analytics.metric import Status, Trend
from lopan.analytics.period import Kind


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DatesModel(_Answer):
    """Local days, both included; `last` before `first` = none."""

    first: date
    last: date


class FigureModel(_Answer):
    """One line; `value`, bounds, `previous` and `target` are in `unit`."""

    id: str
    title: str
    value: float | None = Field(description="Null = no data; never 0 for want of events.")
    n: int = Field(description="Samples behind the value: the section's `samples` says of what.")
    key: str = Field(description="The role, feature, workflow or survey it is about; empty = all.")
    unit: str
    decimals: int
    low: float | None = Field(description="Bound of the 95 % interval.")
    high: float | None = Field(description="Bound of the 95 % interval.")
    previous: float | None = Field(description="The value over `before`.")
    n_previous: int
    target: float | None
    better: Literal["higher", "lower"]
    status: Status
    trend: Trend = Field(description="Against `before`, with a significance test where there is one.")
    least: int = Field(description="Samples needed to judge it.")
    definition: str
    enough: bool = Field(description="Whether n reaches least.")


class SectionModel(_Answer):
    """Figures of one kind."""

    id: str
    title: str
    subject: str
    samples: str
    about: str
    figures: list[FigureModel]


class DayUsersModel(_Answer):
    """Active people of a day and of the same day of the period before."""

    day: date
    users: int
    before: int | None


class ReportModel(_Answer):
    """The engagement report, with the sections that the asker may see."""

    kind: Kind
    name: str
    dates: DatesModel
    before: DatesModel
    before_name: str
    whole: bool = Field(description="False = the period still goes on; `dates` are its days that are over.")
    zone: str
    made_at: datetime
    level: str
    project: str
    sections: list[SectionModel]
    course: list[DayUsersModel]
    late: list[date] = Field(description="Days whose latest events are not counted yet.")
