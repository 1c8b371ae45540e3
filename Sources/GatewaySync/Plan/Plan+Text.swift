import Netlink

extension Plan: CustomStringConvertible {
    /// One line for each change, in order: `+` adds, `~` changes, `-` removes.
    public var description: String { lines.joined(separator: "\n") }

    /// The lines of `description`.
    public var lines: [String] {
        let flows = flows.map { "ct   - \($0)" }
        return (grow.map(\.description) + table.lines) + flows + lower.map(\.description) + remove.map(\.description)
    }
}

extension Plan {
    /// One line, for a plan with many changes.
    public var summary: String {
        "\(count) changes: \(grow.count) to IPVS, then \(table.added.count) elements added to and "
            + "\(table.removed.count) taken from \(PortcullisTable.table), then the flows to \(flows.count) ports looked "
            + "through, \(lower.count) weights lowered and "
            + "\(remove.count) removals"
    }
}

extension TableChange {
    /// One line for each change, in the format of `Plan.lines`.
    package var lines: [String] {
        var lines = [String]()
        switch skeleton {
        case .intact: break
        case .absent: lines.append("nft  + table \(PortcullisTable.table)")
        case .rules:
            lines.append("nft  ~ rules of table \(PortcullisTable.table) made anew: they are not as they should be")
        case .altered: lines.append("nft  ~ table \(PortcullisTable.table) made anew: it is not as it should be")
        case .withdrawn: lines.append("nft  - table \(PortcullisTable.table)")
        }
        lines += limiters.made.map { "nft  + chain \($0.name)" }
        lines += removed.map { "nft  - \($0)" } + added.map { "nft  + \($0)" }
        return lines + limiters.deleted.map { "nft  - chain \($0.name)" }
    }
}

extension IPVSChange: CustomStringConvertible {
    public var description: String {
        switch command {
        case .addService(let service, let settings):
            "ipvs + virtual service \(service) \(settings.text)"
        case .setService(let service, let settings):
            "ipvs ~ virtual service \(service) \(change(to: settings))"
        case .deleteService(let service):
            "ipvs - virtual service \(service)"
        case .addDestination(let server, let settings, to: let service):
            "ipvs + real server \(service) -> \(server.text) \(settings.text)"
        case .setDestination(let server, let settings, of: let service):
            "ipvs ~ real server \(service) -> \(server.text) \(change(to: settings))"
        case .deleteDestination(let server, of: let service):
            "ipvs - real server \(service) -> \(server.text)"
        }
    }

    private func change(to settings: IPVS.ServiceSettings) -> String {
        guard case .service(let before)? = previous else { return settings.text }
        return "\(before.text(beside: settings)) -> \(settings.text(beside: before))"
    }

    private func change(to settings: IPVS.DestinationSettings) -> String {
        guard case .destination(let before)? = previous else { return settings.text }
        var weighed = before
        weighed.weight = settings.weight
        return weighed == settings
            ? "weight \(before.weight) -> \(settings.weight)"
            : "\(before.text(beside: settings)) -> \(settings.text(beside: before))"
    }
}

extension IPVS.ServiceSettings {
    /// Scheduler and persistence: `wlc persistent 300`.
    package var text: String { persistence == 0 ? scheduler : "\(scheduler) persistent \(persistence)" }

    /// `text`, followed by whatever else differs from the other settings.
    fileprivate func text(beside other: Self) -> String {
        var text = [text]
        if flags != other.flags { text.append("flags \(flagNames)") }
        if persistenceBits != other.persistenceBits {
            text.append("client prefix \(persistenceBits.map { "/\($0)" } ?? "whole")")
        }
        if persistenceEngine != other.persistenceEngine {
            text.append("persistence engine \(persistenceEngine ?? "none")")
        }
        return text.joined(separator: " ")
    }

    /// The flags under the names that ipvsadm uses: `mh-fallback,mh-port`.
    private var flagNames: String {
        let isHash = scheduler == "mh" || scheduler == "sh"
        let names: [(IPVS.ServiceFlags, String)] = [
            (.onePacket, "ops"), (.scheduler1, isHash ? "\(scheduler)-fallback" : "flag-1"),
            (.scheduler2, isHash ? "\(scheduler)-port" : "flag-2"), (.scheduler3, "flag-3"),
        ]
        let set = names.filter { flags.contains($0.0) }.map(\.1)
        return set.isEmpty ? "none" : set.joined(separator: ",")
    }
}

extension IPVS.DestinationSettings {
    /// Method and weight, and the limit if there is one: `masq weight 100 max-connections 500`.
    package var text: String {
        let isLimited = upperThreshold != 0 || lowerThreshold != 0
        return forwarding + (isLimited ? " \(limit(hasLower: lowerThreshold != 0))" : "")
    }

    private var forwarding: String { "\(method) weight \(weight)" }

    /// The limit, under the name that it has in a gateway section; both of IPVS' thresholds if another program has set
    /// the lower one.
    private func limit(hasLower: Bool) -> String {
        hasLower ? "thresholds \(upperThreshold)/\(lowerThreshold)" : "max-connections \(upperThreshold)"
    }

    /// Method and weight, followed by whatever else differs from the other settings.
    fileprivate func text(beside other: Self) -> String {
        var text = [forwarding]
        if (upperThreshold, lowerThreshold) != (other.upperThreshold, other.lowerThreshold) {
            text.append(limit(hasLower: lowerThreshold != 0 || other.lowerThreshold != 0))
        }
        if tunnel != other.tunnel { text.append("by \(tunnel.kind) port \(tunnel.port) flags \(tunnel.flags)") }
        return text.joined(separator: " ")
    }
}

extension IPVS.DestinationIdentity {
    /// The address and port; without the port where the client's port is kept.
    package var text: String { port == 0 ? "\(address)" : "\(self)" }
}
