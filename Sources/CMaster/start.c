// Starts a process. Between clone and exec nothing here calls what is not safe in a signal handler.
#define _GNU_SOURCE
#include "master.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void put_pid(char **variables, pid_t process) {
    static const char *const names[] = {"LISTEN_PID=", "WATCHDOG_PID="};
    for (char **variable = variables; *variable; variable++) {
        for (int index = 0; index < 2; index++) {
            size_t length = strlen(names[index]);
            if (strncmp(*variable, names[index], length) != 0) continue;
            char digits[MASTER_PID_WIDTH];
            int count = 0;
            for (pid_t rest = process; rest; rest /= 10) digits[count++] = (char)('0' + rest % 10);
            char *place = *variable + length;
            while (count) *place++ = digits[--count];
            *place = 0;
        }
    }
}

// Puts the descriptors from 3 on. They are moved out of each other's way first. Returns the error.
static int place(const struct master_order *order, int *gate, int *fault) {
    const int end = 3 + order->descriptor_count;
    *gate = fcntl(*gate, F_DUPFD_CLOEXEC, end);
    if (*gate < 0) return errno;
    int high = fcntl(*fault, F_DUPFD_CLOEXEC, end);
    if (high < 0) return errno;
    *fault = high;
    int copies[order->descriptor_count + 1];
    for (int index = 0; index < order->descriptor_count; index++) {
        copies[index] = fcntl(order->descriptors[index], F_DUPFD_CLOEXEC, end);
        if (copies[index] < 0) return errno;
    }
    for (int index = 0; index < order->descriptor_count; index++)
        if (dup2(copies[index], 3 + index) < 0) return errno;
    return 0;
}

static void set_limit(int resource, rlim_t soft, rlim_t hard) {
    struct rlimit now, limit = {soft, hard};
    if (setrlimit((__rlimit_resource_t)resource, &limit) == 0) return;
    if (getrlimit((__rlimit_resource_t)resource, &now) != 0) return;
    limit.rlim_max = hard < now.rlim_max ? hard : now.rlim_max;
    limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
    setrlimit((__rlimit_resource_t)resource, &limit);
}

static int become(const struct master_order *order, int gate, int *fault) {
    // Before the others are placed: it may have one of their numbers.
    if (order->output >= 0 && (dup2(order->output, STDOUT_FILENO) < 0 || dup2(order->output, STDERR_FILENO) < 0))
        return errno;
    int error = place(order, &gate, fault);
    if (error) return error;
    char released;
    ssize_t count;
    while ((count = read(gate, &released, 1)) < 0 && errno == EINTR) {}
    // The master is gone, and has perhaps not noted this process.
    if (count != 1) _exit(127);
    put_pid(order->variables, getpid());
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) set_limit(RLIMIT_NOFILE, order->files, files.rlim_max);
    for (int index = 0; index < order->limit_count; index++)
        set_limit(order->limits[index].resource, order->limits[index].soft, order->limits[index].hard);
    for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, 0);
    execve(order->words[0], order->words, order->variables);
    return errno;
}

pid_t master_start(const struct master_order *order, int *pidfd, int *gate, int *fault) {
    int gates[2] = {-1, -1}, faults[2] = {-1, -1}, error;
    if (pipe2(gates, O_CLOEXEC) != 0 || pipe2(faults, O_CLOEXEC | O_NONBLOCK) != 0) goto failed;
    long process = syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, pidfd, 0, 0);
    if (process < 0) goto failed;
    if (process == 0) {
        setpgid(0, 0);
        close(gates[1]);
        int number = become(order, gates[0], &faults[1]);
        if (write(faults[1], &number, sizeof number) < 0) _exit(126);
        _exit(127);
    }
    setpgid((pid_t)process, (pid_t)process);
    close(gates[0]);
    close(faults[1]);
    *gate = gates[1];
    *fault = faults[0];
    return (pid_t)process;
failed:
    error = errno;
    for (int index = 0; index < 2; index++) {
        if (gates[index] >= 0) close(gates[index]);
        if (faults[index] >= 0) close(faults[index]);
    }
    errno = error;
    return -1;
}

int master_wait(pid_t process, int *status, int take) {
    siginfo_t found = {0};
    if (waitid(P_PID, (id_t)process, &found, WEXITED | WNOHANG | (take ? 0 : WNOWAIT)) != 0) return -1;
    if (found.si_pid == 0) return 0;
    *status = found.si_code == CLD_EXITED ? (found.si_status & 255) << 8 : found.si_status & 127;
    return 1;
}

int master_pidfd_open(pid_t process) {
    int pidfd = (int)syscall(SYS_pidfd_open, process, 0);
    if (pidfd >= 0) fcntl(pidfd, F_SETFD, FD_CLOEXEC);
    return pidfd;
}

int master_pidfd_signal(int pidfd, int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd, signal, 0, 0) == 0 ? 0 : errno;
}
