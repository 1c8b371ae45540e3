#pragma once
#include <sys/syscall.h>
#include <unistd.h>

// Calls of Linux that glibc declares for _GNU_SOURCE alone, which Swift's module of it does not define.

// Waits until everything on the file system of an open file is on the disk (syncfs(2)).
static inline int portcullis_syncfs(int descriptor) { return (int)syscall(SYS_syncfs, descriptor); }

// Gives each of two names in a directory what the other one has (renameat2(2), RENAME_EXCHANGE).
static inline int portcullis_exchange(int directory, const char *name, const char *other) {
    return (int)syscall(SYS_renameat2, directory, name, directory, other, 2u);
}

// A descriptor that names a process (pidfd_open(2)).
static inline int portcullis_pidfd_open(int process) { return (int)syscall(SYS_pidfd_open, process, 0u); }

// Sends a signal to the process that a descriptor names (pidfd_send_signal(2)).
static inline int portcullis_pidfd_signal(int descriptor, int number) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, number, (void *)0, 0u);
}

// A pipe that no other program inherits (pipe2(2), O_CLOEXEC).
static inline int portcullis_pipe(int ends[2]) { return (int)syscall(SYS_pipe2, ends, 02000000); }
