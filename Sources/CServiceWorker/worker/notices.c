// Notices to the master: sd_notify(3)'s datagrams.

#include "worker_part.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

// Where there is no master, notices succeed and go nowhere.
static int notices = -1;
static struct sockaddr_un master;
static socklen_t master_length;

// In microseconds; 0: no watchdog.
static uint64_t watchdog_time;
static _Atomic uint64_t last_sign;

// READY=1 has not arrived: the master was away for a moment.
static atomic_bool owes_ready;

int take_notices(const char *path, uint64_t watchdog) {
    if (path == NULL || *path == 0) return 0;
    size_t length = strlen(path);
    if (length >= sizeof master.sun_path || (*path != '/' && *path != '@')) return EINVAL;
    master.sun_family = AF_UNIX;
    memcpy(master.sun_path, path, length);
    if (*path == '@') master.sun_path[0] = 0;
    master_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    notices = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (notices < 0) return errno;
    watchdog_time = watchdog;
    return 0;
}

// wait: whether to wait up to a second for room in the master's queue.
static int send_notice(const char *text, bool wait) {
    if (notices < 0) return 0;
    uint64_t end = now_microseconds() + 1000000;
    for (;;) {
        // The address each time: the next master binds it anew.
        const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
        if (sendto(notices, text, strlen(text), flags, (struct sockaddr *)&master, master_length) >= 0) return 0;
        int error = errno;
        if (error != EINTR && (error != EAGAIN || !wait || now_microseconds() >= end)) return error;
        // A full queue of a datagram socket that is not connected is never announced.
        if (error == EAGAIN) poll(NULL, 0, 5);
    }
}

int portcullis_worker_ready(void) {
    int error = send_notice("READY=1", true);
    owes_ready = error != 0;
    return error;
}

void repeat_ready(void) {
    if (owes_ready && send_notice("READY=1", false) == 0) owes_ready = false;
}

int portcullis_worker_alive(void) {
    repeat_ready();
    if (watchdog_time == 0) return 0;
    uint64_t now = now_microseconds(), last = last_sign;
    // A quarter of the watchdog's time is half of the interval at which it is called.
    if (last != 0 && now - last < watchdog_time / 4) return 0;
    if (!atomic_compare_exchange_strong(&last_sign, &last, now)) return 0;
    int error = send_notice("WATCHDOG=1", false);
    // The next call tries again.
    if (error != 0) last_sign = last;
    return error;
}

unsigned portcullis_worker_alive_interval(void) { return (unsigned)(watchdog_time / 2000); }

int portcullis_worker_status(const char *text) {
    enum { LONGEST = 256 };
    char notice[sizeof "STATUS=" + LONGEST] = "STATUS=";
    size_t start = strlen(notice), length = strnlen(text, LONGEST + 1);
    if (length > LONGEST) length = whole_characters(text, LONGEST);
    for (size_t index = 0; index < length; index++)
        notice[start + index] = text[index] == '\n' || text[index] == '\r' ? ' ' : text[index];
    notice[start + length] = 0;
    return send_notice(notice, false);
}

int portcullis_worker_reloading(void) {
    char notice[64];
    snprintf(notice, sizeof notice, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_microseconds());
    return send_notice(notice, true);
}

int portcullis_worker_stopping(void) { return send_notice("STOPPING=1", true); }
