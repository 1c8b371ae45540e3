// What a session may use of Lua's libraries.

#include "console_part.h"

#include <lualib.h>
#include <string.h>

static int print(lua_State *lua) {
    struct session *session = session_of(lua);
    int count = lua_gettop(lua);
    for (int index = 1; index <= count; index++) {
        size_t length;
        const char *text = luaL_tolstring(lua, index, &length);
        if (index > 1) print_text(session, "\t", 1);
        print_text(session, text, length);
        lua_pop(lua, 1);
    }
    print_text(session, "\n", 1);
    return 0;
}

// Each number of 99 places takes some microseconds.
static int format(lua_State *lua) {
    enum { MOST = 1000 };
    if (lua_gettop(lua) > MOST)
        return luaL_error(lua, "more than %d values at once are not formatted in the console", MOST);
    return call_original(lua);
}

static int date(lua_State *lua) {
    enum { LONGEST = 1000 };
    size_t length;
    luaL_optlstring(lua, 1, "", &length);
    if (length > LONGEST) return luaL_error(lua, "a format of a date has at most %d bytes in the console", LONGEST);
    return call_original(lua);
}

// As Lua's own, but for finalizers: they run with hooks off, so nothing ends them.
static int set_metatable(lua_State *lua) {
    int type = lua_type(lua, 2);
    luaL_checktype(lua, 1, LUA_TTABLE);
    luaL_argexpected(lua, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    if (luaL_getmetafield(lua, 1, "__metatable") != LUA_TNIL)
        return luaL_error(lua, "cannot change a protected metatable");
    lua_settop(lua, 2);
    if (type == LUA_TTABLE) {
        lua_pushliteral(lua, "__gc");
        if (lua_rawget(lua, 2) != LUA_TNIL)
            return luaL_error(lua, "a metatable with __gc is not allowed in the console");
        lua_pop(lua, 1);
    }
    lua_setmetatable(lua, 1);
    return 1;
}

// Removes all fields of the table on top of the stack but those that are named.
static void keep(lua_State *lua, const char *const *names) {
    lua_newtable(lua);
    for (; *names != NULL; names++) {
        lua_getfield(lua, -2, *names);
        lua_setfield(lua, -2, *names);
    }
    lua_replace(lua, -2);
}

// A message handler runs where the error is raised, in a hook too, and then with hooks off. This one runs after that.
static const char in_lua[] =
    "local pcall, pack, unpack = pcall, table.pack, table.unpack\n"
    "function xpcall(f, handler, ...)\n"
    "  local results = pack(pcall(f, ...))\n"
    "  if results[1] then return unpack(results, 1, results.n) end\n"
    "  return false, handler(results[2])\n"
    "end\n"
    // Merge sort: stable, and each comparison is an instruction of its own.
    "local function less(a, b) return a < b end\n"
    "function table.sort(list, before)\n"
    "  before = before or less\n"
    "  local count, from, to = #list, {}, {}\n"
    "  for i = 1, count do from[i] = list[i] end\n"
    "  local width = 1\n"
    "  while width < count do\n"
    "    for low = 1, count, 2 * width do\n"
    "      local middle, high = low + width, low + 2 * width\n"
    "      local i, j = low, middle\n"
    "      if middle > count + 1 then middle = count + 1 end\n"
    "      if high > count + 1 then high = count + 1 end\n"
    "      for k = low, high - 1 do\n"
    "        if i < middle and (j >= high or not before(from[j], from[i])) then\n"
    "          to[k] = from[i] i = i + 1\n"
    "        else\n"
    "          to[k] = from[j] j = j + 1\n"
    "        end\n"
    "      end\n"
    "    end\n"
    "    from, to = to, from\n"
    "    width = 2 * width\n"
    "  end\n"
    "  for i = 1, count do list[i] = from[i] end\n"
    "end\n";

void open_sandbox(lua_State *lua) {
    static const char *const of_base[] = {"assert",   "error",  "getmetatable", "ipairs", "next",   "pairs",
                                          "pcall",    "rawget", "rawequal",     "rawlen", "rawset", "select",
                                          "tonumber", "type",   "tostring",     NULL};
    static const char *const of_os[] = {"clock", "date", "difftime", "time", NULL};
    static const char *const of_string[] = {"byte", "char", "format", "len",   "lower",  "pack",   "rep",
                                            "packsize", "reverse", "sub", "unpack", "upper", NULL};
    static const luaL_Reg libraries[] = {{LUA_COLIBNAME, luaopen_coroutine}, {LUA_MATHLIBNAME, luaopen_math},
                                         {LUA_OSLIBNAME, luaopen_os},        {LUA_STRLIBNAME, luaopen_string},
                                         {LUA_TABLIBNAME, luaopen_table},    {LUA_UTF8LIBNAME, luaopen_utf8}};
    luaL_requiref(lua, LUA_GNAME, luaopen_base, 0);
    lua_pop(lua, 1);
    lua_pushglobaltable(lua);
    for (lua_pushnil(lua); lua_next(lua, -2); lua_pop(lua, 1)) {
        const char *const *name = of_base;
        while (*name != NULL && strcmp(lua_tostring(lua, -2), *name) != 0) name++;
        if (*name != NULL) continue;
        // A field that exists may be cleared on the way.
        lua_pushvalue(lua, -2);
        lua_pushnil(lua);
        lua_rawset(lua, -5);
    }
    lua_setfield(lua, -1, LUA_GNAME);
    for (size_t index = 0; index < sizeof libraries / sizeof *libraries; index++) {
        luaL_requiref(lua, libraries[index].name, libraries[index].func, 0);
        lua_setglobal(lua, libraries[index].name);
    }
    lua_getglobal(lua, LUA_OSLIBNAME);
    keep(lua, of_os);
    stand_before(lua, "date", date);
    lua_setglobal(lua, LUA_OSLIBNAME);
    lua_getglobal(lua, LUA_STRLIBNAME);
    keep(lua, of_string);
    open_match(lua);
    stand_before(lua, "format", format);
    // Methods of strings, too.
    lua_pushliteral(lua, "");
    lua_getmetatable(lua, -1);
    lua_pushvalue(lua, -3);
    lua_setfield(lua, -2, "__index");
    lua_pop(lua, 2);
    lua_setglobal(lua, LUA_STRLIBNAME);
    lua_getglobal(lua, LUA_TABLIBNAME);
    open_tables(lua);
    lua_getglobal(lua, LUA_COLIBNAME);
    limit_coroutines(lua);
    lua_pop(lua, 2);
    // Where Lua's libraries keep what they have loaded: with the functions that are gone here.
    lua_pushnil(lua);
    lua_setfield(lua, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_register(lua, "print", print);
    lua_register(lua, "setmetatable", set_metatable);
    lua_pushliteral(lua, LUA_VERSION);
    lua_setglobal(lua, "_VERSION");
    if (luaL_loadbufferx(lua, in_lua, strlen(in_lua), "=console", "t") != LUA_OK) lua_error(lua);
    lua_call(lua, 0, 0);
    open_functions(lua);
}
