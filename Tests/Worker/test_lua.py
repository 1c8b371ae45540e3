"""The Lua console: what it can do, and that nothing which is typed into it holds up or harms the worker."""

import pathlib
import time

import pytest

from console import Session
from portcullis_testing.waiting import eventually


@pytest.fixture(params=["loop", "thread"])
def worker(request, compiler, master):
    """A service that gives the console two functions: greet and hang."""
    master.start(compiler.program("service.c", linked="shared"), request.param)
    master.wait_for_message("HELLO")
    return master


@pytest.fixture
def session(worker):
    yield from serving_session(worker)


@pytest.fixture
def looping(compiler, master):
    """The service with a loop of its own, whose stacks are small. What threads do differently, test_sanitized.py shows."""
    master.start("/bin/sh", "-c", 'ulimit -s 512; exec "$0" "$1"', compiler.program("service.c", linked="shared"), "loop")
    master.wait_for_message("HELLO")
    return master


def serving_session(worker):
    session = Session(worker)
    assert session.answer == "LUA-OPENED s1"
    yield session
    if worker.ended() is None:
        # Whatever was run, the worker serves on.
        worker.send("CONFIG /nowhere")
        worker.wait_for_message("CONFIG-REFUSED")


def memory(pid):
    return int(pathlib.Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def test_expressions_and_statements_have_values(session):
    assert session.value("1 + 1, 'two', nil, {} ~= nil") == "2\ttwo\tnil\ttrue"
    assert session.value("x = 7; y = x * 6") == ""
    assert session.value("return x, y") == "7\t42"
    assert session.value("setmetatable({}, {__tostring = function() return 'mine' end})") == "mine"
    assert session.value("_VERSION, _G == _G._G") == "Lua 5.4\ttrue"
    assert session.value("-- nothing") == ""
    assert session.value("'ä\\0b'") == "ä\0b"


def test_print_comes_before_the_result(session):
    result = session.run("print('a', 1, nil); print(); for i = 1, 3 do print(i) end; return 'end'")
    assert (result.kind, result.output, result.text) == ("ok", "a\t1\tnil\n\n1\n2\n3\n", "end")


def test_errors_say_where(session):
    assert session.error("local x\nx.y = 1") == "console:2: attempt to index a nil value (local 'x')"
    assert session.error("1 +") == "console:1: unexpected symbol near '1'"
    assert session.error("error('mine', 0)") == "mine"
    assert session.error("error({})").startswith("table: 0x")
    assert session.error("error(setmetatable({}, {__tostring = function() return 'mine' end}))") == "mine"
    assert session.error("error(setmetatable({}, {__tostring = function() error('again') end}))").endswith("again")
    assert session.error("error()") == "nil"
    assert session.value("1") == "1"


def test_functions_of_the_program(session):
    assert session.value("greet('world', 2)") == "hello world of 2"
    assert session.value("greet()") == "nil"
    assert session.run("greet('large')").kind == "limit"
    assert session.value("1") == "1"


def test_sessions_do_not_see_each_other(worker):
    one, two = Session(worker, "one"), Session(worker, "two")
    one.value("x = 1; string.secret = 2; getmetatable('').__index.third = 3")
    assert two.value("x, string.secret, ('').third") == "nil\tnil\tnil"
    assert one.close() == "LUA-END one closed"
    assert two.value("1") == "1"
    assert one.run("1").kind == "LUA-END one unknown"


@pytest.mark.parametrize("name", ["io", "debug", "package", "require", "load", "loadstring", "loadfile", "dofile", "collectgarbage", "warn",
                                  "os.execute", "os.exit", "os.remove", "os.rename", "os.tmpname", "os.getenv", "os.setlocale",
                                  "string.dump"])
def test_what_the_console_does_not_have(session, name):
    assert session.value(name) == "nil"


def test_what_it_has(session):
    session.value("""
        local expected = {
            "_G _VERSION assert coroutine error getmetatable ipairs math next os pairs pcall print rawequal rawget rawlen rawset",
            " select setmetatable string table tonumber tostring type utf8 xpcall greet hang"}
        local known = {}
        for name in table.concat(expected):gmatch("%S+") do known[name] = true end
        for name in pairs(_G) do assert(known[name], name) known[name] = nil end
        assert(next(known) == nil, next(known))
    """)


def test_the_functions_that_are_its_own_do_what_luas_do(session):
    session.value("""
        assert(("hello world"):find("o w") == 5 and ("hello"):find("l", 1, true) == 3 and ("a.b"):find(".", 1, true) == 2)
        assert(not ("hello"):find("xyz") and ("hello"):find("", 6) == 6 and not ("hello"):find("", 7))
        local a, b, c = ("key = value"):find("(%w+) = "); assert(a == 1 and b == 6 and c == "key")
        assert(("hello"):match("^(h)(.-)o$") == "h" and select(2, ("hello"):match("^(h)(.-)o$")) == "ell")
        assert(("  x "):match("()x()") == 3 and ("x"):match("y?x") == "x" and ("[[a]]"):match("%b[]") == "[[a]]")
        assert(("THE (quick) fox"):find("%((%a+)%)") == 5 and ("abab"):match("(ab)%1") == "ab")
        assert(("THE quick"):gsub("%f[%a]%a+", "X") == "X X" and ("a-z"):match("[a%-z]+") == "a-z")
        assert(("x]y"):match("[]]") == "]" and ("abc"):match("[^a]+") == "bc" and ("héllo"):match("[\\xc3\\xa9]+") == "é")
        assert(("hello world"):gsub("o", "0") == "hell0 w0rld" and select(2, ("hello world"):gsub("o", "0")) == 2)
        assert(("abc"):gsub("%w", "%0%0") == "aabbcc" and ("abc"):gsub("", "-") == "-a-b-c-")
        assert(("hello world"):gsub("%w+", "%0 %0", 1) == "hello hello world" and ("x"):gsub("x", "%%") == "%")
        assert(("$a $b"):gsub("%$(%w)", {a = "1"}) == "1 $b" and ("abc"):gsub("b", function(s) return s:upper() end) == "aBc")
        assert(("abc"):gsub("(b)()", "%2%1") == "a3bc" and ("abc abc"):gsub("^abc", "x") == "x abc")
        local words = {} for k, v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do words[k] = v end
        assert(words.a == "1" and words.b == "2")
        local count = 0 for _ in ("abc"):gmatch("") do count = count + 1 end assert(count == 4)
        for s in ("abc"):gmatch("%w", -1) do assert(s == "c") end
        assert(("ab"):rep(3, "-") == "ab-ab-ab" and ("ab"):rep(0) == "" and (""):rep(5) == "" and (""):rep(3, ",") == ",,")
        local list = {3, 1, 2, 5, 4} table.sort(list) assert(table.concat(list) == "12345")
        table.sort(list, function(a, b) return a > b end) assert(table.concat(list, ",", 2, 4) == "4,3,2")
        for n = 0, 40 do
            local list = {} for i = 1, n do list[i] = (i * 7919) % 31 end
            table.sort(list) for i = 2, n do assert(list[i - 1] <= list[i]) end
        end
        local list = {1, 2} table.insert(list, 1, 0) table.insert(list, 3) assert(table.concat(list, " ") == "0 1 2 3")
        assert(table.remove(list, 1) == 0 and table.remove(list) == 3 and #list == 2)
        assert(table.concat(table.move({1, 2, 3}, 2, 3, 1)) == "233" and select("#", table.unpack({1, nil, 3}, 1, 3)) == 3)
        assert(select(2, xpcall(error, function(m) return m .. "!" end, "x")) == "x!" and select("#", xpcall(function(...) return ... end, print, 1, nil)) == 3)
        local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end) assert(co(1) == 2 and co(5) == 10)
        assert(string.format("%5.1f|%-4s|%q", 2.25, "a", "b\\n") == '  2.2|a   |"b\\\\\\n"')
        assert(os.time() > 0 and os.date("%Y") >= "2024" and math.type(3) == "integer" and utf8.len("äö") == 2)
    """)


@pytest.mark.parametrize("source,message", [
    ("('x'):find('[a')", "malformed pattern (missing ']')"), ("('x'):find('%')", "malformed pattern (ends with '%')"),
    ("('x'):find('(x')", "unfinished capture"), ("('x'):find('x)')", "invalid pattern capture"), ("('x'):find('%1')", "invalid capture index %1"),
    ("('x'):gsub('x', '%2')", "invalid capture index %2"), ("('x'):gsub('x', '%a')", "invalid use of '%' in replacement string"),
    ("('x'):find('%f')", "missing '[' after '%f' in pattern"), ("('x'):find('%b')", "missing arguments to '%b'"),
    ("('x'):gsub('x', print)", None), ("('x'):gsub('x', function() return {} end)", "invalid replacement value (a table)"),
    ("('x'):find(('('):rep(40))", "too many captures"), ("('x'):rep(1e10)", "resulting string too large"),
    ("setmetatable(1, {})", "table expected"), ("setmetatable(setmetatable({}, {__metatable = 1}), {})", "protected metatable")])
def test_wrong_arguments_are_errors(session, source, message):
    result = session.run(source)
    assert message is None or (result.kind in ("error", "limit") and (message in result.text or "not enough memory" in result.text)), result


# Each of them would run for ever, or for minutes.
ENDLESS = {
    "loop": "while true do end",
    "in pcall": "pcall(function() while true do end end)",
    "around pcall": "while true do pcall(function() while true do end end) end",
    "pcall of pcall": "while true do pcall(pcall, pcall, function() while true do end end) end",
    "nested pcalls": "local function f(n) while true do pcall(f, n + 1) end end f(0)",
    "coroutine": "coroutine.wrap(function() while true do end end)()",
    "coroutine in pcall": "while true do pcall(coroutine.wrap(function() while true do end end)) end",
    "coroutines": "while true do local c = coroutine.create(function() while true do coroutine.yield() end end) for i = 1, 10 do coroutine.resume(c) end end",
    "coroutine that resumes coroutines": "local function f() while true do coroutine.resume(coroutine.create(f)) end end f()",
    "xpcall's handler": "xpcall(function() while true do end end, function() while true do end end)",
    "xpcall's handler in a coroutine": "while true do coroutine.wrap(function() xpcall(error, function() while true do end end) end)() end",
    "close": "local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end",
    "close in pcall": "while true do pcall(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) error() end) end",
    "coroutine.close": "local c = coroutine.create(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) coroutine.yield() end) coroutine.resume(c) coroutine.close(c)",
    "tostring": "return setmetatable({}, {__tostring = function() while true do end end})",
    "tostring of an error": "error(setmetatable({}, {__tostring = function() while true do end end}))",
    "print": "print(setmetatable({}, {__tostring = function() while true do end end}))",
    "index": "local t t = setmetatable({}, {__index = function(_, k) return t[k + 1] end}) while true do pcall(function() return t[1] end) end",
    "goto": "::again:: goto again",
    "coroutines in depth that catch": "local function f() while true do pcall(coroutine.wrap(f)) pcall(coroutine.close, coroutine.create(f)) end end f()",
    "recursion": "local function f() return f() end f()",
    "metamethods": "local t = setmetatable({}, {__lt = function() while true do end end}) return t < t",
    "pairs": "for _ in pairs(setmetatable({}, {__pairs = function() return function() return 1 end end})) do end",
    "sort": "local t = {} for i = 1, 1000 do t[i] = i end while true do table.sort(t, function() return true end) end",
    "sort of long texts": "local s = ('x'):rep(1000000) local t = {} for i = 1, 10000 do t[i] = s end table.sort(t)",
    "sort of what is not there": "table.sort(setmetatable({}, {__len = function() return 1 << 40 end, __index = function() return 1 end, __newindex = function() end}))",
    "gsub": "('x'):rep(100000):gsub('x', function() while true do end end)",
    "gsub with a comparison": "while true do ('x'):rep(10000):gsub('x', 'y') end",
    "gmatch": "while true do for _ in ('x'):rep(1000):gmatch('') do end end",
    "pattern": "('a'):rep(30000):find('.-.-.-.-b')",
    "pattern of stars": "('a'):rep(100):find(('a*'):rep(30) .. 'b')",
    "pattern of question marks": "('a'):rep(29):match(('a?'):rep(60) .. ('a'):rep(30))",
    "pattern with sets": "('a'):rep(30000):find('[' .. ('bcd'):rep(10000) .. 'a]*[' .. ('bcd'):rep(10000) .. 'a]*x')",
    "pattern of balance": "('('):rep(1000000):find('%b()')",
    "pattern with captures": "('a'):rep(20000):find('(.*)(.*)%1%2x')",
    "pattern in gsub": "('a'):rep(30000):gsub('.-.-.-b', '')",
    "pattern in gmatch": "for _ in ('a'):rep(30000):gmatch('.-.-.-b') do end",
    "pattern in pcall": "while true do pcall(string.find, ('a'):rep(30000), '.-.-.-.-b') end",
    "load of garbage": "while true do local t = {} for i = 1, 1000 do t[i] = {} end end",
    "memory errors": "local t = {} while true do pcall(function() for i = 1, 1e9 do t[i] = {} end end) end",
    "string errors": "while true do pcall(string.rep, 'x', 1e9) end",
}


@pytest.mark.parametrize("how", ENDLESS)
def test_what_never_ends_is_ended(looping, how):
    session = Session(looping, milliseconds=200)
    result = session.run(ENDLESS[how], 10)
    assert result.kind == "limit" and result.seconds < 10, result
    assert session.value("1 + 1") == "2"
    looping.send("CONFIG /nowhere")
    looping.wait_for_message("CONFIG-REFUSED")


# What would take long in Lua's own functions, or does.
SHORT = {
    "plain find": "('a'):rep(1500000):find(('a'):rep(400000) .. 'b', 1, true)",
    "repetitions of nothing": "(''):rep(1 << 62)",
    "move": "table.move({}, 1, 1 << 62, 2)",
    "concat": "table.concat(setmetatable({}, {__index = function() return '' end}), '', 1, 1 << 62)",
    "insert at a border": "local t = {} for i = 0, 61 do t[1 << i] = 1 end table.insert(t, 1, 1)",
    "remove with a length": "table.remove(setmetatable({}, {__len = function() return 1 << 62 end}), 1)",
    "unpack": "table.unpack({}, 1, 1 << 30)",
    "finalizer": "setmetatable({}, {__gc = function() while true do end end})",
    "finalizer of nil": "setmetatable({}, {__gc = false})",
    "format": "string.format('%99999d', 1)",
    "many formats": "local t = {} for i = 1, 1e5 do t[i] = 1e308 end return (('%99.99f'):rep(1e5):format(table.unpack(t)))",
    "many dates": "return #os.date(('%c'):rep(200000))",
    "long numbers": "return tonumber(('1'):rep(1000000)), ('1'):rep(1000000) + 0, tonumber(('z'):rep(1000000), 36)",
    "nested gsub": "local function f(s) return (s:gsub('.', f)) end f('x')",
    "nested gsub and pcall": "local function f(s) return pcall(string.gsub, s, '(.)(.)', f) end return f('xy')",
    "nested coroutines": "local function f() return coroutine.wrap(f)() end f()",
    "nested tostring": "local t t = setmetatable({}, {__tostring = function() return tostring(t) end}) return t",
    "nested concatenation": "local t t = setmetatable({}, {__index = function() return table.concat(t, '', 1, 2) end}) return table.concat(t, '', 1, 2)",
    "nested parentheses": "return " + "(" * 20000 + "1" + ")" * 20000,
    "nested tables": "return " + "{" * 20000,
    "many locals": "local a = 1 " * 300,
    "deep pattern": "('x'):rep(1000):find(('x?'):rep(300))",
}


@pytest.mark.parametrize("how", SHORT)
def test_what_would_hold_up_a_function_in_c_is_refused_or_quick(looping, how):
    session = Session(looping)
    result = session.run(SHORT[how])
    assert result.kind in ("error", "limit", "ok") and "time limit" not in result.text, result


def test_a_finalizer_is_refused_by_name(session):
    assert session.error("setmetatable({}, {__gc = print})") == "console:1: a metatable with __gc is not allowed in the console"
    # Lua looks for it when the metatable is set, and never again.
    session.value("mt = {}; o = setmetatable({}, mt); mt.__gc = function() while true do end end; o = nil; for i = 1, 1e5 do local t = {} end")
    assert session.close() == "LUA-END s1 closed"


MEMORY = {
    "texts": "local s = 'x' while true do s = s .. s end",
    "a text": "('x'):rep(1 << 30)",
    "tables": "local t = {} while true do t = {t} end",
    "an array": "local t = {} for i = 1, 1e9 do t[i] = i end",
    "closures": "local f while true do local g = f f = function() return g end end",
    "coroutines": "local t = {} while true do t[#t + 1] = coroutine.create(print) end",
    "recursion": "local function f() return 1 + f() end f()",
    "buffers": "('x'):rep(100000):gsub('x', ('y'):rep(1000))",
    "concat": "local t = {} for i = 1, 10000 do t[i] = ('x'):rep(1000) end return table.concat(t)",
    "format": "local s = ('%s'):rep(200) local x = ('x'):rep(100000) local t = {} for i = 1, 200 do t[i] = x end return s:format(table.unpack(t))",
    "globals": "for i = 1, 1e9 do _G['x' .. i] = i end",
}


@pytest.mark.parametrize("how", MEMORY)
def test_memory_has_a_limit(looping, how):
    session = Session(looping)
    before = memory(looping.pid)
    result = session.run(MEMORY[how])
    assert result.kind in ("limit", "error") and ("not enough memory" in result.text or "overflow" in result.text), result
    assert memory(looping.pid) - before < 16 << 20
    assert session.value("1") == "1" or "globals" in how


def test_output_has_a_limit(session):
    result = session.run("for i = 1, 1e5 do print(('x'):rep(100)) end")
    assert result.kind == "ok" and 262144 <= len(result.output.encode()) < 270000
    assert result.output.endswith("more bytes were not sent\n")
    assert session.run("print('again')").output == "again\n"


def test_a_master_that_does_not_read_holds_nothing_up(session, worker):
    session.send("for i = 1, 1e5 do print(('x'):rep(100)) end")
    session.send("for i = 1, 1e5 do print(('x'):rep(100)) end")
    session.send("print('still there')")
    seen = ""
    while "still there" not in seen:
        seen = worker.wait_for_message("LUA-", 30)


def test_a_long_result_is_cut_between_characters(session):
    assert session.value("('x'):rep(100000)") == "x" * 60000
    assert session.value("'x' .. ('ü'):rep(100000)") == "x" + "ü" * 29999
    assert session.value("'xx' .. ('€'):rep(100000)") == "xx" + "€" * 19999


def test_output_is_cut_into_messages_between_characters(session):
    for character in "aü€𝄞":
        result = session.run(f"for i = 1, 1000 do print('{character}', ('{character}'):rep(20)) end")
        assert result.output == f"{character}\t{character * 20}\n" * 1000
    # What is no UTF-8 arrives, too.
    assert session.run("print(('\\xff'):rep(10000))").output == "\N{REPLACEMENT CHARACTER}" * 10000 + "\n"


def test_a_source_that_is_too_long_is_refused(session):
    assert session.error("--" + "x" * 60000) == "a source has at most 60000 bytes"


@pytest.mark.parametrize("words", ["", "0 1 1", "900 1000", "901 1000 4194304", "900 10001 4194304", "900 1000 1", "900 1000 67108865",
                                   "900 1000 4194304 more", "a b c", "-1 1000 4194304", "900  1000"])
def test_limits_beyond_what_is_allowed_are_refused(worker, words):
    worker.send(f"LUA-OPEN s {words}")
    assert worker.wait_for_message("LUA-END").startswith("LUA-END s refused LUA-OPEN takes 1 to 900 seconds")


def test_sixteen_sessions_at_once_and_no_more(worker):
    sessions = [Session(worker, f"s{index}") for index in range(16)]
    assert Session(worker, "s16").answer == "LUA-END s16 refused 16 sessions are open"
    assert Session(worker, "s3").answer == "LUA-END s3 refused the session is open already"
    assert all(session.value("1") == "1" for session in sessions)
    sessions[5].close()
    assert Session(worker, "s16").answer == "LUA-OPENED s16"


def test_a_session_ends_with_its_time(worker):
    start = time.monotonic()
    session = Session(worker, "s", seconds=1)
    Session(worker, "other", seconds=2)
    assert worker.wait_for_message("LUA-END") == "LUA-END s time" and time.monotonic() - start >= 1
    assert worker.wait_for_message("LUA-END") == "LUA-END other time"
    assert session.run("1").kind == "LUA-END s unknown"


def test_a_thousand_sessions_leave_nothing(worker):
    for index in range(50):
        Session(worker, f"w{index}").close()
    before = memory(worker.pid), len(list(pathlib.Path(f"/proc/{worker.pid}/fd").iterdir()))
    for index in range(1000):
        session = Session(worker, f"s{index}")
        assert session.value("x = {} for i = 1, 1000 do x[i] = {} end return #x") == "1000"
        session.close()
    after = memory(worker.pid), len(list(pathlib.Path(f"/proc/{worker.pid}/fd").iterdir()))
    assert after[0] - before[0] < 2 << 20 and after[1] == before[1]


def test_a_function_that_does_not_return_taints_the_worker(worker):
    session = Session(worker, milliseconds=200)
    start = time.monotonic()
    session.send("hang()")
    assert worker.wait_for_message("LUA-TAINTED") == "LUA-TAINTED s1 a function does not return"
    assert time.monotonic() - start >= 1.2


def test_the_watcher_leaves_those_alone_that_end_in_time(worker):
    session = Session(worker, milliseconds=100)
    for _ in range(20):
        assert session.run("while true do end").kind == "limit"
    eventually(lambda: session.value("1") == "1", what="a value")
