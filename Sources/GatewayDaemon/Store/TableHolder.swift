import Glibc
import Netlink
import ServiceSupport
import SystemPackage

/// Keeps the nfnetlink socket that owns our table, and hands it to the daemon.
///
/// The kernel deletes a table with an owner when the last process closes the owner's socket. So a process that does
/// nothing else keeps it: the table then outlives restarts, crashes and upgrades of the daemon, and `nft flush ruleset`
/// passes it by.
public enum TableHolder {
    private static func path(in runDirectory: String) -> String { runDirectory + "/table-owner" }

    /// How long the holder may take to answer.
    private static let patience = Duration.seconds(10)

    /// Opens the socket and hands it to each process of our own user, or root's, that asks.
    ///
    /// Returns never, but for an error at the start: a second holder would take the place of the first, whose table the
    /// daemon could then neither change nor be handed again. What asks and goes away, or is somebody else, gets nothing
    /// and harms nobody.
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
                // Out of descriptors, say: whoever asks comes again.
                usleep(100_000)
                continue
            }
            if client.peerUser == 0 || client.peerUser == geteuid() { try? client.send(owner.descriptor) }
            client.close()
        }
    }

    /// Asks for the socket. It has to be closed in the end.
    /// - Throws: when nobody keeps one.
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
    /// Who owns our table, for those who only look.
    public var tableOwnerForReading: TableOwner { isTableOwned ? .holder : .nobody }

    /// Who owns our table, for those who change it: asks the holder.
    public func tableOwner() throws -> TableOwner {
        isTableOwned ? .socket(try TableHolder.borrow(runDirectory: runDirectory)) : .nobody
    }
}
