import CMaster
import Glibc
import Supervision
import Text

/// The descriptors that the keeper holds for the next master. Without a keeper (by hand) there is none.
final class KeeperStore {
    /// How long a message waits for the keeper to have room, in milliseconds.
    private static let patience: Int32 = 2_000

    private let socket: Int32
    /// What the earlier master has left.
    private(set) var inherited: [(name: StoredName, descriptor: Int32)] = []

    /// Whether there is a keeper that stores descriptors: it has given its own; or systemd does so (FDSTORE).
    let isPresent: Bool

    /// Takes what was handed over. Descriptors of unknown names are closed.
    init() {
        var found: [(StoredName, Int32)] = []
        var unknown: [String] = []
        if let own = Self.variable("LISTEN_PID"), Int32(own) == getpid(),
            let count = Self.variable("LISTEN_FDS").flatMap({ Int32($0) }), let names = Self.variable("LISTEN_FDNAMES")
        {
            for (index, name) in names.splitBytes(":").prefix(Int(max(0, count))).enumerated() {
                let descriptor = 3 + Int32(index)
                if let stored = StoredName(String(name)) {
                    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
                    found.append((stored, descriptor))
                } else {
                    close(descriptor)
                    unknown.append(String(name))
                }
            }
        }
        inherited = found.map { (name: $0.0, descriptor: $0.1) }
        isPresent = found.contains { $0.0 == .keeper } || Self.variable("FDSTORE") != nil
        socket = Self.variable("NOTIFY_SOCKET").map { master_connect($0, Self.patience) } ?? -1
        for name in unknown { remove(name) }
    }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// Whether something of an earlier master was handed over.
    var hasInheritance: Bool { inherited.contains { $0.name != .keeper } }

    func put(_ name: StoredName, _ descriptor: Int32) {
        guard isPresent else { return }
        send("FDSTORE=1\nFDNAME=\(name.text)", descriptor)
    }

    func remove(_ name: StoredName) { remove(name.text) }

    private func remove(_ name: String) {
        guard isPresent else { return }
        send("FDSTOREREMOVE=1\nFDNAME=\(name)")
    }

    func tellReady() { send("READY=1") }

    private func send(_ text: String, _ descriptor: Int32 = -1) {
        guard socket >= 0 else { return }
        let bytes = Array(text.utf8)
        let error = bytes.withUnsafeBytes { master_send(socket, $0.baseAddress, $0.count, descriptor) }
        if error != 0 { Log.say("the keeper does not take \(text.printed()): \(Log.text(error))") }
    }
}
