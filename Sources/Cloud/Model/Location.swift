public import NetworkTypes
public import Text

/// A place with gateways, servers and public addresses: a datacenter.
public struct Location: Sendable, Hashable {
    public var name: String
    /// One line for people; may be empty.
    @ExactText public var description: String

    public init(name: String, description: String = "") {
        self.name = name
        self.description = description
    }
}

/// A named set of public addresses of one location: `www-ip`.
public struct AddressPool: Sendable, Hashable, Identifiable {
    /// Pools of different locations may have the same name; gateway sections rely on it.
    public typealias ID = LocatedName

    public var id: ID
    /// Ascending, without duplicates, of one or both families.
    public var addresses: [IPAddress]

    public init(location: String, name: String, addresses: some Sequence<IPAddress>) {
        id = ID(location: location, name: name)
        self.addresses = Set(addresses).sorted()
    }

    /// The families of the pool's addresses, ascending.
    public var families: [AddressFamily] {
        AddressFamily.allCases.filter { family in addresses.contains { $0.family == family } }
    }
}
