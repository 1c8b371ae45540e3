#pragma once
// What portcullis-master cannot do in Swift: a process between fork and exec, and messages with descriptors or
// credentials.
#include <stddef.h>
#include <sys/types.h>

// A limit of setrlimit(2). A caller that may not raise it gets the limit that there is.
struct master_limit {
    int resource;
    unsigned long soft, hard;
};

// A process to be started.
struct master_order {
    // The program and its arguments, and its whole environment, each ended by a null pointer. Variables whose value
    // is to be the process's own number begin with LISTEN_PID= or WATCHDOG_PID= and have MASTER_PID_WIDTH spaces.
    char **words;
    char **variables;
    // What the process gets from descriptor 3 on. Others that are not closed at exec are inherited as they are.
    const int *descriptors;
    int descriptor_count;
    // Its standard output and standard error; -1: those of the master.
    int output;
    // The soft limit of open files that the process gets, unless `limits` has one.
    unsigned long files;
    const struct master_limit *limits;
    int limit_count;
};

#define MASTER_PID_WIDTH 11

// Makes the process: a group of its own, default signals, the same session, directory, output and limits. It waits
// before it becomes the program until something is written to `gate`, and ends if that is closed instead: so no
// program runs that was not noted first.
//
// pidfd, gate, fault: closed at exec. `fault` gets the number of an error if it cannot become the program, and is
// closed when it has. Returns the process, or -1 with errno.
pid_t master_start(const struct master_order *order, int *pidfd, int *gate, int *fault);

// Sends a datagram on a connected socket, with a descriptor unless it is -1. Waits for room as long as the socket
// says. Returns 0 or the error.
int master_send(int socket, const void *text, size_t length, int descriptor);

// Receives a datagram and the process that sent it (0: unknown); whatever descriptors came with it are closed.
// Returns its length, or -1 with errno. The socket has SO_PASSCRED.
ssize_t master_receive(int socket, void *text, size_t length, pid_t *sender);

// How a child has ended, without taking it (WNOWAIT) unless `take`. Returns 1 with the status as wait(2) has it, 0
// if it lives, -1 if it is not a child.
int master_wait(pid_t process, int *status, int take);

// Opens a pidfd; -1 with errno.
int master_pidfd_open(pid_t process);
// Sends a signal to the process of a pidfd, and to nobody else. Returns 0 or the error.
int master_pidfd_signal(int pidfd, int signal);

// A listening or bound socket at its own copy of a port (SO_REUSEPORT).
//
// waits: whether accept and recv on it wait, as programs expect that know of no other socket.
// address: the text of an IPv4 or IPv6 address; null: all of both families, or of IPv4 where there is no IPv6.
// Returns the socket, or -1 with errno.
int master_socket(int is_udp, int waits, const char *address, unsigned short port);
// Whether nobody else has the port. SO_REUSEPORT would let another program of the same user share it.
int master_is_free(int is_udp, const char *address, unsigned short port);
// Whether this TCP port accepts a connection on 127.0.0.1 or ::1. The answer is there at once on the loopback interface; on
// a busy machine it is waited for so long at each address.
int master_accepts(unsigned short port, int milliseconds);
// Ends what a socket gets in all processes that have it. TCP: connections that nobody has accepted move to another socket
// of the port (net.ipv4.tcp_migrate_req=1) or are reset. UDP: datagrams go to other sockets of the port from now on.
void master_stop_listening(int socket);
// A Unix datagram socket that workers write to, at a path of its own. Returns -1 with errno.
int master_notify_socket(const char *path);
// A Unix datagram socket connected to a path (one that begins with @ is abstract). Returns -1 with errno.
int master_connect(const char *path, int timeout_milliseconds);
// Both ends of a socket that keeps messages apart. Returns 0 or -1 with errno.
int master_pair(int ends[2]);
// A message of such a socket, without waiting. Returns its length, 0 at the end, -1 with errno.
ssize_t master_receive_text(int socket, void *text, size_t length);
// Sends one, without waiting. Returns 0 or the error.
int master_send_text(int socket, const void *text, size_t length);

// A pipe, closed at exec. Returns 0, or -1 with errno.
int master_pipe(int ends[2], int nonblocking);

// Asks for a size of a pipe, and returns the one that it has.
int master_pipe_size(int pipe, int wanted);

// Copies what is in a pipe to an empty one, `view`, without taking it. Returns how much; 0: the pipe is empty and nobody
// can write to it; -1 with errno.
ssize_t master_look(int pipe, int view, size_t limit);

// Moves bytes of a pipe to a file that is not opened for appending. Returns how many, or -1 with errno.
ssize_t master_move(int pipe, int file, size_t count);

// A file in memory without a name, closed at exec. Returns -1 with errno.
int master_memory(void);
