public import NetworkTypes
public import YAML

/// A reason why the cloud cannot be as it is described.
public struct Contradiction: Sendable, Hashable, CustomStringConvertible {
    /// An object of the cloud, or a member of one, that is to blame.
    public struct Subject: Sendable, Hashable {
        /// The kind of the object.
        public enum Kind: Sendable, Hashable {
            case location, server, service
            /// Its name is `location/pool`.
            case pool
            /// Its name is `location/rule`.
            case egress
        }

        /// A member of an object.
        public enum Member: Sendable, Hashable {
            case location, kind, addresses, labels, server, state, pool, sources, exceptions, drives
            case address(IPAddress)
            case source(AddressPrefix)
            case exception(AddressPrefix)
        }

        public let kind: Kind
        public let name: String
        /// The member; `nil`: the whole object.
        public let member: Member?

        public init(_ kind: Kind, _ name: String, _ member: Member? = nil) {
            self.kind = kind
            self.name = name
            self.member = member
        }

        /// A pool, or a member of one.
        package static func pool(_ id: AddressPool.ID, _ member: Member? = nil) -> Self {
            Self(.pool, id.description, member)
        }

        /// An egress rule, or a member of one.
        package static func egress(_ id: Egress.ID, _ member: Member? = nil) -> Self {
            Self(.egress, id.description, member)
        }
    }

    /// The place of the text to blame, if it is in a meta-configuration.
    public let position: YAMLPosition?
    /// Other subjects that may be to blame, the most likely first: of two sides, the one that was changed is blamed.
    public let subjects: [Subject]
    /// The message, which names both sides.
    public let message: String

    public init(_ message: String, at position: YAMLPosition? = nil, of subjects: [Subject] = []) {
        self.position = position
        self.subjects = subjects
        self.message = message
    }

    /// `tg.yaml:4:5: tg/devices claims …`
    public var description: String { position.map { "\($0): \(message)" } ?? message }
}
