// A worker that knows nothing of Portcullis but the crash part, and crashes in the way that its first argument names.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static const char *kind;
static atomic_int running;

static void say(const char *text) {
    if (write(STDOUT_FILENO, text, strlen(text)) < 0) _exit(3);
}

static volatile int *volatile nowhere = (int *)16;
static volatile int zero;

__attribute__((noinline)) static int overflow(int depth) {
    volatile char frame[512];
    frame[0] = (char)depth;
    return depth >= 0 ? overflow(depth + 1) + frame[0] : 0;
}

static void free_twice(void) {
    char *volatile block = malloc(4000);
    char *volatile fence = malloc(4000);
    free(block);
    memset(block - 16, 0x41, 64);
    free(fence);
    free(block);
    for (int count = 0; count < 100; count++) free(malloc(100000));
}

// What a debugger must find: this frame, and its variables.
__attribute__((noinline)) static int crash_here(int answer, const char *label) {
    struct { int x, y; } point = {answer + 1, answer + 2};
    if (strcmp(kind, "segv") == 0) *nowhere = point.x;
    if (strcmp(kind, "fpe") == 0) return answer / zero;
    if (strcmp(kind, "ill") == 0) __builtin_trap();
    if (strcmp(kind, "trap") == 0) raise(SIGTRAP);
    if (strcmp(kind, "abort") == 0) abort();
    if (strcmp(kind, "overflow") == 0) return overflow(0);
    if (strcmp(kind, "heap") == 0) free_twice();
    if (strcmp(kind, "sys") == 0) syscall(SYS_tgkill, getpid(), (pid_t)syscall(SYS_gettid), SIGSYS);
    if (strcmp(kind, "bus") == 0) {
        int file = memfd_create("short", 0);
        volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
        return page[0];
    }
    return point.y + (int)strlen(label);
}

static void wait_for_threads(int count) {
    while (running < count) usleep(1000);
}

static void *crash_in_thread(void *label) {
    running++;
    crash_here(42, label);
    return NULL;
}

static int crash_in_c11_thread(void *label) { return crash_here(42, label); }

static void *spin(void *unused) {
    (void)unused;
    running++;
    for (volatile unsigned count = 0;; count++) {}
    return NULL;
}

static void *sleep_for_ever(void *unused) {
    (void)unused;
    running++;
    for (;;) pause();
    return NULL;
}

// As programs do that handle signals in a thread.
static void *wait_for_signals(void *unused) {
    (void)unused;
    sigset_t all;
    sigfillset(&all);
    running++;
    for (;;) {
        int signal;
        if (sigwait(&all, &signal) == 0) say("taken by sigwait\n");
    }
    return NULL;
}

static void *block_signals(void *unused) {
    (void)unused;
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, NULL);
    running++;
    for (;;) pause();
    return NULL;
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *wait_for_lock(void *unused) {
    (void)unused;
    running++;
    pthread_mutex_lock(&lock);
    return NULL;
}

static void *count_time(void *unused) {
    (void)unused;
    running++;
    for (;;) {
        usleep(10000);
        say(".");
    }
    return NULL;
}

static void begin(void *(*function)(void *), void *argument) {
    pthread_t thread;
    if (pthread_create(&thread, NULL, function, argument) != 0) _exit(4);
}

// A thread of whoever came before the library: it bypasses pthread_create of the library.
static void begin_unseen(void *(*function)(void *), void *argument) {
    void *library = dlopen("libc.so.6", RTLD_NOW);
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
        (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))(uintptr_t)dlsym(library, "pthread_create");
    pthread_t thread;
    if (create(&thread, NULL, function, argument) != 0) _exit(4);
}

static void crash_in_handler(int signal) {
    (void)signal;
    kind = "segv";
    crash_here(42, "handler");
}

static sigjmp_buf recovered;
static void recover(int signal) {
    (void)signal;
    siglongjmp(recovered, 1);
}

static void log_and_raise(int number) {
    say("own handler\n");
    signal(number, SIG_DFL);
    raise(number);
}

static void log_once(int number) {
    (void)number;
    say("own handler\n");
}

static void stay(void) {
    say("staying\n");
    for (;;) pause();
}

