/** The crash part of libportcullis-worker: what a worker that crashes writes, and who reads it.
 *
 * A program does not call it. It is at work as soon as the library is loaded (linked with libportcullis-worker, or
 * libportcullis-crash.so by LD_PRELOAD) in a process whose environment has PORTCULLIS_CRASH_FD. In any other process it
 * does nothing.
 *
 * On SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP or SIGSYS the thread stops the other threads of the process,
 * lets any process trace it (PR_SET_PTRACER), writes one record to the descriptor, and waits 30 s by the monotonic
 * clock. Its stack stays as it was, so a debugger that attaches meanwhile shows the crashed frame with its variables.
 * Then the signal takes its default action.
 *
 * - A handler of the program has precedence: the pause is where the default action would be. Crash loggers get it after
 *   their handler: one that restores SIG_DFL and raises the signal again, one for once (SA_RESETHAND), and one of SIGABRT
 *   that returns to abort(). sigaction() says SIG_DFL where the pause is.
 * - These seven signals are never blocked: what the program passes to pthread_sigmask(), sigprocmask(), sigaction() and
 *   sigwait() and its kin is taken without them. The kernel kills a process whose fault is blocked.
 * - Each thread of pthread_create() and thrd_create(), and the main thread, has a signal stack of 64 KiB, unless it has
 *   set one itself: a stack overflow is a crash like any other.
 * - A child by fork() that crashes takes the default action, at once.
 * - A stack that has overflowed has a hundred thousand frames, which take gdb minutes: `set backtrace limit 100`.
 * - With the address sanitizer its own handlers and signal stacks stay; its report ends in abort(), which is the crash.
 *   Set abort_on_error=1 in ASAN_OPTIONS.
 */
#ifndef PORTCULLIS_CRASH_H
#define PORTCULLIS_CRASH_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The first four bytes of a record: "PCR1" as bytes on a little-endian machine. */
#define PORTCULLIS_CRASH_MAGIC 0x31524350u

/** How long a crashed process waits for a debugger, in seconds. */
#define PORTCULLIS_CRASH_PAUSE 30

/** Bits of `flags`. */
enum {
    /** The address of the fault is just beyond the stack pointer, so the stack has overflowed, most likely. */
    PORTCULLIS_CRASH_STACK_OVERFLOW = 1,
    /** The signal was sent by a process (kill, abort, raise) instead of the kernel; `sender` says which. */
    PORTCULLIS_CRASH_SENT = 2
};

/** Values of `machine`. */
enum { PORTCULLIS_MACHINE_X86_64 = 1, PORTCULLIS_MACHINE_AARCH64 = 2 };

/** One crash, as it is written to PORTCULLIS_CRASH_FD in one write, so it arrives as a whole or not at all.
 *
 * In the byte order of the machine. A reader takes a record with the right `magic`, a `size` of at least
 * sizeof(struct portcullis_crash) as the reader knows it, and a `pid` that is the worker's; later versions add members
 * at the end. A child that a worker has started may write a record of itself if LD_PRELOAD is in its environment and
 * LISTEN_PID is not: its `pid` tells.
 */
struct portcullis_crash {
    /** PORTCULLIS_CRASH_MAGIC. */
    uint32_t magic;
    /** The length of the record in bytes, at most PIPE_BUF (4,096). */
    uint32_t size;
    /** The process. */
    int32_t pid;
    /** The thread that crashed, as gettid() has it. Its number in a debugger is another one ("LWP" is this one). */
    int32_t thread;
    /** The signal's number, and si_code: what kind of fault, or who sent it. */
    int32_t signal;
    int32_t code;
    /** The process that sent the signal, with PORTCULLIS_CRASH_SENT; otherwise 0. */
    int32_t sender;
    /** Bits: PORTCULLIS_CRASH_STACK_OVERFLOW, PORTCULLIS_CRASH_SENT. */
    uint32_t flags;
    /** The address whose access failed (si_addr); 0 for a signal that was sent. */
    uint64_t address;
    /** Program counter and stack pointer at the signal. */
    uint64_t pc;
    uint64_t sp;
    /** When it was, in nanoseconds since 1970 (CLOCK_REALTIME). */
    int64_t at;
    /** Threads of the process, the crashed one included, and how many of the others had stopped when this was written:
     *  20 ms after the crash at the latest. A thread that has blocked all signals by a system call of its own, or hangs
     *  in the kernel, goes on. */
    uint32_t threads;
    uint32_t parked;
    /** Name of the crashed thread, ended by a zero byte. */
    char name[16];
    /** PORTCULLIS_MACHINE_X86_64: 23 registers as in gregset_t (REG_R8 …). PORTCULLIS_MACHINE_AARCH64: x0 to x30, sp,
     *  pc, pstate. 0: none. */
    uint32_t machine;
    uint32_t register_count;
    uint64_t registers[34];
};

#ifdef __cplusplus
}
#endif

#endif
