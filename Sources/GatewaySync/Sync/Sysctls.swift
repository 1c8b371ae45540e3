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

    private struct Setting {
        let name: String
        let value: String
        let reason: String
        /// Whether it is ours to set; routing is the host's.
        let isOurs: Bool
    }

    private static let settings = [
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

    /// Sets what is ours and says what else is amiss, with the command that mends it.
    func check() {
        for setting in Self.settings {
            let path = "\(root)/\(String(setting.name.map { $0 == "." ? "/" : $0 }))"
            guard let bytes = try? Files.read(path) else { continue }
            let found = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
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
