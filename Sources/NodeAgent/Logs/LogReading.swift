import AdminAPI
import ServiceSupport
import Text

/// What was read of a service's log.
struct LogReading: Sendable, Hashable {
    var position: LogPosition
    var change: LogBreak?
    /// Lines before it that were left out.
    var lost = 0
    var text = ""
    var isAtEnd = true
}

/// Reads a service's log on the disk.
struct LogReader {
    private let opened: OpenedLog

    /// - Parameter kept: how many older files are kept at most.
    init(_ log: ServiceLogFiles, kept: Int) throws(FileError) { opened = try OpenedLog(log, kept: kept) }

    /// Bytes by which a reader may be behind before lines are left out.
    private static let farBehind = 1 << 20
    /// Bytes that are read at most to count the lines that are left out.
    private static let counted = 16 << 20

    /// Reads what a wish wants.
    ///
    /// - Parameter limit: bytes of text at most.
    func read(_ wish: LogWish, limit: Int) throws(FileError) -> LogReading {
        let log = opened.files
        let found = if let after = wish.after { log.place(after: after) } else { try start(wish.lines, of: log) }
        guard var place = found else { return LogReading(position: .none) }
        let lost = try skip(&place, in: log)
        let file = log.files[place.number]
        let bytes = try read(place.number, from: place.offset, count: min(limit, file.size - place.offset))
        let isLast = place.offset + bytes.count >= file.size
        let (text, count) = LogText.text(bytes[...], limit: limit, isWhole: isLast && place.number > 0)
        return LogReading(
            position: LogPosition(file: file.identity ?? "", offset: place.offset + count), change: place.change,
            lost: lost, text: text, isAtEnd: place.number == 0 && isLast && bytes.count - count < 4)
    }

    /// Where the last lines begin; `nil`: there is no log.
    private func start(_ lines: Int, of log: LogFiles) throws(FileError) -> LogFiles.Place? {
        guard let newest = log.files.first else { return nil }
        let here = try end(of: 0, newest.size, atMost: Limits.logPieces)
        let first = here.startOfLastLines(lines)
        let place = Self.place(0, newest.size, here, first)
        let missing = lines - here[first...].count { $0 == 0x0A } - (here.last.map { $0 == 0x0A ? 0 : 1 } ?? 0)
        guard missing > 0, newest.size == here.count, log.files.count > 1, log.files[1].identity != nil else {
            return place
        }
        let before = try end(of: 1, log.files[1].size, atMost: Limits.logPieces - here.count)
        return Self.place(1, log.files[1].size, before, before.startOfLastLines(missing))
    }

    /// The place in a file of which the end was read: the beginning of a line.
    private static func place(_ number: Int, _ size: Int, _ end: [UInt8], _ index: Int) -> LogFiles.Place {
        var index = index
        if index == 0, end.count < size { index = end.firstIndex(of: 0x0A).map { $0 + 1 } ?? 0 }
        return LogFiles.Place(number: number, offset: size - end.count + index)
    }

    private func end(of number: Int, _ size: Int, atMost limit: Int) throws(FileError) -> [UInt8] {
        let count = min(size, limit)
        return try read(number, from: size - count, count: count)
    }

    /// Leaves lines out if the service writes faster than its log is sent, and counts them.
    private func skip(_ place: inout LogFiles.Place, in log: LogFiles) throws(FileError) -> Int {
        let remaining = log.remaining(from: place)
        guard remaining > Self.farBehind else { return 0 }
        let rest = log.files[place.number].size - place.offset
        let count = min(remaining - Limits.logPieces, rest, Self.counted)
        let skipped = try read(place.number, from: place.offset, count: count)
        // Up to the end of a line, where there is one.
        let length = skipped.lastIndex(of: 0x0A).map { $0 + 1 } ?? skipped.count
        place.offset += length
        return skipped[..<length].count { $0 == 0x0A }
    }

    private func read(_ number: Int, from offset: Int, count: Int) throws(FileError) -> [UInt8] {
        try opened.read(number, from: offset, count: count)
    }
}
