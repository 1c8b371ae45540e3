"""ADMIN played by a script: assignments, manifests, signatures and blobs from a store, reports."""

import hashlib
import http.server
import json
import re
import threading
import time


class ScriptedAdmin:
    """Listens on loopback, on any free port unless one is given. What it says can be wrong in every way that a test wants."""

    def __init__(self, store, port=0):
        self.store = store
        self.services, self.jobs = {}, {}
        self.server_name = "app1"
        # Seconds by which its clock is ahead of the node's.
        self.clock = 0
        # Bytes in the place of those of the store: manifests, signatures and blobs by digest.
        self.altered = {}
        # Called with each path before it is answered; a number that it returns is the answer's status.
        self.before = lambda path: None
        # Blob answers end after so many bytes.
        self.cut = None
        self.token = None
        self.report, self.requests, self.joined = None, [], []
        # Logs that are wanted, by stream; what has come of each; and the times at which something came.
        self.wishes, self.logs, self.deliveries = {}, {}, []
        # The configurations of services in YAML. A service that has one gets a token, and its master orders that name it.
        self.configurations = {}
        # Reports of crashes, the dumps that came by the crash (None: the node has none), and the wish for dumps.
        self.crashes, self.dumps, self.wanted_dumps = [], {}, None
        # What tells these wishes from others; None: a node is told of none.
        self.wanted = None
        # Whether it takes no reports.
        self.is_deaf = False
        # Whether it says so when it has no report: at once, as ADMIN does after a start.
        self.asks_for_reports = False
        # Whether the answers to deliveries are lost.
        self.loses_answers = False
        self._changed = threading.Condition()
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        # A node that is killed leaves its requests.
        self._server.handle_error = lambda *_: None
        self.port = self._server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()

    def assign(self, service, version=None, desired="running", drive=None, lease=None):
        """Assigns a service; returns the ETag of the assignments."""
        with self._changed:
            self.services[service] = {"desired": desired, **({"version": version} if version else {}),
                                      **({"drive": drive} if drive else {}), **({"lease": lease} if lease else {})}
            self._changed.notify_all()
        return self.tag

    def configure(self, service, text):
        """Gives a service another configuration."""
        with self._changed:
            self.configurations[service] = text.encode()
            self._changed.notify_all()

    def orders(self, service):
        """The ETag and the content of what a master is to have."""
        configuration = f'"{hashlib.sha256(self.configurations[service]).hexdigest()[:32]}"'
        return configuration, json.dumps(
            {"service": service, "server": self.server_name, "configuration": configuration, "jobs": {}}).encode()

    def together(self):
        """Changes that are made within are seen together."""
        return self._changed

    def withdraw(self, *services):
        """Names services no more."""
        with self._changed:
            for service in services:
                self.services.pop(service, None)
            self._changed.notify_all()
        return self.tag

    def order(self, identifier, **job):
        """Orders a job."""
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + self.clock + job.pop("seconds", 60)))
        with self._changed:
            self.jobs[identifier] = {"arguments": [], "deadline": end, **job}
            self._changed.notify_all()

    def want(self, service, lines=10, after=None):
        """Wants a log; returns the stream."""
        with self._changed:
            stream = f"a.{len(self.logs) + 1}"
            self.wishes[stream] = {"stream": stream, "service": service, "lines": lines, **({"after": after} if after else {})}
            self.logs[stream] = []
            self.wanted = stream
            self._changed.notify_all()
        return stream

    def want_dumps(self, wishes):
        """Wants dumps: `ID.NUMBER`, with spaces between them."""
        with self._changed:
            self.wanted_dumps = wishes
            self._changed.notify_all()

    def unwant(self, stream):
        with self._changed:
            del self.wishes[stream]
            self.wanted = self.wanted if self.wishes else None

    def log_text(self, stream):
        return "".join(piece["text"] for piece in self.logs[stream])

    def _deliver(self, pieces):
        """Takes what follows what is here, as ADMIN does, and says what is wanted."""
        with self._changed:
            for piece in pieces:
                wish = self.wishes.get(piece["stream"])
                if wish and piece.get("after") == wish.get("after"):
                    wish["after"] = piece["position"]
                    self.logs[piece["stream"]].append(piece)
            if pieces:
                self.deliveries.append(time.monotonic())
            return {"wishes": list(self.wishes.values())}

    @property
    def document(self):
        return json.dumps({"server": self.server_name, "location": "tcn", "services": self.services, "jobs": self.jobs},
                          sort_keys=True).encode()

    @property
    def tag(self):
        return f'"{hashlib.sha256(self.document).hexdigest()[:32]}"'

    def of(self, service):
        """What the last report says of a service."""
        return ((self.report or {}).get("services") or {}).get(service) or {}

    def job(self, identifier):
        return ((self.report or {}).get("jobs") or {}).get(identifier) or {}

    def _bytes(self, kind, digest):
        if digest in self.altered and kind in self.altered[digest]:
            return self.altered[digest][kind]
        path = {"manifest": self.store / "manifests" / f"{digest}.json",
                "signatures": self.store / "manifests" / f"{digest}.signatures",
                "blob": self.store / "blobs" / digest[:2] / digest}[kind]
        if path.exists():
            return path.read_bytes()
        return b'{"format":1,"signatures":[]}' if kind == "signatures" else None

    def _handler(admin):  # noqa: N805
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def date_time_string(self, timestamp=None):
                return super().date_time_string(time.time() + admin.clock if timestamp is None else timestamp)

            def _send(self, status, body=b"", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                if status != 304:
                    self.send_header("Content-Length", len(body))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                admin.requests.append(("GET", self.path, dict(self.headers)))
                if status := admin.before(self.path):
                    return self._send(status)
                if self.path == f"/v1/servers/{admin.server_name}/assignments":
                    return self._assignments()
                if admin.token and self.headers.get("Authorization") != f"Bearer {admin.token}":
                    return self._send(401)
                if found := re.fullmatch(r"/v1/manifests/([0-9a-f]{64})(/signatures)?", self.path):
                    body = admin._bytes("signatures" if found[2] else "manifest", found[1])
                    return self._send(404) if body is None else self._send(200, body, Content_Type="application/json")
                if found := re.fullmatch(r"/v1/blobs/([0-9a-f]{64})", self.path):
                    return self._blob(found[1])
                found = re.fullmatch(r"/v1/services/([^/]+)/(orders|config)", self.path)
                if found and found[1] in admin.configurations:
                    return self._orders(found[1]) if found[2] == "orders" else self._configuration(found[1])
                return self._send(404)

            def _orders(self, service):
                known = self.headers.get("If-None-Match") or ""
                wait = re.search(r"wait=(\d+)", self.headers.get("Prefer") or "")
                with admin._changed:
                    if wait:
                        admin._changed.wait_for(lambda: admin.orders(service)[0] not in known, timeout=int(wait[1]))
                    tag, body = admin.orders(service)
                held = {"Preference_Applied": "wait"} if wait else {}
                if tag in known:
                    return self._send(304, ETag=tag, **held)
                return self._send(200, body, ETag=tag, Content_Type="application/json", **held)

            def _configuration(self, service):
                with admin._changed:
                    tag, body = admin.orders(service)[0], admin.configurations[service]
                return self._send(200, body, ETag=tag, Content_Type="application/yaml")

            def _assignments(self):
                if admin.token and self.headers.get("Authorization") != f"Bearer {admin.token}":
                    return self._send(401)
                known = self.headers.get("If-None-Match") or ""
                wait = re.search(r"wait=(\d+)", self.headers.get("Prefer") or "")
                logs = self.headers.get("Portcullis-Logs")
                with admin._changed:
                    asks = admin.asks_for_reports and admin.report is None
                    if wait and not asks:
                        admin._changed.wait_for(
                            lambda: admin.tag not in known or (logs and admin.wanted and admin.wanted != logs)
                            or (admin.wanted_dumps and admin.wanted_dumps != self.headers.get("Portcullis-Dumps")),
                            timeout=int(wait[1]))
                    tag, body, wanted = admin.tag, admin.document, admin.wanted
                held = {"Preference_Applied": "wait"} if wait and not asks else {}
                if asks:
                    held["Portcullis_Report"] = "wanted"
                if wanted:
                    held["Portcullis_Logs"] = wanted
                if admin.wanted_dumps:
                    held["Portcullis_Dumps"] = admin.wanted_dumps
                if tag in known:
                    return self._send(304, ETag=tag, **held)
                return self._send(200, body, ETag=tag, Content_Type="application/json", **held)

            def _blob(self, digest):
                body = admin._bytes("blob", digest)
                if body is None:
                    return self._send(404)
                status, headers, tag = 200, {}, f'"{digest[:32]}"'
                part = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range") or "")
                if part and self.headers.get("If-Range") in (None, tag):
                    first, last = int(part[1]), min(int(part[2]), len(body) - 1)
                    status, headers = 206, {"Content_Range": f"bytes {first}-{last}/{len(body)}"}
                    body = body[first:last + 1]
                if admin.cut and len(body) > admin.cut:
                    self.send_response(status)
                    for name, value in {"ETag": tag, "Content-Length": len(body), **headers}.items():
                        self.send_header(name.replace("_", "-"), value)
                    self.end_headers()
                    self.wfile.write(body[:admin.cut])
                    self.close_connection = True
                    return None
                return self._send(status, body, ETag=tag, Content_Type="application/octet-stream", **headers)

            def do_PUT(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                admin.requests.append(("PUT", self.path, body))
                admin.dumps[self.path.split("/")[-2]] = body
                return self._send(204)

            def do_DELETE(self):
                admin.requests.append(("DELETE", self.path, b""))
                admin.dumps[self.path.split("/")[-2]] = None
                return self._send(204)

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
                admin.requests.append(("POST", self.path, body))
                if self.path == "/v1/join":
                    admin.joined.append(body)
                    if body.get("token") != "join-me":
                        problem = json.dumps({"title": "Forbidden", "status": 403, "detail": "the join token has ended"})
                        return self._send(403, problem.encode(), Content_Type="application/problem+json")
                    return self._send(200, b'{"server": "app1", "token": "own-token"}', Content_Type="application/json")
                if self.path == f"/v1/servers/{admin.server_name}/logs":
                    if status := admin.before(self.path):
                        return self._send(status)
                    answer = json.dumps(admin._deliver(body["pieces"])).encode()
                    if admin.loses_answers:
                        return self._send(503)
                    return self._send(200, answer, Content_Type="application/json")
                if admin.is_deaf:
                    return self._send(503)
                if self.path == f"/v1/servers/{admin.server_name}/crashes":
                    if status := admin.before(self.path):
                        return self._send(status)
                    is_new = body["id"] not in [crash["id"] for crash in admin.crashes]
                    if is_new:
                        admin.crashes.append(body)
                    answer = json.dumps({"fingerprint": body["fingerprint"], "new": is_new}).encode()
                    return self._send(201 if is_new else 200, answer, Content_Type="application/json")
                if found := re.fullmatch(r"/v1/servers/[^/]+/services/([^/]+)/token", self.path):
                    if found[1] not in admin.configurations:
                        return self._send(404)
                    answer = json.dumps(_token(found[1])).encode()
                    return self._send(201, answer, Content_Type="application/json")
                if re.fullmatch(r"/v1/services/[^/]+/report", self.path):
                    return self._send(200, b'{"wantsWhole": false}', Content_Type="application/json")
                wants = admin.report is None and "changes" in body
                if "report" in body:
                    admin.report = body["report"]
                elif not wants:
                    admin.report = _merge(admin.report, body["changes"])
                answer = json.dumps({"wantsWhole": wants}).encode()
                return self._send(200, answer, Content_Type="application/json")

        return Handler


def _token(service):
    """A service's own token, as ADMIN makes it."""
    return {"token": {"name": f"{service}@app1", "role": "service", "service": service, "createdAt": "2026-01-01T00:00:00Z"},
            "secret": f"portcullis_{service}"}


def _merge(target, patch):
    """A merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merge(result.get(name), value)
    return result
