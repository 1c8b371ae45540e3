public import Foundation

/// Why the registry did not carry out a request.
public enum RegistryError: Error, Sendable, Hashable {
    /// The gateway is new, and its location already has the greatest number of gateways to which no token is bound.
    case unvouched(String)
    /// The store cannot be read or written now (disk full, locked, damaged).
    case unavailable(String)
    /// The connection to the store was lost during a commit, which may or may not have been made.
    case uncertain(String)
    /// Another ADMIN has taken over the background work.
    case superseded
}

extension RegistryError: CustomStringConvertible, LocalizedError {
    public var description: String {
        switch self {
        case .unvouched(let text), .unavailable(let text), .uncertain(let text): text
        case .superseded: "another ADMIN has taken over"
        }
    }

    public var errorDescription: String? { description }
}
