// Inherited sockets, by their names.

#include "worker_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 3 };

// One name with the sockets that have it. A name's sockets need not be neighbours.
struct group {
    const char *name;
    size_t count;
    int *descriptors;
};

static struct group *groups;
static size_t group_count;
static struct group all;

// Returns the group of a name, a new one if need be. There is room for one of each socket.
static struct group *group_of(const char *name) {
    for (size_t index = 0; index < group_count; index++)
        if (strcmp(groups[index].name, name) == 0) return &groups[index];
    groups[group_count].name = name;
    return &groups[group_count++];
}

int take_sockets(int count, const char *names) {
    if (count == 0) return 0;
    char *text = strdup(names == NULL ? "" : names);
    groups = calloc((size_t)count, sizeof *groups);
    all.descriptors = calloc((size_t)count, sizeof(int));
    if (text == NULL || groups == NULL || all.descriptors == NULL) return ENOMEM;
    char *rest = text;
    for (int index = 0; index < count; index++) {
        int descriptor = FIRST + index;
        if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0) return EINVAL;
        char *name = rest == NULL ? NULL : strsep(&rest, ":");
        struct group *group = group_of(name == NULL || *name == 0 ? "unknown" : name);
        int *longer = realloc(group->descriptors, (group->count + 1) * sizeof(int));
        if (longer == NULL) return ENOMEM;
        group->descriptors = longer;
        group->descriptors[group->count++] = descriptor;
        all.descriptors[all.count++] = descriptor;
    }
    return 0;
}

size_t portcullis_worker_sockets(const char *name, const int **descriptors) {
    const struct group *found = name == NULL ? &all : NULL;
    for (size_t index = 0; found == NULL && index < group_count; index++)
        if (strcmp(groups[index].name, name) == 0) found = &groups[index];
    if (descriptors != NULL) *descriptors = found == NULL ? NULL : found->descriptors;
    return found == NULL ? 0 : found->count;
}
