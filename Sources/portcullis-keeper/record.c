#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t boot_milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct moment moment_now(void) {
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct moment){.boot = boot_milliseconds(), .wall = wall.tv_sec};
}

unsigned long long process_start(pid_t process) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%d/stat", (int)process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) return 0;
    text[count] = 0;
    // The name may have spaces and parentheses; field 3 follows the last parenthesis.
    char *rest = strrchr(text, ')');
    if (!rest) return 0;
    unsigned long long start = 0;
    int field = 2;
    for (char *word = strtok(rest + 1, " "); word; word = strtok(NULL, " "))
        if (++field == 22) {
            sscanf(word, "%llu", &start);
            break;
        }
    return start;
}

void record_begin(struct record *record) {
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t count = file < 0 ? 0 : read(file, record->boot_id, sizeof record->boot_id - 1);
    if (file >= 0) close(file);
    record->boot_id[count < 0 ? 0 : count] = 0;
    record->boot_id[strcspn(record->boot_id, "\n")] = 0;
    record->own_start = process_start(getpid());
    record->lease = record->order->lease;
    record->began = moment_now();
}

void record_started(struct record *record) {
    record->main_start = process_start(record->main);
    record->started = moment_now();
}

void record_end(struct record *record, const char *end, int code) {
    record->end = end;
    record->code = code;
    record->ended = moment_now();
}

static void print_moment(FILE *file, const char *name, struct moment moment) {
    if (moment.boot) fprintf(file, "%s %lld %lld\n", name, (long long)moment.boot, (long long)moment.wall);
}

int record_write(const struct record *record) {
    // An older one that the same keeper could not finish is written over.
    int descriptor = open("state.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (!file) return errno;
    fprintf(file, "keeper 1\ninstance %s\nversion %s\n", record->order->instance, record->order->version);
    fprintf(file, "note %s\nboot %s\n", record->order->note, record->boot_id);
    fprintf(file, "keeper-process %d %llu\n", (int)getpid(), record->own_start);
    if (record->order->unit) fprintf(file, "unit %s\n", record->order->unit);
    if (record->order->keep_main) fprintf(file, "main-restarts %d\n", record->main_restarts);
    print_moment(file, "main-restarted", record->main_restarted);
    if (record->main > 0) fprintf(file, "main %d %llu\n", (int)record->main, record->main_start);
    print_moment(file, "began", record->began);
    print_moment(file, "started", record->started);
    print_moment(file, "ready", record->ready);
    print_moment(file, "stopping", record->stopping);
    if (record->is_expired) fprintf(file, "expired\n");
    if (record->lease) fprintf(file, "leased\n");
    print_moment(file, "lease-ended", record->lease_ended);
    if (record->out_of_memory) fprintf(file, "out-of-memory %d\n", record->out_of_memory);
    if (record->left) fprintf(file, "left %d\n", record->left);
    if (record->end) {
        fprintf(file, "ended %s %d %lld %lld\n", record->end, record->code, (long long)record->ended.boot,
            (long long)record->ended.wall);
    }
    if (record->reason[0]) fprintf(file, "reason %s\n", record->reason);
    fprintf(file, "end\n");
    int error = ferror(file) ? EIO : 0;
    if (fclose(file) != 0) error = errno;
    if (!error && rename("state.new", "state") != 0) error = errno;
    if (error) unlink("state.new");
    return error;
}
