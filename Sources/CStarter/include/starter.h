#pragma once
// A small process that starts programs for another one.
//
// Whoever starts a program by posix_spawn or vfork waits until the kernel has opened and mapped it, and that takes as long
// as its file system likes. A plain fork does not wait, but copies the page tables of a large process, and a program that
// hangs keeps the copy. So the copy is made once, early, of a process that is still small: it forks for each program, and
// what hangs then is a copy of the copy. By CLONE_PARENT the program is a child of the process that wanted it, which waits
// for it as for any other.
#include <stddef.h>
#include <sys/types.h>

// The longest request, in bytes, and the most words of a program and of its environment.
#define STARTER_LONGEST_REQUEST 16384
#define STARTER_MOST_WORDS 1024

// What precedes the words of a request, each of which ends with a zero byte: those of the program, then its environment.
struct starter_request_head {
    int words;
    int variables;
};

// Makes the process, and a socket to it. Returns 0 or the error.
int starter_begin(int *socket, pid_t *process);

// Has a program started, with nothing as its input. Returns 0, the error, or -1 if the starter does not answer.
//
// output: both streams of the program; fault: gets the error if the program cannot be executed, and is closed when it is.
int starter_start(int socket, const void *request, size_t length, int output, int fault, pid_t *process);
