// What a session prints: LUA-OUT messages, up to a limit for each source.

#include "console_part.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST_OUTPUT = 262144 };

// is_end: whether nothing follows; otherwise a character that is not complete yet waits for its rest.
static void send_part(struct session *session, bool is_end) {
    struct output *output = &session->output;
    size_t length = is_end ? output->length : whole_characters(output->text, output->length);
    if (length == 0) return;
    char words[16 + LONGEST_ID];
    snprintf(words, sizeof words, "LUA-OUT %s", session->id);
    // Who does not read gets no more of it, and does not hold up the program.
    if (send_message(words, output->text, length, true) != 0) {
        output->dropped += length;
        output->sent = LONGEST_OUTPUT;
    }
    output->sent += length;
    output->length -= length;
    memmove(output->text, output->text + length, output->length);
}

void print_text(struct session *session, const char *text, size_t length) {
    struct output *output = &session->output;
    while (length > 0) {
        if (output->sent + output->length >= LONGEST_OUTPUT) {
            output->dropped += length;
            return;
        }
        size_t room = sizeof output->text - output->length, part = length < room ? length : room;
        memcpy(output->text + output->length, text, part);
        output->length += part;
        text += part;
        length -= part;
        if (output->length == sizeof output->text) send_part(session, false);
    }
}

void flush_output(struct session *session) {
    struct output *output = &session->output;
    send_part(session, true);
    if (output->dropped > 0) {
        const char *format = "… %zu more bytes were not sent\n";
        output->length = (size_t)snprintf(output->text, sizeof output->text, format, output->dropped);
        output->dropped = 0;
        output->sent = 0;
        send_part(session, true);
    }
    output->sent = output->dropped = 0;
}
