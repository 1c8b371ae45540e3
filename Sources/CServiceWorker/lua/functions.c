// Functions that the program gives the console.

#include "console_part.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_NAME = 63 };

struct function {
    struct function *next;
    lua_CFunction lua;
    char *(*text)(size_t count, const char *const *arguments, void *context);
    void *context;
    char name[LONGEST_NAME + 1];
};

static struct function *functions;

// Lua's own words, and what a session has of its own: the limits rely on some of it.
static const char *const taken[] = {
    "and",       "break",  "do",           "else",     "elseif",   "end",    "false",    "for",    "function",
    "goto",      "if",     "in",           "local",    "nil",      "not",    "or",       "repeat", "return",
    "then",      "true",   "until",        "while",    "_G",       "assert", "_VERSION", "error",  "ipairs",
    "next",      "pairs",  "getmetatable", "pcall",    "print",    "rawget", "rawequal", "rawlen", "rawset",
    "select",    "type",   "setmetatable", "tonumber", "tostring", "xpcall", "math",     "os",     "string",
    "coroutine", "table",  "utf8",         NULL};

static bool is_name(const char *name) {
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return length > 0 && length <= LONGEST_NAME && name[length] == 0 && (name[0] < '0' || name[0] > '9');
}

static int add(struct function function, const char *name) {
    if (has_begun()) return EBUSY;
    if (!is_name(name)) return EINVAL;
    for (const char *const *word = taken; *word != NULL; word++)
        if (strcmp(*word, name) == 0) return EEXIST;
    for (const struct function *other = functions; other != NULL; other = other->next)
        if (strcmp(other->name, name) == 0) return EEXIST;
    struct function *new = malloc(sizeof *new);
    if (new == NULL) return ENOMEM;
    *new = function;
    strcpy(new->name, name);
    new->next = functions;
    functions = new;
    return 0;
}

int portcullis_worker_lua_register(const char *name, int (*function)(struct lua_State *)) {
    return add((struct function){.lua = function}, name);
}

int portcullis_worker_lua_register_text(
    const char *name, char *(*function)(size_t count, const char *const *arguments, void *context), void *context) {
    return add((struct function){.text = function, .context = context}, name);
}

static int push_text(lua_State *lua) {
    if (lua_isnil(lua, 1)) return 1;
    lua_pushstring(lua, lua_touserdata(lua, 1));
    return 1;
}

static int call_text(lua_State *lua) {
    const struct function *function = lua_touserdata(lua, lua_upvalueindex(1));
    int count = lua_gettop(lua);
    const char **arguments = lua_newuserdatauv(lua, (size_t)(count + 1) * sizeof *arguments, 0);
    luaL_checkstack(lua, count + 4, NULL);
    for (int index = 1; index <= count; index++) arguments[index - 1] = luaL_tolstring(lua, index, NULL);
    char *answer = function->text((size_t)count, arguments, function->context);
    // Copying it may run out of the session's memory, and it is freed all the same.
    lua_pushcfunction(lua, push_text);
    if (answer == NULL) lua_pushnil(lua);
    else lua_pushlightuserdata(lua, answer);
    int status = lua_pcall(lua, 1, 1, 0);
    free(answer);
    return status == LUA_OK ? 1 : lua_error(lua);
}

void open_functions(lua_State *lua) {
    for (const struct function *function = functions; function != NULL; function = function->next) {
        if (function->lua != NULL) {
            lua_pushcfunction(lua, function->lua);
        } else {
            lua_pushlightuserdata(lua, (void *)function);
            lua_pushcclosure(lua, call_text, 1);
        }
        lua_setglobal(lua, function->name);
    }
}
