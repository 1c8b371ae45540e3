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

enum { STAGE_DESCRIPTORS, STAGE_LIMIT, STAGE_USER, STAGE_DIRECTORY, STAGE_EXECUTE };
static const char *const stages[] = {"its descriptors", "its limits", "its user", "its directory", "its program"};

static int set_limits(const struct order *order) {
    for (int index = 0; index < order->limit_count; index++) {
        struct rlimit now, limit;
        int resource = order->limits[index].resource;
        if (getrlimit(resource, &now) != 0) return -1;
        limit.rlim_cur = limit.rlim_max = order->limits[index].value;
        // A caller that may not raise it gets the limit that there is.
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

static void execute(const struct order *order, char **environment, char *pid, int log, int lock, int failed,
    const struct store *store) {
    struct failure failure = {0, STAGE_DESCRIPTORS};
    sigset_t none;
    sigemptyset(&none);
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigprocmask(SIG_SETMASK, &none, NULL);
    setsid();
    umask(022);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    if (store) {
        snprintf(pid, PID_SIZE, "%d", (int)getpid());
        if (store_hand_over(store, &lock, &failed) != 0) goto failed;
    }
    fcntl(lock, F_SETFD, 0);
    failure.stage = STAGE_LIMIT;
    if (set_limits(order) != 0) goto failed;
    failure.stage = STAGE_USER;
    if (take_user(order) != 0) goto failed;
    failure.stage = STAGE_DIRECTORY;
    if (chdir(order->work) != 0) goto failed;
    // Nobody else would end a service with a lease. After the user, since a change of user resets it.
    if (order->lease && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) goto failed;
    failure.stage = STAGE_EXECUTE;
    execve(order->program[0], order->program, environment);
failed:
    failure.number = errno;
    if (write(failed, &failure, sizeof failure) < 0) _exit(126);
    _exit(127);
}

// The variables of the order and those of the store. Returns NULL without memory.
static char **whole_environment(const struct order *order, const struct store *store, char *variables[3]) {
    size_t count = 0;
    while (order->environment[count]) count++;
    char **environment = calloc(count + 4, sizeof *environment);
    if (!environment) return NULL;
    memcpy(environment, order->environment, count * sizeof *environment);
    if (store && store_variables(store, variables) != 0) {
        free(environment);
        return NULL;
    }
    if (store) memcpy(environment + count, variables, 3 * sizeof *environment);
    return environment;
}

static pid_t start(const struct order *order, int log, int lock, const struct store *store, const char **stage) {
    static char named[300];
    int pipes[2];
    *stage = "environment";
    char *variables[3] = {NULL, NULL, NULL};
    char **environment = whole_environment(order, store, variables);
    if (!environment) return -1;
    *stage = "pipe";
    pid_t main = -1;
    int number = pipe2(pipes, O_CLOEXEC) == 0 ? 0 : errno;
    if (!number) {
        *stage = "fork";
        main = fork();
        if (main == 0) execute(order, environment, variables[2] ? variables[2] + PID_OFFSET : NULL, log, lock, pipes[1], store);
        number = errno;
        close(pipes[1]);
        if (main < 0) close(pipes[0]);
    }
    for (int index = 0; index < 3; index++) free(variables[index]);
    free(environment);
    if (main < 0) {
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

pid_t program_start(const struct order *order, int lock, const struct store *store, const char **stage) {
    *stage = order->log;
    int log = open(order->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (log < 0) return -1;
    pid_t main = start(order, log, lock, store, stage);
    int number = errno;
    close(log);
    errno = number;
    return main;
}
