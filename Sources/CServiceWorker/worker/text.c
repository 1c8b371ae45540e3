#include "worker_part.h"

size_t whole_characters(const char *text, size_t length) {
    // The last byte that begins a character: later ones are 10xxxxxx.
    size_t first = length;
    while (first > 0 && length - first < 3 && ((unsigned char)text[first - 1] & 0xc0) == 0x80) first--;
    if (first == 0) return length;
    first--;
    unsigned char byte = (unsigned char)text[first];
    size_t needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    // What is no UTF-8 anyway is left as it is.
    return needed > length - first ? first : length;
}
