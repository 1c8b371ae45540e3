// `tg --probe PORT`: whether the service on this server answers a line, for `tests` of the meta-configuration.

#include "gateway.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int probe(int port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    const struct timeval limit = {.tv_sec = 5};
    int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    if (connect(descriptor, (struct sockaddr *)&address, sizeof address) < 0) {
        fprintf(stderr, "tg: port %d: %m\n", port);
        return 1;
    }
    FILE *stream = fdopen(descriptor, "r+");
    // A greeting may come first.
    char line[256] = "";
    if (dprintf(descriptor, "probe\n") > 0)
        while (strcmp(line, "1 probe\n") != 0 && fgets(line, sizeof line, stream) != NULL) {}
    bool is_answered = strcmp(line, "1 probe\n") == 0;
    if (!is_answered) fprintf(stderr, "tg: port %d does not answer\n", port);
    fclose(stream);
    return is_answered ? 0 : 1;
}
