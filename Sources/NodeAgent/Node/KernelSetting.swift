import Glibc
import Logging
import ServiceSupport

/// Settings of the kernel that services need.
enum KernelSetting {
    private static let path = "/proc/sys/net/ipv4/tcp_migrate_req"

    /// Has connections that nobody has accepted yet move to another worker's socket when one is closed.
    static func migrateConnections(_ logger: Logger) {
        guard let bytes = (try? Files.read(path)).flatMap({ $0 }), bytes.first != UInt8(ascii: "1") else { return }
        let file = open(path, O_WRONLY | O_CLOEXEC)
        defer { if file >= 0 { close(file) } }
        guard file >= 0, write(file, "1\n", 2) == 2 else {
            logger.info(
                "net.ipv4.tcp_migrate_req cannot be set (\(FileError.reason(errno))): connections that nobody has accepted are lost when a service has no process for longer than a second"
            )
            return
        }
        logger.info("net.ipv4.tcp_migrate_req is 1 now")
    }
}
