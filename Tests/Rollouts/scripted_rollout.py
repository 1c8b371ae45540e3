"""ADMIN as it tells of one rollout, played by a script, so that it can end in every way at a known moment."""

import hashlib
import http.server
import json
import re
import threading

TIME = "2026-11-29T10:00:00Z"


def instance(number, stage, *, back=False, seconds=0, **more):
    return {"service": f"pgw.{number}", "server": f"app{number}", "stage": stage, "goingBack": back, "before": "1.5.0",
            "seconds": seconds, **more}


def rollout(*instances, state="running", **more):
    return {"id": "7", "type": "pgw", "version": "1.6.0", "digest": "ab" * 32, "state": state, "createdBy": "ops",
            "createdAt": TIME, "total": len(instances),
            "done": sum(one["stage"] == "done" and not one["goingBack"] for one in instances),
            "back": sum(one["stage"] == "done" and one["goingBack"] for one in instances),
            "stuck": sum(one["stage"] == "stuck" for one in instances), "instances": list(instances), **more}


class ScriptedRollout:
    """Answers for rollout 7: `tell` says how it is from then on. `orders` has what it was told."""

    def __init__(self, now):
        self.now, self.orders, self.polls = now, [], 0
        self._changed = threading.Condition()
        self.port = 0
        self.come()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def come(self):
        """Listens from now on."""
        self._gone = False
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def go(self):
        """Refuses connections from now on, and ends held polls."""
        with self._changed:
            self._gone = True
            self._changed.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def tell(self, now):
        with self._changed:
            self.now = now
            self._changed.notify_all()

    def _handler(script):  # noqa: N805
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def _send(self, status, value=None, **headers):
                body = json.dumps(value).encode() if value is not None else b""
                self.send_response(status)
                for name, text in {"Content-Type": "application/json", **headers}.items():
                    self.send_header(name.replace("_", "-"), text)
                if status != 304:
                    self.send_header("Content-Length", len(body))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                if self.path == "/v1/rollouts":
                    return self._send(200, [script.now])
                if self.path == "/v1/gateways":
                    return self._send(200, [
                        {"name": name, "location": "tcn", "since": TIME, "lastPoll": TIME, "age": 0, "inSync": True}
                        for name in ("gw1", "gw2", "gw3")])
                if self.path != "/v1/rollouts/7":
                    return self._send(404, {"title": "Not Found", "status": 404, "detail": "There is no such rollout."})
                known = self.headers.get("If-None-Match") or ""
                wait = re.search(r"wait=(\d+)", self.headers.get("Prefer") or "")
                with script._changed:
                    script.polls += 1
                    if wait:
                        script._changed.wait_for(lambda: script._gone or script.tag() not in known, timeout=int(wait[1]))
                    if script._gone:
                        self.close_connection = True
                        return None
                    tag, now = script.tag(), script.now
                held = {"Preference_Applied": "wait"} if wait else {}
                return self._send(304, ETag=tag, **held) if tag in known else self._send(200, now, ETag=tag, **held)

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                script.orders.append((self.path, json.loads(body) if body else None))
                if self.path.startswith("/v1/rollouts?") or self.path == "/v1/rollouts":
                    report = {"changes": [{"action": "create", "kind": "rollout", "name": "7", "before": None,
                                           "after": "pgw to 1.6.0"}], "export": [], "configurations": [], "warnings": []}
                    return self._send(201, {"rollout": script.now, "report": report})
                return self._send(200, script.now)

        return Handler

    def tag(self):
        return f'"{hashlib.sha256(json.dumps(self.now).encode()).hexdigest()[:16]}"'
