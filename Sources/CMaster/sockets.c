// Sockets, and messages with descriptors and credentials.
#define _GNU_SOURCE
#include "master.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

int master_send(int socket, const void *text, size_t length, int descriptor) {
    struct iovec part = {(void *)text, length};
    union {
        struct cmsghdr head;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    memset(&control, 0, sizeof control);
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (descriptor >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
    }
    while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
        if (errno != EINTR) return errno;
    return 0;
}

ssize_t master_receive(int socket, void *text, size_t length, pid_t *sender) {
    struct iovec part = {text, length};
    union {
        struct cmsghdr head;
        // What the kernel allows in one message, so that none is left open unseen.
        char bytes[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(253 * sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    *sender = 0;
    ssize_t count;
    while ((count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)) < 0)
        if (errno != EINTR) return -1;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        if (head->cmsg_level != SOL_SOCKET) continue;
        if (head->cmsg_type == SCM_CREDENTIALS) {
            struct ucred credentials;
            memcpy(&credentials, CMSG_DATA(head), sizeof credentials);
            *sender = credentials.pid;
        } else if (head->cmsg_type == SCM_RIGHTS) {
            size_t descriptors = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
            for (size_t index = 0; index < descriptors; index++) {
                int descriptor;
                memcpy(&descriptor, CMSG_DATA(head) + index * sizeof descriptor, sizeof descriptor);
                close(descriptor);
            }
        }
    }
    return count;
}

enum sharing { ALONE, SHARED };

static int open_socket(int is_udp, int waits, enum sharing sharing, const struct sockaddr *address, socklen_t length) {
    const int type = (is_udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | (waits ? 0 : SOCK_NONBLOCK);
    int opened = socket(address->sa_family, type, 0), on = 1, off = 0;
    if (opened < 0) return -1;
    if ((sharing == ALONE || setsockopt(opened, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == 0)
        && (is_udp || setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0)
        && (address->sa_family != AF_INET6 || setsockopt(opened, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0)
        && bind(opened, address, length) == 0 && (is_udp || listen(opened, SOMAXCONN) == 0))
        return opened;
    int error = errno;
    close(opened);
    errno = error;
    return -1;
}

static int open_at(int is_udp, int waits, enum sharing sharing, const char *text, unsigned short port) {
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (text && inet_pton(AF_INET, text, &four.sin_addr) == 1)
        return open_socket(is_udp, waits, sharing, (struct sockaddr *)&four, sizeof four);
    if (text && inet_pton(AF_INET6, text, &six.sin6_addr) != 1) {
        errno = EINVAL;
        return -1;
    }
    int opened = open_socket(is_udp, waits, sharing, (struct sockaddr *)&six, sizeof six);
    if (opened >= 0 || text || (errno != EAFNOSUPPORT && errno != EADDRNOTAVAIL)) return opened;
    return open_socket(is_udp, waits, sharing, (struct sockaddr *)&four, sizeof four);
}

int master_socket(int is_udp, int waits, const char *address, unsigned short port) {
    return open_at(is_udp, waits, SHARED, address, port);
}

int master_is_free(int is_udp, const char *address, unsigned short port) {
    int opened = open_at(is_udp, 1, ALONE, address, port);
    if (opened >= 0) close(opened);
    return opened >= 0;
}

static int accepts(const struct sockaddr *address, socklen_t length, int milliseconds) {
    int attempt = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (attempt < 0) return 0;
    int result = connect(attempt, address, length);
    if (result != 0 && errno == EINPROGRESS) {
        struct pollfd waiting = {.fd = attempt, .events = POLLOUT};
        int error = 0;
        socklen_t size = sizeof error;
        const int is_over = poll(&waiting, 1, milliseconds) == 1;
        result = is_over && getsockopt(attempt, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0 ? 0 : -1;
    }
    close(attempt);
    return result == 0;
}

int master_accepts(unsigned short port, int milliseconds) {
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(port)};
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
    return accepts((struct sockaddr *)&four, sizeof four, milliseconds)
        || accepts((struct sockaddr *)&six, sizeof six, milliseconds);
}

void master_stop_listening(int socket) {
    int type = 0;
    socklen_t length = sizeof type;
    if (getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return;
    if (type == SOCK_STREAM) {
        shutdown(socket, SHUT_RDWR);
        return;
    }
    // Bound to a network interface that there is not. Its copies live on in a process that is kept for a debugger, and the
    // kernel would go on to choose them. Linux before 5.7 lets only a privileged process do so.
    const int nowhere = INT_MAX;
    setsockopt(socket, SOL_SOCKET, SO_BINDTOIFINDEX, &nowhere, sizeof nowhere);
}

int master_notify_socket(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    int opened = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
    if (opened < 0) return -1;
    unlink(path);
    if (bind(opened, (struct sockaddr *)&address, sizeof address) == 0 && chmod(path, 0600) == 0
        && setsockopt(opened, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0)
        return opened;
    int error = errno;
    close(opened);
    errno = error;
    return -1;
}

int master_connect(const char *path, int timeout_milliseconds) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    if (path[0] == '@') address.sun_path[0] = 0;
    int opened = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (opened < 0) return -1;
    struct timeval limit = {timeout_milliseconds / 1000, timeout_milliseconds % 1000 * 1000};
    setsockopt(opened, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    socklen_t length = (socklen_t)(sizeof address.sun_family + strlen(path));
    if (path[0] != '@') length = sizeof address;
    if (connect(opened, (struct sockaddr *)&address, length) == 0) return opened;
    int error = errno;
    close(opened);
    errno = error;
    return -1;
}

int master_pair(int ends[2]) { return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends); }

ssize_t master_receive_text(int socket, void *text, size_t length) {
    ssize_t count;
    while ((count = recv(socket, text, length, MSG_DONTWAIT)) < 0 && errno == EINTR) {}
    return count;
}

int master_send_text(int socket, const void *text, size_t length) {
    return send(socket, text, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length ? 0 : errno;
}
