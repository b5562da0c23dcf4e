"""Traces by OpenTelemetry: of requests, calls, events and work, over all services.

Imported only where a collector is named (BORGERTING_TELEMETRY__…): elsewhere nobody pays for it. Own code,
where there are instrumentation libraries: those of gRPC and FastAPI put clients' addresses, whole paths (with
one-time links in them) and exceptions' texts into spans. Here a span bears routes, methods, kinds, outcomes
and ids of municipalities, and nothing else.
"""
