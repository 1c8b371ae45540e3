// Time and memory of a session.
//
// The time: Lua calls a hook every hundred instructions, in each coroutine, since a new one has its creator's hook.
// Once the deadline is over the hook comes with each instruction and raises an error each time, so whoever catches it
// (pcall, coroutine.resume) gets the next one an instruction later, outside. Coroutines that resume each other in depth
// would each have a hundred instructions left, which is a tree of many, so none is resumed any more. Within functions
// in C no hook comes: what may run long there is replaced by what looks at the clock (match.c) or refuses (tables.c),
// and what would run Lua with hooks off is not there: finalizers, message handlers.

#include "console_part.h"

#include <stdlib.h>

enum { INSTRUCTIONS = 100 };

struct session *session_of(lua_State *lua) {
    // Each coroutine has a copy of the main thread's.
    return *(struct session **)lua_getextraspace(lua);
}

static void *allocate(void *context, void *block, size_t old_size, size_t size) {
    struct session *session = context;
    // Of a new block Lua tells its kind instead of a size.
    size_t old = block == NULL ? 0 : old_size;
    if (size == 0) {
        free(block);
        session->memory -= old;
        return NULL;
    }
    if (size > old && size - old > session->memory_limit - session->memory) {
        session->is_out_of_memory = true;
        return NULL;
    }
    void *new = realloc(block, size);
    if (new != NULL) session->memory += size - old;
    return new;
}

static void hook(lua_State *lua, lua_Debug *unused) {
    (void)unused;
    limits_check(lua);
}

void limits_check(lua_State *lua) {
    struct session *session = session_of(lua);
    if (!session->is_over_time && now_microseconds() < session->deadline) return;
    session->is_over_time = true;
    lua_sethook(lua, hook, LUA_MASKCOUNT, 1);
    luaL_error(lua, "the time limit of %d ms is over", (int)(session->longest_run / 1000));
}

int call_original(lua_State *lua) {
    lua_pushvalue(lua, lua_upvalueindex(1));
    lua_insert(lua, 1);
    lua_call(lua, lua_gettop(lua) - 1, LUA_MULTRET);
    return lua_gettop(lua);
}

void stand_before(lua_State *lua, const char *name, lua_CFunction function) {
    lua_getfield(lua, -1, name);
    lua_pushcclosure(lua, function, 1);
    lua_setfield(lua, -2, name);
}

// Calls the upvalue if there is time left.
static int call_in_time(lua_State *lua) {
    limits_check(lua);
    return call_original(lua);
}

static int wrap_in_time(lua_State *lua) {
    call_original(lua);
    lua_pushcclosure(lua, call_in_time, 1);
    return 1;
}

void limit_coroutines(lua_State *lua) {
    stand_before(lua, "resume", call_in_time);
    stand_before(lua, "close", call_in_time);
    stand_before(lua, "wrap", wrap_in_time);
}

lua_State *limited_state(struct session *session) {
    lua_State *lua = lua_newstate(allocate, session);
    if (lua == NULL) return NULL;
    *(struct session **)lua_getextraspace(lua) = session;
    lua_sethook(lua, hook, LUA_MASKCOUNT, INSTRUCTIONS);
    return lua;
}

void reset_limits(struct session *session) {
    // A coroutine that was ended by the limit has the faster hook for good, which only makes it slower.
    lua_sethook(session->lua, hook, LUA_MASKCOUNT, INSTRUCTIONS);
    if (session->is_out_of_memory || session->memory > session->memory_limit / 2) lua_gc(session->lua, LUA_GCCOLLECT);
}
