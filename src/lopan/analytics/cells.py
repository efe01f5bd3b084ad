"""What the heatmap of adoption counts: people in one role or in all entitled, cut by filter and customers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lopan.analytics.adopters import Key, Windows, counts, cut, joined
from lopan.catalog.product import Feature, Product

Counts = Mapping[str, int]
Cells = Mapping[str, Mapping[str, Counts]]
"""By feature and role; '' = all roles entitled. People without a feature are under '', and under each that is not for
all."""

_FOR_ALL = Feature(id="*")


def cells(
    product: Product,
    roles: Mapping[Key, Windows],
    filtered: Mapping[Key, Windows] | None,
    customers: Mapping[Key, Windows],
) -> Cells:
    """People by role, cut by those of ``filtered`` (None = no filter) and by those at the ``customers`` entitled.

    Under a filter uses are known of a feature as a whole alone.
    """
    by_feature: dict[str, dict[str, Windows]] = {}
    for (feature, role), one in roles.items():
        by_feature.setdefault(feature, {})[role] = one
    found: dict[str, dict[str, Counts]] = {}
    for feature, mine in by_feature.items():
        parts = [] if filtered is None else [one for (name, _), one in filtered.items() if name == feature]
        for owner in _owners(product, feature):
            entitled = {role: one for role, one in mine.items() if not owner.roles or role in owner.roles}
            at = [customers[key] for name in owner.customers if (key := (feature, name)) in customers]
            for role, whole in _columns(entitled):
                one = whole
                if filtered is not None:
                    part = joined(parts)
                    one = cut(one, part)._replace(uses=0 if role else part.uses)
                if owner.customers:
                    one = cut(one, joined(at))
                name = feature if owner is _FOR_ALL else owner.id
                found.setdefault(name, {})[role] = counts(one)
    return found


def _owners(product: Product, feature: str) -> Iterator[Feature]:
    """Who is entitled: by the feature's definition; people without a feature stand for every definition there is."""
    if feature:
        yield product.features.get(feature, _FOR_ALL)
        return
    yield _FOR_ALL
    yield from (one for one in product.features.values() if one.roles or one.customers)


def _columns(entitled: Mapping[str, Windows]) -> Iterator[tuple[str, Windows]]:
    """All roles together, then each that was stamped."""
    if entitled:
        yield "", joined([*entitled.values()])
    yield from ((role, one) for role, one in entitled.items() if role)
