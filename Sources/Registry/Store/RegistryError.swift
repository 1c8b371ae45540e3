public import Foundation

/// Why the registry did not do what it was asked.
public enum RegistryError: Error, Sendable, Hashable {
    /// A gateway that is new, at a location where as many are known as may be without a token that is bound to them.
    case unvouched(String)
    /// The store cannot be read or written now (disk full, locked, damaged).
    case unavailable(String)
    /// The connection to the store was lost while a commit was being made: it may have been made or not.
    case uncertain(String)
    /// Another ADMIN has taken the background work over.
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
