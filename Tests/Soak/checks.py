"""The checks of the soak's types, and how soon a failure is to be found."""

import os

INTERVAL, TIMEOUT, FALL, DROP_AFTER = 1, 1, 2, 3
# Doubled, as the machine is emulated and may stand still for seconds.
BOUND = 2 * (FALL * INTERVAL + TIMEOUT + 1)
# What the types have. Another one breaks detection, which the soak must notice (see README.md).
_FALL = os.environ.get("PORTCULLIS_SOAK_FALL", FALL)
_TIMES = f"interval: {INTERVAL}s, timeout: {TIMEOUT}s, rise: 2, fall: {_FALL}, drop-after: {DROP_AFTER}s"

# What follows the only gateway section of a type's file.
CHECK_HTTP = f"""    check: {{http: /, {_TIMES}}}
    slow-start: 4
"""
CHECK_TCP = f"""    check: {{tcp: true, port: 20000, {_TIMES}}}
    minimum: 1
"""
DATAGRAMS = f"""  - name: datagrams
    address: www-ip
    ports: [9000]
    protocol: udp
    check: {{udp: {{send: x, expect: "{{"}}, {_TIMES}}}
"""
