import JSON
import Names
public import Text

/// Whether the gateways of a location have confirmed a change (`GET /v1/locations/{location}/confirmation`).
///
/// A gateway confirms by a poll that has reached ADMIN after the change was committed, and that says that the gateway
/// has applied the export which the change made, or a later one.
public struct Confirmation: Sendable, Hashable {
    /// What is known of a gateway and the change.
    public enum Standing: String, Sendable, Hashable, CaseIterable {
        /// It has confirmed the change.
        case confirmed
        /// It has not; it may not have polled since.
        case open
        /// Its guard holds the export back: it does not apply it until its operator decides.
        case held
    }

    /// One gateway that was not forgotten.
    public struct Gateway: Sendable, Hashable {
        public var name: String
        public var standing: Standing
        /// Why the export is held back, in the gateway's words.
        public var reason: String?
        /// The connections, active and inactive, of instances that the export has at weight 0, by instance; only if
        /// they were asked for, and as the gateway has counted them since it confirmed.
        public var connections: [ExactText: Int]?
        /// Instances at weight 0 whose connections it has not counted since.
        public var uncounted: [String]?

        public init(
            name: String, standing: Standing, reason: String? = nil, connections: [ExactText: Int]? = nil,
            uncounted: [String]? = nil
        ) {
            self.name = name
            self.standing = standing
            self.reason = reason
            self.connections = connections
            self.uncounted = uncounted
        }
    }

    public var location: String
    /// The registry's generation that was asked about.
    public var generation: Int
    /// Whether all gateways have confirmed.
    public var isConfirmed: Bool
    /// By name.
    public var gateways: [Gateway]

    public init(location: String, generation: Int, isConfirmed: Bool, gateways: [Gateway]) {
        self.location = location
        self.generation = generation
        self.isConfirmed = isConfirmed
        self.gateways = gateways
    }
}

// MARK: Forms

extension Confirmation: Described {
    package static let form = Form<Self>.object(
        "Confirmation", .required("location", .name(.location), \.location),
        .required("generation", .integer(atLeast: 0), \.generation),
        .required("confirmed", .boolean, \.isConfirmed), .required("gateways", .list(of: Gateway.form), \.gateways)
    ) { Confirmation(location: $0, generation: $1, isConfirmed: $2, gateways: $3) }
}

extension Confirmation.Gateway: Described {
    package static let form = Form<Self>.object(
        "GatewayConfirmation", .required("name", .name(.gateway), \.name),
        .required("standing", .choice, \.standing), .present("reason", .text, \.reason),
        .present(
            "connections", .dictionary(of: .integer(0...Limits.reportedCount), atMost: Limits.applied), \.connections),
        .present("uncounted", .list(of: .serviceName), \.uncounted)
    ) {
        Confirmation.Gateway(name: $0, standing: $1, reason: $2, connections: $3, uncounted: $4)
    }
}
