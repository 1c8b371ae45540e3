#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

// Open files of a keeper; the first number of what is kept; the longest name, and the most bytes of all: they are one
// variable of an environment, which the kernel takes up to 128 KiB.
enum { FILES = 4096, FIRST = 1664, LONGEST_NAME = 255, LONGEST_NAMES = 120000 };

// The descriptor at a number that nothing in the program's process is put at. Returns -1 with errno.
static int raised(const struct store *store, int descriptor) {
    int high = fcntl(descriptor, F_DUPFD_CLOEXEC, store->first);
    int number = errno;
    close(descriptor);
    errno = number;
    return high;
}

int store_begin(struct store *store) {
    struct rlimit own;
    if (getrlimit(RLIMIT_NOFILE, &own) != 0) return -1;
    if (own.rlim_cur < FILES) own.rlim_cur = own.rlim_max < FILES ? own.rlim_max : FILES;
    if (setrlimit(RLIMIT_NOFILE, &own) != 0) return -1;
    // With a lower limit there is less of each.
    store->first = own.rlim_cur < FILES ? (int)own.rlim_cur / 2 : FIRST;
    store->most = store->first - 8 < STORE_MOST ? store->first - 8 : STORE_MOST;
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    store->telling = ends[0];
    store->hearing = raised(store, ends[1]);
    return store->hearing < 0 ? -1 : 0;
}

static struct kept *find(struct store *store, const char *name) {
    for (int index = 0; index < store->count; index++)
        if (strcmp(store->kept[index].name, name) == 0) return &store->kept[index];
    return NULL;
}

void store_put(struct store *store, const char *name, int descriptor) {
    const size_t length = strlen(name);
    int high = raised(store, descriptor);
    if (high < 0) return;
    struct kept *kept = find(store, name);
    if (kept) {
        close(kept->descriptor);
        kept->descriptor = high;
        return;
    }
    char *own = length > 0 && length <= LONGEST_NAME && store->count < store->most
            && store->names + length + 1 <= LONGEST_NAMES
        ? strdup(name) : NULL;
    if (!own) {
        close(high);
        return;
    }
    store->names += length + 1;
    store->kept[store->count++] = (struct kept){own, high};
}

void store_remove(struct store *store, const char *name) {
    struct kept *kept = find(store, name);
    if (!kept) return;
    store->names -= strlen(kept->name) + 1;
    free(kept->name);
    close(kept->descriptor);
    // The others stay in the order in which they came.
    const size_t left = (size_t)(store->kept + store->count - kept - 1);
    memmove(kept, kept + 1, left * sizeof *kept);
    store->count--;
}

void store_tell(struct store *store, pid_t process, int status) {
    char text[64];
    int length = snprintf(text, sizeof text, "EXITED %d %d", (int)process, status);
    // It waits there for the next program; one that has not read hundreds of them sees by itself what lives.
    send(store->telling, text, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int store_variables(const struct store *store, char *variables[3]) {
    static const char names[] = "LISTEN_FDNAMES=", own[] = "keeper";
    variables[0] = malloc(sizeof names + store->names + sizeof own);
    variables[2] = malloc(PID_OFFSET + PID_SIZE);
    if (!variables[0] || !variables[2] || asprintf(&variables[1], "LISTEN_FDS=%d", store->count + 1) < 0) {
        free(variables[0]);
        free(variables[2]);
        return -1;
    }
    char *end = stpcpy(variables[0], names);
    for (int index = 0; index < store->count; index++) {
        end = stpcpy(end, store->kept[index].name);
        *end++ = ':';
    }
    strcpy(end, own);
    strcpy(variables[2], "LISTEN_PID=");
    return 0;
}

int store_hand_over(const struct store *store, int *lock, int *failed) {
    const int end = 3 + store->count + 1;
    if (*failed < end && (*failed = fcntl(*failed, F_DUPFD_CLOEXEC, end)) < 0) return -1;
    if (*lock < end && (*lock = fcntl(*lock, F_DUPFD_CLOEXEC, end)) < 0) return -1;
    // All sources are above, so none is overwritten. What was below was the keeper's own.
    for (int index = 0; index < store->count; index++)
        if (dup2(store->kept[index].descriptor, 3 + index) < 0) return -1;
    return dup2(store->hearing, 3 + store->count) < 0 ? -1 : 0;
}
