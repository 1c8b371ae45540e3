// Functions of the C library that the program calls here first: those that make threads, and those that could keep a
// crash signal from its handler. Where the crash part is not at work they are the C library's, and nothing else.

#include "crash_part.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>
#include <time.h>

// FUNCTIONS(x): x(index, type of a pointer to it, name).
#define FUNCTIONS(x)                                                                                                   \
    x(PTHREAD_CREATE, int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *), pthread_create)         \
    x(THRD_CREATE, int (*)(thrd_t *, thrd_start_t, void *), thrd_create)                                               \
    x(SIGACTION, int (*)(int, const struct sigaction *, struct sigaction *), sigaction)                                \
    x(SIGNAL, sighandler_t (*)(int, sighandler_t), signal)                                                             \
    x(ABORT, void (*)(void), abort)                                                                                    \
    x(PTHREAD_SIGMASK, int (*)(int, const sigset_t *, sigset_t *), pthread_sigmask)                                    \
    x(SIGPROCMASK, int (*)(int, const sigset_t *, sigset_t *), sigprocmask)                                            \
    x(SIGWAIT, int (*)(const sigset_t *, int *), sigwait)                                                              \
    x(SIGWAITINFO, int (*)(const sigset_t *, siginfo_t *), sigwaitinfo)                                                \
    x(SIGTIMEDWAIT, int (*)(const sigset_t *, siginfo_t *, const struct timespec *), sigtimedwait)

#define INDEX(index, type, name) index,
#define TYPE(index, type, name) typedef __typeof__(type) index##_FUNCTION;
#define NAME(index, type, name) #name,

enum function { FUNCTIONS(INDEX) FUNCTION_COUNT };
FUNCTIONS(TYPE)
static const char *const names[] = {FUNCTIONS(NAME)};
static void *_Atomic functions[FUNCTION_COUNT];

// The function of the name that comes after this library: the C library's, or a sanitizer's.
static void *next(enum function index) {
    void *function = atomic_load_explicit(&functions[index], memory_order_acquire);
    if (function == NULL) {
        function = dlsym(RTLD_NEXT, names[index]);
        if (function == NULL) __builtin_trap();
        atomic_store_explicit(&functions[index], function, memory_order_release);
    }
    return function;
}

#define NEXT(index) ((index##_FUNCTION)(uintptr_t)next(index))

// Some of them may be called in a signal handler, where nothing can be looked up.
__attribute__((constructor)) static void look_up(void) {
    for (int index = 0; index < FUNCTION_COUNT; index++) next((enum function)index);
}

// The set without the crash signals; NULL stays NULL.
static const sigset_t *without_crash_signals(const sigset_t *set, sigset_t *room) {
    if (set == NULL || !crash_begin()) return set;
    static const int signals[] = CRASH_SIGNALS;
    *room = *set;
    for (size_t index = 0; index < sizeof signals / sizeof *signals; index++) sigdelset(room, signals[index]);
    return room;
}

// MARK: threads

// What a new thread is to call. It is the C library's heap: the thread frees it.
struct beginning {
    void *(*posix)(void *);
    int (*c11)(void *);
    void *argument;
};

static void *begin_posix(void *pointer) {
    struct beginning beginning = *(struct beginning *)pointer;
    free(pointer);
    signal_stack_begin();
    return beginning.posix(beginning.argument);
}

static int begin_c11(void *pointer) {
    struct beginning beginning = *(struct beginning *)pointer;
    free(pointer);
    signal_stack_begin();
    return beginning.c11(beginning.argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*function)(void *), void *argument) {
    if (!crash_begin()) return NEXT(PTHREAD_CREATE)(thread, attributes, function, argument);
    struct beginning *beginning = malloc(sizeof *beginning);
    if (beginning == NULL) return EAGAIN;
    *beginning = (struct beginning){.posix = function, .argument = argument};
    int error = NEXT(PTHREAD_CREATE)(thread, attributes, begin_posix, beginning);
    if (error != 0) free(beginning);
    return error;
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument) {
    if (!crash_begin()) return NEXT(THRD_CREATE)(thread, function, argument);
    struct beginning *beginning = malloc(sizeof *beginning);
    if (beginning == NULL) return thrd_nomem;
    *beginning = (struct beginning){.c11 = function, .argument = argument};
    int result = NEXT(THRD_CREATE)(thread, begin_c11, beginning);
    if (result != thrd_success) free(beginning);
    return result;
}

