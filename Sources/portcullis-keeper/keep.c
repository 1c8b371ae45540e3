#include "keeper.h"
#include "master.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

// How long what the program has left behind may take to end, at most.
enum { LEFT_TIMEOUT = 5000, READY_PAUSE = 100, KILL_PAUSE = 50 };
// How long after its lease a service may live, whatever its own time to stop is. ADMIN starts it elsewhere 5 s after the
// lease.
enum { LEASE_TIMEOUT = 3000 };

static pid_t parent(const char *process) {
    char path[300], text[1024];
    snprintf(path, sizeof path, "/proc/%s/stat", process);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return -1;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    if (count <= 0) return -1;
    text[count] = 0;
    char *rest = strrchr(text, ')');
    char state;
    int parent;
    return rest && sscanf(rest + 1, " %c %d", &state, &parent) == 2 ? parent : -1;
}

// Sends a signal to each child. What a child that ends had started becomes a child itself. Returns how many there are.
static int signal_children(int number) {
    DIR *directory = opendir("/proc");
    if (!directory) return 0;
    int count = 0;
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9' || parent(entry->d_name) != getpid()) continue;
        count++;
        if (number) kill((pid_t)atoi(entry->d_name), number);
    }
    closedir(directory);
    return count;
}

// Takes all that have ended. Returns whether any child is left.
static int reap(struct record *record, struct store *store, struct restarts *restarts, int64_t main_started) {
    for (;;) {
        int status;
        pid_t process = waitpid(-1, &status, WNOHANG);
        if (process == 0) return 1;
        if (process < 0) {
            if (errno == EINTR) continue;
            return 0;
        }
        if (process != record->main || record->end) {
            if (store) store_tell(store, process, status);
            continue;
        }
        if (record->order->unit) record->out_of_memory = memory_kills();
        const int64_t now = boot_milliseconds();
        if (store && WIFSIGNALED(status) && !record->stopping.boot
            && restart_plan(restarts, main_started, now, WTERMSIG(status))) {
            record->main = 0;
            record_write(record);
            continue;
        }
        if (WIFSIGNALED(status)) record_end(record, "killed", WTERMSIG(status));
        else record_end(record, "exited", WEXITSTATUS(status));
    }
}

// Starts the program again. If it cannot be, that is the service's end.
static void start_again(struct record *record, int lock, const struct store *store) {
    const char *stage = NULL;
    pid_t main = program_start(record->order, lock, store, &stage);
    if (main > 0) {
        record->main = main;
        record->main_start = process_start(main);
        record->main_restarts++;
        record->main_restarted = moment_now();
    } else {
        const int number = errno;
        snprintf(record->reason, sizeof record->reason, "%s: %s", stage, strerror(number));
        record_end(record, "failed", number);
    }
    record_write(record);
}

static int64_t earlier(int64_t a, int64_t b) { return a < b ? a : b; }

// Has the timer wake the keeper at the lease's end: unlike poll's own limit it counts while the machine sleeps.
static void set_timer(int timer, int64_t milliseconds) {
    struct itimerspec moment = {.it_value = {milliseconds / 1000, milliseconds % 1000 * 1000000}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &moment, NULL);
}

void keep(struct record *record, int notify, int lease, int lock, struct store *store) {
    const struct order *order = record->order;
    sigset_t all;
    sigfillset(&all);
    int signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
    // When everything that still lives is killed; INT64_MAX: not yet.
    int64_t end = INT64_MAX;
    const uid_t user = order->has_user ? order->user : getuid();
    struct restarts restarts = {.due = 0};
    int64_t main_started = boot_milliseconds();
    int timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    for (;;) {
        if (lease_receive(record, lease)) record_write(record);
        // Before the end of who has sent it is taken.
        const int is_told_ready = notify >= 0 && notify_receive(notify, user, record->main, store);
        int had_ended = record->end != NULL;
        if (!reap(record, store, &restarts, main_started) && !restarts.due) break;
        const int64_t now = boot_milliseconds();
        if (restarts.due && now >= restarts.due) {
            restarts.due = 0;
            main_started = now;
            start_again(record, lock, store);
        }
        if (record->end && !had_ended) {
            // What is left would keep ports and files of the next start: it is asked to end, and then killed.
            record->left = signal_children(SIGTERM);
            end = earlier(end, now + earlier(order->stop_timeout, LEFT_TIMEOUT));
        }
        int64_t next = earlier(now + 60000, watchdog_tell(now));
        if (restarts.due) next = earlier(next, restarts.due);
        if (!record->end && !record->ready.boot && !record->stopping.boot) {
            int is_ready = 0;
            if (order->ready == READY_TIME) {
                is_ready = now >= record->started.boot + order->ready_value;
                next = earlier(next, record->started.boot + order->ready_value);
            } else if (order->ready == READY_PORT) {
                is_ready = master_accepts((unsigned short)order->ready_value, 50);
                next = earlier(next, now + READY_PAUSE);
            } else is_ready = is_told_ready;
            if (is_ready) {
                record->ready = moment_now();
                record_write(record);
            }
        }
        if (!record->end && !record->stopping.boot && order->time_limit) {
            int64_t limit = record->started.boot + order->time_limit;
            if (now >= limit) {
                record->is_expired = 1;
                kill(getpid(), SIGTERM);
            } else next = earlier(next, limit);
        }
        int64_t kill_at = end;
        if (record->lease) {
            kill_at = earlier(end, record->lease + LEASE_TIMEOUT);
            const int is_over = now >= record->lease;
            if (is_over && !record->end && !record->stopping.boot) kill(getpid(), SIGTERM);
            set_timer(timer, is_over ? kill_at : record->lease);
            if (!is_over) next = earlier(next, record->lease);
        }
        if (now >= kill_at) {
            signal_children(SIGKILL);
            next = earlier(next, now + KILL_PAUSE);
        } else next = earlier(next, kill_at);

        // One that is not open is left out.
        struct pollfd waiting[] = {{.fd = signals, .events = POLLIN}, {.fd = notify, .events = POLLIN},
            {.fd = lease, .events = POLLIN}, {.fd = timer, .events = POLLIN}};
        int64_t pause = next - boot_milliseconds();
        poll(waiting, 4, pause < 0 ? 0 : (int)pause + 1);
        uint64_t rings;
        while (read(timer, &rings, sizeof rings) == sizeof rings) {}
        struct signalfd_siginfo received;
        while (read(signals, &received, sizeof received) == sizeof received) {
            if (received.ssi_signo != SIGTERM || record->stopping.boot) continue;
            record->stopping = moment_now();
            if (record->lease && record->stopping.boot >= record->lease) record->lease_ended = record->stopping;
            if (!record->end) end = boot_milliseconds() + order->stop_timeout;
            if (!record->end && record->main > 0) kill(record->main, order->stop_signal);
            else if (!record->end) {
                // There is no program now that would stop what it has started.
                restarts.due = 0;
                record_end(record, "killed", restarts.signal);
                signal_children(order->keep_main);
            }
            // A disk that hangs must not keep a service alive whose lease is over: that is written at its end.
            if (!record->lease_ended.boot) record_write(record);
        }
    }
    if (!record->end) record_end(record, "exited", 0);
    // The lock is free when this process has ended: whoever finds it free finds the end written down. On a full disk it
    // is tried for a while, since without it nobody knows how the service ended.
    for (int attempt = 0; record_write(record) != 0 && attempt < 50; attempt++) usleep(100000);
}
