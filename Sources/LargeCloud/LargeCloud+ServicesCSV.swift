import NetworkTypes
public import ServicesExport

extension LargeCloud {
    /// The bytes of the location's `services.csv`.
    public var servicesCSV: [UInt8] { ServicesCSV.write(rows) }

    /// The rows of the location's export.
    public var rows: [ExportRow] {
        var rows = [ExportRow]()
        rows.reserveCapacity(size.realServers)
        for type in types {
            for (family, address) in type.pool.addresses.enumerated() {
                for row in columns(of: type) {
                    for instance in type.instances {
                        rows.append(
                            ExportRow(
                                service: instance.name, section: Self.section, transport: row.transport,
                                addressName: type.pool.name, addresses: [address], ports: [row.ports],
                                mark: row.mark, scheduler: Self.scheduler,
                                backendAddress: instance.server.addresses[family], backendPort: row.backend,
                                weight: instance.weight))
                    }
                }
            }
        }
        return rows
    }

    /// The columns in which the rows of a type differ, besides address and instance.
    private func columns(
        of type: ServiceType
    ) -> [(transport: TransportProtocol, ports: PortRange, mark: UInt32?, backend: UInt16?)] {
        switch type.exposure {
        case .ports(let ports): ports.map { (.tcp, $0.external, nil, $0.backend) }
        case .mark(let mark, ports: let ports): [(.tcp, ports, mark, nil), (.udp, ports, mark, nil)]
        }
    }
}
