public import NetworkTypes
public import YAML

/// Why the cloud cannot be as it is written.
public struct Contradiction: Sendable, Hashable, CustomStringConvertible {
    /// An object of the cloud, or one member of it, that is to blame.
    public struct Subject: Sendable, Hashable {
        public enum Kind: Sendable, Hashable {
            case location, server, service
            /// Its name is `location/pool`.
            case pool
        }

        public enum Member: Sendable, Hashable {
            case location, kind, addresses, labels, server, state
            case address(IPAddress)
        }

        public let kind: Kind
        public let name: String
        /// `nil`: the object as a whole.
        public let member: Member?

        public init(_ kind: Kind, _ name: String, _ member: Member? = nil) {
            self.kind = kind
            self.name = name
            self.member = member
        }

        package static func pool(_ id: AddressPool.ID, _ member: Member? = nil) -> Self {
            Self(.pool, id.description, member)
        }
    }

    /// Where the text to blame stands, when it is in a meta-configuration.
    public let position: YAMLPosition?
    /// What else may be to blame, the likeliest first: of two sides it is the one that was changed.
    public let subjects: [Subject]
    /// Names both sides.
    public let message: String

    public init(_ message: String, at position: YAMLPosition? = nil, of subjects: [Subject] = []) {
        self.position = position
        self.subjects = subjects
        self.message = message
    }

    /// `tg.yaml:4:5: tg/devices claims …`
    public var description: String { position.map { "\($0): \(message)" } ?? message }
}
