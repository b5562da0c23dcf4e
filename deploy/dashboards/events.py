"""For whoever finds that one part of the site does not know what another did: where are the events?"""

from __future__ import annotations

from deploy.dashboards.panels import AMBER, IN, RATE, RED, Board, Part, Query, bars, board, curves, number


def made() -> Board:
    return board(
        "borgerting-events",
        "Borgerting: events",
        "For operators: are events late, do they wait or stand still, and whose are they?",
        [*_now(), *_leaving(), *_arriving()],
    )


def _now() -> list[Part]:
    return [
        "Are events late?",
        number(
            "Unsent",
            "In an outbox. They are sent within a second: a number that stays is a broker that is away.",
            f"sum(max by (service) (borgerting_outbox_unpublished{{{IN}}}))",
            limits=[(100, AMBER), (1000, RED)],
            wide=6,
        ),
        number(
            "Ahead of the slowest consumer",
            "Events that a service has yet to hear of.",
            f"max(borgerting_inbox_lag{{{IN}}})",
            limits=[(200, AMBER), (1000, RED)],
            wide=6,
        ),
        number(
            "Waiting behind a gap or for another try",
            "They go on by themselves, or with `events re-emit` where the gap stays.",
            f"sum(max by (service, consumer) (borgerting_inbox_waiting{{{IN}}}))",
            limits=[(1, AMBER)],
            wide=6,
        ),
        number(
            "Parked",
            "Aggregates that stand still until somebody repairs the cause and replays.",
            f"sum(max by (service, consumer) (borgerting_inbox_parked{{{IN}}}))",
            limits=[(1, RED)],
            wide=6,
        ),
        bars(
            "Whose events wait",
            "By municipality: unsent, waiting, parked, or lost in a restore; how long the oldest does.",
            Query(
                "topk(15, max by (municipality, service, what) "
                f'(borgerting_municipality_oldest_seconds{{{IN}, what=~"unsent|waiting|parked|lost"}}))',
                "{{municipality}} – {{service}}: {{what}}",
            ),
            unit="s",
        ),
        curves(
            "How late events are handled",
            "From what happened until the other service has heard of it: half of them, and 99 of 100.",
            *(
                Query(
                    f"histogram_quantile({share}, sum by (service, le) "
                    f"(rate(borgerting_inbox_delay_seconds_bucket{{{IN}}}[{RATE}])))",
                    f"{{{{service}}}} {name}",
                )
                for share, name in ((0.5, "half"), (0.99, "99 %"))
            ),
            unit="s",
        ),
    ]


def _leaving() -> list[Part]:
    return [
        "Out of the outbox",
        curves(
            "Sent a second",
            "By the service that tells.",
            Query(
                f"sum by (service) (rate(borgerting_outbox_published_total{{{IN}}}[{RATE}]))", "{{service}}"
            ),
            unit="eps",
            wide=8,
        ),
        curves(
            "Age of the oldest unsent",
            "Over two minutes there is an alert.",
            Query(f"max by (service) (borgerting_outbox_oldest_seconds{{{IN}}})", "{{service}}"),
            unit="s",
            wide=8,
        ),
        curves(
            "Attempts in vain",
            "Each is made again. Many: the broker refuses us; most for one event: that one cannot be sent.",
            Query(
                f"sum by (service) (increase(borgerting_outbox_failed_attempts_total{{{IN}}}[5m]))",
                "{{service}}, five minutes",
            ),
            Query(f"max by (service) (borgerting_outbox_attempts{{{IN}}})", "{{service}}, for one event"),
            wide=8,
        ),
    ]


def _arriving() -> list[Part]:
    return [
        "Into the inboxes",
        curves(
            "Ahead of each consumer",
            "No line while the broker is away. Never add partitions to a topic in use.",
            Query(f"max by (consumer) (borgerting_inbox_lag{{{IN}}})", "{{consumer}}"),
            wide=8,
        ),
        curves(
            "What became of them",
            "A second. Duplicates are harmless, held ones came too early, failed ones are tried again.",
            Query(f"sum by (outcome) (rate(borgerting_inbox_events_total{{{IN}}}[{RATE}]))", "{{outcome}}"),
            unit="eps",
            wide=8,
        ),
        curves(
            "Held back, by consumer",
            "Behind a parked one, and behind a gap or between two tries.",
            Query(
                f"max by (consumer) (borgerting_inbox_queued{{{IN}}})", "{{consumer}}: behind a parked one"
            ),
            Query(f"max by (consumer) (borgerting_inbox_waiting{{{IN}}})", "{{consumer}}: waiting"),
            wide=8,
        ),
        curves(
            "For how long they wait",
            "The oldest that waits behind a gap or for another try. Over five minutes there is an alert.",
            Query(f"max by (consumer) (borgerting_inbox_oldest_waiting_seconds{{{IN}}})", "{{consumer}}"),
            unit="s",
            wide=8,
        ),
    ]
