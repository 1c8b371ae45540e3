import Cloud
import Names

/// A gateway's key. Two locations may have gateways of the same name.
public struct GatewayID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public let location: String
    public let name: String

    public init(location: String, name: String) {
        self.location = location
        self.name = name
    }

    /// Reads `LOCATION/NAME`; `nil` if the text has another form.
    public init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 2, ObjectName.isValid(parts[0], as: .location), ObjectName.isValid(parts[1], as: .gateway)
        else { return nil }
        self.init(location: parts[0], name: parts[1])
    }

    public static func < (a: Self, b: Self) -> Bool { (a.location, a.name) < (b.location, b.name) }

    /// `tcn/gw1`
    public var description: String { "\(location)/\(name)" }
}
