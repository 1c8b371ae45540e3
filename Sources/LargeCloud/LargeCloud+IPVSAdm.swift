import NetworkTypes

extension LargeCloud {
    /// A script for `ipvsadm --restore`, in the form of `ipvsadm --save --numeric`.
    public var ipvsadmScript: String {
        var script = ""
        for service in virtualServices {
            let key =
                switch service.key {
                case .port(let address, let port): "-t \(address.endpoint(port))"
                case .mark(let mark, .ipv4): "-f \(mark)"
                case .mark(let mark, .ipv6): "-f \(mark) -6"
                }
            script += "-A \(key) -s \(Self.scheduler)\n"
            for server in service.realServers {
                script += "-a \(key) -r \(server.address.endpoint(server.port)) -m -w \(server.weight)\n"
            }
        }
        return script
    }
}
