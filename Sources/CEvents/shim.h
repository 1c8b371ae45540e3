#pragma once
// What a loop of events needs, and Swift's module of the C library leaves out.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

// Declared by <unistd.h> for GNU sources only.
extern int pipe2(int [2], int);

// glibc's own is in <sys/pidfd.h>, which not every toolchain's headers have.
static inline int ce_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

// Makes the end of a pipe that we read return instead of waiting.
static inline int ce_do_not_wait(int descriptor) { return fcntl(descriptor, F_SETFL, O_NONBLOCK); }

// A descriptor that becomes readable by a signal; the signals must be blocked.
static inline int ce_signals(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int index = 0; index < count; index++) sigaddset(&set, signals[index]);
    if (sigprocmask(SIG_BLOCK, &set, 0) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
