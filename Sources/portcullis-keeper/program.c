#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

// What is told through the pipe if the program cannot be executed.
struct failure {
    int number;
    int stage;
};

enum { STAGE_LIMIT, STAGE_USER, STAGE_DIRECTORY, STAGE_EXECUTE };
static const char *const stages[] = {"its limits", "its user", "its directory", "its program"};

static int set_limits(const struct order *order) {
    for (int index = 0; index < order->limit_count; index++) {
        struct rlimit now, limit;
        int resource = order->limits[index].resource;
        if (getrlimit(resource, &now) != 0) return -1;
        limit.rlim_cur = limit.rlim_max = order->limits[index].value;
        // Who may not raise it gets what there is.
        if (setrlimit(resource, &limit) == 0) continue;
        if (errno != EPERM) return -1;
        limit.rlim_cur = limit.rlim_max = now.rlim_max < order->limits[index].value ? now.rlim_max : order->limits[index].value;
        if (setrlimit(resource, &limit) != 0) return -1;
    }
    return 0;
}

static int take_user(const struct order *order) {
    if (!order->has_user) return 0;
    if (setgroups(0, NULL) != 0 || setresgid(order->group, order->group, order->group) != 0) return -1;
    if (setresuid(order->user, order->user, order->user) != 0) return -1;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

static void execute(const struct order *order, int log, int lock, int failed) {
    struct failure failure = {0, STAGE_LIMIT};
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    umask(022);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    fcntl(lock, F_SETFD, 0);
    if (set_limits(order) != 0) goto failed;
    failure.stage = STAGE_USER;
    if (take_user(order) != 0) goto failed;
    failure.stage = STAGE_DIRECTORY;
    if (chdir(order->work) != 0) goto failed;
    // Nobody else would end a service with a lease. After the user, since a change of user resets it.
    if (order->lease && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) goto failed;
    failure.stage = STAGE_EXECUTE;
    execve(order->program[0], order->program, order->environment);
failed:
    failure.number = errno;
    if (write(failed, &failure, sizeof failure) < 0) _exit(126);
    _exit(127);
}

pid_t program_start(const struct order *order, int log, int lock, const char **stage) {
    static char named[300];
    int pipes[2];
    *stage = "pipe";
    if (pipe2(pipes, O_CLOEXEC) != 0) return -1;
    *stage = "fork";
    pid_t main = fork();
    if (main == 0) execute(order, log, lock, pipes[1]);
    int number = errno;
    close(pipes[1]);
    if (main < 0) {
        close(pipes[0]);
        errno = number;
        return -1;
    }
    struct failure failure;
    ssize_t count;
    while ((count = read(pipes[0], &failure, sizeof failure)) < 0 && errno == EINTR) {}
    close(pipes[0]);
    if (count != sizeof failure) return main;
    *stage = stages[failure.stage];
    if (failure.stage == STAGE_EXECUTE) snprintf(named, sizeof named, "%.280s", order->program[0]), *stage = named;
    errno = failure.number;
    return -1;
}
