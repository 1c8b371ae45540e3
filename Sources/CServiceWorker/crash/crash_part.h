// What the files of the crash part share. portcullis/crash.h says what it does.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

// The signals that are a crash.
#define CRASH_SIGNALS {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS}

// Functions of the library that carry this are not visible outside of it.
#define INTERNAL __attribute__((visibility("hidden")))

// Takes the crash signals, once, if the environment wants it. Returns whether they are taken.
INTERNAL bool crash_begin(void);

// The process is the worker for good: what it executes does not get the descriptor.
INTERNAL void crash_close_on_exec(void);

INTERNAL bool is_crash_signal(int signal);

// The handler of all crash signals.
INTERNAL void crash_handler(int signal, siginfo_t *info, void *context);

// The disposition of the crash part, as sigaction() takes it.
INTERNAL struct sigaction crash_disposition(void);

// park.c: the thread never comes back from it.
INTERNAL _Noreturn void park_this_thread(void);

// Stops all other threads by the signal, and waits for them for a moment. Returns the number of threads of the process,
// this one included, and sets the number of those that have stopped.
INTERNAL unsigned park_other_threads(pid_t process, pid_t thread, int signal, unsigned *parked);

// signal_stack.c: gives the calling thread a signal stack, which goes with it.
INTERNAL void signal_stack_begin(void);

// interpose.c: sigaction() of the C library.
INTERNAL int libc_sigaction(int signal, const struct sigaction *new, struct sigaction *old);
