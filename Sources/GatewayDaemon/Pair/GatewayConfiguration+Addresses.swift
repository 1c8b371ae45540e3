import Netlink
public import NetworkTypes

extension GatewayConfiguration {
    /// The public addresses of the export in force, read from disk; empty before the first export.
    public func publicAddresses() throws -> [IPAddress] {
        guard let digest = try StateDirectory.loadState(of: stateDirectory, at: .now)?.export,
            let bytes = try StateDirectory.loadExport(digest, from: stateDirectory)
        else { return [] }
        return try ExportAddresses(bytes).addresses
    }

    /// The public addresses that this machine has, each with its interface.
    public func localPublicAddresses() throws -> [(address: IPAddress, interface: String)] {
        let wanted = Set(try publicAddresses())
        let route = try Route.Connection()
        let names = Dictionary(try route.links().collect().map { ($0.index, $0.name) }) { $1 }
        return try route.addresses().collect().filter { wanted.contains($0.address) }.sorted { $0.address < $1.address }
            .map { ($0.address, names[$0.linkIndex] ?? "") }
    }
}
