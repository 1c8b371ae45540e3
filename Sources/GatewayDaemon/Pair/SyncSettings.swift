public import Netlink
public import NetworkTypes

/// How connections are carried over to the other gateway of a pair: by IPVS' sync daemons.
public struct SyncSettings: Sendable, Hashable {
    /// Which of them run.
    public enum Daemons: String, Sendable, CaseIterable {
        /// The active gateway sends, the passive one takes.
        case byRole = "by-role"
        /// Either sends and takes, whatever its role.
        case both
    }

    /// The interface between the two; `nil`: connections are not carried over, and sync daemons are nobody's business
    /// of ours.
    public var interface: String?
    /// What both gateways of a pair have in common, and no other pair on the same wire; 0 takes what carries any.
    public var id: UInt32 = 1
    public var daemons = Daemons.byRole
    /// Bytes of a message; 0: as many as one packet holds.
    public var maximumLength: UInt16 = 0
    /// The multicast group; `nil`: 224.0.0.81.
    public var group: IPAddress?
    /// The UDP port; 0: 8848.
    public var port: UInt16 = 0

    public init() {}

    /// The sync daemons of a gateway in the role.
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
