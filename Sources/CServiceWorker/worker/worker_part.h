// What the files of the worker's side share. portcullis/worker.h is what programs see.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "portcullis/worker.h"

#include <stdint.h>
#include <sys/types.h>

#define INTERNAL __attribute__((visibility("hidden")))

// A message of the control socket has at most so many bytes, in both directions.
enum { LONGEST_MESSAGE = 65536 };

// begin.c: whether portcullis_worker_begin() was called.
INTERNAL bool has_begun(void);

// sockets.c: takes the descriptors from 3 on. names: joined by ":". Returns an error.
INTERNAL int take_sockets(int count, const char *names);

// notices.c: path of the master's socket, and the time without a sign of life, in microseconds; 0: none.
INTERNAL int take_notices(const char *path, uint64_t watchdog);

// Sends READY=1 again if the master could not be reached.
INTERNAL void repeat_ready(void);

// control.c: takes the descriptor and says HELLO.
INTERNAL int take_control(int descriptor);

// Sends one message: its words, joined by spaces, then the text. Waits up to a second for room if it must arrive.
INTERNAL int send_message(const char *words, const char *text, size_t length, bool must_arrive);

// text.c: how much of a text there is without a character at its end that is cut off.
INTERNAL size_t whole_characters(const char *text, size_t length);

// clock.c: CLOCK_MONOTONIC in microseconds.
INTERNAL uint64_t now_microseconds(void);

// Has the descriptor of dispatch() become readable at that time of now_microseconds(); 0: never.
INTERNAL void wake_dispatch_at(uint64_t time);

// lua/console.c: a message that begins with LUA-. A zero byte follows it.
INTERNAL void console_message(const char *text, size_t length);

// Ends sessions whose time is over. Returns when the next one ends, or 0.
INTERNAL uint64_t console_expire(void);

// The crash part: what the worker executes does not get its pipe.
void crash_close_on_exec(void);
