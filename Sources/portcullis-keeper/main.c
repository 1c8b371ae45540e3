// portcullis-keeper: starts one program of a service, keeps it, and writes down what becomes of it. portcullis-node starts
// it, and nobody else needs to. It goes on when portcullis-node ends, however that ends, so the service does too.
//
// - It holds a lock, and the program inherits the locked descriptor: while anything of the service lives, nothing can
//   start it a second time.
// - What the program starts and leaves behind becomes the keeper's child (PR_SET_CHILD_SUBREAPER). The keeper ends when
//   none is left.
// - As the main process of a unit of systemd (--unit) it is what systemd waits for and ends; otherwise it takes itself
//   away from whoever has started it.
// - A program that is to be kept (--keep-main: portcullis-master) is started again when it was killed, and finds the
//   descriptors that it has given away. What it had started lives on meanwhile.
// - The service's lease is the keeper's to end: portcullis-node renews it, and may be gone.
// - SIGTERM to the keeper stops the service: the program's own stop signal first, SIGKILL when the time is over. It takes
//   no second order, so whoever gave it may be killed meanwhile.
//
// It is a program of its own in C, since between fork and exec of a process with threads hardly anything is allowed, and
// since one stays for each service: it takes some hundred kilobytes.

#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_FAILED = 1, STATUS_USAGE = 64, STATUS_LOCKED = 75 };

// Tells the waiting starter why there is no service, and ends.
//
// report: -1 where systemd has started the keeper, whose journal gets it.
static void give_up(int report, int status, const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text + 1, sizeof text - 1, format, arguments);
    va_end(arguments);
    text[0] = (char)status;
    if (length > (int)sizeof text - 2) length = (int)sizeof text - 2;
    if (report < 0) {
        dprintf(STDERR_FILENO, "%s\n", text + 1);
        _exit(status);
    }
    if (write(report, text, (size_t)length + 1) < 0) _exit(STATUS_FAILED);
    _exit(status);
}

// Waits for the keeper's word, hands it on and returns the exit status.
static int wait_for_report(int report) {
    char text[1024];
    size_t length = 0;
    ssize_t count;
    while ((count = read(report, text + length, sizeof text - length)) != 0) {
        if (count < 0 && errno != EINTR) break;
        if (count > 0) length += (size_t)count;
        if (length == sizeof text) break;
    }
    if (length == 0) {
        static const char ended[] = "the keeper ended";
        if (write(STDOUT_FILENO, ended, sizeof ended - 1) < 0) return STATUS_FAILED;
        return STATUS_FAILED;
    }
    if (length > 1 && write(STDOUT_FILENO, text + 1, length - 1) < 0) return STATUS_FAILED;
    return (unsigned char)text[0];
}

// Takes the lock. Others look whether it is taken, which takes it for a moment: so it is tried for a while.
static int take_lock(const char *path, const struct store *store, int report) {
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (lock < 0) give_up(report, STATUS_FAILED, "%s: %s", path, strerror(errno));
    for (int attempt = 0; flock(lock, LOCK_EX | LOCK_NB) != 0; attempt++) {
        if (errno != EWOULDBLOCK) give_up(report, STATUS_FAILED, "lock %s: %s", path, strerror(errno));
        if (attempt == 50) give_up(report, STATUS_LOCKED, "%s: it runs already", path);
        usleep(10000);
    }
    // The program inherits it. Descriptors from 3 on may mean something to it.
    int high = fcntl(lock, F_DUPFD, store ? store->first : 512);
    if (high < 0) high = fcntl(lock, F_DUPFD, 64);
    if (high < 0) give_up(report, STATUS_FAILED, "lock %s: %s", path, strerror(errno));
    close(lock);
    return high;
}

// Takes standard input and output away from whoever started the keeper.
static void detach(void) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) return;
    for (int number = 0; number <= 2; number++) dup2(null, number);
    if (null > 2) close(null);
}

