"""For whoever looks after one service: what is it asked, how fast does it answer, what does it work on?"""

from __future__ import annotations

from deploy.dashboards.panels import IN, RATE, Board, Part, Query, bars, board, choice, curves

_OF = f'{IN}, service="$service"'


def made() -> Board:
    return board(
        "borgerting-service",
        "Borgerting: a service",
        "For operators: what one service is asked, how fast it answers, and what it works on.",
        [*_asked(), *_works()],
        choices=[choice("service", "Service", "borgerting_outbox_unpublished")],
    )


def _asked() -> list[Part]:
    seconds = f"rate(borgerting_request_seconds_bucket{{{_OF}}}[{RATE}])"
    return [
        "What is it asked?",
        curves(
            "Requests a second",
            "By where they come in: pages, REST (api), gRPC.",
            Query(f"sum by (surface) (rate(borgerting_requests_total{{{_OF}}}[{RATE}]))", "{{surface}}"),
            unit="reqps",
        ),
        curves(
            "Answers that are no success",
            "By status or gRPC code. 4xx and NOT_FOUND are the caller's, 5xx, INTERNAL and UNAVAILABLE ours.",
            Query(
                "sum by (surface, code) "
                f'(rate(borgerting_requests_total{{{_OF}, code!~"2..|3..|OK"}}[{RATE}]))',
                "{{surface}} {{code}}",
            ),
            unit="reqps",
        ),
        curves(
            "Time to answer",
            "Half of all answers come within the lower line, 99 of 100 in the upper. Dots lead to traces, "
            "where these are collected.",
            *(
                Query(
                    f"histogram_quantile({share}, sum by (surface, le) ({seconds}))",
                    f"{{{{surface}}}} {name}",
                )
                for share, name in ((0.5, "half"), (0.99, "99 %"))
            ),
            unit="s",
        ),
        bars(
            "The slowest of its routes and methods",
            "99 of 100 answers come within this time, over the last hour.",
            Query(
                "topk(12, histogram_quantile(0.99, sum by (surface, method, le) "
                f"(rate(borgerting_request_seconds_bucket{{{_OF}}}[1h]))))",
                "{{surface}} {{method}}",
            ),
            unit="s",
        ),
    ]


def _works() -> list[Part]:
    return [
        "What does it work on?",
        curves(
            "Work by kind",
            "Queued and under way: draws, reports to be read, sweeps.",
            Query(
                f'max by (kind, state) (borgerting_jobs{{{_OF}, state=~"QUEUED|RUNNING"}})',
                "{{kind}} {{state}}",
            ),
            wide=8,
        ),
        curves(
            "Age of the oldest work",
            "How long ago it was asked for. Queued for minutes: too few workers, or none alive.",
            Query(f"max by (kind, state) (borgerting_jobs_oldest_seconds{{{_OF}}})", "{{kind}} {{state}}"),
            unit="s",
            wide=8,
        ),
        curves(
            "How runs of work ended",
            "An hour's. RETRIED comes again by itself; FAILED and LOST want somebody to look.",
            Query(
                f"sum by (kind, outcome) (increase(borgerting_jobs_run_total{{{_OF}}}[1h]))",
                "{{kind}} {{outcome}}",
            ),
            wide=8,
        ),
        curves(
            "Events that wait to be sent",
            "What the other services have not been told yet.",
            Query(f"max(borgerting_outbox_unpublished{{{_OF}}})", "unsent"),
            wide=8,
        ),
        curves(
            "Events ahead of its consumers",
            "News from the others that it has yet to hear. No line while the broker is away.",
            Query(f"max by (consumer) (borgerting_inbox_lag{{{_OF}}})", "{{consumer}}"),
            wide=8,
        ),
        bars(
            "Whose work and events wait longest",
            "By municipality and by what it is.",
            Query(
                f"topk(12, max by (municipality, what) (borgerting_municipality_oldest_seconds{{{_OF}}}))",
                "{{municipality}}: {{what}}",
            ),
            unit="s",
            wide=8,
        ),
    ]
