"""The tests' own composition root: a service as production builds it, with a step between its parts where it
can be made to die (tests.faults.steps), a journal of effects, and a carrier that can repeat and re-order.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import grpc

from chassis.alone import check_alone, make_broker
from chassis.app import BuildContext, Descriptor, Service, descriptors
from chassis.clock import SystemClock
from chassis.config import SuiteSettings, load_settings, parse_clock
from chassis.events.ports import Broker
from chassis.jobs import Cancelled, GivesUp, Job, JobHandler, JobState, Progress
from chassis.rpc.server import GrpcServiceRegistration
from chassis.serve import serve_until_signal
from tests.faults.carrier import StepBroker
from tests.faults.effects import journalled
from tests.faults.steps import CLOCK_VARIABLE, SHUFFLE_VARIABLE, Step, Steps

_READS = ("Get", "List", "Check", "Export", "Browse", "Preview")


def serve(name: str, environment: Mapping[str, str] | None = None) -> None:
    """As `borgerting serve --service NAME`."""
    environment = os.environ if environment is None else environment
    steps = Steps(environment)
    found = {each: _stepping(one, steps, environment) for each, one in descriptors().items()}
    settings = load_settings(found, alone=name)
    check_alone(settings, found[name])
    shuffle = environment.get(SHUFFLE_VARIABLE, "")

    def broker(settings: SuiteSettings) -> Broker:
        return StepBroker(make_broker(settings), steps, shuffle)

    gc.disable()  # as the command does until all is loaded
    serve_until_signal(settings, found, alone=name, broker=broker)


def _stepping(descriptor: Descriptor, steps: Steps, environment: Mapping[str, str]) -> Descriptor:
    def build(context: BuildContext) -> Service:
        channel = context.channel
        context.channel = lambda service: grpc.intercept_channel(channel(service), _Answered(steps))
        # Leases, back-offs and ages go by the machine's clock, which BORGERTING_CLOCK leaves alone.
        context.database.machine_clock = parse_clock(environment.get(CLOCK_VARIABLE, ""), SystemClock())
        service = descriptor.build(context)
        service.grpc_services = [_committing(one, steps) for one in service.grpc_services]
        service.subscriptions = [journalled(one, steps) for one in service.subscriptions]
        service.job_handlers = [_working(one, steps) for one in service.job_handlers]
        return service

    return replace(descriptor, build=build)


def _committing(registration: GrpcServiceRegistration, steps: Steps) -> GrpcServiceRegistration:
    return replace(registration, servicer=_Committing(registration.servicer, steps))


class _Committing:
    """A servicer that reaches a step when a command of its has been done and not yet been answered."""

    def __init__(self, inner: object, steps: Steps) -> None:
        self._inner = inner
        self._steps = steps

    def __getattr__(self, name: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        inner = getattr(self._inner, name)
        if name.startswith(_READS):
            return inner

        def answer(request: Any, context: grpc.ServicerContext) -> Any:
            answered = inner(request, context)
            self._steps.reach(Step.COMMAND_COMMITTED)
            return answered

        return answer


def _working(handler: JobHandler, steps: Steps) -> JobHandler:
    kind = _GivingUp if isinstance(handler, GivesUp) else _Working
    return kind(handler, steps)


class _Working:
    def __init__(self, inner: Any, steps: Steps) -> None:
        self.kind = inner.kind
        self._inner = inner
        self._steps = steps

    def run(self, job: Job, progress: Progress, cancelled: Cancelled) -> None:
        self._steps.reach(Step.JOB_CLAIMED)
        self._inner.run(job, progress, cancelled)
        self._steps.reach(Step.JOB_DONE)


class _GivingUp(_Working):
    def give_up(self, job: Job, state: JobState, reason: str, metadata: Mapping[str, str]) -> None:
        self._inner.give_up(job, state, reason, metadata)


class _Answered(grpc.UnaryUnaryClientInterceptor):
    """Reaches a step when a neighbour has answered."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        call = continuation(details, request)
        call.add_done_callback(self._done)
        return call

    def _done(self, call: grpc.Future) -> None:
        if not call.cancelled() and call.exception() is None:
            self._steps.reach(Step.NEIGHBOUR_ANSWERED)