// MARK: dispositions

int libc_sigaction(int signal, const struct sigaction *new, struct sigaction *old) {
    return NEXT(SIGACTION)(signal, new, old);
}

// What the program has set for crash signals with SA_RESETHAND, by the signal's number.
static struct sigaction set_for_once[_NSIG];

// In the place of a handler for once: the kernel would reset the signal to SIG_DFL, and not to the pause.
static void handle_once(int signal, siginfo_t *info, void *context) {
    struct sigaction own = set_for_once[signal], pause = crash_disposition();
    libc_sigaction(signal, &pause, NULL);
    if ((own.sa_flags & SA_SIGINFO) != 0) own.sa_sigaction(signal, info, context);
    else own.sa_handler(signal);
}

// What takes the place of a disposition that the program sets for a crash signal.
static struct sigaction replaced(int signal, const struct sigaction *new) {
    bool has_handler = (new->sa_flags & SA_SIGINFO) != 0 || (new->sa_handler != SIG_DFL && new->sa_handler != SIG_IGN);
    // The default action of a crash signal is the pause.
    if (!has_handler && new->sa_handler == SIG_DFL) return crash_disposition();
    struct sigaction changed = *new;
    if (has_handler && (new->sa_flags & (int)SA_RESETHAND) != 0) {
        set_for_once[signal] = *new;
        changed.sa_flags = (new->sa_flags & ~(int)SA_RESETHAND) | SA_SIGINFO;
        changed.sa_sigaction = handle_once;
    }
    return changed;
}

int sigaction(int signal, const struct sigaction *new, struct sigaction *old) {
    if (!crash_begin()) return libc_sigaction(signal, new, old);
    bool is_crash = is_crash_signal(signal);
    // Before another one is put there.
    struct sigaction once = {.sa_flags = 0};
    if (is_crash) once = set_for_once[signal];
    struct sigaction changed;
    if (new != NULL) {
        changed = is_crash ? replaced(signal, new) : *new;
        if (changed.sa_sigaction != crash_handler) without_crash_signals(&new->sa_mask, &changed.sa_mask);
        new = &changed;
    }
    int result = libc_sigaction(signal, new, old);
    if (result != 0 || old == NULL || !is_crash) return result;
    if (old->sa_sigaction == handle_once) *old = once;
    if (old->sa_sigaction == crash_handler) {
        *old = (struct sigaction){.sa_handler = SIG_DFL};
        sigemptyset(&old->sa_mask);
    }
    return result;
}

sighandler_t signal(int signal, sighandler_t handler) {
    if (!crash_begin()) return NEXT(SIGNAL)(signal, handler);
    struct sigaction new = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
    sigemptyset(&new.sa_mask);
    sigaddset(&new.sa_mask, signal);
    return sigaction(signal, &new, &old) < 0 ? SIG_ERR : old.sa_handler;
}

// The C library's takes the default action by itself if a handler of the program returns.
_Noreturn void abort(void) {
    if (crash_begin()) {
        raise(SIGABRT);
        struct sigaction pause = crash_disposition();
        libc_sigaction(SIGABRT, &pause, NULL);
        raise(SIGABRT);
    }
    NEXT(ABORT)();
    __builtin_trap();
}

// MARK: masks

int pthread_sigmask(int how, const sigset_t *set, sigset_t *old) {
    sigset_t room;
    const sigset_t *wanted = how == SIG_UNBLOCK ? set : without_crash_signals(set, &room);
    return NEXT(PTHREAD_SIGMASK)(how, wanted, old);
}

int sigprocmask(int how, const sigset_t *set, sigset_t *old) {
    sigset_t room;
    const sigset_t *wanted = how == SIG_UNBLOCK ? set : without_crash_signals(set, &room);
    return NEXT(SIGPROCMASK)(how, wanted, old);
}

// A thread that waits for a signal takes it without a handler.
int sigwait(const sigset_t *set, int *signal) {
    sigset_t room;
    return NEXT(SIGWAIT)(without_crash_signals(set, &room), signal);
}

int sigwaitinfo(const sigset_t *set, siginfo_t *info) {
    sigset_t room;
    return NEXT(SIGWAITINFO)(without_crash_signals(set, &room), info);
}

int sigtimedwait(const sigset_t *set, siginfo_t *info, const struct timespec *timeout) {
    sigset_t room;
    return NEXT(SIGTIMEDWAIT)(without_crash_signals(set, &room), info, timeout);
}
