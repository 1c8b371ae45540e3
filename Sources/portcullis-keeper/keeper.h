#pragma once

// Calls of Linux beyond POSIX. Each source includes this file first.
#define _GNU_SOURCE

#include <stdint.h>
#include <sys/types.h>

// What portcullis-node orders on the command line.
enum readiness { READY_TIME, READY_PORT, READY_NOTIFY };

struct limit {
    int resource;
    uint64_t value;
};

struct order {
    const char *directory;  // where lock, state and the notification socket are
    const char *instance;   // names this start
    const char *version;    // the digest of the manifest
    const char *note;       // what portcullis-node wants to find again
    const char *log;
    const char *work;       // the program's working directory
    int stop_signal;
    int64_t stop_timeout;   // milliseconds
    int64_t time_limit;     // milliseconds after which it is stopped; 0: none
    enum readiness ready;
    int64_t ready_value;    // milliseconds, or the port
    int has_user;
    uid_t user;
    gid_t group;
    struct limit limits[8];
    int limit_count;
    char **program;         // the program and its arguments
};

// Reads the command line. Returns what is wrong with it, or NULL.
const char *order_read(struct order *order, int count, char **words);

// What the keeper writes down: the file `state`.
struct moment {
    int64_t boot;  // milliseconds of CLOCK_BOOTTIME; 0: not yet
    int64_t wall;  // seconds since 1970
};

struct record {
    const struct order *order;
    char boot_id[64];
    pid_t main;
    unsigned long long main_start;
    unsigned long long own_start;
    struct moment began, started, ready, stopping, ended;
    const char *end;  // exited, killed, failed
    int code;
    int left;         // processes that the program left behind at its end
    int is_expired;   // the time limit was over
    char reason[512];
};

int64_t boot_milliseconds(void);
struct moment moment_now(void);
void record_begin(struct record *record);
void record_started(struct record *record);
void record_end(struct record *record, const char *end, int code);
// Replaces the file at one stroke. Returns the number of an error, or 0.
int record_write(const struct record *record);
// When a process was started, in the kernel's ticks since the boot; 0 if there is none.
unsigned long long process_start(pid_t process);

// Starts the program. Returns its process, or -1 with errno, and what failed.
pid_t program_start(const struct order *order, int log, int lock, const char **stage);

int notify_open(const char *directory);
// Whether a message that has come says that the service is ready.
int notify_is_ready(int socket, uid_t user);
// Whether the port of this machine accepts a connection.
int port_accepts(int port);

// Keeps the service until nothing of it lives.
void keep(struct record *record, int notify);
