#include "keeper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAUSE = 20000 };

// Whether the descriptor may write, as the keeper's and those that are inherited from it. Whoever looks whether the lock is
// taken only reads.
static int is_writing(const char *process, const char *descriptor) {
    char path[600], line[64];
    snprintf(path, sizeof path, "/proc/%s/fdinfo/%s", process, descriptor);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    unsigned flags = 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "flags: %o", &flags) == 1) break;
    fclose(file);
    return (flags & O_ACCMODE) == O_RDWR;
}

// Whether the process has inherited the lock.
static int holds(const char *process, const struct stat *file) {
    char path[300];
    snprintf(path, sizeof path, "/proc/%s/fd", process);
    DIR *directory = opendir(path);
    if (!directory) return 0;
    int is_found = 0;
    struct dirent *entry;
    struct stat other;
    while (!is_found && (entry = readdir(directory)))
        is_found = fstatat(dirfd(directory), entry->d_name, &other, 0) == 0 && other.st_ino == file->st_ino
            && other.st_dev == file->st_dev && is_writing(process, entry->d_name);
    closedir(directory);
    return is_found;
}

static void kill_holders(const struct stat *file) {
    DIR *directory = opendir("/proc");
    if (!directory) return;
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || atoi(entry->d_name) == getpid()) continue;
        if (holds(entry->d_name, file)) kill((pid_t)atoi(entry->d_name), SIGKILL);
    }
    closedir(directory);
}

void guard(int keeper, const char *directory) {
    prctl(PR_SET_NAME, "portcullis-guar");
    char end;
    ssize_t count;
    while ((count = read(keeper, &end, 1)) < 0 && errno == EINTR) {}
    if (count > 0 || chdir(directory) != 0) return;
    for (;;) {
        int lock = open("lock", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        struct stat file;
        if (lock < 0 || fstat(lock, &file) != 0) return;
        const int is_free = flock(lock, LOCK_SH | LOCK_NB) == 0;
        close(lock);
        if (is_free) return;
        kill_holders(&file);
        usleep(PAUSE);
    }
}

void guard_end(int pipe) {
    if (pipe >= 0 && write(pipe, "e", 1) < 0) return;
}
