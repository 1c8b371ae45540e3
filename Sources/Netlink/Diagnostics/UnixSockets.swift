import CNetlink

/// The kernel's list of the local sockets of a network namespace (sock_diag(7)). Needs no privilege.
public enum UnixSockets {
    /// A socket that is bound to a name.
    public struct Entry: Sendable, Hashable {
        /// The inode in /proc/PROCESS/fd: `socket:[INODE]`.
        public var inode: UInt32
        /// The user who made the socket, as seen from this process' user namespace.
        public var user: UInt32?
    }

    /// Finds the socket that is bound to an abstract name; `nil` if there is none. Walks over all local sockets of
    /// the namespace.
    /// - Throws: if the kernel has no `unix_diag`.
    public static func entry(boundTo name: String) throws(NetlinkError) -> Entry? {
        let socket = try NetlinkSocket(bus: NETLINK_SOCK_DIAG, timeout: .seconds(10), receiveBuffer: 1 << 20)
        let command = "list local sockets"
        var request = unix_diag_req()
        request.sdiag_family = UInt8(AF_UNIX)
        request.udiag_states = .max
        request.udiag_show = UInt32(UDIAG_SHOW_NAME | UDIAG_SHOW_UID)
        var buffer = MessageBuffer(capacity: 256)
        let sequence = socket.nextSequence()
        buffer.message(type: UInt16(SOCK_DIAG_BY_FAMILY), flags: [.request, .dump], sequence: sequence) {
            $0.header(request)
        }
        let wanted = [0] + Array(name.utf8)
        var found: Entry?
        var dump = try Dump<Entry>(on: socket, buffer.bytes, sequence: sequence, command: command) { message, entries in
            if let entry = Entry(message, boundTo: wanted) { entries.append(entry) }
        }
        while let entry = try dump.next() { found = entry }
        return found
    }
}

extension UnixSockets.Entry {
    /// `nil` if the socket has another name.
    fileprivate init?(_ message: MessageView, boundTo name: [UInt8]) {
        guard let header = message.familyHeader(unix_diag_msg.self) else { return nil }
        var isWanted = false
        for attribute in message.attributes(behind: MemoryLayout<unix_diag_msg>.size) {
            switch Int(attribute.type) {
            case Int(UNIX_DIAG_NAME): isWanted = attribute.payload.elementsEqual(name)
            case Int(UNIX_DIAG_UID): user = attribute.number(UInt32.self)
            default: break
            }
        }
        guard isWanted else { return nil }
        inode = header.udiag_ino
    }
}
