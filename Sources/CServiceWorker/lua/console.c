// The Lua console: sessions that the master opens over the control socket.
//
//     master -> worker   LUA-OPEN id seconds milliseconds bytes
//                                             a session of at most so many seconds (1 to 900); each source may run for so
//                                             many milliseconds (1 to 10,000); so much memory (262,144 to 67,108,864)
//                        LUA-EVAL id source   an expression or statements, at most 60,000 bytes
//                        LUA-CLOSE id
//     worker -> master   LUA-OPENED id
//                        LUA-OUT id text      what print() wrote: any number of messages before the result
//                        LUA-RESULT id ok text       the values, separated by tabs; no text: none
//                        LUA-RESULT id error text    the message, and where it was raised
//                        LUA-RESULT id limit text    ended by its time or its memory
//                        LUA-END id reason    closed | time | unknown | refused text
//                        LUA-TAINTED id text  the source has not ended a second after its deadline: replace the worker
//
// An id has 1 to 32 letters, digits, "-" and "_". Sources of a session run one after the other and see each other's
// global variables. A session goes on after an error or a limit. Text longer than 60,000 bytes is cut.

#include "console_part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SESSIONS = 16, LONGEST_SOURCE = 60000, LONGEST_RESULT = 60000 };

static struct session *sessions[MOST_SESSIONS];

static void send_end(const char *id, const char *reason) {
    char words[16 + LONGEST_ID];
    snprintf(words, sizeof words, "LUA-END %s", id);
    send_message(words, reason, strlen(reason), true);
}

static struct session **find(const char *id) {
    for (int index = 0; index < MOST_SESSIONS; index++)
        if (sessions[index] != NULL && strcmp(sessions[index]->id, id) == 0) return &sessions[index];
    return NULL;
}

static void end_session(struct session **place, const char *reason) {
    struct session *session = *place;
    *place = NULL;
    send_end(session->id, reason);
    lua_close(session->lua);
    free(session);
    wake_dispatch_at(console_expire());
}

uint64_t console_expire(void) {
    uint64_t now = now_microseconds(), next = 0;
    for (int index = 0; index < MOST_SESSIONS; index++) {
        if (sessions[index] == NULL) continue;
        if (sessions[index]->end <= now) end_session(&sessions[index], "time");
        else if (next == 0 || sessions[index]->end < next) next = sessions[index]->end;
    }
    return next;
}

// MARK: opening

static int prepare(lua_State *lua) {
    open_sandbox(lua);
    return 0;
}

// What LUA-OPEN says after the id.
struct limits {
    unsigned long seconds, milliseconds, bytes;
};

// Returns whether the text is limits that a session may have.
static bool read_limits(const char *text, struct limits *limits) {
    int length = -1;
    int count = sscanf(text, "%9lu %9lu %9lu%n", &limits->seconds, &limits->milliseconds, &limits->bytes, &length);
    return count == 3 && text[length] == 0 && limits->seconds >= 1 && limits->seconds <= 900 &&
           limits->milliseconds >= 1 && limits->milliseconds <= 10000 && limits->bytes >= 262144 &&
           limits->bytes <= 67108864;
}

static struct session *make_session(const char *id, const struct limits *limits) {
    struct session *session = calloc(1, sizeof *session);
    if (session == NULL) return NULL;
    strcpy(session->id, id);
    uint64_t now = now_microseconds();
    session->end = now + limits->seconds * 1000000;
    session->longest_run = limits->milliseconds * 1000;
    // For what opens the libraries.
    session->deadline = now + 10000000;
    session->memory_limit = limits->bytes;
    session->lua = limited_state(session);
    if (session->lua != NULL) {
        lua_pushcfunction(session->lua, prepare);
        if (lua_pcall(session->lua, 0, 0, 0) == LUA_OK) return session;
        lua_close(session->lua);
    }
    free(session);
    return NULL;
}

static void open_session(const char *id, const char *rest) {
    static const char allowed[] = "1 to 900 seconds, 1 to 10000 milliseconds and 262144 to 67108864 bytes";
    struct limits limits;
    if (!read_limits(rest, &limits)) {
        char reason[160];
        snprintf(reason, sizeof reason, "refused LUA-OPEN takes %s", allowed);
        return send_end(id, reason);
    }
    if (find(id) != NULL) return send_end(id, "refused the session is open already");
    for (int index = 0; index < MOST_SESSIONS; index++) {
        if (sessions[index] != NULL) continue;
        sessions[index] = make_session(id, &limits);
        if (sessions[index] == NULL) return send_end(id, "refused there is not enough memory");
        wake_dispatch_at(console_expire());
        char words[16 + LONGEST_ID];
        snprintf(words, sizeof words, "LUA-OPENED %s", id);
        send_message(words, NULL, 0, true);
        return;
    }
    send_end(id, "refused 16 sessions are open");
}

// MARK: running

struct source {
    const char *text;
    size_t length;
};

