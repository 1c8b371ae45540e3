package import Foundation
import Synchronization

/// The last use of each token since the last write to the database. Cost for a request: one entry of a dictionary.
package final class TokenUses: Sendable {
    /// By the token's hash.
    private let times = Mutex<[Data: Date]>([:])

    /// Records a use of the token with the hash.
    package func note(_ hash: Data, at time: Date) {
        times.withLock { $0[hash] = time }
    }

    subscript(hash: Data) -> Date? { times.withLock { $0[hash] } }

    /// Returns the recorded uses and forgets them.
    package func take() -> [Data: Date] {
        times.withLock { times in
            let taken = times
            times = [:]
            return taken
        }
    }

    /// Records again what could not be written.
    func putBack(_ taken: [Data: Date]) {
        times.withLock { $0.merge(taken) { newer, _ in newer } }
    }
}
