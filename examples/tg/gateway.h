// The parts of the device gateway.
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

// What the configuration says. Threads read it at any time.
struct configuration {
    atomic_size_t longest_line;
    // Sent to each new connection; empty: nothing.
    char greeting[128];
};
enum { LONGEST_LINE = 65536 };

// configuration.c: reads the file into the configuration, as a whole or not at all. As a portcullis_config_handler.
int read_configuration(const char *path, char *problem, size_t size, void *configuration);

// Copies the greeting, which read_configuration() may be changing. Returns its length.
size_t copy_greeting(const struct configuration *configuration, char *greeting, size_t size);

// gateway.c: what has been counted.
struct statistics {
    atomic_ulong connections, open, lines, datagrams;
};

struct gateway {
    const struct configuration *configuration;
    struct statistics statistics;
    const int *streams, *datagrams;
    size_t stream_count, datagram_count;
    bool may_crash;
    atomic_bool is_stopping;
    size_t thread_count;
    struct gateway_thread *threads;
};

// Starts the threads. Returns an error's number.
int gateway_start(struct gateway *gateway, size_t threads);

// Whether each thread has been around its loop since the last call.
bool gateway_is_alive(struct gateway *gateway);

// Has the threads answer what has arrived, close everything and end.
void gateway_stop(struct gateway *gateway);

// probe.c: asks the service at a port of 127.0.0.1. Returns the exit status.
int probe(int port);

// crashes.c: ends this process in the way that is named. Returns if the name is none.
void crash_for_tests(struct gateway *gateway, const char *how);

// Waits for a lock that crash_for_tests() may have kept.
void pass_lock(void);
