// string.find, match, gmatch, gsub and rep of the console. Lua's own take as long as the pattern likes, and no hook
// comes meanwhile; these count their steps and look at the clock. Patterns mean what Lua's manual says (§6.4.1).

#include "console_part.h"

#include <ctype.h>
#include <string.h>

enum { MOST_CAPTURES = 32, MOST_DEPTH = 200 };
// Lengths of captures that have none yet.
enum { OPEN = -1, POSITION = -2 };

struct match {
    lua_State *lua;
    const char *subject, *subject_end, *pattern_end;
    unsigned steps;
    int depth, count;
    struct capture {
        const char *start;
        ptrdiff_t length;
    } captures[MOST_CAPTURES];
};

static const char *match_here(struct match *match, const char *at, const char *pattern);

// Fails with a message; the type lets it stand where a position is returned.
static const char *fail(struct match *match, const char *message) {
    luaL_error(match->lua, "%s", message);
    return NULL;
}

// MARK: single characters

// Where the item at the pattern ends that matches one character.
static const char *end_of_class(struct match *match, const char *pattern) {
    char first = *pattern++;
    if (first == '%') {
        if (pattern == match->pattern_end) return fail(match, "malformed pattern (ends with '%')");
        return pattern + 1;
    }
    if (first != '[') return pattern;
    if (pattern < match->pattern_end && *pattern == '^') pattern++;
    do {
        if (pattern >= match->pattern_end) return fail(match, "malformed pattern (missing ']')");
        if (*pattern++ == '%' && pattern < match->pattern_end) pattern++;
    } while (pattern >= match->pattern_end || *pattern != ']');
    return pattern + 1;
}

static bool is_in_class(int character, int class) {
    bool is_in;
    switch (tolower(class)) {
    case 'a': is_in = isalpha(character); break;
    case 'c': is_in = iscntrl(character); break;
    case 'd': is_in = isdigit(character); break;
    case 'g': is_in = isgraph(character); break;
    case 'l': is_in = islower(character); break;
    case 'p': is_in = ispunct(character); break;
    case 's': is_in = isspace(character); break;
    case 'u': is_in = isupper(character); break;
    case 'w': is_in = isalnum(character); break;
    case 'x': is_in = isxdigit(character); break;
    default: return class == character;
    }
    return isupper(class) ? !is_in : is_in;
}

// set: from its "[" to its "]".
static bool is_in_set(int character, const char *set, const char *last) {
    bool found = true;
    if (set[1] == '^') {
        found = false;
        set++;
    }
    while (++set < last) {
        if (*set == '%') {
            set++;
            if (is_in_class(character, (unsigned char)*set)) return found;
        } else if (set[1] == '-' && set + 2 < last) {
            set += 2;
            if ((unsigned char)set[-2] <= character && character <= (unsigned char)*set) return found;
        } else if ((unsigned char)*set == character) {
            return found;
        }
    }
    return !found;
}

// Whether the character there matches the item. A long set is many steps.
static bool matches_one(struct match *match, const char *at, const char *pattern, const char *item_end) {
    limits_step(match->lua, &match->steps);
    if (at >= match->subject_end) return false;
    int character = (unsigned char)*at;
    switch (*pattern) {
    case '.': return true;
    case '%': return is_in_class(character, (unsigned char)pattern[1]);
    case '[':
        for (ptrdiff_t length = item_end - pattern; length > 64; length -= 64) limits_step(match->lua, &match->steps);
        return is_in_set(character, pattern, item_end - 1);
    default: return (unsigned char)*pattern == character;
    }
}

// MARK: repetitions and captures

static const char *match_most(struct match *match, const char *at, const char *pattern, const char *item_end) {
    ptrdiff_t count = 0;
    while (matches_one(match, at + count, pattern, item_end)) count++;
    for (; count >= 0; count--) {
        limits_step(match->lua, &match->steps);
        const char *end = match_here(match, at + count, item_end + 1);
        if (end != NULL) return end;
    }
    return NULL;
}

static const char *match_least(struct match *match, const char *at, const char *pattern, const char *item_end) {
    for (;; at++) {
        const char *end = match_here(match, at, item_end + 1);
        if (end != NULL) return end;
        if (!matches_one(match, at, pattern, item_end)) return NULL;
    }
}

