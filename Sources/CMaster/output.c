// What workers print: pipes that are looked at and moved to a file without a copy in this process.
#define _GNU_SOURCE
#include "master.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int master_pipe(int ends[2], int nonblocking) { return pipe2(ends, O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0)); }

int master_pipe_size(int pipe, int wanted) {
    fcntl(pipe, F_SETPIPE_SZ, wanted);
    return fcntl(pipe, F_GETPIPE_SZ);
}

ssize_t master_look(int pipe, int view, size_t limit) {
    ssize_t count;
    while ((count = tee(pipe, view, limit, SPLICE_F_NONBLOCK)) < 0 && errno == EINTR) {}
    return count;
}

ssize_t master_move(int pipe, int file, size_t count) {
    ssize_t moved;
    while ((moved = splice(pipe, NULL, file, NULL, count, 0)) < 0 && errno == EINTR) {}
    return moved;
}

int master_memory(void) { return memfd_create("portcullis-log", MFD_CLOEXEC); }
