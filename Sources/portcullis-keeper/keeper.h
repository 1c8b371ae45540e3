#pragma once

// Calls of Linux beyond POSIX. Each source includes this file first.
#define _GNU_SOURCE

#include <stdint.h>
#include <sys/types.h>

// What portcullis-node orders, in a file.
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
    int64_t lease;          // milliseconds of CLOCK_BOOTTIME until which the service may run; 0: without an end
    char **program;         // the program and its arguments
    char **environment;     // its whole environment
    const char *unit;       // the unit of systemd that the keeper is the main process of, or NULL
};

// Reads the file of an order: zero-terminated texts, of which the first is the number of words (options, "--", the
// program and its arguments); the variables of the program's environment follow the words. Returns what is wrong, or NULL.
const char *order_read(struct order *order, const char *path);

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
    int64_t lease;    // as in the order, and then as renewed
    struct moment lease_ended;  // when the lease was over and the service was stopped for it
    int out_of_memory;          // processes that the kernel ended since the unit's memory was used up
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

// Opens a socket of this name in the current directory, which is that of the service.
int socket_open(const char *name, mode_t mode);
int notify_open(const char *directory);
// Whether a message that has come says that the service is ready.
int notify_is_ready(int socket, uid_t user);
// Whether the port of this machine accepts a connection.
int port_accepts(int port);

// Where a lease is renewed. Only the keeper's own user can write to it. Returns -1 with errno if it cannot be opened.
int lease_open(void);
// Takes what portcullis-node has sent: "INSTANCE MILLISECONDS", the new end of the lease, 0 for none. Returns whether the
// service begins or ceases to have one.
int lease_receive(struct record *record, int socket);

// Where systemd wants a sign of life from the unit: begins to give it.
void watchdog_begin(void);
// Gives it if it is due. Returns when it is due next, in milliseconds of CLOCK_BOOTTIME.
int64_t watchdog_tell(int64_t now);

// How many processes of this unit the kernel has ended since the unit's memory was used up; 0 if that is unknown.
int memory_kills(void);

// Keeps the service until nothing of it lives.
void keep(struct record *record, int notify, int lease);
