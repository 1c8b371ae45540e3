// The threads of the gateway. Each has an epoll of its own: the sockets that all share, and the connections it has
// accepted.
//
// A device sends lines, over TCP or one in each datagram, and gets each back with its number. "!stats" is answered with
// what was counted, and "!crash KIND", where --crash-for-tests allows it, with a crash.

#include "gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LOOP_MILLISECONDS = 250, MOST_OUTPUT = 1 << 20 };

// When it ends: a device that is silent for so long is disconnected, and after so long each one.
enum { SILENCE_MILLISECONDS = 500, LONGEST_END_MILLISECONDS = 5000 };

// What an event is about.
enum kind { LISTENER, DATAGRAMS, CONNECTION };

struct source {
    enum kind kind;
    int descriptor;
};

struct connection {
    struct source source;
    struct connection *next, *previous;
    unsigned long lines;
    // When something was last received.
    int64_t last;
    // Of a line that has not ended yet.
    size_t input_length;
    // What the device has not taken yet.
    char *output;
    size_t output_length;
    char input[];
};

struct gateway_thread {
    struct gateway *gateway;
    pthread_t thread;
    int events;
    struct source *shared;
    struct connection *connections;
    atomic_ulong rounds;
    unsigned long seen_rounds;
};

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// MARK: answers

// Writes the answer to a line. Returns its length.
static int answer(struct gateway *gateway, unsigned long number, const char *line, char *text, size_t size) {
    pass_lock();
    if (strcmp(line, "!stats") == 0) {
        const struct statistics *statistics = &gateway->statistics;
        return snprintf(text, size, "process %d connections %lu open %lu lines %lu datagrams %lu\n", getpid(),
                        statistics->connections, statistics->open, statistics->lines, statistics->datagrams);
    }
    if (gateway->may_crash && strncmp(line, "!crash ", 7) == 0) crash_for_tests(gateway, line + 7);
    if (*line == '!') return snprintf(text, size, "error: there is no command %.32s\n", line);
    return snprintf(text, size, "%lu %s\n", number, line);
}

// MARK: connections

static void close_connection(struct gateway_thread *thread, struct connection *connection) {
    close(connection->source.descriptor);
    if (connection->previous != NULL) connection->previous->next = connection->next;
    else thread->connections = connection->next;
    if (connection->next != NULL) connection->next->previous = connection->previous;
    free(connection->output);
    free(connection);
    thread->gateway->statistics.open--;
}

// Returns whether the connection is still there.
static bool flush_output(struct gateway_thread *thread, struct connection *connection) {
    int descriptor = connection->source.descriptor;
    while (connection->output_length > 0) {
        ssize_t count = send(descriptor, connection->output, connection->output_length, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno != EAGAIN) {
            close_connection(thread, connection);
            return false;
        }
        if (count < 0) break;
        memmove(connection->output, connection->output + count, connection->output_length - (size_t)count);
        connection->output_length -= (size_t)count;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connection->source};
    if (connection->output_length > 0) event.events |= EPOLLOUT;
    epoll_ctl(thread->events, EPOLL_CTL_MOD, descriptor, &event);
    return true;
}

// Returns whether there was room.
static bool add_output(struct connection *connection, const char *text, size_t length) {
    if (connection->output_length + length > MOST_OUTPUT) return false;
    char *longer = realloc(connection->output, connection->output_length + length);
    if (longer == NULL) return false;
    memcpy(longer + connection->output_length, text, length);
    connection->output = longer;
    connection->output_length += length;
    return true;
}

static void accept_connection(struct gateway_thread *thread, int listener) {
    int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0) return;
    struct connection *connection = calloc(1, sizeof *connection + LONGEST_LINE + 1);
    struct epoll_event event = {.events = EPOLLIN};
    if (connection != NULL) event.data.ptr = &connection->source;
    if (connection == NULL || epoll_ctl(thread->events, EPOLL_CTL_ADD, descriptor, &event) < 0) {
        close(descriptor);
        free(connection);
        return;
    }
    connection->source = (struct source){CONNECTION, descriptor};
    connection->last = milliseconds();
    connection->next = thread->connections;
    if (connection->next != NULL) connection->next->previous = connection;
    thread->connections = connection;
    thread->gateway->statistics.connections++;
    thread->gateway->statistics.open++;
    char greeting[128];
    size_t length = copy_greeting(thread->gateway->configuration, greeting, sizeof greeting - 1);
    if (length == 0) return;
    greeting[length++] = '\n';
    if (add_output(connection, greeting, length)) flush_output(thread, connection);
}

// Answers the lines that are complete. Returns whether the connection may stay.
static bool answer_lines(struct gateway_thread *thread, struct connection *connection) {
    char *start = connection->input, *end;
    static _Thread_local char text[LONGEST_LINE + 64];
    while ((end = memchr(start, '\n', connection->input_length - (size_t)(start - connection->input))) != NULL) {
        *end = 0;
        thread->gateway->statistics.lines++;
        int length = answer(thread->gateway, ++connection->lines, start, text, sizeof text);
        if (!add_output(connection, text, (size_t)length)) return false;
        start = end + 1;
    }
    connection->input_length -= (size_t)(start - connection->input);
    memmove(connection->input, start, connection->input_length);
    return connection->input_length < thread->gateway->configuration->longest_line;
}

