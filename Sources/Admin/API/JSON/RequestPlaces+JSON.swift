import AdminAPI
import Cloud
import NetworkTypes

extension RequestPlaces {
    /// What the body has of a server.
    mutating func addServer(_ name: String, _ addresses: [IPAddress], of body: JSONObject) {
        add(.server, name, [.location, .kind, .labels], of: body)
        add(.server, name, addresses: addresses, of: body)
    }

    /// What the body has of a service.
    mutating func addService(_ name: String, of body: JSONObject) {
        add(.service, name, [.server, .state], of: body)
    }

    /// Members of an object that the body holds.
    mutating func add(
        _ kind: Contradiction.Subject.Kind, _ name: String, _ members: [Contradiction.Subject.Member],
        of body: JSONObject
    ) {
        for member in members where body.has(member.name) {
            add(.init(kind, name, member), "\(body.pointer)/\(member.name)")
        }
    }

    /// Addresses as the body lists them.
    mutating func add(
        _ kind: Contradiction.Subject.Kind, _ name: String, addresses: [IPAddress], of body: JSONObject
    ) {
        add(kind, name, [.addresses], of: body)
        for (index, address) in addresses.enumerated() {
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
        }
    }
}
