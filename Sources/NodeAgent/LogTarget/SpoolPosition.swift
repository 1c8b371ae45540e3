package import Text

/// Up to where a log was sent: a file, and a place in it.
package struct SpoolPosition: Sendable, Hashable {
    /// How much of a file's beginning tells it from others.
    static let headLength = 256

    package var inode: UInt
    package var offset: Int
    /// Of the beginning of the file, up to `headLength` bytes and not beyond `offset`.
    package var head: UInt64
    /// Of the beginning of the next older file; 0: there is none.
    package var older: UInt64

    package init(inode: UInt, offset: Int, head: UInt64, older: UInt64) {
        self.inode = inode
        self.offset = offset
        self.head = head
        self.older = older
    }

    /// A digest of bytes.
    static func digest(_ bytes: some Sequence<UInt8>) -> UInt64 { FNV1a.hash(bytes) }
}

/// The positions of all services: the file `node/log-target`.
package struct SpoolPositions: Sendable, Hashable {
    private static let first = "log-target 1"

    /// What is known of one service.
    package struct Entry: Sendable, Hashable {
        package var position: SpoolPosition
        /// Bytes that could not be sent any more, and of which the target was not told; `nil`: none.
        package var dropped: Int?

        package init(position: SpoolPosition, dropped: Int? = nil) {
            self.position = position
            self.dropped = dropped
        }
    }

    package var entries: [ExactText: Entry] = [:]

    package init() {}

    /// Reads the file. A service whose line cannot be read is sent from its beginning: twice rather than not at all.
    package init(reading bytes: [UInt8]) {
        let lines = String(decoding: bytes, as: UTF8.self).splitBytes("\n")
        guard lines.first?.isExactly(Self.first) == true else { return }
        for line in lines.dropFirst() {
            let words = line.splitBytes(" ")
            guard words.count == 6, let inode = UInt(words[1]), let offset = Int(words[2]), offset >= 0,
                let head = UInt64(words[3]), let older = UInt64(words[4])
            else { continue }
            entries[ExactText(String(words[0]))] = Entry(
                position: SpoolPosition(inode: inode, offset: offset, head: head, older: older), dropped: Int(words[5]))
        }
    }

    package var bytes: [UInt8] {
        let lines = entries.sorted { $0.key < $1.key }.map { name, entry in
            let position = entry.position
            let dropped = entry.dropped.map { "\($0)" } ?? "-"
            return
                "\(name.wrappedValue) \(position.inode) \(position.offset) \(position.head) \(position.older) \(dropped)\n"
        }
        return Array("\(Self.first)\n\(lines.joined())".utf8)
    }
}
