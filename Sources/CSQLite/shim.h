#pragma once
#include <sqlite3.h>

// SQLite copies the text: Swift cannot write SQLITE_TRANSIENT, a cast of -1 to a function.
static inline int csqlite_bind_text(sqlite3_stmt *statement, int index, const char *text, int length) {
    return sqlite3_bind_text(statement, index, text, length, SQLITE_TRANSIENT);
}
