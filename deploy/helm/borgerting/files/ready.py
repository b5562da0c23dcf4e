"""Asks each address in the arguments whether its service is ready; says what is wrong, and ends with 1."""

import sys
import time
import urllib.error
import urllib.request


def problem(address: str) -> str:
    try:
        urllib.request.urlopen(address, timeout=10).close()  # noqa: S310 (the chart's own addresses)
    except urllib.error.HTTPError as error:
        return error.read().decode()
    except OSError as error:
        return str(error)
    return ""


until = time.monotonic() + 60
wrong = dict.fromkeys(sys.argv[1:], "not asked yet")
while wrong:
    wrong = {address: found for address in wrong if (found := problem(address))}
    if wrong and time.monotonic() > until:
        sys.exit("\n".join(f"{address}: {found}" for address, found in wrong.items()))
    time.sleep(1 if wrong else 0)
