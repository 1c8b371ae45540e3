import NetworkTypes

extension LargeCloud {
    /// A file of a cloud directory.
    public struct File: Sendable, Equatable {
        /// Relative to the directory: `cloud.yaml`, `types/t0001.yaml`.
        public let path: String
        public let text: String
    }

    /// The files of the directory that `portcullis apply -f cloud.yaml` reads.
    public var cloudFiles: [File] {
        [File(path: "cloud.yaml", text: cloudFile)]
            + types.map { File(path: "types/\($0.name).yaml", text: metaConfiguration(of: $0)) }
    }

    private var cloudFile: String {
        var text = "types: [types]\nlocations:\n  \(Self.location):\n    pools:\n"
        for pool in pools { text += "      \(pool.name): [\(list(pool.addresses))]\n" }
        text += "    servers:\n"
        for server in servers { text += "      \(server.name): {kind: app, addresses: [\(list(server.addresses))]}\n" }
        text += "services:\n"
        for instance in types.lazy.flatMap(\.instances) {
            let isUsual = instance.weight == LargeCloudSize.defaultWeight
            text += "  \(instance.name): "
            text += isUsual ? instance.server.name : "{server: \(instance.server.name), weight: \(instance.weight)}"
            text += "\n"
        }
        return text
    }

    private func metaConfiguration(of type: ServiceType) -> String {
        let exposure =
            switch type.exposure {
            case .ports(let ports):
                "    ports: {\(ports.map { "\($0.external): \($0.backend)" }.joined(separator: ", "))}\n"
                    + "    protocol: tcp\n"
            case .mark(let mark, ports: let ports):
                "    fwm:\n      ports: \(ports)\n      protocols: [tcp, udp]\n      mark: \(mark)\n"
            }
        return """
            type: \(type.name)
            require-index: true
            gateway:
              - name: \(Self.section)
                address: \(type.pool.name)
            \(exposure)    scheduler: \(Self.scheduler)

            """
    }

    private func list(_ addresses: [IPAddress]) -> String {
        addresses.map(\.description).joined(separator: ", ")
    }
}
