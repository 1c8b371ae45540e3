/** libportcullis-worker: what a service may say to its master, and what it gets from it.
 *
 * A program that uses none of it runs under Portcullis all the same; docs/services.md says what each part is good for.
 * A program that uses it runs without Portcullis, too: then there are no sockets and no configuration, and notices go
 * nowhere.
 *
 *     int main(void) {
 *         portcullis_worker_on_config(read_configuration, NULL);
 *         portcullis_worker_begin();
 *         const int *sockets;
 *         size_t count = portcullis_worker_sockets("http", &sockets);
 *         // ... add them and portcullis_worker_descriptor() to the event loop ...
 *         portcullis_worker_ready();
 *     }
 *
 * Functions that return `int` return 0, or the number of an error (EINVAL …), unless they say otherwise. Text is UTF-8
 * and ends with a zero byte. Texts and arrays that are returned belong to the library, and stay as they are.
 *
 * Threads: what begins with "on_", lua_register and begin belong into one thread, before others exist, since begin()
 * changes the environment. Everything else may be called by any thread; dispatch() by one at a time. Nothing may be
 * called in a signal handler or in a child by fork().
 */
#ifndef PORTCULLIS_WORKER_H
#define PORTCULLIS_WORKER_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The version of this header. */
#define PORTCULLIS_WORKER_VERSION "1.0.0"

/* ---- Beginning ---- */

/** Takes what the master left in the environment, and tells it that the library is there.
 *
 * Sockets and the control socket are closed on exec from then on, and LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES,
 * NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, PORTCULLIS_CRASH_FD and PORTCULLIS_CONTROL_FD are removed, so that
 * programs which this one starts do not take them for theirs. PORTCULLIS_SERVICE, PORTCULLIS_DIRECTORY,
 * PORTCULLIS_CONFIG and PORTCULLIS_WORKER stay. Variables for another process (LISTEN_PID, WATCHDOG_PID) count as
 * absent.
 *
 * Returns 0, also without a master; EALREADY the second time; EINVAL if a variable is malformed or names a descriptor
 * that is not there, and then the program had better end; ENOMEM.
 */
int portcullis_worker_begin(void);

/** Whether a master has started this process. */
bool portcullis_worker_is_managed(void);

/** The number of this worker, from 1 on. 0: the service has one process, the program itself, or there is no master. */
int portcullis_worker_number(void);

/** The service's name, as `tg.1`; NULL without a master. */
const char *portcullis_worker_service(void);

/** The service's directory, which outlives its versions; NULL without a master. */
const char *portcullis_worker_directory(void);

/** The path of the configuration file; NULL where the service has none. */
const char *portcullis_worker_config_path(void);

/* ---- Sockets ---- */

/** The sockets of one name of `listen`, bound, TCP ones listening; in the order of their ports.
 *
 * name: NULL for all sockets. descriptors: gets the array; may be NULL. Returns their number, 0 if there is none of the
 * name. The master keeps them open: do not shut them down, and set O_NONBLOCK as the program needs it.
 */
size_t portcullis_worker_sockets(const char *name, const int **descriptors);

/* ---- Notices ---- */

/** The worker serves. Say it once everything is set up: until then no other worker is taken away for this one. */
int portcullis_worker_ready(void);

/** A sign of life. With `watchdog`, a worker that gives none for that time is dumped and replaced.
 *
 * Cheap, so it may be called in each round of a loop: at most one notice goes out in half an interval. Call it where
 * the program does its work. A thread that only calls this proves nothing.
 */
int portcullis_worker_alive(void);

/** How often to call alive(), in milliseconds: half of the watchdog's time. 0: there is no watchdog. */
unsigned portcullis_worker_alive_interval(void);

/** A line for people, shown with the worker: "312 devices". Text is cut at 256 bytes; a line break becomes a space. */
int portcullis_worker_status(const char *text);

/** The worker reads its configuration anew after a signal; ready() says that it has done so. */
int portcullis_worker_reloading(void);

/** The worker has begun to end by itself. */
int portcullis_worker_stopping(void);

/* ---- Control ---- */

/** Takes a configuration that has changed. Called by dispatch().
 *
 * path: of the file, complete already. Returns 0 if it is in use now. Otherwise the service goes on as before, and the
 * first `size` - 1 bytes that were written to `problem` are shown to the operator: name the line and what is wrong with
 * it.
 */
typedef int (*portcullis_config_handler)(const char *path, char *problem, size_t size, void *context);

/** Has changes of the configuration announced by a message, instead of a signal or a restart.
 *
 * Before begin(): EBUSY after it.
 */
int portcullis_worker_on_config(portcullis_config_handler handler, void *context);

/** The worker is to end: finish what is begun, then exit. Called by dispatch(). */
typedef void (*portcullis_stop_handler)(void *context);

/** Before begin(): EBUSY after it. The stop signal comes as well. */
int portcullis_worker_on_stop(portcullis_stop_handler handler, void *context);

/** A descriptor that is readable (POLLIN) when dispatch() has something to do. It stays the same for the process's
 *  life, also when the master is gone. -1 without a master. */
int portcullis_worker_descriptor(void);

/** Does what the master asks for: calls the handlers, and runs the console's Lua. Never waits for a message.
 *
 * Lua runs in the thread that calls this, for as long as the session allows (at most 10 s, usually 1 s), so functions
 * that the program has registered may use its data without a lock. It takes up to 512 KiB of the thread's stack.
 * Returns 0; EALREADY if another thread is in it.
 */
int portcullis_worker_dispatch(void);

/** For programs without an event loop: a thread that calls dispatch() from now on.
 *
 * Handlers and Lua run in it, so they need locks for what other threads use. Returns an error of pthread_create();
 * EALREADY the second time.
 */
int portcullis_worker_run_thread(void);

/* ---- Lua ---- */

struct lua_State;

/** Gives the console a function of the program, as a global variable.
 *
 * function: a lua_CFunction of Lua 5.4. It gets another state in each session. What it does is not subject to the
 * limits of the console: one that does not return in time has the worker replaced. `name` is a name of Lua, at most 63
 * bytes. Returns EINVAL for another name, EEXIST for one that is taken, by Lua too; EBUSY after begin().
 */
int portcullis_worker_lua_register(const char *name, int (*function)(struct lua_State *));

/** As portcullis_worker_lua_register(), for languages that cannot call Lua's functions.
 *
 * function: gets its arguments as text (tostring() of each), and returns text made by malloc(), which the library
 * frees, or NULL for nil.
 */
int portcullis_worker_lua_register_text(
    const char *name, char *(*function)(size_t count, const char *const *arguments, void *context), void *context);

#ifdef __cplusplus
}
#endif

#endif
