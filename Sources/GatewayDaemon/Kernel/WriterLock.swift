import Glibc
import Netlink
import ServiceSupport
import Text

/// Prevents a second writer to the kernel of a network namespace, whatever directories it works in.
///
/// The lock is the name of a local socket without a file (unix(7), "abstract"). Each name exists once in a network
/// namespace, and the kernel releases it when the process ends, however it ends. Any process may take a name. If the
/// holder of this one may not write to the kernel, it cannot be a writer, and is only reported.
public final class WriterLock: Sendable {
    /// The name of the socket.
    static let name = "portcullis-gateway/writer"

    /// Why the lock is not held although the process may go on: the name is taken by a process that cannot be a
    /// writer.
    public let problem: String?
    private let descriptor: Int32

    /// - Throws: `Held` with the holder; `FileError` if no socket can be made.
    public convenience init() throws { try self.init(name: Self.name) { Holder.find(Self.name) } }

    /// - Parameter findHolder: finds the process that has the name; `nil` if none has it any more.
    init(name: String, findHolder: () -> Holder?) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw FileError("lock", name, reason: String(cString: strerror(errno))) }
        var problem: String?
        // A process that was just told to end may still exist for a moment.
        for attempt in 1...Self.attempts {
            guard !Self.bind(descriptor, to: name) else { break }
            let failure = errno
            guard failure == EADDRINUSE else {
                close(descriptor)
                throw FileError("lock", name, reason: String(cString: strerror(failure)))
            }
            guard attempt == Self.attempts else {
                usleep(10_000)
                continue
            }
            let holder = findHolder() ?? Holder()
            guard !holder.isWriter(asSeenBy: geteuid()) else {
                close(descriptor)
                throw Held(holder: holder)
            }
            problem =
                "\(holder) has taken the name of the lock that keeps a second writer away (@\(name)), and may not write to this "
                + "kernel: end it; until then nothing keeps a second writer away"
        }
        self.problem = problem
        // The socket receives nothing.
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    deinit { close(descriptor) }

    private static let attempts = 25

    private static func bind(_ descriptor: Int32, to name: String) -> Bool {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = [0] + Array(name.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes.prefix($0.count)) }
        let length = MemoryLayout<sockaddr_un>.size - MemoryLayout.size(ofValue: address.sun_path) + bytes.count
        return withUnsafePointer(to: address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(length)) == 0
            }
        }
    }

    /// Another process writes to this kernel.
    public struct Held: Error, CustomStringConvertible {
        let holder: Holder

        public var description: String {
            "\(holder) keeps this network namespace's nftables and IPVS up to date already: end it first"
        }
    }
}

extension WriterLock {
    /// The process that has the lock's name, as far as it can be seen.
    struct Holder: Equatable {
        /// `nil` if the kernel does not tell.
        var user: UInt32?
        /// `nil` if the process belongs to another user or is in another PID namespace.
        var process: Int32?
        var command: String?
        /// Whether the process has CAP_NET_ADMIN in our own user namespace; `nil` if that cannot be seen.
        var mayWrite: Bool?

        /// Whether the process can be a second writer. Root can see the capabilities of other users' processes.
        /// Anybody else cannot, and assumes that only root and itself can write. A process about which nothing is
        /// known is taken for a writer.
        func isWriter(asSeenBy own: UInt32) -> Bool {
            guard let user, user != 0, user != own else { return true }
            return own == 0 ? mayWrite ?? true : mayWrite ?? false
        }

        static func find(_ name: String) -> Self? {
            let entry: UnixSockets.Entry?
            do throws(NetlinkError) {
                entry = try UnixSockets.entry(boundTo: name)
            } catch {
                return Self()
            }
            guard let entry else { return nil }
            var holder = Self(user: entry.user)
            guard let process = process(of: entry.inode) else { return holder }
            holder.process = process
            holder.command = command(of: process)
            holder.mayWrite = mayWrite(process)
            return holder
        }

        /// The process that has the socket open, if it can be seen. Walks over all processes.
        private static func process(of inode: UInt32) -> Int32? {
            let wanted = "socket:[\(inode)]"
            for name in Files.names(in: "/proc") {
                guard let process = Int32(name) else { continue }
                let directory = "/proc/\(name)/fd"
                let holds = Files.names(in: directory).contains { Files.target(of: "\(directory)/\($0)") == wanted }
                if holds { return process }
            }
            return nil
        }

        private static func command(of process: Int32) -> String? {
            guard let bytes = (try? Files.read("/proc/\(process)/cmdline", limit: 1 << 16)) ?? nil, !bytes.isEmpty
            else {
                return nil
            }
            return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
        }

        private static func mayWrite(_ process: Int32) -> Bool? {
            guard let bytes = (try? Files.read("/proc/\(process)/status", limit: 1 << 16)) ?? nil,
                let line = bytes.split(separator: 0x0A).first(where: { $0.starts(with: "CapEff:".utf8) }),
                let capabilities = UInt64(
                    String(decoding: line.dropFirst("CapEff:".utf8.count), as: UTF8.self).withoutSurroundingSpace,
                    radix: 16),
                let namespace = Files.target(of: "/proc/\(process)/ns/user")
            else { return nil }
            // Capabilities in another user namespace do not count.
            return capabilities >> 12 & 1 == 1 && namespace == Files.target(of: "/proc/self/ns/user")
        }
    }
}

extension WriterLock.Holder: CustomStringConvertible {
    /// `process 812 (portcullis-gateway run)`, or the part of it that can be seen.
    var description: String {
        if let process { return "process \(process)" + (command.map { " (\($0))" } ?? "") }
        return user.map { "a process of user \($0)" } ?? "another process"
    }
}
