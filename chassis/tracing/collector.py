"""Sends spans to a collector by OTLP over gRPC, in the background; one that is away costs spans only."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from urllib.parse import urlsplit

import grpc
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from chassis.config_telemetry import TelemetrySettings
from chassis.tracing.tracer import Tracing

EXPORT_SECONDS = 5.0
"""How long a collector may take with a batch."""
FLUSH_SECONDS = 3.0
"""How long a stop waits for what was not sent yet."""
_DELAY_MILLISECONDS = 1000


def make_tracing(settings: TelemetrySettings, resources: ExitStack) -> Tracing:
    """`resources` send the last spans when they are closed."""
    endpoint = urlsplit(settings.telemetry_otlp_endpoint)
    secure = endpoint.scheme == "https"
    ca = settings.telemetry_otlp_ca_file
    exporter = OTLPSpanExporter(
        endpoint=endpoint.netloc,
        insecure=not secure,
        credentials=grpc.ssl_channel_credentials(ca.read_bytes() if ca else None) if secure else None,
        headers=settings.telemetry_headers,
        timeout=EXPORT_SECONDS,
    )
    processor = BatchSpanProcessor(exporter, schedule_delay_millis=_DELAY_MILLISECONDS)
    resources.callback(_close, processor, exporter)
    return Tracing(processor, settings.telemetry_sample_ratio)


def _close(processor: BatchSpanProcessor, exporter: OTLPSpanExporter) -> None:
    # By itself it would wait half a minute for a collector that is away.
    closing = threading.Thread(target=processor.shutdown, name="traces-flush", daemon=True)
    closing.start()
    closing.join(FLUSH_SECONDS)
    if closing.is_alive():
        exporter.shutdown()