// Where the error was raised. It runs with hooks off if a hook has raised it, so it must not call any Lua.
static int add_traceback(lua_State *lua) {
    if (lua_type(lua, 1) == LUA_TSTRING) luaL_traceback(lua, lua, lua_tostring(lua, 1), 1);
    return 1;
}

// Compiles and calls the source; leaves its values as one text.
static int run(lua_State *lua) {
    const struct source *source = lua_touserdata(lua, 1);
    lua_settop(lua, 0);
    lua_pushliteral(lua, "return ");
    lua_pushlstring(lua, source->text, source->length);
    lua_concat(lua, 2);
    size_t length;
    const char *expression = lua_tolstring(lua, 1, &length);
    if (luaL_loadbufferx(lua, expression, length, "=console", "t") != LUA_OK) {
        lua_pop(lua, 1);
        if (luaL_loadbufferx(lua, source->text, source->length, "=console", "t") != LUA_OK) return lua_error(lua);
    }
    lua_remove(lua, 1);
    lua_call(lua, 0, LUA_MULTRET);
    int count = lua_gettop(lua);
    luaL_checkstack(lua, LUA_MINSTACK, "too many values");
    luaL_Buffer buffer;
    luaL_buffinit(lua, &buffer);
    for (int index = 1; index <= count; index++) {
        if (index > 1) luaL_addchar(&buffer, '\t');
        luaL_tolstring(lua, index, NULL);
        luaL_addvalue(&buffer);
    }
    luaL_pushresult(&buffer);
    return 1;
}

// A value that is no text was raised. Its __tostring is Lua, and may raise again.
static int describe(lua_State *lua) {
    luaL_tolstring(lua, 1, NULL);
    return 1;
}

static void evaluate(struct session *session, const char *text, size_t length) {
    lua_State *lua = session->lua;
    struct source source = {text, length};
    session->is_over_time = session->is_out_of_memory = false;
    session->deadline = now_microseconds() + session->longest_run;
    watch_begin(session);
    lua_settop(lua, 0);
    lua_pushcfunction(lua, add_traceback);
    lua_pushcfunction(lua, run);
    lua_pushlightuserdata(lua, &source);
    int status = lua_pcall(lua, 1, 1, 1);
    if (lua_type(lua, -1) != LUA_TSTRING) {
        lua_pushcfunction(lua, describe);
        lua_insert(lua, -2);
        lua_pcall(lua, 1, 1, 0);
    }
    watch_end();
    flush_output(session);
    // A memory error that the source has caught is no end; that of the time is, whatever comes of it.
    bool is_out_of_memory = status == LUA_ERRMEM || (status == LUA_ERRERR && session->is_out_of_memory);
    bool is_limit = session->is_over_time || is_out_of_memory;

    size_t result_length = 0;
    const char *result = lua_type(lua, -1) == LUA_TSTRING ? lua_tolstring(lua, -1, &result_length) : NULL;
    if (status != LUA_OK && result == NULL) {
        result = "an error that is no text";
        result_length = strlen(result);
    }
    if (result_length > LONGEST_RESULT) result_length = whole_characters(result, LONGEST_RESULT);
    char words[32 + LONGEST_ID];
    const char *kind = is_limit ? "limit" : status == LUA_OK ? "ok" : "error";
    snprintf(words, sizeof words, "LUA-RESULT %s %s", session->id, kind);
    send_message(words, result, result_length, true);
    lua_settop(lua, 0);
    reset_limits(session);
}

// MARK: messages

// Takes a word off the text, and the space after it. Returns whether it fits.
static bool take_word(const char **text, char *word, size_t size) {
    size_t length = strcspn(*text, " ");
    if (length == 0 || length >= size) return false;
    memcpy(word, *text, length);
    word[length] = 0;
    *text += length + ((*text)[length] == ' ');
    return true;
}

static bool is_id(const char *id) {
    return id[strspn(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == 0;
}

void console_message(const char *text, size_t length) {
    const char *end = text + length;
    char kind[16], id[LONGEST_ID + 1];
    if (!take_word(&text, kind, sizeof kind) || !take_word(&text, id, sizeof id) || !is_id(id)) return;
    if (strcmp(kind, "LUA-OPEN") == 0) return open_session(id, text);
    struct session **place = find(id);
    if (place == NULL) return send_end(id, "unknown");
    if (strcmp(kind, "LUA-CLOSE") == 0) return end_session(place, "closed");
    if (strcmp(kind, "LUA-EVAL") != 0) return;
    if ((*place)->end <= now_microseconds()) return end_session(place, "time");
    if ((size_t)(end - text) > LONGEST_SOURCE) {
        char words[32 + LONGEST_ID];
        static const char problem[] = "a source has at most 60000 bytes";
        snprintf(words, sizeof words, "LUA-RESULT %s error", id);
        send_message(words, problem, strlen(problem), true);
        return;
    }
    evaluate(*place, text, (size_t)(end - text));
}
