import AdminAPI
import Cloud
import JSON
import NetworkTypes

extension RequestPlaces {
    /// Adds the places of a server's members in the body.
    mutating func addServer(_ name: String, of body: JSONObject) {
        add(.server, name, [.location, .kind, .labels, .state, .drives], of: body)
        addAddresses(.server, name, of: body)
    }

    /// Adds the places of a service's members in the body.
    mutating func addService(_ name: String, of body: JSONObject) {
        add(.service, name, [.server, .state], of: body)
    }

    /// Adds the places of an egress rule's members in the body.
    mutating func addEgress(_ id: Egress.ID, of body: JSONObject) {
        add(.egress, id.description, [.location, .pool, .sources, .exceptions], of: body)
        let lists: [(Contradiction.Subject.Member, (AddressPrefix) -> Contradiction.Subject.Member)] = [
            (.sources, { .source($0) }), (.exceptions, { .exception($0) }),
        ]
        for (list, member) in lists {
            guard case .array(let values)? = body.field(list.name)?.value else { continue }
            for (index, value) in values.enumerated() {
                guard case .string(let text) = value, let network = AddressPrefix(text) else { continue }
                add(.egress(id, member(network)), "\(body.pointer)/\(list.name)/\(index)")
            }
        }
    }

    /// Adds the places of those members of an object that are in the body.
    mutating func add(
        _ kind: Contradiction.Subject.Kind, _ name: String, _ members: [Contradiction.Subject.Member],
        of body: JSONObject
    ) {
        for member in members where body.has(member.name) {
            add(.init(kind, name, member), "\(body.pointer)/\(member.name)")
        }
    }

    /// Adds the places of the addresses in the body, in whatever order they are.
    mutating func addAddresses(_ kind: Contradiction.Subject.Kind, _ name: String, of body: JSONObject) {
        add(kind, name, [.addresses], of: body)
        guard case .array(let values)? = body.field(Contradiction.Subject.Member.addresses.name)?.value else { return }
        for (index, value) in values.enumerated() {
            guard case .string(let text) = value, let address = IPAddress(text) else { continue }
            add(.init(kind, name, .address(address)), "\(body.pointer)/addresses/\(index)")
        }
    }
}

extension Contradiction.Subject.Member {
    /// The member's name in JSON.
    fileprivate var name: String {
        switch self {
        case .location: "location"
        case .kind: "kind"
        case .addresses, .address: "addresses"
        case .labels: "labels"
        case .server: "server"
        case .state: "state"
        case .pool: "pool"
        case .sources, .source: "from"
        case .exceptions, .exception: "except"
        case .drives: "drives"
        }
    }
}
