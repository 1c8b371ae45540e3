import Foundation
import Synchronization

/// Ends the process, and keeps the input, when reading one fails or takes longer than the limit: a hang is a failure as
/// a crash is.
final class Watchdog: Sendable {
    private struct Running {
        var index: Int
        var input: [UInt8]
        var since: ContinuousClock.Instant
    }

    private let name: String
    private let seed: UInt64
    private let limit: Duration
    private let running = Mutex<Running?>(nil)

    init(name: String, seed: UInt64, limit: Duration) {
        self.name = name
        self.seed = seed
        self.limit = limit
        Thread.detachNewThread { [self] in
            while true {
                Thread.sleep(forTimeInterval: 1)
                check()
            }
        }
    }

    /// Notes that the input is being read from now on.
    func begin(_ index: Int, _ input: [UInt8]) {
        running.withLock { $0 = Running(index: index, input: input, since: .now) }
    }

    /// Notes that nothing is being read any more.
    func end() { running.withLock { $0 = nil } }

    private func check() {
        guard let running = running.withLock({ $0 }), .now - running.since > limit else { return }
        fail(running.index, running.input, "it takes longer than \(limit)")
    }

    /// Ends the process with status 1 and keeps the input.
    func fail(_ index: Int, _ input: [UInt8], _ reason: String) -> Never {
        let file = FileManager.default.temporaryDirectory.appending(
            path: "portcullis-fuzz-\(name)-\(UUID().uuidString)")
        let kept = (try? Data(input).write(to: file)) != nil ? file.path : "nowhere: it cannot be written"
        let message = "\(name): input \(index) from seed \(seed): \(reason); it is kept in \(kept)\n"
        try? FileHandle.standardError.write(contentsOf: Data(message.utf8))
        exit(1)
    }
}
