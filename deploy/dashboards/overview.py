"""For the operator of many municipalities: is all well, is anything stuck, whose is it, what runs out?"""

from __future__ import annotations

from deploy.dashboards.panels import (
    AMBER,
    GREEN,
    IN,
    RATE,
    RED,
    Board,
    Part,
    Query,
    bars,
    board,
    curves,
    number,
)

_FAILED = 'code=~"5..|INTERNAL|UNKNOWN|UNAVAILABLE|DATA_LOSS"'
_DAY = 86400


def made() -> Board:
    return board(
        "borgerting-overview",
        "Borgerting: overview",
        "For operators: is all well, what is stuck, and whose is it?",
        [*_wrong(), *_whose(), *_pace(), *_ends()],
    )


def _wrong() -> list[Part]:
    return [
        "Is anything wrong?",
        number(
            "Services that answer",
            "How many of the four are there. Fewer: a part of the site answers with an error.",
            f"count(count by (service) (borgerting_outbox_unpublished{{{IN}}}))",
            limits=[(0, RED), (4, GREEN)],
        ),
        number(
            "Requests that fail",
            "The share of pages, REST and gRPC that ends in an error of ours. Over 2 % there is an alert.",
            f"(sum(rate(borgerting_requests_total{{{IN}, {_FAILED}}}[{RATE}])) or vector(0)) / "
            f"sum(rate(borgerting_requests_total{{{IN}}}[{RATE}]))",
            unit="percentunit",
            limits=[(0.005, AMBER), (0.02, RED)],
        ),
        number(
            "Parked aggregates",
            "Assemblies, promises or tasks that stand still behind an event which cannot be handled, until "
            "somebody acts.",
            f"sum(max by (service, consumer) (borgerting_inbox_parked{{{IN}}}))",
            limits=[(1, RED)],
        ),
        number(
            "Oldest unsent event",
            "For how long a service could not tell the others what happened. Minutes: the broker is away.",
            f"max(borgerting_outbox_oldest_seconds{{{IN}}})",
            unit="s",
            limits=[(30, AMBER), (120, RED)],
        ),
        number(
            "Longest queued draw",
            "For how long a secretariat waits for its draw to begin.",
            f'max(borgerting_sortition_draw_waits_seconds{{{IN}, state="QUEUED"}}) or vector(0)',
            unit="s",
            limits=[(120, AMBER), (600, RED)],
        ),
        number(
            "Work that failed in the last hour",
            "Draws, reports to be read, sweeps that failed for good.",
            f'sum(increase(borgerting_jobs_run_total{{{IN}, outcome=~"FAILED|LOST"}}[1h])) or vector(0)',
            limits=[(1, RED)],
        ),
    ]


def _whose() -> list[Part]:
    return [
        "Whose is it?",
        bars(
            "What has waited longest",
            "By municipality: events unsent, waiting or parked, work queued or under way, an erasure.",
            Query(
                "topk(15, max by (municipality, service, what) "
                f"(borgerting_municipality_oldest_seconds{{{IN}}}))",
                "{{municipality}} – {{service}}: {{what}}",
            ),
            unit="s",
        ),
        bars(
            "Who asks most",
            "By municipality: pages and calls a second that were answered.",
            Query(
                "topk(15, sum by (municipality) "
                f'(rate(borgerting_municipality_requests_total{{{IN}, outcome!="refused"}}[{RATE}])))',
                "{{municipality}}",
            ),
            unit="reqps",
        ),
        bars(
            "Who stores most",
            "By municipality: what its rows hold, over all services. Indexes and empty space come on top.",
            Query(
                "topk(15, sum by (municipality) (max by (municipality, service) "
                f"(borgerting_municipality_stored_bytes{{{IN}}})))",
                "{{municipality}}",
            ),
            unit="bytes",
        ),
        bars(
            "Answers that councils owe within 30 days",
            "By municipality. Nothing is wrong: these are promises with a date.",
            Query(
                f"topk(15, max by (municipality) (borgerting_followup_checkpoints_due_30d{{{IN}}}) > 0)",
                "{{municipality}}",
            ),
        ),
    ]


def _pace() -> list[Part]:
    return [
        "How much, how fast?",
        curves(
            "Requests a second",
            "What each service is asked, over pages, REST and gRPC.",
            Query(f"sum by (service) (rate(borgerting_requests_total{{{IN}}}[{RATE}]))", "{{service}}"),
            unit="reqps",
            wide=8,
        ),
        curves(
            "Requests refused, by municipality",
            "Who asks more than it may have of a process, and is told to wait. The others do not notice.",
            Query(
                "topk(10, sum by (municipality, service) "
                f'(rate(borgerting_municipality_requests_total{{{IN}, outcome="refused"}}[{RATE}])))',
                "{{municipality}} – {{service}}",
            ),
            unit="reqps",
            wide=8,
        ),
        curves(
            "The slowest hundredth of pages",
            "How long somebody with bad luck waits. Over 2.5 seconds there is an alert.",
            Query(
                "histogram_quantile(0.99, sum by (service, le) "
                f'(rate(borgerting_request_seconds_bucket{{{IN}, surface="pages"}}[{RATE}])))',
                "{{service}}",
            ),
            unit="s",
            wide=8,
        ),
        curves(
            "Work that is not over",
            "Queued and under way, by kind. A line that only rises is too few workers, or one that is stuck.",
            Query(
                "sum by (kind, state) (max by (service, kind, state) "
                f'(borgerting_jobs{{{IN}, state=~"QUEUED|RUNNING"}}))',
                "{{kind}} {{state}}",
            ),
            wide=8,
        ),
        curves(
            "Processors used",
            "By process; 1 is one processor.",
            Query(f"rate(process_cpu_seconds_total{{{IN}}}[{RATE}])", "{{pod}} {{instance}}"),
            wide=8,
        ),
        curves(
            "Memory used",
            "By process. Near its limit a pod is killed; a draw's own process comes on top.",
            Query(f"process_resident_memory_bytes{{{IN}}}", "{{pod}} {{instance}}"),
            unit="bytes",
            wide=8,
        ),
        curves(
            "Releases",
            "How many processes run which release: two during an update.",
            Query(f"count by (version) (borgerting_build_info{{{IN}}})", "{{version}}"),
            wide=8,
        ),
    ]


def _ends() -> list[Part]:
    return [
        "What runs out?",
        number(
            "Certificates",
            "Until the first of those ends by which services know one another. Empty without.",
            f"min(borgerting_tls_certificate_seconds_left{{{IN}}})",
            unit="s",
            limits=[(-(10 * 365 * _DAY), RED), (14 * _DAY, AMBER), (30 * _DAY, GREEN)],
            wide=6,
        ),
        number(
            "Signing key",
            "Until the key of sessions and links is a year old and should be replaced. Nothing ends then.",
            f"min(borgerting_signing_key_seconds_left{{{IN}}})",
            unit="s",
            limits=[(-(10 * 365 * _DAY), AMBER), (0, GREEN)],
            wide=6,
        ),
        number(
            "Answers due within a week",
            "What councils owe their citizens and have not given yet, over all municipalities.",
            f"sum(max by (municipality) (borgerting_followup_checkpoints_due_7d{{{IN}}}))",
            wide=6,
        ),
        number(
            "Answers overdue",
            "Dates that passed without one. The public pages say so; it is no failure of the platform.",
            f"sum(max by (municipality) (borgerting_followup_checkpoints_overdue{{{IN}}}))",
            wide=6,
        ),
    ]
