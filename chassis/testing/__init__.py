"""For tests: fakes, the conformance suites that they and the real adapters pass, and real processes.

Import what is needed from its module: `fakes`, `brokers`, `broker_suite`, `work_suite`, `stores`,
`processes`.
"""
