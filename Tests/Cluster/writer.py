"""Writes weights 1, 2, 3, … of service www.1 to ADMIN, each as soon as the one before was acknowledged, and again until it is.

usage: writer.py URL TOKEN. Leaves in $LAB_RESULTS/acknowledged what was acknowledged and when, a line each; runs until it is killed.
"""

import http.client
import itertools
import json
import os
import pathlib
import sys
import time
import urllib.error
import urllib.request

url, token = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
pathlib.Path("/run/writer.pid").write_text(str(os.getpid()))
with open(pathlib.Path(os.environ["LAB_RESULTS"]) / "acknowledged", "w", buffering=1) as acknowledged:
    for weight in itertools.count(1):
        request = urllib.request.Request(f"{url}/v1/services/www.1", json.dumps({"weight": weight}).encode(), headers, method="PATCH")
        while True:
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    answer.read()
                break
            except urllib.error.HTTPError as failure:
                sys.exit(f"{failure}: {failure.read()}")
            except (OSError, http.client.HTTPException):
                time.sleep(0.2)
        acknowledged.write(f"{weight} {time.monotonic():.3f}\n")
        time.sleep(0.1)
