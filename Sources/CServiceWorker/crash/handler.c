// Takes the crash signals, and what happens on one of them. In the handler everything is async-signal-safe: the heap
// may be locked or broken, and any lock may be held.

#include "crash_part.h"

#include "portcullis/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

_Static_assert(sizeof(struct portcullis_crash) <= PIPE_BUF, "a longer record is not written as a whole");

// The write end of the master's pipe. Whoever closes all descriptors and opens others may give its number to a file, so
// the pipe is known by its inode.
static int crash_pipe = -1;
static dev_t crash_pipe_device;
static ino_t crash_pipe_inode;

// The process that the crash part is at work in. A child by fork() is another one.
static pid_t worker;

// The thread that crashed first; 0: none yet.
static atomic_int crashed_thread;

bool is_crash_signal(int signal) {
    static const int signals[] = CRASH_SIGNALS;
    for (size_t index = 0; index < sizeof signals / sizeof *signals; index++)
        if (signals[index] == signal) return true;
    return false;
}

struct sigaction crash_disposition(void) {
    struct sigaction disposition = {.sa_flags = SA_SIGINFO | SA_ONSTACK};
    disposition.sa_sigaction = crash_handler;
    sigfillset(&disposition.sa_mask);
    return disposition;
}

// A decimal number that is the whole text, or -1.
static long number(const char *text) {
    if (text == NULL || *text < '0' || *text > '9') return -1;
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    return errno == 0 && *end == 0 && value <= INT_MAX ? value : -1;
}

// The descriptor of the environment, or -1 where there is none, or where it is meant for another process: the worker
// may have started this one.
static int descriptor_of_environment(void) {
    const char *listener = getenv("LISTEN_PID");
    if (listener != NULL && number(listener) != getpid()) return -1;
    return (int)number(getenv("PORTCULLIS_CRASH_FD"));
}

static bool take_pipe(int descriptor) {
    struct stat status;
    if (descriptor < 0 || fstat(descriptor, &status) < 0 || !S_ISFIFO(status.st_mode)) return false;
    int flags = fcntl(descriptor, F_GETFL);
    // A full pipe must not stop the handler.
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0) return false;
    crash_pipe = descriptor;
    crash_pipe_device = status.st_dev;
    crash_pipe_inode = status.st_ino;
    return true;
}

bool crash_begin(void) {
    // 0: not yet, 1: begun by a call that has not returned, 2: taken, 3: not wanted.
    static atomic_int stage;
    int none = 0;
    if (!atomic_compare_exchange_strong(&stage, &none, 1)) return none == 2;
    if (!take_pipe(descriptor_of_environment())) {
        stage = 3;
        return false;
    }
    worker = getpid();
    struct sigaction disposition = crash_disposition();
    static const int signals[] = CRASH_SIGNALS;
    for (size_t index = 0; index < sizeof signals / sizeof *signals; index++) {
        struct sigaction before;
        // Whoever came first has a reason: a sanitizer, a runtime.
        if (libc_sigaction(signals[index], NULL, &before) < 0) continue;
        if ((before.sa_flags & SA_SIGINFO) == 0 && (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN))
            libc_sigaction(signals[index], &disposition, NULL);
    }
    stage = 2;
    signal_stack_begin();
    return true;
}

__attribute__((constructor)) static void begin_when_loaded(void) { crash_begin(); }

void crash_close_on_exec(void) {
    if (crash_pipe >= 0) fcntl(crash_pipe, F_SETFD, FD_CLOEXEC);
}

// Gives the signal its default action, which ends the process.
static _Noreturn void end_by(int signal) {
    struct sigaction disposition = {.sa_handler = SIG_DFL};
    sigemptyset(&disposition.sa_mask);
    libc_sigaction(signal, &disposition, NULL);
    // The kernel's own set of 64 signals: the C library's function may be a sanitizer's.
    unsigned long long set = 1ull << (signal - 1);
    pid_t process = (pid_t)syscall(SYS_getpid);
    syscall(SYS_tgkill, process, (pid_t)syscall(SYS_gettid), signal);
    syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, &set, NULL, sizeof set);
    // Where the signal cannot end a process (the first one of a container), its end is told as a shell would tell it.
    for (;;) syscall(SYS_exit_group, 128 + signal);
}

