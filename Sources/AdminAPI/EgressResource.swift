import JSON
import Names
import NetworkTypes
import Text

/// An egress rule of a location: machines of inside networks reach the world by the addresses of a pool.
public struct EgressResource: Sendable, Hashable {
    public var location: String
    public var name: String
    /// The name of a pool of the location.
    public var pool: String
    /// Inside networks of one or both families, in canonical form, sorted, at least one.
    public var from: [String]
    /// Destinations that are reached with the inside address, in canonical form, sorted.
    public var except: [String]

    public init(location: String, name: String, pool: String, from: [String], except: [String] = []) {
        self.location = location
        self.name = name
        self.pool = pool
        self.from = from
        self.except = except
    }
}

/// Body of `PUT /v1/locations/{location}/egress/{egress}`.
public struct EgressChange: Sendable, Hashable {
    /// As in the path, where they are given.
    public var location: String?
    public var name: String?
    public var pool: String
    public var from: [String]
    public var except: [String]

    public init(location: String? = nil, name: String? = nil, pool: String, from: [String], except: [String] = []) {
        self.location = location
        self.name = name
        self.pool = pool
        self.from = from
        self.except = except
    }
}

// MARK: Forms

extension EgressResource: Described {
    package static let form = Form<Self>.object(
        "Egress", .required("location", .name(.location), \.location), .required("name", .name(.egress), \.name),
        .required("pool", .name(.pool), \.pool), .required("from", from, \.from),
        .optional("except", except, else: [], \.except)
    ) { EgressResource(location: $0, name: $1, pool: $2, from: $3, except: $4) }

    static let from = Form<[String]>.networks(1...Limits.egressNetworks)
        .described("Inside networks of one or both families")
    static let except = Form<[String]>.networks(0...Limits.egressNetworks)
        .described("Destinations that are reached with the inside address, beside those in `from` of the location")
}

extension EgressChange: Described {
    package static let form = Form<Self>.object(
        "EgressChange", .repeated("location", .name(.location), \.location),
        .repeated("name", .name(.egress), \.name), .required("pool", .name(.pool), \.pool),
        .required("from", EgressResource.from, \.from),
        .optional("except", EgressResource.except, else: [], \.except)
    ) { EgressChange(location: $0, name: $1, pool: $2, from: $3, except: $4) }
}

extension Form where Value == [String] {
    /// Networks in canonical form.
    fileprivate static func networks(_ count: ClosedRange<Int>) -> Form {
        Form(
            schema: [
                "type": "array", "minItems": .integer(count.lowerBound), "maxItems": .integer(count.upperBound),
                "uniqueItems": true, "items": ["type": "string", "pattern": "^[0-9a-f:.]+/(0|[1-9][0-9]{0,2})$"],
            ],
            read: { field in
                var seen: Set<AddressPrefix> = []
                return field.elements(atLeast: count.lowerBound, atMost: count.upperBound) { field -> String? in
                    guard field.isStrict else { return field.string() }
                    guard let network = field.network() else { return nil }
                    if !seen.insert(network).inserted { field.fault("\(network) is listed twice") }
                    return network.description
                }
            },
            write: { .array($0.map { .string($0) }) })
    }
}

extension JSONField {
    /// A network in canonical form.
    fileprivate func network() -> AddressPrefix? {
        guard let text = string() else { return nil }
        do throws(AddressPrefix.Misspelling) {
            return try AddressPrefix(canonical: text)
        } catch {
            fault("\(text.printed(atMost: 80)) \(error)")
            return nil
        }
    }
}
