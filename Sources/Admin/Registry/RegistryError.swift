import AdminAPI
import Foundation
import GRDB

/// Why the registry did not do what it was asked.
public enum RegistryError: Error, Sendable, Hashable {
    /// No such thing, named as people say it: `server app9`.
    case missing(String)
    case exists(String)
    /// Others still need it; the text names them.
    case inUse(String)
    /// Faults of the values given, each with its place.
    case invalid([Problem.Fault])
    /// A faulty meta-configuration, each fault with file, line and column.
    case metaConfiguration([Problem.Fault])
    /// The cloud would contradict itself, each fault with the place of its section.
    case contradiction([Problem.Fault])
    /// If-Match or If-None-Match does not hold.
    case preconditionFailed(String)
    /// The database cannot be read or written now (disk full, locked, damaged).
    case unavailable(String)

    /// Runs `body`; an error of SQLite comes out as `unavailable`.
    static func translating<Value>(
        isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await body()
        } catch let error as DatabaseError {
            throw RegistryError.unavailable(text(of: error))
        }
    }

    static func text(of error: DatabaseError) -> String {
        let reason =
            switch error.resultCode {
            case .SQLITE_FULL: "the disk is full"
            case .SQLITE_BUSY, .SQLITE_LOCKED: "the database is locked by another process"
            case .SQLITE_READONLY: "the database is read-only"
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: "the database is damaged"
            case .SQLITE_CANTOPEN: "the database cannot be opened"
            case .SQLITE_IOERR: "the disk answers with errors"
            default: "the database answers with an error"
            }
        let code = error.extendedResultCode.rawValue
        return "\(reason) (SQLite \(code)\(error.message.map { ": \($0)" } ?? ""))"
    }
}

extension RegistryError: CustomStringConvertible, LocalizedError {
    public var description: String {
        func lines(_ faults: [Problem.Fault]) -> String {
            faults.map { "\($0.pointer): \($0.detail)" }.joined(separator: "\n")
        }
        return switch self {
        case .missing(let what): "there is no \(what)"
        case .exists(let what): "\(what) exists already"
        case .inUse(let text), .preconditionFailed(let text), .unavailable(let text): text
        case .invalid(let faults), .metaConfiguration(let faults), .contradiction(let faults): lines(faults)
        }
    }

    public var errorDescription: String? { description }
}