int main(int count, char **arguments) {
    kind = count > 1 ? arguments[1] : "";
    const char *how = count > 2 ? arguments[2] : "main";
    say("started\n");
    if (strcmp(how, "main") == 0) {
        crash_here(42, "gateway");
    } else if (strcmp(how, "thread") == 0) {
        begin(crash_in_thread, "gateway");
        stay();
    } else if (strcmp(how, "c11-thread") == 0) {
        thrd_t thread;
        thrd_create(&thread, crash_in_c11_thread, "gateway");
        stay();
    } else if (strcmp(how, "unseen-thread") == 0) {
        begin_unseen(crash_in_thread, "gateway");
        stay();
    } else if (strcmp(how, "nine") == 0) {
        pthread_mutex_lock(&lock);
        begin(spin, NULL);
        begin(spin, NULL);
        begin(sleep_for_ever, NULL);
        begin(wait_for_signals, NULL);
        begin(block_signals, NULL);
        begin(wait_for_lock, NULL);
        begin(count_time, NULL);
        begin_unseen(sleep_for_ever, NULL);
        wait_for_threads(8);
        crash_here(42, "gateway");
    } else if (strcmp(how, "together") == 0) {
        for (int index = 0; index < 8; index++) begin(crash_in_thread, "gateway");
        stay();
    } else if (strcmp(how, "handler") == 0) {
        struct sigaction action = {.sa_handler = crash_in_handler};
        sigfillset(&action.sa_mask);
        sigaction(SIGTERM, &action, NULL);
        raise(SIGTERM);
    } else if (strcmp(how, "blocked") == 0) {
        sigset_t all;
        sigfillset(&all);
        sigprocmask(SIG_SETMASK, &all, NULL);
        crash_here(42, "gateway");
    } else if (strcmp(how, "recover") == 0) {
        signal(SIGSEGV, recover);
        if (sigsetjmp(recovered, 1) == 0) crash_here(42, "gateway");
        say("recovered\n");
        stay();
    } else if (strcmp(how, "logger") == 0) {
        if (signal(SIGSEGV, log_and_raise) != SIG_DFL) _exit(5);
        crash_here(42, "gateway");
    } else if (strcmp(how, "logger-once") == 0) {
        const struct sigaction once = {.sa_handler = log_once, .sa_flags = (int)SA_RESETHAND};
        struct sigaction before, now;
        if (sigaction(SIGSEGV, &once, &before) < 0 || before.sa_handler != SIG_DFL) return 10;
        if (sigaction(SIGSEGV, NULL, &now) < 0 || now.sa_handler != log_once || now.sa_flags != once.sa_flags) return 11;
        if (sigaction(SIGSEGV, &now, &before) < 0 || before.sa_handler != log_once) return 12;
        crash_here(42, "gateway");
    } else if (strcmp(how, "logger-that-returns") == 0) {
        signal(SIGABRT, log_once);
        crash_here(42, "gateway");
    } else if (strcmp(how, "fork") == 0) {
        pid_t child = fork();
        if (child == 0) {
            crash_here(42, "child");
            _exit(0);
        }
        int status;
        waitpid(child, &status, 0);
        printf("child ended by %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        fflush(stdout);
        stay();
    } else if (strcmp(how, "exec") == 0) {
        execl("/proc/self/exe", arguments[0], kind, "main", NULL);
    } else if (strcmp(how, "child-program") == 0) {
        pid_t child = fork();
        if (child == 0) execl("/proc/self/exe", arguments[0], kind, "main", NULL);
        int status;
        waitpid(child, &status, 0);
        printf("child ended by %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        fflush(stdout);
        stay();
    } else if (strcmp(how, "full-table") == 0) {
        while (open("/dev/null", O_RDONLY) >= 0) {}
        if (errno != EMFILE) _exit(6);
        begin(sleep_for_ever, NULL);
        wait_for_threads(1);
        crash_here(42, "gateway");
    } else if (strcmp(how, "reused-descriptor") == 0) {
        // Closes everything, as a daemon of old does, and opens a file under the number of the pipe.
        int pipe = atoi(getenv("PORTCULLIS_CRASH_FD"));
        for (int descriptor = 3; descriptor < 64; descriptor++) close(descriptor);
        int file = open(arguments[3], O_WRONLY | O_CREAT, 0600);
        dup2(file, pipe);
        crash_here(42, "gateway");
    } else if (strcmp(how, "many-threads") == 0) {
        for (int index = 0; index < 500; index++) begin(sleep_for_ever, NULL);
        wait_for_threads(500);
        crash_here(42, "gateway");
    } else if (strcmp(how, "threads-that-end") == 0) {
        for (int round = 0; round < 5000; round++) {
            pthread_t thread;
            if (pthread_create(&thread, NULL, (void *(*)(void *))(uintptr_t)getpid, NULL) != 0) _exit(7);
            pthread_join(thread, NULL);
        }
        FILE *status = fopen("/proc/self/maps", "r");
        int lines = 0;
        for (int byte; (byte = getc(status)) != EOF;) lines += byte == '\n';
        printf("%d mappings\n", lines);
        fflush(stdout);
        stay();
    }
    say("nothing happened\n");
    return 9;
}
