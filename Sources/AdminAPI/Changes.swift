/// Body of `POST /v1/services`: a new instance, its index allocated by ADMIN.
public struct ServiceCreation: Codable, Sendable, Hashable {
    public var type: String
    public var server: String
    /// `nil`: ready.
    public var state: ServiceResource.State?
    /// `nil`: the section's.
    public var weight: Int?

    public init(type: String, server: String, state: ServiceResource.State? = nil, weight: Int? = nil) {
        self.type = type
        self.server = server
        self.state = state
        self.weight = weight
    }
}

/// Body of `PUT /v1/services/{service}`; type and index are the name's.
public struct ServiceChange: Codable, Sendable, Hashable {
    public var server: String
    /// `nil`: ready.
    public var state: ServiceResource.State?
    /// `nil`: the section's.
    public var weight: Int?

    public init(server: String, state: ServiceResource.State? = nil, weight: Int? = nil) {
        self.server = server
        self.state = state
        self.weight = weight
    }
}

/// Body of `PATCH /v1/services/{service}`: what is absent stays.
public struct ServicePatch: Codable, Sendable, Hashable {
    /// A weight to set, or the return to the section's weight (JSON `null`).
    public enum Weight: Sendable, Hashable {
        case fromSection
        case fixed(Int)
    }

    public var server: String?
    public var state: ServiceResource.State?
    public var weight: Weight?

    public init(server: String? = nil, state: ServiceResource.State? = nil, weight: Weight? = nil) {
        self.server = server
        self.state = state
        self.weight = weight
    }

    private enum CodingKeys: String, CodingKey {
        case server, state, weight
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        server = try container.decodeIfPresent(String.self, forKey: .server)
        state = try container.decodeIfPresent(ServiceResource.State.self, forKey: .state)
        if container.contains(.weight) {
            weight = try container.decodeIfPresent(Int.self, forKey: .weight).map(Weight.fixed) ?? .fromSection
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(server, forKey: .server)
        try container.encodeIfPresent(state, forKey: .state)
        switch weight {
        case nil: break
        case .fromSection: try container.encodeNil(forKey: .weight)
        case .fixed(let weight): try container.encode(weight, forKey: .weight)
        }
    }
}
