#pragma once

// The C library's header comes before the kernel's: linux/libc-compat.h then leaves out what both define
#include <net/if.h>
#include <netinet/in.h>

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip_vs.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>

#include <libmnl/libmnl.h>

#include <libnftnl/batch.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/expr.h>
#include <libnftnl/gen.h>
#include <libnftnl/object.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>

/// glibc 2.32; declared here since <string.h> hides it behind _GNU_SOURCE.
extern const char *strerrorname_np(int error);

/// The kernel's name of an error number ("ENOENT"); NULL if it has none.
static inline const char *cnl_errno_name(int error) {
    // ERESTART is internal to the kernel, but nfnetlink returns it to user space
    return error == 85 ? "ERESTART" : strerrorname_np(error);
}

/// errno of the last call on this thread.
static inline int cnl_errno(void) { return errno; }

/// Sends one datagram to the kernel (port 0). Returns the number of bytes sent, or -errno.
static inline ssize_t cnl_send(int fd, const void *bytes, size_t count) {
    struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {
        .msg_name = &kernel, .msg_namelen = sizeof kernel, .msg_iov = &part, .msg_iovlen = 1};
    ssize_t sent = sendmsg(fd, &message, 0);
    return sent < 0 ? -errno : sent;
}

#ifndef __USE_GNU
/// recvmmsg(2), which the C library declares for GNU programs only.
struct mmsghdr {
    struct msghdr msg_hdr;
    unsigned int msg_len;
};
extern int recvmmsg(int fd, struct mmsghdr *datagrams, unsigned int count, int flags, struct timespec *timeout);
#endif

/// The result of cnl_receive.
struct cnl_received {
    /// The number of datagrams, 1 or 2, or -errno.
    int count;
    /// The length of each; -EMSGSIZE if it was cut, -EPROTO if a process other than the kernel sent it.
    ssize_t lengths[2];
};

static inline ssize_t cnl_length(const struct mmsghdr *datagram) {
    const struct sockaddr_nl *sender = datagram->msg_hdr.msg_name;
    if (datagram->msg_hdr.msg_flags & MSG_TRUNC) return -EMSGSIZE;
    if (datagram->msg_hdr.msg_namelen != sizeof *sender || sender->nl_pid != 0) return -EPROTO;
    return datagram->msg_len;
}

/// Receives one or two datagrams without waiting, each into its half of `bytes`. The next call returns an error of
/// the second.
///
/// The kernel queues the next datagram of a dump while it delivers the one before, so a short dump and its end take
/// one call.
static inline struct cnl_received cnl_receive(int fd, char *bytes, size_t half) {
    struct sockaddr_nl senders[2] = {{0}, {0}};
    struct iovec parts[2] = {{.iov_base = bytes, .iov_len = half}, {.iov_base = bytes + half, .iov_len = half}};
    struct mmsghdr datagrams[2];
    for (int i = 0; i < 2; i++)
        datagrams[i] = (struct mmsghdr){
            .msg_hdr = {
                .msg_name = &senders[i], .msg_namelen = sizeof senders[i], .msg_iov = &parts[i], .msg_iovlen = 1}};
    struct cnl_received received = {.count = recvmmsg(fd, datagrams, 2, MSG_DONTWAIT, NULL)};
    if (received.count < 0) received.count = -errno;
    for (int i = 0; i < received.count; i++) received.lengths[i] = cnl_length(&datagrams[i]);
    return received;
}

/// Waits until there is something to read. Returns 1, 0 on timeout, or -errno.
static inline int cnl_wait_readable(int fd, int milliseconds) {
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    int ready = poll(&entry, 1, milliseconds);
    return ready < 0 ? -errno : ready;
}

/// Sets an int option. Returns 0 or -errno.
static inline int cnl_set_option(int fd, int level, int name, int value) {
    return setsockopt(fd, level, name, &value, sizeof value) < 0 ? -errno : 0;
}

/// Reads an int option; 0 if it cannot be read.
static inline int cnl_get_option(int fd, int level, int name) {
    int value = 0;
    socklen_t length = sizeof value;
    return getsockopt(fd, level, name, &value, &length) < 0 ? 0 : value;
}

/// The address of a Unix socket; 0 if the path is too long.
static inline socklen_t cnl_unix_address(struct sockaddr_un *address, const char *path) {
    size_t length = strlen(path);
    if (length >= sizeof address->sun_path) return 0;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, length + 1);
    return sizeof *address;
}

/// Makes a Unix socket that listens at a path, and replaces a socket that was there. Returns it or -errno.
static inline int cnl_unix_listen(const char *path) {
    struct sockaddr_un address;
    socklen_t length = cnl_unix_address(&address, path);
    if (!length) return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    unlink(path);
    if (bind(fd, (struct sockaddr *)&address, length) == 0 && listen(fd, 16) == 0) return fd;
    int error = -errno;
    close(fd);
    return error;
}

/// Makes a Unix socket and connects it to a path. Returns it or -errno.
static inline int cnl_unix_connect(const char *path) {
    struct sockaddr_un address;
    socklen_t length = cnl_unix_address(&address, path);
    if (!length) return -ENAMETOOLONG;
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    if (connect(fd, (struct sockaddr *)&address, length) == 0) return fd;
    int error = -errno;
    close(fd);
    return error;
}

/// The user of a connected Unix socket's peer when it connected; -errno if unknown.
static inline int64_t cnl_peer_user(int fd) {
    // struct ucred, which the C library declares for GNU programs only
    struct {
        pid_t process;
        uid_t user;
        gid_t group;
    } peer;
    socklen_t length = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ? -errno : (int64_t)peer.user;
}

/// A message of one byte, with room for a descriptor.
struct cnl_descriptor_message {
    struct msghdr message;
    struct iovec part;
    char byte;
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control;
};

static inline struct msghdr *cnl_prepare(struct cnl_descriptor_message *buffer) {
    memset(buffer, 0, sizeof *buffer);
    buffer->part = (struct iovec){.iov_base = &buffer->byte, .iov_len = 1};
    buffer->message = (struct msghdr){
        .msg_iov = &buffer->part,
        .msg_iovlen = 1,
        .msg_control = buffer->control.bytes,
        .msg_controllen = sizeof buffer->control.bytes};
    return &buffer->message;
}

/// Passes a descriptor to the peer (SCM_RIGHTS). Returns 0 or -errno.
static inline int cnl_send_descriptor(int fd, int descriptor) {
    struct cnl_descriptor_message buffer;
    struct msghdr *message = cnl_prepare(&buffer);
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    *header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    return sendmsg(fd, message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 ? -errno : 0;
}

/// Receives a descriptor from the peer. Returns it or -errno; -EPROTO if the message has none.
static inline int cnl_receive_descriptor(int fd) {
    struct cnl_descriptor_message buffer;
    struct msghdr *message = cnl_prepare(&buffer);
    if (recvmsg(fd, message, MSG_CMSG_CLOEXEC) < 0) return -errno;
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(int)))
        return -EPROTO;
    int descriptor;
    memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    return descriptor;
}

/// NFT_MSG_* as a netlink message type (nfnetlink: subsystem in the upper byte).
static inline uint16_t cnl_nft_type(uint16_t message) { return (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | message); }

/// The attributes after a message's family header of `offset` bytes, for the mnl_attr functions.
static inline const struct nlattr *cnl_attributes(const struct nlmsghdr *message, size_t offset) {
    return (const struct nlattr *)mnl_nlmsg_get_payload_offset(message, offset);
}
