import CNetlink
import SystemPackage

/// A netlink socket to the kernel: requests, batches and dumps with time limits.
///
/// One socket has one user, so the class is not `Sendable`: keep it inside one actor or one thread. The kernel
/// refuses a second dump on a socket (EBUSY), so a request first reads an unfinished dump to its end.
final class NetlinkSocket {
    /// The kernel's identifier of the socket, which notifications have as their sender.
    let portID: UInt32
    /// How long the kernel may take to answer.
    var timeout: Duration

    let descriptor: FileDescriptor
    private let handle: OpaquePointer
    /// Two halves, each for one datagram.
    private let incoming: UnsafeMutableRawBufferPointer
    private let receiveSize: Int
    /// The length of a datagram that was received together with the one before it, and is in the second half of
    /// `incoming`; see `cnl_received` for negative values.
    private var second: Int?
    private var lastSequence: UInt32 = 0
    private var sendLimit: Int
    /// Whether answers may still arrive: the last request was not answered to its end, or another process has used
    /// the socket.
    private var mayHoldAnswers = true
    /// The sequence number of a dump that was not read to its end.
    private(set) var openDump: UInt32?

    /// Opens a socket.
    /// - Parameters:
    ///   - bus: `NETLINK_NETFILTER`, `NETLINK_GENERIC` or `NETLINK_ROUTE`.
    ///   - receiveBuffer: bytes that the kernel may queue for this socket; without CAP_NET_ADMIN, it may grant less.
    convenience init(bus: Int32, timeout: Duration, receiveBuffer: Int = 4 << 20) throws(NetlinkError) {
        let command = "open a netlink socket (family \(bus))"
        guard let handle = mnl_socket_open2(bus, Int32(SOCK_CLOEXEC.rawValue)) else {
            throw NetlinkError(code: .system, errno: .current, command: command)
        }
        guard mnl_socket_bind(handle, 0, 0) == 0 else {
            let reason = Errno.current
            mnl_socket_close(handle)
            throw NetlinkError(code: .system, errno: reason, command: command)
        }
        self.init(handle, bus: bus, timeout: timeout, receiveBuffer: receiveBuffer)
    }

    /// Takes over a socket that another process has opened, and closes it at the end.
    /// - Throws: if it is no socket of this bus.
    convenience init(
        adopting descriptor: FileDescriptor, bus: Int32, timeout: Duration, receiveBuffer: Int = 4 << 20
    ) throws(NetlinkError) {
        let fd = descriptor.rawValue
        guard cnl_get_option(fd, SOL_SOCKET, SO_DOMAIN) == AF_NETLINK,
            cnl_get_option(fd, SOL_SOCKET, SO_PROTOCOL) == bus, let handle = mnl_socket_fdopen(fd)
        else {
            throw NetlinkError(
                code: .malformed, command: "take over a netlink socket", reason: "it is none of family \(bus)")
        }
        self.init(handle, bus: bus, timeout: timeout, receiveBuffer: receiveBuffer)
        // Answers to the other process may still arrive, and must not be taken for ours.
        lastSequence = UInt32.random(in: 1...UInt32.max)
        try drain()
    }

    private init(_ handle: OpaquePointer, bus: Int32, timeout: Duration, receiveBuffer: Int) {
        self.handle = handle
        self.timeout = timeout
        let fd = mnl_socket_get_fd(handle)
        descriptor = FileDescriptor(rawValue: fd)
        portID = mnl_socket_get_portid(handle)
        receiveSize = Self.receiveSize(bus: bus)
        incoming = .allocate(byteCount: 2 * receiveSize, alignment: 16)
        sendLimit = Int(cnl_get_option(fd, SOL_SOCKET, SO_SNDBUF)) / 2

        // Older kernels lack some of these options, which only make errors more detailed
        _ = cnl_set_option(fd, SOL_NETLINK, Int32(NETLINK_EXT_ACK), 1)
        _ = cnl_set_option(fd, SOL_NETLINK, Int32(NETLINK_CAP_ACK), 1)
        if bus == NETLINK_ROUTE { _ = cnl_set_option(fd, SOL_NETLINK, Int32(NETLINK_GET_STRICT_CHK), 1) }
        setReceiveBuffer(receiveBuffer)
    }

    deinit {
        incoming.deallocate()
        mnl_socket_close(handle)
    }

    /// The size of the buffer for one datagram.
    ///
    /// The kernel allocates a block of this size for each datagram of a dump (netlink_dump), at most 32 KiB. Most
    /// dumps of generic netlink are short: they list the real servers of one service. There, 8 KiB, which libmnl
    /// recommends, made an audit of 100,000 servers 10 % cheaper. nftables and routes have longer messages.
    private static func receiveSize(bus: Int32) -> Int { bus == NETLINK_GENERIC ? 1 << 13 : 1 << 17 }

    /// Sets the number of bytes that the kernel may queue for this socket, above `rmem_max` if permitted.
    func setReceiveBuffer(_ size: Int) {
        let size = Int32(clamping: size)
        if cnl_set_option(descriptor.rawValue, SOL_SOCKET, SO_RCVBUFFORCE, size) != 0 {
            _ = cnl_set_option(descriptor.rawValue, SOL_SOCKET, SO_RCVBUF, size)
        }
    }

    /// Joins a multicast group.
    func join(group: UInt32, name: String) throws(NetlinkError) {
        let result = cnl_set_option(descriptor.rawValue, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, Int32(group))
        guard result == 0 else {
            throw NetlinkError(code: .system, errno: Errno(rawValue: -result), command: "listen to \(name)")
        }
    }

