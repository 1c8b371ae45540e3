"""The library itself under the sanitizers of addresses and of undefined behaviour."""

import signal

import pytest

from console import Session
from test_lua import ENDLESS, MEMORY, SHORT


@pytest.fixture
def service(compiler, master):
    """The service that uses all of the library. Its end is clean."""
    master.start(compiler.program("service.c", linked="sanitized"), "thread",
                 environment={"ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1", "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1"})
    master.wait_for_message("HELLO")
    yield master
    master.send("STOP")
    assert master.wait() == 0
    assert "Sanitizer" not in master.text and "runtime error" not in master.text, master.text


def test_all_of_the_console(service):
    for index, source in enumerate([*ENDLESS.values(), *SHORT.values(), *MEMORY.values()]):
        session = Session(service, f"s{index}", milliseconds=100)
        assert session.run(source, 30).kind in ("ok", "error", "limit"), source
        session.close()


def test_patterns_of_all_kinds(service):
    session = Session(service, milliseconds=10000)
    assert session.run("""
        local parts = {"a", ".", "%a", "%d", "[a-c]", "[^a]", "%b()", "%f[%w]", "(", ")", "()", "*", "+", "-", "?", "^", "$", "%1", "%",
                       "[", "]", "[]]", "[%]]", "\\0", "\\255"}
        local seed = 1
        local function random(n) seed = (seed * 1103515245 + 12345) % 2147483648 return seed // 65536 % n + 1 end
        for round = 1, 30000 do
            local pattern, subject = {}, {}
            for i = 1, random(6) do pattern[i] = parts[random(#parts)] end
            for i = 1, random(12) do subject[i] = ("abc1 ()\\0\\255"):sub(random(9)):sub(1, 1) end
            pattern, subject = table.concat(pattern), table.concat(subject)
            pcall(string.find, subject, pattern, random(15) - 7)
            pcall(string.gsub, subject, pattern, "%0%1")
            pcall(function() for _ in subject:gmatch(pattern) do end end)
        end
    """, 30).kind in ("ok", "limit")


def test_configurations_and_functions(service, tmp_path):
    for text in ("first\\n", "bad\\n", "silent\\n"):
        (tmp_path / "config").write_text(text)
        service.send(f"CONFIG {tmp_path}/config")
        service.wait_for_message("CONFIG-")
    session = Session(service)
    assert session.value("greet('a', 1, nil, {})").startswith("hello a of 4") and session.run("greet('large')").kind == "limit"
    for text in ("LUA-EVAL", "LUA-OPEN", "LUA-OPEN a", "LUA-CLOSE nobody", "LUA-", "", "CONFIG ", "x" * 65536):
        service.send(text)


@pytest.mark.parametrize("kind", ["segv", "abort", "overflow"])
def test_a_crash_of_a_sanitized_program_is_told(compiler, master, kind):
    master.start(compiler.program("crasher.c", linked="sanitized"), kind, "nine")
    crash = master.crash()
    assert crash.signal == signal.SIGABRT and crash.threads == 9
    assert kind == "abort" or "ERROR: AddressSanitizer" in master.text
