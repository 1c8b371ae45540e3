import Names
import NetworkTypes

extension Cloud {
    /// Public addresses that are also a real server's own.
    ///
    /// A public address is local on the gateways, so their packets to a server with the same address would never
    /// leave them. A gateway's own address may be public, as long as no instance that a section exports runs there.
    /// Cost: walks over all servers, services and addresses.
    public func sharedAddressContradictions() -> [Contradiction] {
        let exported = Set(
            services.values.lazy.filter { types[$0.type]?.configuration.gateway.isEmpty == false }.map(\.server))
        var owners = [IPAddress: Server]()
        for server in servers.values where server.kind != .gateway || exported.contains(server.name) {
            for address in server.addresses { owners[address] = server }
        }
        return pools.values.sorted { $0.id < $1.id }.flatMap { pool in
            pool.addresses.compactMap { address -> Contradiction? in
                guard let owner = owners[address] else { return nil }
                return Contradiction(
                    "the pool \(pool.id.name) of location \(pool.id.location) has \(address), which is the server "
                        + "\(owner.name)'s own: a gateway that has it cannot send anything to the server",
                    of: [.pool(pool.id, .address(address)), .init(.server, owner.name, .address(address))])
            }
        }
    }

    /// The contradictions that were not there before: a registry of an earlier version may have some, and can still
    /// be changed.
    func newSharedAddressContradictions(since before: Cloud) -> [Contradiction] {
        let now = sharedAddressContradictions()
        guard !now.isEmpty else { return [] }
        let known = Set(before.sharedAddressContradictions().map(\.message))
        return now.filter { !known.contains($0.message) }
    }
}