static const char *match_balance(struct match *match, const char *at, const char *pattern) {
    if (match->pattern_end - pattern < 2) return fail(match, "malformed pattern (missing arguments to '%b')");
    if (at >= match->subject_end || *at != pattern[0]) return NULL;
    for (int level = 1; ++at < match->subject_end;) {
        limits_step(match->lua, &match->steps);
        if (*at == pattern[1]) {
            if (--level == 0) return at + 1;
        } else if (*at == pattern[0]) {
            level++;
        }
    }
    return NULL;
}

static const char *match_frontier(struct match *match, const char *at, const char *pattern) {
    if (pattern >= match->pattern_end || *pattern != '[') return fail(match, "missing '[' after '%f' in pattern");
    const char *end = end_of_class(match, pattern);
    int before = at == match->subject ? 0 : (unsigned char)at[-1];
    int after = at == match->subject_end ? 0 : (unsigned char)*at;
    if (is_in_set(before, pattern, end - 1) || !is_in_set(after, pattern, end - 1)) return NULL;
    return match_here(match, at, end);
}

static const char *begin_capture(struct match *match, const char *at, const char *pattern, ptrdiff_t length) {
    if (match->count >= MOST_CAPTURES) return fail(match, "too many captures");
    match->captures[match->count++] = (struct capture){at, length};
    const char *end = match_here(match, at, pattern);
    if (end == NULL) match->count--;
    return end;
}

static const char *end_capture(struct match *match, const char *at, const char *pattern) {
    int index = match->count - 1;
    while (index >= 0 && match->captures[index].length != OPEN) index--;
    if (index < 0) return fail(match, "invalid pattern capture");
    match->captures[index].length = at - match->captures[index].start;
    const char *end = match_here(match, at, pattern);
    if (end == NULL) match->captures[index].length = OPEN;
    return end;
}

static const char *match_again(struct match *match, const char *at, int digit) {
    int index = digit - '1';
    if (index < 0 || index >= match->count || match->captures[index].length == OPEN) {
        luaL_error(match->lua, "invalid capture index %%%d in pattern", index + 1);
        return NULL;
    }
    // A position has no text.
    ptrdiff_t length = match->captures[index].length;
    if (length < 0 || match->subject_end - at < length) return NULL;
    for (ptrdiff_t part = length; part > 64; part -= 64) limits_step(match->lua, &match->steps);
    return memcmp(match->captures[index].start, at, (size_t)length) == 0 ? at + length : NULL;
}

// MARK: the whole pattern

// Matches the rest of the pattern at a place. Returns where the match ends, or NULL.
static const char *match_rest(struct match *match, const char *at, const char *pattern) {
    while (pattern != match->pattern_end) {
        limits_step(match->lua, &match->steps);
        if (*pattern == '(') {
            bool is_position = pattern + 1 < match->pattern_end && pattern[1] == ')';
            if (is_position) return begin_capture(match, at, pattern + 2, POSITION);
            return begin_capture(match, at, pattern + 1, OPEN);
        }
        if (*pattern == ')') return end_capture(match, at, pattern + 1);
        if (*pattern == '$' && pattern + 1 == match->pattern_end) return at == match->subject_end ? at : NULL;
        if (*pattern == '%' && pattern + 1 < match->pattern_end) {
            if (pattern[1] == 'f') return match_frontier(match, at, pattern + 2);
            if (pattern[1] == 'b' || (pattern[1] >= '0' && pattern[1] <= '9')) {
                bool is_balance = pattern[1] == 'b';
                at = is_balance ? match_balance(match, at, pattern + 2) : match_again(match, at, pattern[1]);
                if (at == NULL) return NULL;
                pattern += is_balance ? 4 : 2;
                continue;
            }
        }
        const char *item_end = end_of_class(match, pattern);
        char repetition = item_end < match->pattern_end ? *item_end : 0;
        if (repetition == '*') return match_most(match, at, pattern, item_end);
        if (repetition == '-') return match_least(match, at, pattern, item_end);
        if (repetition == '+') {
            if (!matches_one(match, at, pattern, item_end)) return NULL;
            return match_most(match, at + 1, pattern, item_end);
        }
        if (repetition == '?') {
            if (matches_one(match, at, pattern, item_end)) {
                const char *end = match_here(match, at + 1, item_end + 1);
                if (end != NULL) return end;
            }
            pattern = item_end + 1;
            continue;
        }
        if (!matches_one(match, at, pattern, item_end)) return NULL;
        at++;
        pattern = item_end;
    }
    return at;
}

static const char *match_here(struct match *match, const char *at, const char *pattern) {
    if (match->depth >= MOST_DEPTH) return fail(match, "pattern too complex");
    match->depth++;
    const char *end = match_rest(match, at, pattern);
    match->depth--;
    return end;
}

