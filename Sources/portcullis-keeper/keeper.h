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
    int keep_main;          // a program that is killed is started again, and what it had started lives on meanwhile: the
                            // signal that stops those while there is no program to do it; 0: its end is the service's
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
    int main_restarts;          // how often the program was started again after it had been killed
    struct moment main_restarted;  // when it was last
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

// The most descriptors that are kept for the program's next start.
enum { STORE_MOST = 1536 };

// What a program that is started again finds: descriptors that it has given away, each with a name, and a socket on which
// it hears what the keeper has reaped. All are closed on exec everywhere but in the program.
struct store {
    int count;
    struct kept {
        char *name;
        int descriptor;
    } kept[STORE_MOST];
    size_t names;         // bytes of all names, with one for each
    int first;            // the lowest number of what is kept: those below are where the program gets it
    int most;             // how many there may be
    int telling;          // the keeper's end of the socket
    int hearing;          // the program's end
};

// Makes room for descriptors, and the socket. The soft limit of open files is raised, also for the program: one that
// begins with more descriptors than it may have cannot even load its libraries. Returns -1 with errno.
int store_begin(struct store *store);
// Keeps a descriptor, in the place of one of the same name, and closes what it was given.
void store_put(struct store *store, const char *name, int descriptor);
void store_remove(struct store *store, const char *name);
// Tells the program that a process of the service has ended which was not its child any more.
void store_tell(struct store *store, pid_t process, int status);
// Variables of the program's environment, and room for its number in the last: LISTEN_FDNAMES, LISTEN_FDS, LISTEN_PID.
// Returns -1 without memory.
int store_variables(const struct store *store, char *variables[3]);
enum { PID_OFFSET = sizeof "LISTEN_PID=" - 1, PID_SIZE = 12 };
// In the program's process before exec: puts all at 3 and above. `lock` and `failed` are moved out of the way. Returns -1
// with errno.
int store_hand_over(const struct store *store, int *lock, int *failed);

// When a program that was killed is started again.
struct restarts {
    int64_t kills[5];  // the last ones, in milliseconds of CLOCK_BOOTTIME
    int count;
    int64_t pause;     // the last one, in milliseconds
    int64_t due;       // when it is started; 0: it runs, or has ended for good
    int signal;        // what has killed it last
};

// Notes that it was killed, and decides when it is started again. Returns whether it is.
int restart_plan(struct restarts *restarts, int64_t started, int64_t now, int signal);

// Starts the program. Returns its process, or -1 with errno, and what failed.
//
// store: NULL where the program is not started again.
pid_t program_start(const struct order *order, int lock, const struct store *store, const char **stage);

// Opens a socket of this name in the current directory, which is that of the service.
int socket_open(const char *name, mode_t mode);
int notify_open(const char *directory);
// Takes the messages that have come. Returns whether one says that the service is ready.
//
// main: whose descriptors are kept.
int notify_receive(int socket, uid_t user, pid_t main, struct store *store);

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

// Waits for the end of the keeper, whose end of a pipe closes. Unless it has said that it leaves nothing, ends whatever
// holds the lock. Returns when there is nothing to guard any more.
void guard(int keeper, const char *directory);
// Tells the guard that nothing is left.
void guard_end(int pipe);

// Keeps the service until nothing of it lives.
//
// store: NULL where the program is not started again.
void keep(struct record *record, int notify, int lease, int lock, struct store *store);