static void take_registers(struct portcullis_crash *record, const ucontext_t *context) {
#if defined(__x86_64__)
    record->machine = PORTCULLIS_MACHINE_X86_64;
    record->register_count = NGREG;
    for (int index = 0; index < NGREG; index++) record->registers[index] = (uint64_t)context->uc_mcontext.gregs[index];
    record->pc = (uint64_t)context->uc_mcontext.gregs[REG_RIP];
    record->sp = (uint64_t)context->uc_mcontext.gregs[REG_RSP];
#elif defined(__aarch64__)
    record->machine = PORTCULLIS_MACHINE_AARCH64;
    record->register_count = 34;
    for (int index = 0; index < 31; index++) record->registers[index] = context->uc_mcontext.regs[index];
    record->registers[31] = context->uc_mcontext.sp;
    record->registers[32] = context->uc_mcontext.pc;
    record->registers[33] = context->uc_mcontext.pstate;
    record->pc = context->uc_mcontext.pc;
    record->sp = context->uc_mcontext.sp;
#endif
}

// A signal that the program still leaves to the crash part stops the other threads: a handler of the program would not.
static int signal_that_parks(void) {
    static const int signals[] = {SIGSYS, SIGTRAP, SIGABRT, SIGILL, SIGFPE, SIGBUS, SIGSEGV};
    for (size_t index = 0; index < sizeof signals / sizeof *signals; index++) {
        struct sigaction now;
        if (libc_sigaction(signals[index], NULL, &now) == 0 && now.sa_sigaction == crash_handler) return signals[index];
    }
    return 0;
}

// Returns whether somebody will read the record.
static bool hand_over(const struct portcullis_crash *record) {
    struct stat status;
    if (fstat(crash_pipe, &status) < 0) return false;
    if (status.st_dev != crash_pipe_device || status.st_ino != crash_pipe_inode) return false;
    ssize_t count;
    do count = syscall(SYS_write, crash_pipe, record, sizeof *record);
    while (count < 0 && errno == EINTR);
    return count == (ssize_t)sizeof *record;
}

void crash_handler(int signal, siginfo_t *info, void *context) {
    pid_t process = (pid_t)syscall(SYS_getpid);
    if (process != worker) end_by(signal);
    pid_t thread = (pid_t)syscall(SYS_gettid);
    int none = 0;
    // The signal of the first thread that crashes, or a crash of a second one.
    if (!atomic_compare_exchange_strong(&crashed_thread, &none, thread)) park_this_thread();

    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += PORTCULLIS_CRASH_PAUSE;

    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct portcullis_crash record = {
        .magic = PORTCULLIS_CRASH_MAGIC,
        .size = sizeof record,
        .pid = process,
        .thread = thread,
        .signal = signal,
        .code = info->si_code,
        .at = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec,
    };
    take_registers(&record, context);
    if (info->si_code <= 0) {
        record.flags |= PORTCULLIS_CRASH_SENT;
        record.sender = info->si_pid;
    } else {
        record.address = (uint64_t)(uintptr_t)info->si_addr;
        // A frame larger than this is rare; a call pushes its return address just below.
        if (signal == SIGSEGV && record.address - (record.sp - 65536) < 65536 + 4096)
            record.flags |= PORTCULLIS_CRASH_STACK_OVERFLOW;
    }
    prctl(PR_GET_NAME, record.name);
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    int parking = signal_that_parks();
    record.threads = park_other_threads(process, thread, parking, &record.parked);

    if (hand_over(&record))
        while (syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &end, NULL) < 0 && errno == EINTR) {}
    end_by(signal);
}
