import Foundation
import Synchronization

/// ADMIN's clock, as its answers to polls tell it. Deadlines are times of ADMIN's clock, and this server's may be wrong.
final class AdminClock: Sendable {
    /// Seconds between the boot clock and ADMIN's; `nil`: ADMIN has not answered since the agent has started.
    private let offset = Mutex<Double?>(nil)

    /// Seconds between both clocks that are worth a word.
    private static let tolerance = 60.0

    /// Notes what ADMIN's clock said.
    ///
    /// - Parameter boot: milliseconds on the boot clock when its answer came.
    func note(_ date: Date, at boot: Int) {
        offset.withLock { $0 = date.timeIntervalSince1970 - Double(boot) / 1_000 }
    }

    /// Whether ADMIN has answered.
    var isKnown: Bool { offset.withLock { $0 } != nil }

    /// The time by ADMIN's clock, to a second or two; before its first answer by this server's. It goes on evenly, also
    /// when this server's clock is set.
    var now: Date {
        let boot = Double(ProcessTable.bootMilliseconds) / 1_000
        return offset.withLock { $0 }.map { Date(timeIntervalSince1970: boot + $0) } ?? Date()
    }

    /// What both clocks say.
    var text: String {
        let own = Date().formatted(.iso8601)
        return isKnown
            ? "ADMIN's clock says \(now.formatted(.iso8601)), and this server's \(own)"
            : "this server's clock says \(own)"
    }

    /// That this server's clock differs from ADMIN's; `nil`: not by much.
    var problem: String? {
        let ahead = Date().timeIntervalSince(now)
        guard abs(ahead) > Self.tolerance else { return nil }
        return "this server's clock is more than a minute \(ahead > 0 ? "ahead of" : "behind") ADMIN's"
    }
}
