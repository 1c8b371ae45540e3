import Glibc
import Netlink
import ServiceSupport
import SystemPackage

/// Keeps the nfnetlink socket that owns our table, and passes it to the daemon.
///
/// The kernel deletes an owned table when the last process closes the owner's socket. So a process that does nothing
/// else keeps the socket open. The table then survives restarts, crashes and upgrades of the daemon, and `nft flush
/// ruleset` leaves it alone.
public enum TableHolder {
    private static func path(in runDirectory: String) -> String { runDirectory + "/table-owner" }

    /// How long the holder may take to answer.
    private static let patience = Duration.seconds(10)

    /// Opens the socket and passes it to each process of our own user or root that asks.
    ///
    /// Never returns, except for an error at the start. There must be only one holder: a second would replace the
    /// first, and the daemon could then neither change the first one's table nor get its socket again. Processes of
    /// other users get nothing, and one that disconnects early does no harm.
    public static func serve(runDirectory: String, environment: [String: String]) throws {
        let path = path(in: runDirectory)
        let lock = try StateLock(path + ".lock", purpose: "hold")
        defer { withExtendedLifetime(lock) {} }
        let owner = try Nftables.Connection()
        let listener: DescriptorSocket
        do {
            listener = try DescriptorSocket.listening(at: path)
        } catch {
            throw FileError("listen at", path, errno: error)
        }
        SystemdNotifier(environment: environment).ready()
        while true {
            guard let client = try? listener.accept() else {
                // For example, no descriptors were left. The daemon asks again.
                usleep(100_000)
                continue
            }
            if client.peerUser == 0 || client.peerUser == geteuid() { try? client.send(owner.descriptor) }
            client.close()
        }
    }

    /// Asks for the socket, which the caller must close.
    /// - Throws: if there is no holder.
    static func borrow(runDirectory: String) throws(FileError) -> FileDescriptor {
        let path = path(in: runDirectory)
        do {
            let holder = try DescriptorSocket.connected(to: path)
            defer { holder.close() }
            return try holder.receive(within: patience)
        } catch {
            throw FileError(
                "ask for the owner of our table at", path,
                reason: "\(error); with table-owner: true, portcullis-gateway hold has to run "
                    + "(systemctl start portcullis-gateway-table)")
        }
    }
}

extension GatewayConfiguration {
    /// The owner of our table, for commands that only read.
    public var tableOwnerForReading: TableOwner { isTableOwned ? .holder : .nobody }

    /// The owner of our table, for programs that change it. Asks the holder for its socket.
    public func tableOwner() throws -> TableOwner {
        isTableOwned ? .socket(try TableHolder.borrow(runDirectory: runDirectory)) : .nobody
    }
}
