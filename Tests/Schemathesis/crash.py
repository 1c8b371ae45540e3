"""A crash of tg.1 on app2, whose node keeps no dump: nobody would answer for it."""

CRASH = {"id": f"{1:024x}", "service": "tg.1", "worker": 1, "pid": 7, "at": "2026-01-31T00:00:00Z", "kind": "crashed",
         "signal": 11, "fingerprint": f"{1:016x}", "program": "/srv/tg", "frames": [{"function": "f", "address": "0x1"}],
         "text": "#0 f\n", "dumpSize": 0}
