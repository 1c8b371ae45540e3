// Stops the other threads of a process in which one has crashed, and counts them.

#include "crash_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// How long the crashed thread waits for the others, in milliseconds. A replacement of the worker waits as long.
enum { LONGEST_WAIT = 20 };

static atomic_uint parked_threads;

_Noreturn void park_this_thread(void) {
    atomic_fetch_add(&parked_threads, 1);
    for (;;) syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
}

// As getdents64 has it: the name follows.
struct entry {
    uint64_t inode;
    int64_t offset;
    unsigned short length;
    unsigned char type;
    char name[];
};

static int open_threads(void) {
    int folder = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 && errno == EMFILE) {
        // The process has as many descriptors as it may. It will not read its standard input any more.
        syscall(SYS_close, STDIN_FILENO);
        folder = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    }
    return folder;
}

static pid_t number(const char *text) {
    pid_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++) value = value * 10 + (*text - '0');
    return *text == 0 ? value : 0;
}

// Sends the signal to all threads but this one. One that is parked has blocked it. Returns the number of threads.
static unsigned signal_threads(int folder, pid_t process, pid_t thread, int signal) {
    _Alignas(struct entry) char buffer[2048];
    unsigned count = 0;
    syscall(SYS_lseek, folder, 0, SEEK_SET);
    long length;
    while ((length = syscall(SYS_getdents64, folder, buffer, sizeof buffer)) > 0) {
        for (long at = 0; at < length;) {
            const struct entry *entry = (const struct entry *)(buffer + at);
            at += entry->length;
            pid_t other = number(entry->name);
            if (other <= 0) continue;
            count++;
            if (other != thread && signal != 0) syscall(SYS_tgkill, process, other, signal);
        }
    }
    return count;
}

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

unsigned park_other_threads(pid_t process, pid_t thread, int signal, unsigned *parked) {
    int folder = open_threads();
    unsigned threads = 1;
    if (folder >= 0) {
        const struct timespec moment = {.tv_nsec = 200000};
        int64_t end = milliseconds() + LONGEST_WAIT;
        // A thread that is not parked yet may make others, so they are looked for again.
        for (;;) {
            threads = signal_threads(folder, process, thread, signal);
            if (threads <= 1 + atomic_load(&parked_threads) || signal == 0 || milliseconds() >= end) break;
            syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &moment, NULL);
        }
        syscall(SYS_close, folder);
    }
    *parked = atomic_load(&parked_threads);
    return threads;
}
