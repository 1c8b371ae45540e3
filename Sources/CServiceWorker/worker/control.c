// The control socket: messages of the master, and answers.
//
// A SOCK_SEQPACKET pair, one message in each packet, UTF-8. Words are separated by single spaces; a text is the rest.
//
//     master -> worker   CONFIG path           the file was replaced
//                        STOP                  end
//                        LUA-…                 lua/console.c
//     worker -> master   HELLO 1 version word… at the beginning; words: config (changes come by message), lua
//                        CONFIG-TAKEN          it is in use
//                        CONFIG-REFUSED text   it is not, and why
//
// What a side does not know it ignores: the other one may be newer.

#include "worker_part.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int control = -1;
// What dispatch() waits for: an epoll of the control socket and of a timer. It stays when the master's end is gone.
static int events = -1, timer = -1;
static atomic_flag dispatching = ATOMIC_FLAG_INIT;
// One message and a zero byte after it. Only whoever dispatches uses it.
static char *buffer;

static portcullis_config_handler config_handler;
static void *config_context;
static portcullis_stop_handler stop_handler;
static void *stop_context;

int portcullis_worker_on_config(portcullis_config_handler handler, void *context) {
    if (has_begun()) return EBUSY;
    config_handler = handler;
    config_context = context;
    return 0;
}

int portcullis_worker_on_stop(portcullis_stop_handler handler, void *context) {
    if (has_begun()) return EBUSY;
    stop_handler = handler;
    stop_context = context;
    return 0;
}

int send_message(const char *words, const char *text, size_t length, bool must_arrive) {
    struct iovec parts[] = {{(char *)words, strlen(words)}, {" ", 1}, {(char *)text, length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = length > 0 ? 3 : 1};
    uint64_t end = now_microseconds() + 1000000;
    for (;;) {
        if (sendmsg(control, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return 0;
        int error = errno;
        if (error != EINTR && (error != EAGAIN || !must_arrive || now_microseconds() >= end)) return error;
        struct pollfd room = {.fd = control, .events = POLLOUT};
        if (error == EAGAIN) poll(&room, 1, 50);
    }
}

int portcullis_worker_descriptor(void) { return events; }

void wake_dispatch_at(uint64_t time) {
    const struct itimerspec setting = {.it_value = {(time_t)(time / 1000000), (long)(time % 1000000) * 1000}};
    timerfd_settime(timer, TFD_TIMER_ABSTIME, &setting, NULL);
}

// Returns whether it is watched.
static bool watch_descriptor(int descriptor) {
    struct epoll_event event = {.events = EPOLLIN};
    return epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event) == 0;
}

int take_control(int descriptor) {
    int type;
    socklen_t length = sizeof type;
    if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) < 0 || type != SOCK_SEQPACKET) return EINVAL;
    buffer = malloc(LONGEST_MESSAGE + 1);
    if (buffer == NULL) return ENOMEM;
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    events = epoll_create1(EPOLL_CLOEXEC);
    if (timer < 0 || events < 0 || !watch_descriptor(descriptor) || !watch_descriptor(timer)) return errno;
    if (fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0) return errno;
    control = descriptor;
    char words[64];
    const char *config = config_handler == NULL ? "" : " config";
    snprintf(words, sizeof words, "HELLO 1 %s%s lua", PORTCULLIS_WORKER_VERSION, config);
    return send_message(words, NULL, 0, true);
}

static void take_config(const char *path) {
    if (config_handler == NULL) return;
    char problem[1024] = "";
    if (config_handler(path, problem, sizeof problem, config_context) == 0) {
        send_message("CONFIG-TAKEN", NULL, 0, true);
        return;
    }
    problem[sizeof problem - 1] = 0;
    if (*problem == 0) snprintf(problem, sizeof problem, "the service refuses it and does not say why");
    send_message("CONFIG-REFUSED", problem, strlen(problem), true);
}

static void take_message(char *text, size_t length) {
    static const char config[] = "CONFIG ", lua[] = "LUA-";
    text[length] = 0;
    if (length >= strlen(config) && memcmp(text, config, strlen(config)) == 0) {
        take_config(text + strlen(config));
    } else if (strcmp(text, "STOP") == 0) {
        if (stop_handler != NULL) stop_handler(stop_context);
    } else if (length >= strlen(lua) && memcmp(text, lua, strlen(lua)) == 0) {
        console_message(text, length);
    }
}

// Whether nobody has the other end any more. An empty message looks the same to recv().
static bool is_over(void) {
    struct pollfd end = {.fd = control};
    return poll(&end, 1, 0) > 0 && (end.revents & POLLHUP) != 0;
}

int portcullis_worker_dispatch(void) {
    if (control < 0) return 0;
    if (atomic_flag_test_and_set(&dispatching)) return EALREADY;
    repeat_ready();
    for (;;) {
        ssize_t length = recv(control, buffer, LONGEST_MESSAGE, MSG_DONTWAIT | MSG_TRUNC);
        if (length == 0 && is_over()) {
            epoll_ctl(events, EPOLL_CTL_DEL, control, NULL);
            break;
        }
        if (length < 0 && errno == EINTR) continue;
        if (length < 0) break;
        if (length <= LONGEST_MESSAGE) take_message(buffer, (size_t)length);
    }
    uint64_t expirations;
    if (read(timer, &expirations, sizeof expirations) > 0) wake_dispatch_at(console_expire());
    atomic_flag_clear(&dispatching);
    return 0;
}

static void *dispatch_for_ever(void *unused) {
    (void)unused;
    for (;;) {
        struct pollfd readable = {.fd = events, .events = POLLIN};
        poll(&readable, 1, -1);
        portcullis_worker_dispatch();
    }
    return NULL;
}

int portcullis_worker_run_thread(void) {
    static atomic_flag runs = ATOMIC_FLAG_INIT;
    if (control < 0) return 0;
    if (atomic_flag_test_and_set(&runs)) return EALREADY;
    // Signals are the program's.
    sigset_t every, before;
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    pthread_t thread;
    int error = pthread_create(&thread, NULL, dispatch_for_ever, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0) {
        pthread_setname_np(thread, "portcullis");
        pthread_detach(thread);
    } else {
        atomic_flag_clear(&runs);
    }
    return error;
}
