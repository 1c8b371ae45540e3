import Names
import NetworkTypes
public import ServicesExport

extension Cloud {
    /// The export of a location: one row for each external connection and instance.
    ///
    /// Marks must have been allocated. Instances count with their effective state: ready ones have their weight,
    /// draining ones weight 0, those in maintenance no row. A section limited to sources of one family is not served on the other. Rows are in no
    /// particular order; `ServicesCSV.write` sorts them. Cost: walks over all services.
    public func exportRows(location: String) -> [ExportRow] {
        exportRows(location: location, exportedInstances()[location] ?? [:])
    }

    /// An instance and its server.
    package typealias PlacedInstance = (instance: ServiceInstance, server: Server)

    /// The instances that have rows, by location and type, each with its effective state. Walks over all services.
    package func exportedInstances() -> [String: [String: [PlacedInstance]]] {
        var instances = [String: [String: [PlacedInstance]]]()
        for service in services.values {
            guard let server = servers[service.server], isExported(service) else { continue }
            var exported = service
            exported.state = effectiveState(of: service).state
            guard exported.state != .maint else { continue }
            instances[server.location, default: [:]][service.type, default: []].append((exported, server))
        }
        return instances
    }

    /// Like the function above, for one of many locations.
    package func exportRows(location: String, _ instances: [String: [PlacedInstance]]) -> [ExportRow] {
        var rows = [ExportRow]()
        for (type, members) in instances {
            let members = members.sorted { $0.instance.index < $1.instance.index }
            for section in types[type]?.configuration.gateway ?? [] {
                guard let pool = pools[AddressPool.ID(location: location, name: section.pool)] else { continue }
                append(section, of: type, pool: pool, members: section.served(members), to: &rows)
            }
        }
        return rows
    }

    /// The egress rules of a location's export: one for each family of a rule's inside networks, by name and family.
    ///
    /// Rules that contradict the cloud (`egressContradictions()`) may be left out. Cost: walks over all rules.
    public func egressRows(location: String) -> [EgressRule] {
        egressRows(egress.values.filter { $0.id.location == location })
    }

    /// Like the function above, for all locations that have rules. Walks over the rules once.
    package func egressRows() -> [String: [EgressRule]] {
        Dictionary(grouping: egress.values, by: \.id.location).mapValues(egressRows)
    }

    func egressRows(_ rules: [Egress]) -> [EgressRule] {
        rules.sorted { $0.id < $1.id }.flatMap { rule in
            rule.families.compactMap { family in
                let addresses = (pools[rule.poolID]?.addresses ?? []).filter { $0.family == family }
                guard !addresses.isEmpty else { return nil }
                return EgressRule(
                    name: rule.id.name, addressName: rule.pool, addresses: addresses,
                    sources: rule.sources.filter { $0.address.family == family },
                    exceptions: rule.exceptions.filter { $0.address.family == family }.withoutInner)
            }
        }
    }

    private func append(
        _ section: GatewaySection, of type: String, pool: AddressPool,
        members: [(instance: ServiceInstance, server: Server)], to rows: inout [ExportRow]
    ) {
        for family in section.families(of: pool) {
            let addresses = pool.addresses.filter { $0.family == family }
            let sources = section.sources.filter { $0.address.family == family }
            let options = section.options(on: family)
            for (instance, server) in members {
                guard let backend = section.backendAddress(on: server, family: family) else { continue }
                let weight = instance.state == .ready ? section.weight(of: instance) : 0
                for transport in section.protocols {
                    var row = ExportRow(
                        service: instance.name, section: section.name, transport: transport,
                        addressName: pool.id.name, addresses: addresses, ports: [], method: section.method,
                        scheduler: section.scheduler, persistence: section.persistence,
                        drainTime: section.drainTime, sources: sources,
                        options: options, backendAddress: backend, weight: weight)
                    switch section.exposure {
                    case .ports(let mappings, _):
                        for mapping in mappings {
                            row.ports = [PortRange(mapping.publicPort)].compactMap { $0 }
                            row.backendPort = mapping.internalPort
                            row.options = options.sorry(at: mapping.internalPort)
                            rows.append(row)
                        }
                    case .mark(let fwm):
                        guard let mark = mark(of: section, type: type, transport) else { continue }
                        row.ports = fwm.ports
                        row.mark = mark
                        rows.append(row)
                    }
                }
            }
        }
    }
}

extension GatewaySection {
    /// The instances that get rows. Under `dnat`, which sends new connections to one server, these are the first
    /// ready one, and those in `drain`, which keep their connections.
    fileprivate func served(
        _ members: [(instance: ServiceInstance, server: Server)]
    ) -> [(instance: ServiceInstance, server: Server)] {
        guard method == .dnat else { return members }
        let target = members.first { $0.instance.state == .ready }?.instance.name
        return members.filter { $0.instance.name == target || $0.instance.state == .drain }
    }
}
