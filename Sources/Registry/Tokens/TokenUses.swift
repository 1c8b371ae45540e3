package import Foundation
import Synchronization

/// When each token was used last, since that was written to the database last. A request costs one entry of a
/// dictionary.
package final class TokenUses: Sendable {
    /// By the token's hash.
    private let times = Mutex<[Data: Date]>([:])

    package func note(_ hash: Data, at time: Date) {
        times.withLock { $0[hash] = time }
    }

    subscript(hash: Data) -> Date? { times.withLock { $0[hash] } }

    /// What has been noted, which is forgotten here.
    package func take() -> [Data: Date] {
        times.withLock { times in
            let taken = times
            times = [:]
            return taken
        }
    }

    /// Notes again what could not be written.
    func putBack(_ taken: [Data: Date]) {
        times.withLock { $0.merge(taken) { newer, _ in newer } }
    }
}
