import NetworkTypes

extension LargeCloud {
    /// A configuration for `keepalived --check`, without health checks: every real server counts as alive.
    public var keepalivedConfiguration: String {
        var text = "global_defs {\n    router_id \(Self.location)\n}\n"
        for service in virtualServices {
            switch service.key {
            case .port(let address, let port):
                text += "\nvirtual_server \(address) \(port) {\n"
                text += "    protocol TCP\n"
            case .mark(let mark, let family):
                text += "\nvirtual_server fwmark \(mark) {\n"
                text += "    ip_family \(family == .ipv4 ? "inet" : "inet6")\n"
            }
            text += "    lvs_sched \(Self.scheduler)\n    lvs_method NAT\n"
            for server in service.realServers {
                let port = server.port == 0 ? "" : " \(server.port)"
                text += "    real_server \(server.address)\(port) {\n        weight \(server.weight)\n    }\n"
            }
            text += "}\n"
        }
        return text
    }
}
