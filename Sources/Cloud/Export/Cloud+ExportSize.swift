import Names
import NetworkTypes
import ServicesExport

extension Cloud {
    /// Locations whose export would be larger than gateways accept. Of egress rules alone it makes the rows.
    public func sizeContradictions() -> [Contradiction] {
        exportSizes().sorted { $0.key < $1.key }.compactMap { location, size in
            guard size.rows > ServicesCSV.maximumRows || size.bytes > ServicesCSV.maximumSize else { return nil }
            return Contradiction(
                "the export of location \(location) would have \(size.rows) rows and up to \(size.bytes >> 20) MiB; "
                    + "gateways take \(ServicesCSV.maximumRows) rows and \(ServicesCSV.maximumSize >> 20) MiB",
                of: [.init(.location, location)])
        }
    }

    /// The upper bound of each location's export.
    func exportSizes() -> [String: ExportSize] {
        var instances = [String: [String: Int]]()
        for service in services.values where service.state != .maint {
            guard let location = servers[service.server]?.location else { continue }
            instances[location, default: [:]][service.type, default: 0] += 1
        }
        let egress = egressRows()
        for location in egress.keys where instances[location] == nil { instances[location] = [:] }
        return Dictionary(
            uniqueKeysWithValues: instances.map { location, counts in
                let size = counts.reduce(into: ExportSize(of: egress[location] ?? [])) { size, count in
                    for section in types[count.key]?.configuration.gateway ?? [] {
                        guard let pool = pools[AddressPool.ID(location: location, name: section.pool)] else { continue }
                        size.add(section, of: count.key, pool: pool, instances: count.value)
                    }
                }
                return (location, size)
            })
    }
}

/// An upper bound of the size of an export.
struct ExportSize {
    package var rows = 0
    package var bytes = 0

    init() {}

    init(of rules: [EgressRule]) {
        rows = rules.count
        bytes = rules.reduce(0) { $0 + $1.description.utf8.count + 1 }
    }

    /// Adds the rows of a section for the given number of instances.
    package mutating func add(_ section: GatewaySection, of type: String, pool: AddressPool, instances: Int) {
        for family in section.families(of: pool) {
            let addresses = pool.addresses.lazy.filter { $0.family == family }.count
            let sources = section.sources.lazy.filter { $0.address.family == family }.count
            let longestAddress = family == .ipv4 ? 16 : 40
            let rowsPerInstance: Int
            let ports: Int
            switch section.exposure {
            case .ports(let mappings, let protocols):
                rowsPerInstance = mappings.count * protocols.count
                ports = 1
            case .mark(let fwm):
                rowsPerInstance = fwm.protocols.count
                ports = fwm.ports.count
            }
            // Commas, line feed, numbers and words at their longest; a network is an address and a length.
            let fixed = 88 + type.utf8.count + section.name.utf8.count + pool.id.name.utf8.count + longestAddress
            // The sorry server's port at its longest.
            let options = section.options(on: family).sorry(at: .max).byteCount
            let row = fixed + options + addresses * longestAddress + sources * (longestAddress + 4) + ports * 12
            rows += rowsPerInstance * instances
            bytes += rowsPerInstance * instances * row
        }
    }
}
