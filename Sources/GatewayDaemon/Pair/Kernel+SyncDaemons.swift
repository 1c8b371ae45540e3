public import Netlink
import NetworkTypes
import SystemPackage

extension Kernel {
    /// Brings the kernel's sync daemons into agreement with the wanted ones. Another process may safely do the same
    /// at the same time.
    /// - Returns: the changes.
    public func arrange(_ wanted: [IPVS.SyncDaemon]) throws(NetlinkError) -> [String] {
        let (surplus, missing) = try difference(from: wanted)
        var changes = [String]()
        for daemon in surplus {
            do throws(NetlinkError) {
                try stopSyncDaemon(daemon.role)
                changes.append("- sync \(daemon.words)")
            } catch  where error.errno == .noSuchProcess {
                continue
            }
        }
        for daemon in missing {
            do throws(NetlinkError) {
                try startSyncDaemon(daemon)
                changes.append("+ sync \(daemon.words)")
            } catch  where error.errno == .fileExists {
                continue
            }
        }
        return changes
    }

    /// How the kernel's sync daemons differ from the wanted ones, in words.
    public func deviations(from wanted: [IPVS.SyncDaemon]) throws(NetlinkError) -> [String] {
        let (surplus, missing) = try difference(from: wanted)
        return surplus.map { "sync \($0.words) runs" } + missing.map { "sync \($0.words) does not run" }
    }

    private func difference(
        from wanted: [IPVS.SyncDaemon]
    ) throws(NetlinkError) -> (surplus: [IPVS.SyncDaemon], missing: [IPVS.SyncDaemon]) {
        let found = try syncDaemons()
        return (
            found.filter { daemon in !wanted.contains { $0.isServed(by: daemon) } },
            wanted.filter { !found.contains(where: $0.isServed) }
        )
    }
}

extension IPVS.SyncDaemon {
    /// `master on eth1, id 1`
    var words: String { "\(role) on \(interface), id \(syncID)" }

    /// Whether the daemon that was found, with the values that the kernel reports, is the wanted one.
    func isServed(by found: Self) -> Bool {
        role == found.role && interface == found.interface && syncID == found.syncID
            && (maximumLength == 0 || maximumLength == found.maximumLength)
            && group ?? Self.defaultGroup == found.group ?? Self.defaultGroup
            && (port == 0 ? Self.defaultPort : port) == (found.port == 0 ? Self.defaultPort : found.port)
    }

    private static let defaultGroup = IPAddress("224.0.0.81")
    private static let defaultPort: UInt16 = 8848
}
