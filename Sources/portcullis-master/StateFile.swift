import Glibc
import JSON
import Supervision

/// The file `state`: written on changes, at most five times a second.
final class StateFile {
    private static let pause = 200

    private let path: String
    private var written: [UInt8] = []
    private var writtenAt = Int.min / 2
    private var hasFailed = false
    /// When it is to be written, in milliseconds; `nil`: nothing has changed.
    private(set) var dueAt: Int?

    init(directory: String) { path = directory + "/state" }

    /// The state that an earlier master has left.
    func read() -> SavedState? {
        guard let bytes = FileBytes.read(path, limit: SavedState.longest), let value = try? JSONParser.parse(bytes)
        else {
            return nil
        }
        return SavedState(value)
    }

    /// Something may have changed.
    func touch(at now: Int) {
        if dueAt == nil { dueAt = max(now, writtenAt + Self.pause) }
    }

    /// Writes it if it differs from what was written.
    func write(_ value: JSONValue, at now: Int) {
        dueAt = nil
        let bytes = Array((value.description + "\n").utf8)
        guard bytes != written else { return }
        writtenAt = now
        if FileBytes.replace(path, bytes, mode: 0o640) {
            written = bytes
            hasFailed = false
        } else {
            if !hasFailed { Log.say("\(path): \(Log.text(errno))") }
            hasFailed = true
            dueAt = now + 1_000
        }
    }
}
