/// One thing that is wrong with a change, with a place that the client knows.
public struct Fault: Sendable, Hashable {
    /// Where a fault is.
    public enum Place: Sendable, Hashable {
        /// A JSON pointer into the request, the name of a parameter, or a place in a file (`tg.yaml:12:7`).
        case text(String)
        /// An object of the cloud that the request does not contain.
        case object(Contradiction.Subject.Kind, String)
    }

    /// Where the fault is.
    public var place: Place
    /// What is wrong.
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

/// Why a change was refused.
public enum ChangeError: Error, Sendable, Hashable {
    /// There is no such object. The text names it: `server app9`.
    case missing(String)
    /// There already is such an object. The text names it.
    case exists(String)
    /// Other objects still need it. The text names them.
    case inUse(String)
    /// No server can take another service. The text names its type; each fault says why some servers cannot.
    case noServer(String, [Fault])
    /// Values are wrong, each with its place.
    case invalid([Fault])
    /// A meta-configuration is wrong, each fault with file, line and column.
    case metaConfiguration([Fault])
    /// The cloud would contradict itself, each fault with the place that is to blame.
    case contradiction([Fault])
    /// The change reaches something outside the scope of its author, which the fault names.
    case outsideScope(String, Fault)
}

extension ChangeError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing(let what): "there is no \(what)"
        case .exists(let what): "\(what) exists already"
        case .inUse(let text), .noServer(let text, _): text
        case .outsideScope(let text, let fault): "\(text): \(fault.detail)"
        case .invalid(let faults), .metaConfiguration(let faults), .contradiction(let faults):
            faults.map(\.description).joined(separator: "\n")
        }
    }
}
