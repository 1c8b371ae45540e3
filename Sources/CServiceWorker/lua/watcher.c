// A thread that tells the master when Lua, or rather a function of the program that it calls, does not come back.

#include "console_part.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

// How long after its deadline a source is given up, in microseconds.
enum { GRACE = 1000000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed;
static bool runs;
// What is watched now: nothing without an id.
static char id[LONGEST_ID + 1];
static uint64_t deadline;

static void *watch(void *unused) {
    (void)unused;
    pthread_mutex_lock(&lock);
    for (;;) {
        if (*id == 0) {
            pthread_cond_wait(&changed, &lock);
            continue;
        }
        uint64_t end = deadline + GRACE;
        if (now_microseconds() < end) {
            const struct timespec until = {(time_t)(end / 1000000), (long)(end % 1000000) * 1000};
            pthread_cond_timedwait(&changed, &lock, &until);
            continue;
        }
        char words[32 + LONGEST_ID];
        snprintf(words, sizeof words, "LUA-TAINTED %s", id);
        *id = 0;
        static const char text[] = "a function does not return";
        send_message(words, text, strlen(text), true);
    }
    return NULL;
}

static void start(void) {
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&changed, &attributes);
    sigset_t every, before;
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    pthread_t thread;
    // Without it the master still sees that no result comes.
    runs = pthread_create(&thread, NULL, watch, NULL) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (runs) {
        pthread_setname_np(thread, "portcullis-lua");
        pthread_detach(thread);
    }
}

void watch_begin(const struct session *session) {
    pthread_mutex_lock(&lock);
    if (!runs) start();
    strcpy(id, session->id);
    deadline = session->deadline;
    pthread_cond_signal(&changed);
    pthread_mutex_unlock(&lock);
}

void watch_end(void) {
    pthread_mutex_lock(&lock);
    *id = 0;
    pthread_mutex_unlock(&lock);
}