static void read_connection(struct gateway_thread *thread, struct connection *connection) {
    size_t length = connection->input_length;
    ssize_t count =
        recv(connection->source.descriptor, connection->input + length, LONGEST_LINE - length, MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    connection->last = milliseconds();
    if (count > 0) connection->input_length += (size_t)count;
    if (count <= 0 || !answer_lines(thread, connection)) close_connection(thread, connection);
    else flush_output(thread, connection);
}

static void answer_datagram(struct gateway_thread *thread, int descriptor) {
    char line[2048], text[2200];
    struct sockaddr_storage sender;
    socklen_t length = sizeof sender;
    ssize_t count = recvfrom(descriptor, line, sizeof line - 1, MSG_DONTWAIT, (struct sockaddr *)&sender, &length);
    if (count < 0) return;
    line[count] = 0;
    line[strcspn(line, "\n")] = 0;
    unsigned long number = ++thread->gateway->statistics.datagrams;
    int answered = answer(thread->gateway, number, line, text, sizeof text);
    sendto(descriptor, text, (size_t)answered, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&sender, length);
}

// MARK: the loop

static void take_event(struct gateway_thread *thread, const struct epoll_event *event) {
    struct source *source = event->data.ptr;
    if (source->kind == LISTENER) return accept_connection(thread, source->descriptor);
    if (source->kind == DATAGRAMS) return answer_datagram(thread, source->descriptor);
    struct connection *connection = (struct connection *)source;
    if ((event->events & EPOLLOUT) != 0 && !flush_output(thread, connection)) return;
    if ((event->events & ~(uint32_t)EPOLLOUT) != 0) read_connection(thread, connection);
}

// Waits for an event and takes it. One at a time: an event that closes a connection would leave the others of a batch
// without theirs.
static void run_once(struct gateway_thread *thread, int timeout) {
    struct epoll_event event;
    if (epoll_wait(thread->events, &event, 1, timeout) > 0) take_event(thread, &event);
    thread->rounds++;
}

// Accepts nothing more: what waits at the sockets is the next worker's. Answers what devices still send, and lets them go.
static void end_loop(struct gateway_thread *thread) {
    for (size_t index = 0; index < thread->gateway->stream_count + thread->gateway->datagram_count; index++)
        epoll_ctl(thread->events, EPOLL_CTL_DEL, thread->shared[index].descriptor, NULL);
    int64_t end = milliseconds() + LONGEST_END_MILLISECONDS;
    while (thread->connections != NULL) {
        run_once(thread, 20);
        int64_t now = milliseconds();
        struct connection *next;
        for (struct connection *connection = thread->connections; connection != NULL; connection = next) {
            next = connection->next;
            if (now >= end || now - connection->last >= SILENCE_MILLISECONDS) close_connection(thread, connection);
        }
    }
}

static void *run_loop(void *pointer) {
    struct gateway_thread *thread = pointer;
    while (!thread->gateway->is_stopping) run_once(thread, LOOP_MILLISECONDS);
    end_loop(thread);
    return NULL;
}

static int begin_thread(struct gateway *gateway, struct gateway_thread *thread) {
    thread->gateway = gateway;
    size_t count = gateway->stream_count + gateway->datagram_count;
    thread->events = epoll_create1(EPOLL_CLOEXEC);
    thread->shared = calloc(count + 1, sizeof *thread->shared);
    if (thread->events < 0 || thread->shared == NULL) return ENOMEM;
    for (size_t index = 0; index < count; index++) {
        bool is_stream = index < gateway->stream_count;
        int descriptor = is_stream ? gateway->streams[index] : gateway->datagrams[index - gateway->stream_count];
        thread->shared[index] = (struct source){is_stream ? LISTENER : DATAGRAMS, descriptor};
        // One of the threads is woken.
        struct epoll_event event = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.ptr = &thread->shared[index]};
        if (fcntl(descriptor, F_SETFL, O_NONBLOCK) < 0) return errno;
        if (epoll_ctl(thread->events, EPOLL_CTL_ADD, descriptor, &event) < 0) return errno;
    }
    int error = pthread_create(&thread->thread, NULL, run_loop, thread);
    if (error == 0) pthread_setname_np(thread->thread, "tg-loop");
    return error;
}

int gateway_start(struct gateway *gateway, size_t threads) {
    gateway->threads = calloc(threads, sizeof *gateway->threads);
    if (gateway->threads == NULL) return ENOMEM;
    gateway->thread_count = threads;
    for (size_t index = 0; index < threads; index++) {
        int error = begin_thread(gateway, &gateway->threads[index]);
        if (error != 0) return error;
    }
    return 0;
}

bool gateway_is_alive(struct gateway *gateway) {
    for (size_t index = 0; index < gateway->thread_count; index++)
        if (gateway->threads[index].rounds == gateway->threads[index].seen_rounds) return false;
    for (size_t index = 0; index < gateway->thread_count; index++)
        gateway->threads[index].seen_rounds = gateway->threads[index].rounds;
    return true;
}

void gateway_stop(struct gateway *gateway) {
    gateway->is_stopping = true;
    for (size_t index = 0; index < gateway->thread_count; index++) pthread_join(gateway->threads[index].thread, NULL);
}
