public import Netlink

/// The kernel did not carry out a plan.
public struct SynchronizationError: Error, Sendable {
    /// The errors, each with its object and reason.
    public let errors: [NetlinkError]

    public init(_ errors: [NetlinkError]) { self.errors = errors }
}

extension SynchronizationError: CustomStringConvertible {
    public var description: String {
        let shown = errors.prefix(10).map(\.description)
        return (errors.count > shown.count ? shown + ["and \(errors.count - shown.count) more"] : shown)
            .joined(separator: "; ")
    }
}
