// Starts programs by a copy of this process that is made once.
//
// After a fork, nothing here calls what is not safe in a signal handler: the process may have had other threads.
#define _GNU_SOURCE
#include "starter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

// The answer: the process, or why there is none.
struct starter_answer {
    int error;
    pid_t process;
};

// Becomes the program. Returns the error if that fails.
static int become(char *request, size_t length, int output) {
    struct starter_request_head head;
    memcpy(&head, request, sizeof head);
    if (head.words < 1 || head.words > STARTER_MOST_WORDS || head.variables < 0 || head.variables > STARTER_MOST_WORDS)
        return E2BIG;
    char *words[STARTER_MOST_WORDS + 1], *variables[STARTER_MOST_WORDS + 1];
    char *next = request + sizeof head, *end = request + length;
    for (int index = 0; index < head.words + head.variables; index++) {
        if (next >= end) return EINVAL;
        char **place = index < head.words ? &words[index] : &variables[index - head.words];
        *place = next;
        next += strnlen(next, (size_t)(end - next)) + 1;
    }
    if (next != end) return EINVAL;
    words[head.words] = 0;
    variables[head.variables] = 0;
    // Its input is that of the starter, /dev/null.
    if (setpgid(0, 0) != 0 || dup2(output, STDOUT_FILENO) < 0 || dup2(output, STDERR_FILENO) < 0) return errno;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, 0);
    execve(words[0], words, variables);
    return errno;
}

// Starts programs until the socket is closed.
static void serve(int socket) {
    char request[STARTER_LONGEST_REQUEST];
    for (;;) {
        struct iovec part = {request, sizeof request};
        union {
            struct cmsghdr head;
            char bytes[CMSG_SPACE(2 * sizeof(int))];
        } control;
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
        ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
        if (length < 0 && errno == EINTR) continue;
        if (length < (ssize_t)sizeof(struct starter_request_head)) _exit(0);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        if (!head || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(2 * sizeof(int))) _exit(1);
        int descriptors[2];
        memcpy(descriptors, CMSG_DATA(head), sizeof descriptors);
        long process = syscall(SYS_clone, SIGCHLD | CLONE_PARENT, 0, 0, 0, 0);
        if (process == 0) {
            // One that hangs before it is the program must not look like a starter that is there.
            close(socket);
            int error = become(request, (size_t)length, descriptors[0]);
            if (write(descriptors[1], &error, sizeof error) < 0) _exit(126);
            _exit(127);
        }
        struct starter_answer answer = {process < 0 ? errno : 0, (pid_t)process};
        close(descriptors[0]);
        close(descriptors[1]);
        if (send(socket, &answer, sizeof answer, MSG_NOSIGNAL) != sizeof answer) _exit(0);
    }
}

// What the starter does first: it keeps nothing of the process but the socket.
static void settle(int socket) {
    sigset_t all;
    sigfillset(&all);
    // It ends with the socket; what a terminal or systemd sends to all processes is for the others.
    sigprocmask(SIG_SETMASK, &all, 0);
    for (int number = 1; number < 65; number++) signal(number, SIG_DFL);
    prctl(PR_SET_NAME, "checks-starter", 0, 0, 0);
    // Away from where they are to be.
    int own = fcntl(socket, F_DUPFD_CLOEXEC, 8);
    int input = fcntl(open("/dev/null", O_RDONLY | O_CLOEXEC), F_DUPFD_CLOEXEC, 8);
    int output = fcntl(open("/dev/null", O_WRONLY | O_CLOEXEC), F_DUPFD_CLOEXEC, 8);
    if (own < 0 || input < 0 || output < 0 || dup2(input, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0
        || dup2(output, STDERR_FILENO) < 0 || dup2(own, STDERR_FILENO + 1) < 0
        || fcntl(STDERR_FILENO + 1, F_SETFD, FD_CLOEXEC) != 0)
        _exit(1);
    syscall(SYS_close_range, STDERR_FILENO + 2, ~0U, 0);
    serve(STDERR_FILENO + 1);
}

int starter_begin(int *socket, pid_t *process) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return errno;
    // An answer takes less than a millisecond: who waits this long has lost the starter.
    struct timeval patience = {1, 0};
    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(ends[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    long copy = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (copy == 0) {
        close(ends[0]);
        settle(ends[1]);
    }
    int error = copy < 0 ? errno : 0;
    close(ends[1]);
    if (error) close(ends[0]);
    *socket = error ? -1 : ends[0];
    *process = (pid_t)copy;
    return error;
}

int starter_start(int socket, const void *request, size_t length, int output, int fault, pid_t *process) {
    struct iovec part = {(void *)request, length};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(2 * sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(2 * sizeof(int));
    int descriptors[2] = {output, fault};
    memcpy(CMSG_DATA(head), descriptors, sizeof descriptors);
    if (sendmsg(socket, &message, MSG_NOSIGNAL) != (ssize_t)length) return -1;
    struct starter_answer answer;
    ssize_t count;
    do count = recv(socket, &answer, sizeof answer, 0);
    while (count < 0 && errno == EINTR);
    if (count != sizeof answer) return -1;
    *process = answer.process;
    return answer.error;
}
