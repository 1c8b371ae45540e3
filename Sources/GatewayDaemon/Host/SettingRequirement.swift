import Netlink
public import NetworkTypes

/// What a setting must be for packets to flow as the export says. `all` is the whole list; docs/gateway.md has it for
/// people.
public struct SettingRequirement: Sendable, Hashable {
    public enum Condition: Sendable, Hashable {
        case equal(String)
        /// Any value but this one.
        case not(String)
    }

    public let setting: KernelSetting
    public let condition: Condition
    /// What happens otherwise.
    public let consequence: String
    /// Whether it is ours to set. Routing, and what an operator may want otherwise, is not.
    public let isOurs: Bool

    init(_ sysctl: String, _ condition: Condition, isOurs: Bool, otherwise consequence: String) {
        setting = .sysctl(sysctl)
        self.condition = condition
        self.isOurs = isOurs
        self.consequence = consequence
    }

    init(_ timeout: KernelSetting.Timeout, seconds: UInt32) {
        setting = .timeout(timeout)
        condition = .equal("\(seconds)")
        isOurs = true
        consequence = "connections that send nothing are forgotten after another time than ipvs-timeouts says"
    }

    /// What must hold on a gateway.
    /// - Parameter families: those in which the export has servers whose answers this machine forwards.
    public static func all(
        _ configuration: GatewayConfiguration, forwarding families: Set<AddressFamily>
    ) -> [Self] {
        var all = ipvs
        all += ofSyncDaemons(configuration)
        all += KernelSetting.Timeout.allCases.compactMap { timeout in
            let seconds = configuration.timeouts[keyPath: timeout.path]
            return seconds == 0 ? nil : Self(timeout, seconds: seconds)
        }
        if families.contains(.ipv4) { all.append(forwardingIPv4) }
        if families.contains(.ipv6) { all.append(forwardingIPv6) }
        return all
    }

    /// What the sync daemons need on a gateway of a pair, whichever of them run.
    public static func ofSyncDaemons(_ configuration: GatewayConfiguration) -> [Self] {
        [backupOnly] + (configuration.sync.interface == nil ? [] : pair)
    }

    /// The conditions of IPVS (Documentation/networking/ipvs-sysctl.rst).
    private static let ipvs = [
        Self(
            "net.ipv4.vs.expire_nodest_conn", .equal("1"), isOurs: true,
            otherwise: "connections to a removed server hang instead of ending"),
        Self(
            "net.ipv4.vs.expire_quiescent_template", .equal("1"), isOurs: true,
            otherwise: "persistent clients stay with a draining server"),
        Self(
            "net.ipv4.vs.conn_reuse_mode", .equal("1"), isOurs: true,
            otherwise: "a client that uses its port again is sent to a server that drains or is gone"),
        Self(
            "net.ipv4.vs.conntrack", .equal("0"), isOurs: true,
            otherwise:
                "each connection takes an entry of conntrack, and established ones pass whatever the export admits"),
        Self(
            "net.ipv4.vs.drop_entry", .not("3"), isOurs: false,
            otherwise: "IPVS drops connections at random, always and not only when memory is short"),
        Self(
            "net.ipv4.vs.drop_packet", .not("3"), isOurs: false,
            otherwise: "IPVS drops packets at random, always and not only when memory is short"),
        Self(
            "net.ipv4.vs.secure_tcp", .not("3"), isOurs: false,
            otherwise: "the timeouts of TCP are those of a defence against attacks, always"),
    ]

    private static let backupOnly = Self(
        "net.ipv4.vs.backup_only", .equal("0"), isOurs: true,
        otherwise: "IPVS takes no packet while a sync daemon of role backup runs")

    /// What a gateway needs that carries its connections over: a message for each connection that becomes established,
    /// and again with its first packet after ten seconds, so that a gateway that comes back soon knows all that move.
    /// The kernel's own 3 and 50 announce one again after 50 packets only, and one with less than three never.
    private static let pair = [
        Self(
            "net.ipv4.vs.sync_threshold", .equal("0 0"), isOurs: true,
            otherwise: "connections of few packets are not carried over"),
        Self(
            "net.ipv4.vs.sync_refresh_period", .equal("10"), isOurs: true,
            otherwise: "a gateway that comes back learns late of connections that stand"),
    ]

    private static let forwardingIPv4 = Self(
        "net.ipv4.ip_forward", .equal("1"), isOurs: false, otherwise: "answers of IPv4 servers are not forwarded")
    private static let forwardingIPv6 = Self(
        "net.ipv6.conf.all.forwarding", .equal("1"), isOurs: false,
        otherwise: "answers of IPv6 servers are not forwarded")
}

extension SettingRequirement {
    /// What is not as it must be: steps that bring it into line, and what is not ours to change.
    public static func compare(
        _ requirements: [Self], with found: KernelSettings
    ) -> (steps: [SettingStep], deviations: [SettingDeviation]) {
        var steps = [SettingStep]()
        var deviations = [SettingDeviation]()
        for requirement in requirements {
            guard let value = found[requirement.setting], !requirement.holds(value) else { continue }
            if requirement.isOurs {
                steps.append(SettingStep(requirement.setting, found: value, wanted: requirement.wanted))
            } else {
                deviations.append(requirement.deviation(value))
            }
        }
        return (steps, deviations)
    }

    private func holds(_ value: String) -> Bool {
        switch condition {
        case .equal(let wanted): value == wanted
        case .not(let bad): value != bad
        }
    }

    /// The value to set; for a condition that many values meet, the kernel's default.
    private var wanted: String {
        switch condition {
        case .equal(let wanted): wanted
        case .not: "0"
        }
    }

    func deviation(_ found: String) -> SettingDeviation {
        let remedy =
            switch setting {
            case .sysctl(let name): "sysctl -w \(name)=\"\(wanted)\""
            case .timeout: "portcullis-gateway sync"
            }
        return SettingDeviation(
            name: "\(setting)", found: found, consequence: consequence,
            remedy: wanted.utf8.contains(0x20) ? remedy : remedy.filter { $0 != "\"" })
    }
}
