// Takes what the master has left in the environment.

#include "worker_part.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool begun, managed;
static int worker_number;
static char *service, *directory, *config;

bool has_begun(void) { return begun; }
bool portcullis_worker_is_managed(void) { return managed; }
int portcullis_worker_number(void) { return worker_number; }
const char *portcullis_worker_service(void) { return service; }
const char *portcullis_worker_directory(void) { return directory; }
const char *portcullis_worker_config_path(void) { return config; }

// Reads a variable that is a decimal number up to `most`. Returns whether it is absent or such a number.
static bool read_number(const char *name, unsigned long long most, unsigned long long *value) {
    const char *text = getenv(name);
    if (text == NULL) return true;
    if (*text < '0' || *text > '9') return false;
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || *end != 0 || number > most) return false;
    *value = number;
    return true;
}

static bool copy_variable(const char *name, char **copy) {
    const char *text = getenv(name);
    if (text == NULL || *text == 0) return true;
    *copy = strdup(text);
    return *copy != NULL;
}

static int take_environment(void) {
    const unsigned long long own = (unsigned long long)getpid(), none = ULLONG_MAX;
    unsigned long long listener = own, watched = own, sockets = 0, watchdog = 0, number = 0;
    unsigned long long crash = none, control = none;
    if (!read_number("LISTEN_PID", INT_MAX, &listener) || !read_number("LISTEN_FDS", 65536, &sockets) ||
        !read_number("WATCHDOG_PID", INT_MAX, &watched) || !read_number("WATCHDOG_USEC", 86400000000, &watchdog) ||
        !read_number("PORTCULLIS_WORKER", 64, &number) || !read_number("PORTCULLIS_CRASH_FD", INT_MAX, &crash) ||
        !read_number("PORTCULLIS_CONTROL_FD", INT_MAX, &control))
        return EINVAL;
    // Of whoever has started this process as a child.
    if (listener != own) return 0;
    if (!copy_variable("PORTCULLIS_SERVICE", &service) || !copy_variable("PORTCULLIS_DIRECTORY", &directory) ||
        !copy_variable("PORTCULLIS_CONFIG", &config))
        return ENOMEM;
    worker_number = (int)number;
    managed = service != NULL;
    int error = take_sockets((int)sockets, getenv("LISTEN_FDNAMES"));
    if (error == 0) error = take_notices(getenv("NOTIFY_SOCKET"), watched == own ? watchdog : 0);
    if (error == 0 && control != none) error = take_control((int)control);
    if (crash != none) crash_close_on_exec();
    return error;
}

int portcullis_worker_begin(void) {
    if (begun) return EALREADY;
    begun = true;
    int error = take_environment();
    static const char *const taken[] = {"LISTEN_FDS",    "LISTEN_PID",   "LISTEN_FDNAMES",      "NOTIFY_SOCKET",
                                        "WATCHDOG_USEC", "WATCHDOG_PID", "PORTCULLIS_CRASH_FD", "PORTCULLIS_CONTROL_FD"};
    for (size_t index = 0; index < sizeof taken / sizeof *taken; index++) unsetenv(taken[index]);
    return error;
}
