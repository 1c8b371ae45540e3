import CommandLineSupport
import Synchronization
import VersionTransfer
import Versions

/// How far a transfer of contents is, on standard error where that is a terminal.
final class TransferProgress: TransferWatch {
    private struct State {
        var bytes = 0
        var finished = 0
        var last: ContinuousClock.Instant?
    }

    private let title: String
    private let count: Int
    private let total: Int
    private let state = Mutex(State())
    private static let pause = Duration.milliseconds(200)

    /// - Parameter title: what is done: `pushing pgw 1.5.0`.
    init(_ title: String, _ blobs: [Blob]) {
        self.title = title
        count = blobs.count
        total = blobs.reduce(0) { $0 + $1.compressedSize }
    }

    /// Notes bytes that have gone over, or must go again.
    func add(_ bytes: Int) { note { $0.bytes += bytes } }

    /// Notes that a content is over.
    func finishOne() { note { $0.finished += 1 } }

    private func note(_ change: (inout State) -> Void) {
        guard StandardError.isTerminal else { return }
        let text = state.withLock { state -> String? in
            change(&state)
            if let last = state.last, last.duration(to: .now) < Self.pause { return nil }
            state.last = .now
            return "\(title): \(state.finished) of \(count) contents, "
                + "\(ByteCount.text(state.bytes)) of \(ByteCount.text(total))"
        }
        if let text { StandardError.rewriteLine(text) }
    }

    /// Clears the line.
    func end() { if StandardError.isTerminal { StandardError.rewriteLine("") } }
}
