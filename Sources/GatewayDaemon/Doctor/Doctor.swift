import GatewaySync
import Netlink
import NetworkTypes
import ServicesExport

/// The checks of `doctor`. Each is a function of the host's state and of the traffic that the gateway serves.
enum Doctor {
    typealias Check = @Sendable (HostSnapshot, ServedTraffic) -> [Finding]

    static let checks: [Check] = [
        firewalls, legacyTables, settings, forwarding, reversePaths, serverRoutes, silentServers, tunnelMTU,
        publicAddresses, adminAddress,
        modules,
        conntrack, ephemeralPorts,
    ]

    static func examine(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        checks.flatMap { $0(host, traffic) }
    }

    // MARK: Tables of other programs

    static func legacyTables(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        guard !host.legacyTables.isEmpty else { return [] }
        return [
            Finding(
                "legacy-iptables", .note,
                "the older iptables has tables (\(host.legacyTables.joined(separator: ", "))), which are not looked at "
                    + "here: their chains may drop packets as well",
                advice: "To see them, run: iptables-legacy-save; ip6tables-legacy-save")
        ]
    }

    /// The kernel's required settings (docs/gateway.md). Forwarding has a check of its own.
    static func settings(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        guard let settings = host.settings else { return [] }
        // exact: names of settings are ours
        let requirements = traffic.requirements.filter { !"\($0.setting)".contains("forward") }
        let (steps, deviations) = SettingRequirement.compare(requirements, with: settings)
        let ours = steps.compactMap { step in
            requirements.first { $0.setting == step.setting }?.deviation(step.found)
        }
        return (ours + deviations).map {
            Finding("settings", .warning, "\($0.name) is \($0.found): \($0.consequence)", remedy: $0.remedy)
        }
    }

    static func conntrack(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        guard let usage = host.conntrack, usage.percent >= 80 else { return [] }
        let isFull = usage.entries >= usage.limit
        return [
            Finding(
                "conntrack", isFull ? .stops : .warning,
                "the connection tracking table has \(usage.entries) of \(usage.limit) entries"
                    + (isFull
                        ? ": packets are dropped" : " (\(usage.percent) %): once it is full, packets are dropped"),
                remedy:
                    "sysctl -w net.netfilter.nf_conntrack_max=\(usage.limit > Int.max / 2 ? usage.limit : usage.limit * 2)"
            )
        ]
    }

    static func modules(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        guard let modules = host.modules else { return [] }
        let schedulers = Set(
            traffic.groups.lazy.filter { $0.connection.method != .dnat }.map {
                "ip_vs_\($0.connection.scheduler.rawValue)"
            })
        let wanted = ["ip_vs", "nf_tables", "nf_conntrack"] + schedulers.sorted()
        let mayLoad = host.sysctls["kernel.modules_disabled"] != "1"
        return wanted.compactMap { name in
            guard !modules.loaded.contains(name) else { return nil }
            guard let loadable = modules.loadable, mayLoad else {
                let reason = mayLoad ? "/lib/modules cannot be read" : "kernel.modules_disabled is 1"
                return Finding(
                    "modules", mayLoad ? .note : .stops, "the module \(name) is not loaded, and \(reason)",
                    remedy: mayLoad ? "modprobe \(name)" : nil)
            }
            // The kernel loads the module on demand.
            guard !loadable.contains(name) else { return nil }
            return Finding(
                "modules", .stops, "the kernel has no module \(name), which the export asks for",
                remedy: "apt-get install linux-image-amd64 && reboot")
        }
    }

    static func ephemeralPorts(_ host: HostSnapshot, _ traffic: ServedTraffic) -> [Finding] {
        let reserved = host.sysctls[EphemeralPorts.reservedSysctl] ?? ""
        guard let local = host.sysctls[EphemeralPorts.rangeSysctl],
            let ports = EphemeralPorts(local: local, reserved: reserved)
        else { return [] }
        let conflicts = ports.conflicts(with: traffic.groups)
        guard !conflicts.isEmpty else { return [] }
        let words = conflicts.prefix(5).map(\.description).joined(separator: "; ")
        let more = conflicts.count > 5 ? "; and \(conflicts.count - 5) more" : ""
        let isHarmful = conflicts.contains(where: \.isHarmful)
        let met = Set(conflicts.flatMap(\.ports)).sorted()
        let rest = ports.ranges.flatMap { $0.subtracting(met) }.reduce(0) { $0 + $1.count }
        // exact: the kernel writes ports in ASCII
        let list = ([reserved.filter { !$0.isWhitespace }] + met.map(\.description)).filter { !$0.isEmpty }
            .joined(separator: ",")
        return [
            Finding(
                "ephemeral-ports", isHarmful ? .warning : .note,
                "exported ports are also given to the host's own connections: \(words)\(more)"
                    + (isHarmful
                        ? "; the replies to such a connection go to a real server"
                        : "; the rules keep the replies to the host, but not another program's port"),
                remedy: rest >= 1_024 ? "sysctl -w \(EphemeralPorts.reservedSysctl)=\(list)" : nil,
                advice: rest >= 1_024
                    ? nil : "Set \(EphemeralPorts.rangeSysctl) to a range of ports that are not exported.")
        ]
    }
}
