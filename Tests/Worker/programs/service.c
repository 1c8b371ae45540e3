// A service that uses all of the library, and prints what it gets. First argument: "loop" (dispatch() in a loop of its own)
// or "thread" (run_thread()).
#define _GNU_SOURCE
#include <portcullis/worker.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int read_configuration(const char *path, char *problem, size_t size, void *context) {
    if (strcmp(context, "context") != 0) exit(20);
    char line[128] = "";
    FILE *file = fopen(path, "r");
    if (file == NULL || fgets(line, sizeof line, file) == NULL) {
        snprintf(problem, size, "%s cannot be read", path);
        return 1;
    }
    fclose(file);
    line[strcspn(line, "\n")] = 0;
    if (strcmp(line, "silent") == 0) return 1;
    if (strncmp(line, "bad", 3) == 0) {
        snprintf(problem, size, "line 1: %s", line);
        return 1;
    }
    printf("configuration %s\n", line);
    return 0;
}

static void stop(void *context) {
    (void)context;
    portcullis_worker_stopping();
    printf("stopped\n");
    exit(0);
}

static char *greet(size_t count, const char *const *arguments, void *context) {
    if (count == 0) return NULL;
    if (strcmp(arguments[0], "large") == 0) {
        char *text = malloc(32 << 20);
        memset(text, 'x', (32 << 20) - 1);
        text[(32 << 20) - 1] = 0;
        return text;
    }
    char *text;
    return asprintf(&text, "%s %s of %zu", (const char *)context, arguments[0], count) < 0 ? NULL : text;
}

// As a lua_CFunction that forgets to come back.
static int hang(struct lua_State *lua) {
    (void)lua;
    for (;;) pause();
    return 0;
}

static void print_sockets(const char *name) {
    const int *sockets;
    size_t count = portcullis_worker_sockets(name, &sockets);
    printf("%s:", name == NULL ? "all" : name);
    for (size_t index = 0; index < count; index++) {
        struct sockaddr_in address;
        socklen_t length = sizeof address;
        getsockname(sockets[index], (struct sockaddr *)&address, &length);
        printf(" %d=%d", sockets[index], ntohs(address.sin_port));
    }
    printf("\n");
}

int main(int count, char **arguments) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    const char *mode = count > 1 ? arguments[1] : "";
    if (strstr(mode, "without-config") == NULL) portcullis_worker_on_config(read_configuration, "context");
    portcullis_worker_on_stop(stop, NULL);
    portcullis_worker_lua_register("hang", hang);
    if (portcullis_worker_lua_register("hang", hang) != EEXIST || portcullis_worker_lua_register("no name", hang) != EINVAL ||
        portcullis_worker_lua_register("pcall", hang) != EEXIST || portcullis_worker_lua_register("end", hang) != EEXIST ||
        portcullis_worker_lua_register("", hang) != EINVAL || portcullis_worker_lua_register("1a", hang) != EINVAL)
        return 21;
    portcullis_worker_lua_register_text("greet", greet, "hello");
    int error = portcullis_worker_begin();
    printf("begun %d\n", error);
    if (portcullis_worker_begin() != EALREADY || portcullis_worker_on_stop(stop, NULL) != EBUSY) return 22;
    printf("%s %d %s %s %d\n", portcullis_worker_service(), portcullis_worker_number(), portcullis_worker_directory(),
           portcullis_worker_config_path(), portcullis_worker_is_managed());
    static const char *const gone[] = {"LISTEN_FDS", "LISTEN_PID", "NOTIFY_SOCKET", "WATCHDOG_USEC", "PORTCULLIS_CONTROL_FD", "PORTCULLIS_CRASH_FD"};
    for (size_t index = 0; index < sizeof gone / sizeof *gone; index++)
        if (getenv(gone[index]) != NULL) return 23;
    print_sockets(NULL);
    print_sockets("http");
    print_sockets("devices");
    print_sockets("none");
    printf("alive %u\n", portcullis_worker_alive_interval());
    portcullis_worker_status("starting\nup");
    portcullis_worker_ready();
    if (strstr(mode, "lines") != NULL) {
        char text[1000];
        for (size_t index = 0; index + 2 < sizeof text; index += 2) memcpy(text + index, "ü", 2);
        text[sizeof text - 2] = 0;
        portcullis_worker_status(text);
    }
    if (strstr(mode, "busy") != NULL)
        for (;;) portcullis_worker_alive();
    if (strstr(mode, "descriptors") != NULL) {
        fflush(stdout);
        execl("/bin/ls", "ls", "/proc/self/fd", NULL);
    }
    if (strstr(mode, "thread") != NULL) {
        if (portcullis_worker_run_thread() != 0 && portcullis_worker_is_managed()) return 24;
        if (portcullis_worker_is_managed() && portcullis_worker_run_thread() != EALREADY) return 25;
        for (;;) pause();
    }
    unsigned rounds = 0;
    for (;;) {
        struct pollfd readable = {.fd = portcullis_worker_descriptor(), .events = POLLIN};
        if (readable.fd < 0) return 0;
        unsigned interval = portcullis_worker_alive_interval();
        poll(&readable, 1, interval > 0 ? (int)interval : 1000);
        if (++rounds % 1000 == 0) printf("%u rounds\n", rounds);
        portcullis_worker_alive();
        if (portcullis_worker_dispatch() != 0) return 26;
    }
}
