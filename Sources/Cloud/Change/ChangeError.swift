/// What is wrong with a change, at the place that whoever made it knows.
public struct Fault: Sendable, Hashable {
    /// Where a fault is.
    public enum Place: Sendable, Hashable {
        /// A JSON pointer into a request, a parameter's name, or a place in a file (`tg.yaml:12:7`).
        case text(String)
        /// An object of the cloud, which the change does not name.
        case object(Contradiction.Subject.Kind, String)
    }

    public var place: Place
    public var detail: String

    public init(place: Place, detail: String) {
        self.place = place
        self.detail = detail
    }
}

extension Fault.Place: ExpressibleByStringInterpolation {
    public init(stringLiteral text: String) { self = .text(text) }
}

extension Fault.Place: CustomStringConvertible {
    public var description: String {
        switch self {
        case .text(let text): text
        case .object(let kind, let name): "\(kind) \(name)"
        }
    }
}

extension Fault: CustomStringConvertible {
    public var description: String { "\(place): \(detail)" }
}

/// Why what ADMIN keeps cannot be changed as asked.
public enum ChangeError: Error, Sendable, Hashable {
    /// No such thing, named as people say it: `server app9`.
    case missing(String)
    case exists(String)
    /// Others still need it; the text names them.
    case inUse(String)
    /// Faults of the values given, each with its place.
    case invalid([Fault])
    /// A faulty meta-configuration, each fault with file, line and column.
    case metaConfiguration([Fault])
    /// The cloud would contradict itself, each fault with the place of its section.
    case contradiction([Fault])
}

extension ChangeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let what): "there is no \(what)"
        case .exists(let what): "\(what) exists already"
        case .inUse(let text): text
        case .invalid(let faults), .metaConfiguration(let faults), .contradiction(let faults):
            faults.map(\.description).joined(separator: "\n")
        }
    }
}