// A match from its very beginning.
static const char *match_at(struct match *match, const char *at, const char *pattern) {
    match->count = match->depth = 0;
    return match_here(match, at, pattern);
}

// MARK: what a match gives

// Pushes one capture; without captures the first one is the whole match.
static void push_capture(struct match *match, int index, const char *start, const char *end) {
    if (index >= match->count) {
        if (index != 0) luaL_error(match->lua, "invalid capture index %%%d", index + 1);
        lua_pushlstring(match->lua, start, (size_t)(end - start));
        return;
    }
    const struct capture *capture = &match->captures[index];
    if (capture->length == OPEN) luaL_error(match->lua, "unfinished capture");
    if (capture->length == POSITION) lua_pushinteger(match->lua, capture->start - match->subject + 1);
    else lua_pushlstring(match->lua, capture->start, (size_t)capture->length);
}

// start: NULL where the whole match is not wanted, even if there is no capture.
static int push_captures(struct match *match, const char *start, const char *end) {
    int count = match->count == 0 && start != NULL ? 1 : match->count;
    luaL_checkstack(match->lua, count, "too many captures");
    for (int index = 0; index < count; index++) push_capture(match, index, start, end);
    return count;
}

static struct match match_of(lua_State *lua, int subject, int pattern, const char **pattern_start) {
    size_t subject_length, pattern_length;
    struct match match = {.lua = lua};
    match.subject = luaL_checklstring(lua, subject, &subject_length);
    *pattern_start = luaL_checklstring(lua, pattern, &pattern_length);
    match.subject_end = match.subject + subject_length;
    match.pattern_end = *pattern_start + pattern_length;
    return match;
}

// Where the optional argument says to begin; NULL: beyond the end.
static const char *start_of(const struct match *match, int argument) {
    ptrdiff_t length = match->subject_end - match->subject;
    lua_Integer start = luaL_optinteger(match->lua, argument, 1);
    if (start < 0) start = start < -length ? 1 : length + start + 1;
    if (start == 0) start = 1;
    return start > length + 1 ? NULL : match->subject + (start - 1);
}

static int find_or_match(lua_State *lua, bool is_find) {
    const char *pattern;
    struct match match = match_of(lua, 1, 2, &pattern);
    const char *at = start_of(&match, 3);
    if (at == NULL) {
        lua_pushnil(lua);
        return 1;
    }
    if (is_find && lua_toboolean(lua, 4)) {
        size_t length = (size_t)(match.pattern_end - pattern);
        // Its time is linear.
        const char *found = memmem(at, (size_t)(match.subject_end - at), pattern, length);
        if (found == NULL) {
            lua_pushnil(lua);
            return 1;
        }
        lua_pushinteger(lua, found - match.subject + 1);
        lua_pushinteger(lua, found - match.subject + (lua_Integer)length);
        return 2;
    }
    bool is_anchored = pattern < match.pattern_end && *pattern == '^';
    for (;; at++) {
        const char *end = match_at(&match, at, pattern + is_anchored);
        if (end != NULL) {
            if (!is_find) return push_captures(&match, at, end);
            lua_pushinteger(lua, at - match.subject + 1);
            lua_pushinteger(lua, end - match.subject);
            return 2 + push_captures(&match, NULL, NULL);
        }
        if (is_anchored || at >= match.subject_end) break;
    }
    lua_pushnil(lua);
    return 1;
}

static int find(lua_State *lua) { return find_or_match(lua, true); }

static int match_first(lua_State *lua) { return find_or_match(lua, false); }

// Upvalues: subject, pattern, where to go on, and where the last match ended (0: there was none); offsets plus one.
static int match_next(lua_State *lua) {
    const char *pattern;
    struct match match = match_of(lua, lua_upvalueindex(1), lua_upvalueindex(2), &pattern);
    const char *at = match.subject + lua_tointeger(lua, lua_upvalueindex(3)) - 1;
    lua_Integer last = lua_tointeger(lua, lua_upvalueindex(4));
    for (; at <= match.subject_end; at++) {
        const char *end = match_at(&match, at, pattern);
        if (end == NULL || end - match.subject + 1 == last) continue;
        lua_pushinteger(lua, end - match.subject + 1);
        lua_copy(lua, -1, lua_upvalueindex(3));
        lua_replace(lua, lua_upvalueindex(4));
        return push_captures(&match, at, end);
    }
    lua_pushinteger(lua, match.subject_end - match.subject + 2);
    lua_replace(lua, lua_upvalueindex(3));
    return 0;
}

