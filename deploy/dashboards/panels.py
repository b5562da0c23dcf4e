"""What all dashboards are made of: numbers with a limit, curves, bars, and the choices at the top.

Each panel says in a sentence what its reader learns from it. `{IN}` in an expression is the namespace chosen.
Several replicas report the state of their common store: gauges are taken by `max`, counters by `sum`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    TooltipDisplayMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    VariableHide,
    VariableRefresh,
    VariableSort,
)

IN = 'namespace=~"$namespace"'
"""Every selector has it: a cluster may run several releases."""
RATE = "$__rate_interval"
SOURCE = DataSourceRef(type_val="prometheus", uid="${source}")

GREEN, AMBER, RED = "green", "orange", "red"
Limits = Sequence[tuple[float, str]]
"""(from this value on, this colour); below the first it is green."""


@dataclass(frozen=True)
class Query:
    """An expression, and what its series are called (`{{label}}`)."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Board:
    """`name` is the file's and the dashboard's id."""

    name: str
    made: dashboard.Dashboard


Part = str | stat.Panel | timeseries.Panel | bargauge.Panel


def board(
    name: str,
    title: str,
    says: str,
    parts: Sequence[Part],
    *,
    choices: Sequence[dashboard.QueryVariable] = (),
    since: str = "now-6h",
) -> Board:
    """`parts` are panels, and titles of the rows in which those stand that follow. The data source and the
    namespace can be chosen, and `choices`.
    """
    made = _empty(name, title, says, since)
    for one in choices:
        made = made.with_variable(one)
    for place, part in enumerate(parts, 1):
        if isinstance(part, str):
            made = made.with_row(dashboard.Row(part).id(place))
        else:
            made = made.with_panel(part.id(place))
    return Board(name, made)


def _empty(name: str, title: str, says: str, since: str) -> dashboard.Dashboard:
    link = (
        dashboard.DashboardLink("Borgerting")
        .type(DashboardLinkType.DASHBOARDS)
        .tags(["borgerting"])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )
    return (
        dashboard.Dashboard(title)
        .uid(name)
        .description(says)
        .tags(["borgerting"])
        .timezone("browser")
        .time(since, "now")
        .refresh("1m")
        .readonly()
        .link(link)
        .with_variable(dashboard.DatasourceVariable("source").label("Prometheus").type("prometheus"))
        .with_variable(choice("namespace", "Namespace", "borgerting_build_info", everything=True))
    )


def choice(label: str, title: str, metric: str, *, everything: bool = False) -> dashboard.QueryVariable:
    """One of the label's values, or all of them."""
    found = (
        dashboard.QueryVariable(label)
        .label(title)
        .hide(VariableHide.DONT_HIDE)
        .datasource(SOURCE)
        .query(f"label_values({metric}, {label})")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
    )
    return found.include_all(True).all_value(".*") if everything else found


def number(
    title: str, says: str, expr: str, *, unit: str = "short", limits: Limits = (), wide: int = 4
) -> stat.Panel:
    """The value now, with its course behind it."""
    panel = _place(stat.Panel(), title, says, unit, wide, 5)
    return (
        panel.thresholds(_thresholds(limits))
        .color_mode(BigValueColorMode.BACKGROUND if limits else BigValueColorMode.NONE)
        .graph_mode(BigValueGraphMode.AREA)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .no_value("–")
        .with_target(_target(Query(expr), "A"))
    )


def curves(title: str, says: str, *queries: Query, unit: str = "short", wide: int = 12) -> timeseries.Panel:
    """Values over time, those of now beside their names."""
    panel = _place(timeseries.Panel(), title, says, unit, wide, 8)
    panel = (
        panel.min(0)
        .fill_opacity(8)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.TABLE)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    for number_, query in enumerate(queries):
        panel = panel.with_target(_target(query, chr(ord("A") + number_)))
    return panel


def bars(title: str, says: str, query: Query, *, unit: str = "short", wide: int = 12) -> bargauge.Panel:
    """One bar for each series, as it stands now."""
    panel = _place(bargauge.Panel(), title, says, unit, wide, 8)
    return (
        panel.min(0)
        .orientation(VizOrientation.HORIZONTAL)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .no_value("–")
        .with_target(_target(query, "A", now=True))
    )


_Panel = TypeVar("_Panel", stat.Panel, timeseries.Panel, bargauge.Panel)


def _place(panel: _Panel, title: str, says: str, unit: str, wide: int, high: int) -> _Panel:
    return panel.title(title).description(says).unit(unit).span(wide).height(high).datasource(SOURCE)


def _thresholds(limits: Limits) -> dashboard.ThresholdsConfig:
    steps = [Threshold(value=None, color=GREEN), *(Threshold(value=at, color=color) for at, color in limits)]
    return dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _target(query: Query, ref: str, *, now: bool = False) -> prometheus.Dataquery:
    target = prometheus.Dataquery().ref_id(ref).expr(query.expr).legend_format(query.legend or "__auto")
    # Where traces are on, a duration leads to one.
    return target.instant() if now else target.range().exemplar("_seconds_bucket" in query.expr)
