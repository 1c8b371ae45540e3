public import GatewaySync
import Netlink
public import NetworkTypes

/// The value that a setting must have for packets to flow as the export says. `all` is the complete list;
/// docs/gateway.md has it for operators.
public struct SettingRequirement: Sendable, Hashable {
    /// What the value must be.
    public enum Condition: Sendable, Hashable {
        case equal(String)
        /// Any value but this one.
        case not(String)
    }

    /// The setting.
    public let setting: KernelSetting
    /// What its value must be.
    public let condition: Condition
    /// What happens otherwise.
    public let consequence: String
    /// Whether Portcullis may set it. It does not set routing, nor anything that an operator may want otherwise.
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

    /// All requirements of a gateway.
    /// - Parameters:
    ///   - families: the families that this machine must forward.
    ///   - isTracking: whether conntrack must know the connections of IPVS; `nil` where it is not known.
    public static func all(
        _ configuration: GatewayConfiguration, forwarding families: Set<AddressFamily>, isTracking: Bool? = false
    ) -> [Self] {
        var all = ipvs
        switch isTracking {
        case true?: all.append(tracked)
        case false?: all.append(untracked)
        case nil: break
        }
        all += ofSyncDaemons(configuration)
        all += KernelSetting.Timeout.allCases.compactMap { timeout in
            let seconds = configuration.timeouts[keyPath: timeout.path]
            return seconds == 0 ? nil : Self(timeout, seconds: seconds)
        }
        if families.contains(.ipv4) { all.append(forwardingIPv4) }
        if families.contains(.ipv6) { all.append(forwardingIPv6) }
        return all
    }

    /// All requirements of a gateway with an export.
    public static func all(_ configuration: GatewayConfiguration, for desired: DesiredState) -> [Self] {
        all(configuration, forwarding: desired.forwardedFamilies, isTracking: desired.needsTracking)
    }

    /// The requirements of the sync daemons on a gateway of a pair, whichever of them run.
    public static func ofSyncDaemons(_ configuration: GatewayConfiguration) -> [Self] {
        [backupOnly] + (configuration.sync.interface == nil ? [] : pair)
    }

    /// The requirements of IPVS (Documentation/networking/ipvs-sysctl.rst).
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
            "net.ipv4.vs.drop_entry", .not("3"), isOurs: false,
            otherwise: "IPVS drops connections at random, always and not only when memory is short"),
        Self(
            "net.ipv4.vs.drop_packet", .not("3"), isOurs: false,
            otherwise: "IPVS drops packets at random, always and not only when memory is short"),
        Self(
            "net.ipv4.vs.secure_tcp", .not("3"), isOurs: false,
            otherwise: "the timeouts of TCP are those of a defence against attacks, always"),
    ]

    private static let untracked = Self(
        "net.ipv4.vs.conntrack", .equal("0"), isOurs: true,
        otherwise: "each connection takes an entry of conntrack, though nothing in the export needs it")
    private static let tracked = Self(
        "net.ipv4.vs.conntrack", .equal("1"), isOurs: true,
        otherwise: "machines inside do not reach the public addresses, and connections at a time are not limited")

    private static let backupOnly = Self(
        "net.ipv4.vs.backup_only", .equal("0"), isOurs: true,
        otherwise: "IPVS takes no packet while a sync daemon of role backup runs")

    /// The requirements for synchronizing connections. A message is sent when a connection becomes established, and
    /// again with its first packet after ten seconds, so that a gateway that returns soon knows all active ones. With
    /// the kernel's defaults, 3 and 50, a connection is announced again only after 50 packets, and one with less than
    /// three packets never.
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
    /// Compares settings with the requirements. The result has the steps that correct settings, and the deviations
    /// that Portcullis may not correct.
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

    /// The value to set. If several values meet the condition, it is the kernel's default.
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
            // exact: the command is ours
            remedy: wanted.utf8.contains(0x20) ? remedy : remedy.filter { $0 != "\"" })
    }
}
