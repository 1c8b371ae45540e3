// Functions of `table` whose loops in C go from one number to another, whatever is there: a length may be 2^62 in a
// table with few elements, or what __len says.

#include "console_part.h"

enum { MOST_ELEMENTS = 1000000 };

static lua_Integer length_of(lua_State *lua, int index) {
    luaL_checktype(lua, index, LUA_TTABLE);
    // It may say something else the next time.
    if (luaL_getmetafield(lua, index, "__len") != LUA_TNIL)
        luaL_error(lua, "a table with __len is not taken in the console");
    return (lua_Integer)lua_rawlen(lua, index);
}

static void check_range(lua_State *lua, lua_Integer first, lua_Integer last) {
    if (last >= first && (lua_Unsigned)last - (lua_Unsigned)first >= MOST_ELEMENTS)
        luaL_error(lua, "more than %d elements at once are not taken in the console", MOST_ELEMENTS);
}

static int insert_or_remove(lua_State *lua) {
    check_range(lua, 1, length_of(lua, 1));
    return call_original(lua);
}

static int move(lua_State *lua) {
    check_range(lua, luaL_checkinteger(lua, 2), luaL_checkinteger(lua, 3));
    return call_original(lua);
}

static int concatenate(lua_State *lua) {
    lua_settop(lua, 4);
    lua_Integer first = luaL_optinteger(lua, 3, 1);
    lua_Integer last = lua_isnoneornil(lua, 4) ? length_of(lua, 1) : luaL_checkinteger(lua, 4);
    check_range(lua, first, last);
    lua_pushinteger(lua, last);
    lua_replace(lua, 4);
    return call_original(lua);
}

void open_tables(lua_State *lua) {
    stand_before(lua, "insert", insert_or_remove);
    stand_before(lua, "remove", insert_or_remove);
    stand_before(lua, "move", move);
    stand_before(lua, "concat", concatenate);
}
