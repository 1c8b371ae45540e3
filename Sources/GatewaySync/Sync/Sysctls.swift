import Logging

/// Settings of the network namespace that virtual services need.
struct Sysctls {
    /// Where the kernel shows them.
    let root: String
    let logger: Logger

    init(root: String = "/proc/sys", logger: Logger) {
        self.root = root
        self.logger = logger
    }

    struct Setting {
        let name: String
        let value: String
        let reason: String
        /// Whether it is ours to set; routing is the host's.
        let isOurs: Bool
    }

    /// What any gateway needs.
    static let gateway = [
        Setting(
            name: "net.ipv4.vs.expire_nodest_conn", value: "1",
            reason: "connections to a removed server would hang instead of ending", isOurs: true),
        Setting(
            name: "net.ipv4.vs.expire_quiescent_template", value: "1",
            reason: "persistent clients would stay with a draining server", isOurs: true),
        Setting(
            name: "net.ipv4.vs.conn_reuse_mode", value: "1",
            reason: "a client that reuses its port would be sent to a server that is gone", isOurs: true),
        Setting(
            name: "net.ipv4.ip_forward", value: "1", reason: "answers of masqueraded IPv4 servers are not forwarded",
            isOurs: false),
        Setting(
            name: "net.ipv6.conf.all.forwarding", value: "1",
            reason: "answers of masqueraded IPv6 servers are not forwarded", isOurs: false),
    ]

    /// What a gateway needs that carries its connections over: a message for each connection that becomes established, and
    /// again with its first packet after ten seconds, so that a gateway that comes back soon knows all that move. The
    /// kernel's own 3 and 50 tells of one again after 50 packets only, and of one with less than three never.
    static let pair = [
        Setting(
            name: "net.ipv4.vs.sync_threshold", value: "0 0",
            reason: "connections of few packets would not be carried over", isOurs: true),
        Setting(
            name: "net.ipv4.vs.sync_refresh_period", value: "10",
            reason: "a gateway that comes back would learn late of connections that stand", isOurs: true),
    ]

    /// Sets what is ours and says what else is amiss, with the command that mends it.
    func check(_ settings: [Setting]) {
        for setting in settings {
            let path = "\(root)/\(String(setting.name.map { $0 == "." ? "/" : $0 }))"
            guard let bytes = try? Files.read(path) else { continue }
            let found = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
                .joined(separator: " ")
            guard found != setting.value else { continue }
            if setting.isOurs, Files.overwrite(path, with: setting.value) {
                logger.info("set \(setting.name)=\(setting.value) (it was \(found))")
                continue
            }
            logger.warning(
                "\(setting.name) is \(found): \(setting.reason); mend it by: sysctl -w \(setting.name)=\(setting.value)"
            )
        }
    }
}
