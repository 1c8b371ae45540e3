#include "keeper.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

int lease_open(void) { return socket_open("lease", 0600); }

int lease_receive(struct record *record, int socket) {
    const int had = record->lease != 0;
    for (;;) {
        char text[256], instance[129];
        long long end;
        ssize_t count = recv(socket, text, sizeof text - 1, 0);
        if (count < 0) return had != (record->lease != 0);
        text[count] = 0;
        // What was meant for an earlier start says nothing of this one.
        if (sscanf(text, "%128s %lld", instance, &end) != 2 || strcmp(instance, record->order->instance) != 0) continue;
        // One that is over has stopped the service already.
        if (end >= 0 && !record->lease_ended.boot) record->lease = end;
    }
}
