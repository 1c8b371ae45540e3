// Every way in which a service can fail, for tests of Portcullis.

#include "gateway.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile int zero, quotient;
static int *volatile nowhere;

void pass_lock(void) {
    pthread_mutex_lock(&lock);
    pthread_mutex_unlock(&lock);
}

__attribute__((noinline)) static int overflow_stack(int depth) {
    volatile char frame[256];
    frame[0] = (char)depth;
    return depth >= 0 ? overflow_stack(depth + 1) + frame[0] : 0;
}

static void break_heap(void) {
    volatile char *block = malloc(4000), *next = malloc(4000);
    for (int index = 0; index < 4016; index++) block[index] = 'x';
    free((void *)next);
    free((void *)block);
    for (int count = 0; count < 100; count++) free(malloc(100000));
}

static int read_beyond_file(void) {
    int file = memfd_create("short", 0);
    volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
    return page[0];
}

// In a frame of its own, with variables that a report is to show.
__attribute__((noinline)) static int fail(struct gateway *gateway, const char *how, unsigned long lines) {
    volatile char device[16] = "tracker-7";
    if (strcmp(how, "segv") == 0) *nowhere = (int)lines;
    if (strcmp(how, "abort") == 0) abort();
    if (strcmp(how, "bus") == 0) return read_beyond_file();
    if (strcmp(how, "fpe") == 0) quotient = (int)lines / zero;
    if (strcmp(how, "ill") == 0) __builtin_trap();
    if (strcmp(how, "overflow") == 0) return overflow_stack(0);
    if (strcmp(how, "heap") == 0) break_heap();
    if (strcmp(how, "kill") == 0) raise(SIGKILL);
    if (strcmp(how, "exit") == 0) _exit(3);
    // Of all threads, one after the other.
    if (strcmp(how, "deadlock") == 0) pthread_mutex_lock(&lock);
    if (strcmp(how, "deadlock") == 0) pthread_mutex_lock(&lock);
    if (strcmp(how, "loop") == 0)
        for (volatile unsigned count = 0;; count++) {}
    if (strcmp(how, "memory") == 0)
        for (;;) {
            // Until the kernel ends it, or the service's limit, as `limits` says and the driver does it.
            char *block = malloc(1 << 20);
            if (block == NULL) abort();
            memset(block, device[0], 1 << 20);
        }
    return gateway->is_stopping ? device[1] : device[0];
}

void crash_for_tests(struct gateway *gateway, const char *how) { fail(gateway, how, gateway->statistics.lines); }
