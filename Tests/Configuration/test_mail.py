"""Notices by e-mail: a real ADMIN, and a mail server (aiosmtpd) that encrypts, checks passwords, refuses and hangs."""

import contextlib
import email
import email.policy
import json
import socket
import ssl
import threading

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from admin import Admin
from portcullis_testing.processes import run
from portcullis_testing.waiting import eventually


class Mailbox:
    """What the mail server hands messages to. `script` has its next answers."""

    def __init__(self):
        self.taken, self.script, self.lock = [], [], threading.Lock()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 nobody of that name"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        with self.lock:
            answer = self.script.pop(0) if self.script else "250 taken"
            if answer.startswith("250"):
                message = email.message_from_bytes(envelope.content, policy=email.policy.default)
                encrypted = server.transport.get_extra_info("ssl_object") is not None
                self.taken.append((encrypted, envelope.rcpt_tos, message))
        return answer

    def authenticate(self, server, session, envelope, mechanism, data):
        is_known = (data.login, data.password) == (b"ops", b"pass word")
        return AuthResult(success=is_known, handled=False)

    @property
    def messages(self):
        with self.lock:
            return [message for _, _, message in self.taken]


class ImplicitController(Controller):
    """A mail server whose connections are encrypted from their first byte."""

    def factory(self):
        return SMTP(self.handler, **self.SMTP_kwargs)


@pytest.fixture
def certificate(tmp_path):
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
        "subjectAltName=DNS:localhost", "-keyout", tmp_path / "key.pem", "-out", tmp_path / "cert.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    return context


@pytest.fixture
def mail(tmp_path, certificate):
    """Starts a mail server; returns its mailbox and its port."""
    controllers = []

    def start(implicit=False):
        mailbox = Mailbox()
        with contextlib.closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        options = {"ssl_context": certificate} if implicit else {"tls_context": certificate, "require_starttls": True}
        controller = ImplicitController(
            mailbox, hostname="127.0.0.1", port=port, authenticator=mailbox.authenticate, auth_required=True,
            auth_require_tls=not implicit, ready_timeout=30, **options)
        controller.start()
        controllers.append(controller)
        return mailbox, port

    yield start
    for controller in controllers:
        controller.stop()


def admin_with(folder, port, **more):
    (folder / "password").write_text(more.pop("password", "pass word") + "\n")
    settings = {"server": f"localhost:{port}", "from": "portcullis@example.net", "to": ["ops@example.net"], "user": "ops",
                "password-file": str(folder / "password"), **more}
    channel = {"email": settings, "name": "mail", "ca-file": str(folder / "cert.pem")}
    (folder / "admin.yaml").write_text("notices: " + json.dumps([channel]) + "\n")
    return Admin(folder, "--config", folder / "admin.yaml", "--log-level", "trace")


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_mail_arrives_encrypted_and_twins_are_known_by_their_identifier(tmp_path, mail, tls):
    mailbox, port = mail(implicit=tls == "implicit")
    admin = admin_with(tmp_path, port, tls=tls, to=["ops@example.net", "nobody@example.net"])
    try:
        mailbox.script[:] = ["451 later", "250 taken"]
        assert "451 later" in admin.portcullis("notices", "test", status=1)
        eventually(lambda: mailbox.messages, what="the mail", timeout=30)
        encrypted, people, message = mailbox.taken[0]
        assert encrypted and people == ["ops@example.net"]
        admin.wait_for("550 nobody of that name")
        assert message["Subject"] == "[info] a test of the channel mail"
        assert message["From"] == "portcullis@example.net" and "nobody@example.net" in message["To"]
        assert message["Message-ID"] == f"<{message['Portcullis-Notice']}@example.net>"
        assert message["Auto-Submitted"] == "auto-generated"
        text = message.get_content().replace("\r\n", "\n")
        assert text.startswith("a test of the channel mail\n\n") and text.endswith("\nportcullis notices show 1\n")
        assert "mail: delivered" in admin.portcullis("notices", "test")
        assert "pass word" not in admin.text
    finally:
        admin.kill()


def test_a_wrong_password_or_an_unknown_certificate_loses_no_notice(tmp_path, mail):
    mailbox, port = mail()
    admin = admin_with(tmp_path, port, password="wrong one")
    try:
        assert "535" in admin.portcullis("notices", "test", status=1)
        (tmp_path / "password").write_text("pass word\n")
        good = (tmp_path / "cert.pem").read_bytes()
        run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=other", "-keyout",
            tmp_path / "other.key", "-out", tmp_path / "cert.pem")
        admin.process.send_signal(1)
        eventually(lambda: "certificate is not trusted" in admin.portcullis("notices", "show", "1"), what="the reason",
                   timeout=40)
        (tmp_path / "cert.pem").write_bytes(good)
        admin.process.send_signal(1)
        eventually(lambda: len(mailbox.messages) == 1, what="the mail", timeout=40)
        assert "wrong one" not in admin.text and "pass word" not in admin.text
    finally:
        admin.kill()
