// A signal stack for each thread, so that a stack that has overflowed leaves room for the handler.

#include "crash_part.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

// Enough for the handler, and for one of the program that asks for a signal stack. Pages that are not touched take no
// memory.
enum { SIGNAL_STACK_SIZE = 65536 };

// There with the address sanitizer, which gives each thread a signal stack, and unmaps at its end what is set then.
extern void __asan_init(void) __attribute__((weak));

static pthread_key_t stack_of_thread;
static pthread_once_t key_is_made = PTHREAD_ONCE_INIT;
static bool has_key;

// At the thread's end.
static void unmap(void *guard) {
    long page = sysconf(_SC_PAGESIZE);
    stack_t now;
    // A program that has set another one since: who knows where ours is known.
    if (sigaltstack(NULL, &now) < 0 || now.ss_sp != (char *)guard + page) return;
    const stack_t none = {.ss_flags = SS_DISABLE};
    if (sigaltstack(&none, NULL) == 0) munmap(guard, (size_t)page + SIGNAL_STACK_SIZE);
}

static void make_key(void) { has_key = pthread_key_create(&stack_of_thread, unmap) == 0; }

void signal_stack_begin(void) {
    if (__asan_init != NULL) return;
    stack_t now;
    if (sigaltstack(NULL, &now) < 0 || (now.ss_flags & SS_DISABLE) == 0) return;
    pthread_once(&key_is_made, make_key);
    if (!has_key) return;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
    char *guard = mmap(NULL, page + SIGNAL_STACK_SIZE, PROT_READ | PROT_WRITE, flags, -1, 0);
    // Without a signal stack only a stack overflow ends the process at once.
    if (guard == MAP_FAILED) return;
    const stack_t stack = {.ss_sp = guard + page, .ss_size = SIGNAL_STACK_SIZE};
    if (mprotect(guard, page, PROT_NONE) < 0 || sigaltstack(&stack, NULL) < 0) {
        munmap(guard, page + SIGNAL_STACK_SIZE);
        return;
    }
    if (pthread_setspecific(stack_of_thread, guard) != 0) {
        const stack_t none = {.ss_flags = SS_DISABLE};
        sigaltstack(&none, NULL);
        munmap(guard, page + SIGNAL_STACK_SIZE);
    }
}
