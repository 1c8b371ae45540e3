// What the files of the console share.
#pragma once

#include "../worker/worker_part.h"

#include <lauxlib.h>
#include <lua.h>

enum { LONGEST_ID = 32 };

// One session: a state of its own, with its limits.
struct session {
    char id[LONGEST_ID + 1];
    lua_State *lua;
    // The session's end, and that of the source that runs; by CLOCK_MONOTONIC, in microseconds.
    uint64_t end, deadline;
    // What one source may take.
    uint64_t longest_run;
    // Bytes.
    size_t memory, memory_limit;
    bool is_over_time, is_out_of_memory;
    // What was printed and is not sent yet.
    struct output {
        size_t length, sent, dropped;
        char text[4096];
    } output;
};

// limits.c: a state without any function, within the limits of the session. NULL: no memory.
INTERNAL lua_State *limited_state(struct session *session);

// After a source: what was slowed down in the main thread goes on as usual.
INTERNAL void reset_limits(struct session *session);

INTERNAL struct session *session_of(lua_State *lua);

// Raises an error if the source has run for too long. Functions in C that may take long call it.
INTERNAL void limits_check(lua_State *lua);

// Counts one step of such a function, and looks at the clock now and then.
static inline void limits_step(lua_State *lua, unsigned *steps) {
    if ((++*steps & 0xfff) == 0) limits_check(lua);
}

// For the table `coroutine` on top of the stack: nothing is resumed after the deadline.
INTERNAL void limit_coroutines(lua_State *lua);

// limits.c: has a field of the table on top of the stack be a function that has the field's own as its upvalue.
INTERNAL void stand_before(lua_State *lua, const char *name, lua_CFunction function);

// Calls the upvalue with what is on the stack; returns the number of its results.
INTERNAL int call_original(lua_State *lua);

// sandbox.c: opens what a session may use. Called in protected mode.
INTERNAL void open_sandbox(lua_State *lua);

// match.c: string.find, match, gmatch, gsub and rep, in the table on top of the stack.
INTERNAL void open_match(lua_State *lua);

// tables.c: those functions of `table` that run long without it. In the table on top of the stack.
INTERNAL void open_tables(lua_State *lua);

// functions.c: those of the program, as global variables.
INTERNAL void open_functions(lua_State *lua);

// output.c: what a session prints.
INTERNAL void print_text(struct session *session, const char *text, size_t length);
INTERNAL void flush_output(struct session *session);

// watcher.c: tells the master if the source has not ended a second after the deadline.
INTERNAL void watch_begin(const struct session *session);
INTERNAL void watch_end(void);
