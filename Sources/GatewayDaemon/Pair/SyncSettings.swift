public import Netlink
public import NetworkTypes

/// How connections are synchronized to the other gateway of a pair, by IPVS' sync daemons.
public struct SyncSettings: Sendable, Hashable {
    /// Which sync daemons run.
    public enum Daemons: String, Sendable, CaseIterable {
        /// The active gateway sends, the passive one receives.
        case byRole = "by-role"
        /// Both gateways send and receive, whatever their roles.
        case both
    }

    /// The interface between the two gateways; `nil`: connections are not synchronized, and sync daemons are left
    /// alone.
    public var interface: String?
    /// An identifier that the gateways of a pair share, and that no other pair on the same network has; 0 accepts
    /// any.
    public var id: UInt32 = 1
    /// Which sync daemons run.
    public var daemons = Daemons.byRole
    /// The size of a message in bytes; 0: as many as fit into one packet.
    public var maximumLength: UInt16 = 0
    /// The multicast group; `nil`: 224.0.0.81.
    public var group: IPAddress?
    /// The UDP port; 0: 8848.
    public var port: UInt16 = 0

    public init() {}

    /// The sync daemons that a gateway in the role must run.
    public func wanted(as role: GatewayRole) -> [IPVS.SyncDaemon] {
        guard let interface else { return [] }
        let roles: [IPVS.SyncDaemon.Role] =
            switch (daemons, role) {
            case (.both, _): [.master, .backup]
            case (.byRole, .active): [.master]
            case (.byRole, .passive): [.backup]
            }
        return roles.map {
            IPVS.SyncDaemon(
                role: $0, interface: interface, syncID: id, maximumLength: maximumLength, group: group, port: port)
        }
    }
}