// Notes why the program was not started, and ends.
static void fail(struct record *record, int report, const char *what, int number) {
    snprintf(record->reason, sizeof record->reason, "%s: %s", what, strerror(number));
    record_end(record, "failed", number);
    record_write(record);
    give_up(report, STATUS_FAILED, "%s", record->reason);
}

// Starts the program and keeps it. Returns when nothing of it lives.
static void keep_order(const struct order *order, int report) {
    static struct store descriptors;
    struct store *store = order->keep_main ? &descriptors : NULL;
    prctl(PR_SET_NAME, "portcullis-keep");
    if (chdir(order->directory) != 0) give_up(report, STATUS_FAILED, "%s: %s", order->directory, strerror(errno));
    if (store && store_begin(store) != 0) give_up(report, STATUS_FAILED, "descriptors: %s", strerror(errno));
    int lock = take_lock("lock", store, report);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) give_up(report, STATUS_FAILED, "prctl: %s", strerror(errno));

    struct record record = {.order = order};
    record_begin(&record);
    int error = record_write(&record);
    if (error) give_up(report, STATUS_FAILED, "%s/state: %s", order->directory, strerror(error));
    // From here on what goes wrong is in the record.
    detach();
    int lease = lease_open();
    if (lease < 0) fail(&record, report, "lease", errno);
    int notify = -1;
    if (order->ready == READY_NOTIFY || store) {
        notify = notify_open(order->directory);
        if (notify < 0) fail(&record, report, "notify", errno);
    }
    const char *stage = NULL;
    record.main = program_start(order, lock, store, &stage);
    if (record.main < 0) fail(&record, report, stage, errno);
    record_started(&record);
    record_write(&record);
    if (report >= 0) {
        char done = 0;
        if (write(report, &done, 1) < 0) done = 1;
        close(report);
    }
    keep(&record, notify, lease, lock, store);
    unlink("notify");
    unlink("lease");
}

// Starts the guard, which is no child of the keeper. Returns -1 with errno.
static int start_guard(const struct order *order, const int report[2], int guarded[2]) {
    if (pipe2(guarded, O_CLOEXEC) != 0) return -1;
    pid_t process = fork();
    if (process != 0) return process < 0 ? -1 : 0;
    close(report[0]);
    close(report[1]);
    close(guarded[1]);
    setsid();
    detach();
    guard(guarded[0], order->directory);
    _exit(0);
}

// portcullis-keeper [--unit NAME] ORDER
int main(int count, char **words) {
    // What portcullis-node has open is not the service's.
    close_range(3, ~0u, 0);
    const char *unit = count == 4 && strcmp(words[1], "--unit") == 0 ? words[2] : NULL;
    struct order order;
    const char *fault = count == 2 || unit ? order_read(&order, words[count - 1])
                                           : "portcullis-node starts this program; it is not for use by hand";
    if (fault) {
        printf("%s", fault);
        return STATUS_USAGE;
    }
    order.unit = unit;
    // All signals wait until they are read from a descriptor, from before the keeper can get any.
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    if (unit) {
        watchdog_begin();
        keep_order(&order, -1);
        return 0;
    }
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) {
        printf("pipe: %s", strerror(errno));
        return STATUS_FAILED;
    }
    // What is kept does not end with its main process, which ends with the keeper: where the service has a lease, somebody
    // must end it should the keeper be killed.
    int guarded[2] = {-1, -1};
    if (order.keep_main && order.lease && start_guard(&order, report, guarded) != 0) {
        printf("guard: %s", strerror(errno));
        return STATUS_FAILED;
    }
    pid_t keeper = fork();
    if (keeper < 0) {
        printf("fork: %s", strerror(errno));
        return STATUS_FAILED;
    }
    if (keeper > 0) {
        close(report[1]);
        close(guarded[0]);
        close(guarded[1]);
        return wait_for_report(report[0]);
    }
    close(report[0]);
    close(guarded[0]);
    setsid();
    keep_order(&order, report[1]);
    guard_end(guarded[1]);
    return 0;
}
