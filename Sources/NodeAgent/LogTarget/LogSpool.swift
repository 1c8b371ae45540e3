import ServiceSupport

/// The log of one service as a queue: its files on the disk, and up to where the target has taken them.
struct LogSpool: Sendable {
    /// The longest piece of a line that is one message.
    private static let longest = 64 << 10

    let service: String
    /// What was taken; `nil`: nothing yet.
    private(set) var entry: SpoolPositions.Entry?
    /// The files from that of the position on, the oldest first, as they were seen last.
    private var known: [LogFiles.Mark] = []
    /// The file that is written, as it was when all of it had been taken; `nil`: there may be more.
    private var end: LogFiles.Mark?

    init(service: String, entry: SpoolPositions.Entry?) {
        self.service = service
        self.entry = entry
    }

    /// What is to be sent next.
    struct Batch: Sendable {
        var messages: [UInt8]
        /// What is taken then.
        var entry: SpoolPositions.Entry
    }

    /// Bytes that could not be sent any more, and of which the target was not told.
    var dropped: Int? { entry?.dropped }

    /// Whether there may be something to send. Cost: one system call where there is nothing.
    func isBehind(_ log: ServiceLogFiles) -> Bool {
        guard let end else { return true }
        guard let found = Files.identity(of: log.path) else { return false }
        return found.inode != end.inode || found.size != end.size
    }

    /// Looks at the files: what is gone that was not taken is counted. Returns how many bytes that were; `nil`: none.
    mutating func look(_ log: OpenedLog) throws(FileError) -> Int? {
        var gone: Int?
        if let entry, try number(of: entry.position, in: log) == nil {
            // With all files gone there is nothing to compare with.
            guard !log.marks.isEmpty else { return nil }
            var next = log.marks.count - 1
            if let emptied = try wasEmptied(entry.position, in: log) {
                next = emptied
                let size = known.first { $0.inode == entry.position.inode }?.size ?? 0
                gone = size > entry.position.offset ? size - entry.position.offset : nil
            } else {
                gone = bytesGone(entry.position, in: log)
            }
            let dropped = gone.map { (entry.dropped ?? 0) + $0 } ?? entry.dropped
            self.entry = SpoolPositions.Entry(position: try position(next, 0, in: log), dropped: dropped)
            end = nil
        } else if entry == nil, !log.marks.isEmpty {
            entry = SpoolPositions.Entry(position: try position(log.marks.count - 1, 0, in: log))
        }
        if let entry, let number = try number(of: entry.position, in: log) { known = log.marks[...number].reversed() }
        return gone
    }

    /// The number of the file of a position, where it is there.
    private func number(of position: SpoolPosition, in log: OpenedLog) throws(FileError) -> Int? {
        for number in log.marks.indices where log.marks[number].inode == position.inode {
            if try isHead(position, number, log) { return number }
        }
        // A log that was copied and emptied goes on in the copy.
        for number in log.marks.indices.dropFirst() where position.offset > 0 && !log.isRenamed {
            if try isHead(position, number, log) { return number }
        }
        return nil
    }

    private func isHead(_ position: SpoolPosition, _ number: Int, _ log: OpenedLog) throws(FileError) -> Bool {
        guard log.marks[number].size >= position.offset else { return false }
        let count = min(position.offset, SpoolPosition.headLength)
        return try SpoolPosition.digest(log.read(number, from: 0, count: count)) == position.head
    }

    /// The number of the file of a position if somebody has emptied it; `nil`: it is another one.
    private func wasEmptied(_ position: SpoolPosition, in log: OpenedLog) throws(FileError) -> Int? {
        for number in log.marks.indices where log.marks[number].inode == position.inode {
            if try older(number, in: log) == position.older { return number }
        }
        return nil
    }

    /// How many bytes were removed, by what was seen last.
    private func bytesGone(_ position: SpoolPosition, in log: OpenedLog) -> Int {
        guard let oldest = log.marks.last, let first = known.first else { return 0 }
        // The file of the position is gone. A new one may have its inode.
        let left = known.dropFirst().firstIndex { $0.inode == oldest.inode && $0.size <= oldest.size }
        let taken = first.inode == position.inode ? position.offset : 0
        return max(known[..<(left ?? known.endIndex)].reduce(0) { $0 + $1.size } - taken, 0)
    }

    /// A digest of the beginning of the next older file; 0: there is none.
    private func older(_ number: Int, in log: OpenedLog) throws(FileError) -> UInt64 {
        guard number + 1 < log.marks.count else { return 0 }
        return try SpoolPosition.digest(log.read(number + 1, from: 0, count: SpoolPosition.headLength))
    }

    private func position(_ number: Int, _ offset: Int, in log: OpenedLog) throws(FileError) -> SpoolPosition {
        let head = try log.read(number, from: 0, count: min(offset, SpoolPosition.headLength))
        return SpoolPosition(
            inode: log.marks[number].inode, offset: offset, head: SpoolPosition.digest(head),
            older: try older(number, in: log))
    }

    /// Reads what follows; `nil`: there is no whole line.
    ///
    /// - Parameter limit: bytes of the log at most.
    mutating func batch(_ log: OpenedLog, host: String, time: String, limit: Int) throws(FileError) -> Batch? {
        guard let entry, let number = try number(of: entry.position, in: log) else { return nil }
        var messages = SyslogMessages(host: host, service: service, time: time)
        if let dropped = entry.dropped {
            let bytes = dropped > 0 ? "at least \(dropped) bytes" : "lines"
            messages.addNote("\(bytes) of this log were not sent: they were removed before the log target took them")
        }
        let file = log.marks[number]
        let offset = entry.position.offset
        let found = try log.read(number, from: offset, count: min(limit, file.size - offset))
        var count = found.lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let isAll = offset + found.count >= file.size
        // The last line of an older file goes on nowhere.
        if isAll, number > 0 { count = found.count }
        if count == 0, found.count >= Self.longest { count = Self.longest }
        messages.add(found[..<count])
        let isOver = isAll && number > 0
        if number == 0, count == 0 { end = file }
        guard !messages.bytes.isEmpty || isOver else { return nil }
        let next = try isOver ? position(number - 1, 0, in: log) : position(number, offset + count, in: log)
        return Batch(messages: messages.bytes, entry: SpoolPositions.Entry(position: next))
    }

    /// The target has taken a batch.
    mutating func take(_ batch: Batch) {
        entry = batch.entry
        end = nil
    }
}
