import NetworkTypes

extension LargeCloud {
    /// A virtual service of IPVS, with the names of its real servers.
    struct VirtualService {
        enum Key {
            case port(IPAddress, UInt16)
            case mark(UInt32, AddressFamily)
        }

        let key: Key
        let realServers: [RealServer]
    }

    struct RealServer {
        let address: IPAddress
        /// The port; 0 keeps the client's port.
        let port: UInt16
        let weight: Int
    }

    /// Every virtual service, in the order of types, families and ports.
    var virtualServices: some Sequence<VirtualService> {
        types.lazy.flatMap { type in
            size.families.indices.lazy.flatMap { family in
                keys(of: type, family: family).map { key, port in
                    VirtualService(
                        key: key,
                        realServers: type.instances.map { instance in
                            RealServer(
                                address: instance.server.addresses[family], port: port, weight: instance.weight)
                        })
                }
            }
        }
    }

    private func keys(of type: ServiceType, family: Int) -> [(VirtualService.Key, backend: UInt16)] {
        switch type.exposure {
        case .ports(let ports):
            ports.map { (.port(type.pool.addresses[family], $0.external.first), $0.backend) }
        case .mark(let mark, ports: _):
            [(.mark(mark, size.families[family]), 0)]
        }
    }
}
