import GRDB
import Synchronization

/// Whether the last write to the database succeeded.
final class WriteHealth: Sendable {
    /// How long the result of a write or an attempt remains valid.
    package static let interval = Duration.seconds(10)

    private struct State {
        package var failure: String?
        package var tried: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Why writes fail; `nil` if they do not.
    package var failure: String? { state.withLock { $0.failure } }

    /// Whether it is time for an attempt to write; if so, the attempt is recorded.
    var isDue: Bool {
        state.withLock { state in
            if let tried = state.tried, .now - tried < Self.interval { return false }
            state.tried = .now
            return true
        }
    }

    /// Runs a write. Only errors of SQLite tell anything about the next write.
    func watching<Value>(_ write: () async throws -> Value) async throws -> Value {
        do {
            let value = try await write()
            state.withLock { $0 = State(failure: nil, tried: .now) }
            return value
        } catch let error as DatabaseError {
            if error.resultCode != .SQLITE_CONSTRAINT {
                state.withLock { $0 = State(failure: SQLiteError.text(of: error), tried: .now) }
            }
            throw error
        }
    }
}