    /// A number for the next message; never 0, which is that of notifications.
    func nextSequence() -> UInt32 {
        lastSequence = lastSequence == .max ? 1 : lastSequence + 1
        return lastSequence
    }

    // MARK: Bytes out and in

    /// Sends messages as one datagram. The kernel has carried them out when this returns.
    func send(_ bytes: UnsafeRawBufferPointer, command: @autoclosure () -> String) throws(NetlinkError) {
        raiseSendLimit(to: bytes.count)
        mayHoldAnswers = true
        while true {
            let result = cnl_send(descriptor.rawValue, bytes.baseAddress, bytes.count)
            if result == bytes.count { return }
            switch Int32(-result) {
            case EINTR: continue
            case let number where result < 0:
                throw NetlinkError(
                    code: number == ENOBUFS ? .overflow : .system, errno: Errno(rawValue: number), command: command(),
                    reason: number == EMSGSIZE
                        ? "\(bytes.count) bytes exceed the socket's send buffer; CAP_NET_ADMIN is needed to raise it"
                        : nil)
            default:
                throw NetlinkError(
                    code: .system, command: command(), reason: "only \(result) of \(bytes.count) bytes were sent")
            }
        }
    }

    /// The send buffer must have room for a whole netlink datagram (netlink_sendmsg, EMSGSIZE).
    private func raiseSendLimit(to size: Int) {
        guard size + 4096 > sendLimit else { return }
        let wanted = Int32(clamping: size + 4096)
        if cnl_set_option(descriptor.rawValue, SOL_SOCKET, SO_SNDBUFFORCE, wanted) != 0 {
            _ = cnl_set_option(descriptor.rawValue, SOL_SOCKET, SO_SNDBUF, wanted)
        }
        // The kernel doubles the value for its own accounting, and reports the doubled value
        sendLimit = Int(cnl_get_option(descriptor.rawValue, SOL_SOCKET, SO_SNDBUF)) / 2
    }

    /// The next datagram, valid until the next call; `nil` if none arrives before the deadline.
    func receive(
        by deadline: inout Deadline, command: @autoclosure () -> String
    ) throws(NetlinkError) -> UnsafeRawBufferPointer? {
        while true {
            let (length, half) = receiveNow()
            if length >= 0 {
                let start = half * receiveSize
                return UnsafeRawBufferPointer(rebasing: incoming[start..<start + length])
            }
            switch Int32(-length) {
            case EINTR, EPROTO: continue  // EPROTO: a stray datagram of another process
            case EAGAIN:
                guard try waitReadable(by: &deadline, command: command()) else { return nil }
            case ENOBUFS:
                throw NetlinkError(refused: ENOBUFS, command: command())
            case let number:
                throw NetlinkError(code: .system, errno: Errno(rawValue: number), command: command())
            }
        }
    }

    /// The next datagram, without waiting: its length (see `cnl_received` for negative values), and the half of
    /// `incoming` that holds it.
    private func receiveNow() -> (length: Int, half: Int) {
        if let length = second.take() { return (length, 1) }
        let received = cnl_receive(descriptor.rawValue, incoming.baseAddress, receiveSize)
        guard received.count > 0 else { return (Int(received.count), 0) }
        if received.count == 2 { second = received.lengths.1 }
        return (received.lengths.0, 0)
    }

    private func waitReadable(
        by deadline: inout Deadline, command: @autoclosure () -> String
    ) throws(NetlinkError) -> Bool {
        while true {
            let left = deadline.remaining()
            guard left > .zero else { return false }
            let milliseconds = left / .milliseconds(1)
            let ready = cnl_wait_readable(descriptor.rawValue, Int32(clamping: Int(milliseconds.rounded(.up))))
            if ready > 0 { return true }
            if ready < 0, ready != -EINTR {
                throw NetlinkError(code: .system, errno: Errno(rawValue: -ready), command: command())
            }
        }
    }

    /// The time limit of one request.
    var deadline: Deadline { Deadline(in: timeout) }

    /// Notes that the last request was answered to its end, so that nothing is left to read.
    func answered() { mayHoldAnswers = false }

    // MARK: The dump in progress

    func beginDump(_ sequence: UInt32) { openDump = sequence }

    func endDump(_ sequence: UInt32) {
        if openDump == sequence { openDump = nil }
    }

    /// Reads an unfinished dump to its end and discards answers to earlier requests. Costs nothing if the last
    /// request was answered to its end.
    func drain() throws(NetlinkError) {
        guard mayHoldAnswers else { return }
        while let sequence = openDump {
            var deadline = deadline
            guard let datagram = try receiveIgnoringOverflow(by: &deadline) else {
                openDump = nil
                throw NetlinkError(code: .timedOut, command: "finish the dump before")
            }
            MessageView.forEach(in: datagram) { message in
                let type = Int32(message.header.nlmsg_type)
                if message.header.nlmsg_seq == sequence, type == NLMSG_DONE || type == NLMSG_ERROR { openDump = nil }
            }
        }
        var immediate = Deadline.immediate
        while try receiveIgnoringOverflow(by: &immediate) != nil {}
    }

    private func receiveIgnoringOverflow(
        by deadline: inout Deadline
    ) throws(NetlinkError) -> UnsafeRawBufferPointer? {
        while true {
            do throws(NetlinkError) {
                return try receive(by: &deadline, command: "drain the socket")
            } catch  where error.code == .overflow {
                continue
            }
        }
    }
}

extension Errno {
    /// The error of the last C call of this thread.
    static var current: Errno { Errno(rawValue: cnl_errno()) }
}
