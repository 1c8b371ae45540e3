// tg: a gateway for devices, as an example of a service in C.
//
// usage: tg [--threads N] [--crash-for-tests]
//        tg --probe PORT
//
// Under Portcullis its sockets are those named "devices" (TCP) and "datagrams" (UDP). By itself it listens at port 5000
// of 127.0.0.1.

#include "gateway.h"

#include <portcullis/worker.h>

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

static struct configuration configuration = {.longest_line = 1024};
static struct gateway gateway = {.configuration = &configuration};

static void fail(const char *what, int error) {
    fprintf(stderr, "tg: %s: %s\n", what, strerror(error));
    exit(1);
}

// The console's stats().
static char *statistics(size_t count, const char *const *arguments, void *context) {
    (void)count, (void)arguments, (void)context;
    char *text;
    int length = asprintf(&text, "%lu open, %lu connections, %lu lines, %lu datagrams", gateway.statistics.open,
                          gateway.statistics.connections, gateway.statistics.lines, gateway.statistics.datagrams);
    return length < 0 ? NULL : text;
}

// The console's crash(how), with --crash-for-tests.
static char *crash(size_t count, const char *const *arguments, void *context) {
    if (count > 0) crash_for_tests(context, arguments[0]);
    return NULL;
}

static int open_socket(int type) {
    static const int on = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(5000), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int descriptor = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (descriptor < 0 || setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind(descriptor, (struct sockaddr *)&address, sizeof address) < 0 ||
        (type == SOCK_STREAM && listen(descriptor, 128) < 0))
        fail("port 5000", errno);
    return descriptor;
}

static void take_sockets(void) {
    if (portcullis_worker_is_managed()) {
        gateway.stream_count = portcullis_worker_sockets("devices", &gateway.streams);
        gateway.datagram_count = portcullis_worker_sockets("datagrams", &gateway.datagrams);
        return;
    }
    static int own[2];
    own[0] = open_socket(SOCK_STREAM);
    own[1] = open_socket(SOCK_DGRAM);
    gateway.streams = &own[0];
    gateway.datagrams = &own[1];
    gateway.stream_count = gateway.datagram_count = 1;
}

static size_t read_arguments(int count, char **arguments) {
    size_t threads = 4;
    for (int index = 1; index < count; index++) {
        if (strcmp(arguments[index], "--crash-for-tests") == 0) {
            gateway.may_crash = true;
        } else if (strcmp(arguments[index], "--probe") == 0 && index + 1 < count) {
            exit(probe(atoi(arguments[index + 1])));
        } else if (strcmp(arguments[index], "--threads") == 0 && index + 1 < count && atoi(arguments[index + 1]) > 0) {
            threads = (size_t)atoi(arguments[++index]);
        } else {
            fprintf(stderr, "usage: tg [--threads N] [--crash-for-tests]\n       tg --probe PORT\n");
            exit(64);
        }
    }
    return threads;
}

// Blocked before any thread is there, so that only the loop takes it.
static int take_stop_signal(void) {
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    int descriptor = signalfd(-1, &stop, SFD_CLOEXEC);
    if (descriptor < 0) fail("signalfd", errno);
    return descriptor;
}

// Tells the master when there is something new.
static void tell_status(void) {
    static char last[64];
    char status[sizeof last];
    snprintf(status, sizeof status, "%lu devices, %lu lines", gateway.statistics.open, gateway.statistics.lines);
    if (strcmp(status, last) == 0 || portcullis_worker_status(status) != 0) return;
    strcpy(last, status);
}

int main(int count, char **arguments) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    size_t threads = read_arguments(count, arguments);
    portcullis_worker_on_config(read_configuration, &configuration);
    portcullis_worker_lua_register_text("stats", statistics, NULL);
    if (gateway.may_crash) portcullis_worker_lua_register_text("crash", crash, &gateway);
    int error = portcullis_worker_begin();
    if (error != 0) fail("the environment that the master has left", error);

    const char *path = portcullis_worker_config_path();
    char problem[512];
    if (path != NULL && read_configuration(path, problem, sizeof problem, &configuration) != 0) {
        fprintf(stderr, "tg: %s\n", problem);
        return 78;
    }
    int stop = take_stop_signal();
    take_sockets();
    error = gateway_start(&gateway, threads);
    if (error != 0) fail("the threads", error);
    error = portcullis_worker_ready();
    if (error != 0) fprintf(stderr, "tg: the master does not hear that it is ready: %s\n", strerror(error));

    // The main thread has no devices: it speaks with the master.
    unsigned interval = portcullis_worker_alive_interval();
    for (;;) {
        struct pollfd events[] = {{stop, POLLIN, 0}, {portcullis_worker_descriptor(), POLLIN, 0}};
        poll(events, 2, interval > 0 ? (int)interval : 5000);
        if ((events[0].revents & POLLIN) != 0) break;
        portcullis_worker_dispatch();
        // A sign of life of all threads, not of this one.
        if (gateway_is_alive(&gateway)) portcullis_worker_alive();
        tell_status();
    }
    portcullis_worker_stopping();
    gateway_stop(&gateway);
    return 0;
}