static int match_each(lua_State *lua) {
    const char *pattern;
    struct match match = match_of(lua, 1, 2, &pattern);
    const char *at = start_of(&match, 3);
    lua_settop(lua, 2);
    lua_pushinteger(lua, (at == NULL ? match.subject_end + 1 : at) - match.subject + 1);
    lua_pushinteger(lua, 0);
    lua_pushcclosure(lua, match_next, 4);
    return 1;
}

// MARK: replacing

// Adds the replacement of one match, which is a text with %1.
static void add_text(struct match *match, luaL_Buffer *buffer, const char *start, const char *end) {
    size_t length;
    const char *text = lua_tolstring(match->lua, 3, &length), *text_end = text + length;
    while (text < text_end) {
        const char *escape = memchr(text, '%', (size_t)(text_end - text));
        if (escape == NULL) escape = text_end;
        luaL_addlstring(buffer, text, (size_t)(escape - text));
        if (escape == text_end) return;
        char digit = escape + 1 < text_end ? escape[1] : 0;
        if (digit == '%') {
            luaL_addchar(buffer, '%');
        } else if (digit == '0') {
            luaL_addlstring(buffer, start, (size_t)(end - start));
        } else if (digit >= '1' && digit <= '9') {
            push_capture(match, digit - '1', start, end);
            luaL_tolstring(match->lua, -1, NULL);
            lua_remove(match->lua, -2);
            luaL_addvalue(buffer);
        } else {
            luaL_error(match->lua, "invalid use of '%%' in replacement string");
        }
        text = escape + 2;
    }
}

// Adds what takes the place of one match. Returns whether it was changed.
static bool add_replacement(struct match *match, luaL_Buffer *buffer, const char *start, const char *end, int type) {
    lua_State *lua = match->lua;
    if (type == LUA_TFUNCTION) {
        lua_pushvalue(lua, 3);
        int count = push_captures(match, start, end);
        lua_call(lua, count, 1);
    } else if (type == LUA_TTABLE) {
        push_capture(match, 0, start, end);
        lua_gettable(lua, 3);
    } else {
        add_text(match, buffer, start, end);
        return true;
    }
    if (!lua_toboolean(lua, -1)) {
        lua_pop(lua, 1);
        luaL_addlstring(buffer, start, (size_t)(end - start));
        return false;
    }
    if (!lua_isstring(lua, -1)) luaL_error(lua, "invalid replacement value (a %s)", luaL_typename(lua, -1));
    luaL_addvalue(buffer);
    return true;
}

static int replace_all(lua_State *lua) {
    const char *pattern;
    struct match match = match_of(lua, 1, 2, &pattern);
    int type = lua_type(lua, 3);
    luaL_argexpected(lua, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                     "string/function/table");
    lua_Integer most = luaL_optinteger(lua, 4, match.subject_end - match.subject + 1), count = 0;
    bool is_anchored = pattern < match.pattern_end && *pattern == '^', is_changed = false;
    const char *at = match.subject, *last = NULL;
    luaL_Buffer buffer;
    luaL_buffinit(lua, &buffer);
    while (count < most) {
        const char *end = match_at(&match, at, pattern + is_anchored);
        if (end != NULL && end != last) {
            count++;
            is_changed |= add_replacement(&match, &buffer, at, end, type);
            at = last = end;
        } else if (at < match.subject_end) {
            luaL_addchar(&buffer, *at++);
        } else {
            break;
        }
        if (is_anchored) break;
    }
    if (is_changed) {
        luaL_addlstring(&buffer, at, (size_t)(match.subject_end - at));
        luaL_pushresult(&buffer);
    } else {
        lua_pushvalue(lua, 1);
    }
    lua_pushinteger(lua, count);
    return 2;
}

// Lua's own runs through 2^63 repetitions of nothing.
static int repeat(lua_State *lua) {
    size_t length, separator_length;
    luaL_checklstring(lua, 1, &length);
    luaL_optlstring(lua, 3, "", &separator_length);
    luaL_checkinteger(lua, 2);
    if (length + separator_length == 0) {
        lua_pushliteral(lua, "");
        return 1;
    }
    return call_original(lua);
}

void open_match(lua_State *lua) {
    static const luaL_Reg functions[] = {
        {"find", find}, {"match", match_first}, {"gmatch", match_each}, {"gsub", replace_all}, {NULL, NULL}};
    luaL_setfuncs(lua, functions, 0);
    stand_before(lua, "rep", repeat);
}
