#include "keeper.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

int socket_open(const char *name, mode_t mode) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, name);
    int opened = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (opened < 0) return -1;
    unlink(name);
    if (bind(opened, (struct sockaddr *)&address, sizeof address) != 0 || chmod(name, mode) != 0) {
        close(opened);
        return -1;
    }
    return opened;
}

int notify_open(const char *directory) {
    struct sockaddr_un address;
    // The service gets the whole path, which must fit.
    if (strlen(directory) + sizeof "/notify" > sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int notify = socket_open("notify", 0666);
    int on = 1;
    if (notify < 0 || setsockopt(notify, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0) return notify;
    close(notify);
    return -1;
}

// What one message says.
struct message {
    int is_ready;
    int is_kept;
    int is_removed;
    const char *name;
};

static struct message read_message(char *text) {
    struct message message = {.name = "stored"};
    for (char *line; (line = strsep(&text, "\n"));) {
        message.is_ready |= strcmp(line, "READY=1") == 0;
        message.is_kept |= strcmp(line, "FDSTORE=1") == 0;
        message.is_removed |= strcmp(line, "FDSTOREREMOVE=1") == 0;
        if (strncmp(line, "FDNAME=", 7) == 0) message.name = line + 7;
    }
    return message;
}

int notify_receive(int notify, uid_t user, pid_t main, struct store *store) {
    int is_ready = 0;
    for (;;) {
        char text[4096], control[CMSG_SPACE(sizeof(struct ucred)) + CMSG_SPACE(sizeof(int))];
        struct iovec part = {text, sizeof text - 1};
        struct msghdr received = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
        ssize_t count = recvmsg(notify, &received, MSG_CMSG_CLOEXEC);
        if (count < 0) return is_ready;
        text[count] = 0;
        struct ucred sender = {.pid = 0, .uid = (uid_t)-1};
        int descriptor = -1;
        for (struct cmsghdr *header = CMSG_FIRSTHDR(&received); header; header = CMSG_NXTHDR(&received, header)) {
            if (header->cmsg_level != SOL_SOCKET) continue;
            if (header->cmsg_type == SCM_CREDENTIALS) memcpy(&sender, CMSG_DATA(header), sizeof sender);
            if (header->cmsg_type != SCM_RIGHTS || header->cmsg_len < CMSG_LEN(sizeof(int))) continue;
            // The padding before the end has room for a second one.
            for (size_t offset = CMSG_LEN(0); offset + sizeof(int) <= header->cmsg_len; offset += sizeof(int)) {
                if (descriptor >= 0) close(descriptor);
                memcpy(&descriptor, (char *)header + offset, sizeof descriptor);
            }
        }
        // Anybody can send here; only the service itself is believed.
        if (sender.uid == user || sender.uid == 0) {
            struct message message = read_message(text);
            is_ready |= message.is_ready;
            if (store && main > 0 && sender.pid == main) {
                if (message.is_removed) store_remove(store, message.name);
                if (message.is_kept && descriptor >= 0) {
                    store_put(store, message.name, descriptor);
                    descriptor = -1;
                }
            }
        }
        if (descriptor >= 0) close(descriptor);
    }
}
