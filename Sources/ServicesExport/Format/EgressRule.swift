public import NetworkTypes

/// A row of method `snat`: inside networks reach the world by public addresses of a pool.
///
/// The connections of one inside address always leave by the same public address.
public struct EgressRule: Sendable, Hashable {
    /// Its name at the location. Column `section`.
    public var name: String
    /// The pool of the location to which `addresses` belong.
    public var addressName: String
    /// The public addresses to leave by, of one family, ascending, at least one.
    public var addresses: [IPAddress]
    /// The inside networks, ascending, without overlaps, at least one. Column `sources`.
    public var sources: [AddressPrefix]
    /// Destinations that are reached with the inside address. Ascending, without overlaps. Column `except`.
    public var exceptions: [AddressPrefix]

    public init(
        name: String, addressName: String, addresses: [IPAddress], sources: [AddressPrefix],
        exceptions: [AddressPrefix] = []
    ) {
        self.name = name
        self.addressName = addressName
        self.addresses = addresses
        self.sources = sources
        self.exceptions = exceptions
    }

    /// The family of all addresses and networks.
    public var family: AddressFamily { addresses[0].family }

    /// What column `service` has in such a row.
    public static let service = "egress"
    /// What column `method` has in such a row.
    public static let method = "snat"
    /// What column `protocol` has in such a row.
    public static let transport = "any"

    /// How many networks a rule has at most, and how many exceptions.
    public static let maximumNetworks = 256
    /// How many public addresses a rule has at most.
    public static let maximumAddresses = 1_024
    /// How many rules a location has at most.
    public static let maximumRules = 64

    /// How many elements all rules of an export may have in the kernel. It writes 16,384 in 0.4 s, and 262,144 in 92 s
    /// (`nft` on the host, Linux 6.18): more than linearly.
    public static let maximumElements = 16_384
    /// Each network has one element, one for each address, and one for each exception.
    public var elementCount: Int { sources.count * (1 + addresses.count + exceptions.count) }

    /// The oldest version that can express the rule: without it the networks would not reach the world.
    public static let minimumVersion = ServicesCSV.Version.two
}

extension EgressRule: CustomStringConvertible {
    /// The line of `services.csv`, without its line feed.
    public var description: String {
        ServicesCSV.Version.newest.columns.map { column in
            switch column {
            case .service: Self.service
            case .section: name
            case .transport: Self.transport
            case .addressName: addressName
            case .addresses: addresses.text
            case .method: Self.method
            case .sources: sources.text
            case .exceptions: exceptions.text
            default: ""
            }
        }.joined(separator: ",")
    }
}

extension [IPAddress] {
    fileprivate var text: String { map(\.description).joined(separator: " ") }
}

extension [AddressPrefix] {
    fileprivate var text: String { map(\.description).joined(separator: " ") }
}
