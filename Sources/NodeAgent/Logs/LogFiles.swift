package import AdminAPI
import ServiceSupport

/// The files of a service's log as they are at a moment: the one that is written, and the older ones.
///
/// A master renames the files: a file stays the same wherever it goes, and the next older one with it. For services that an
/// earlier node has started, the log is copied and emptied: the file that is written stays the same, and what tells a log
/// from the one before is the newest older file, since after each rotation there is another one.
package struct LogFiles: Sendable, Hashable {
    /// What the file system says of a file.
    package struct Mark: Sendable, Hashable {
        package var inode: UInt
        /// Nanoseconds since 1970.
        package var modified: Int
        /// Bytes.
        package var size: Int

        package init(inode: UInt, modified: Int, size: Int) {
            self.inode = inode
            self.modified = modified
            self.size = size
        }
    }

    package struct File: Sendable, Hashable {
        /// What tells it from the others, also after it became an older one; `nil`: nobody knows any more.
        package var identity: String?
        package var size: Int
    }

    /// The newest first: the one that is written, then `.1` and so on. Empty: there is no log.
    package let files: [File]

    /// - Parameters:
    ///   - marks: of the file that is written, of `.1`, and so on, as far as there are any.
    ///   - kept: how many older ones are kept at most.
    ///   - isRenamed: whether a full file is renamed, and not copied.
    package init(_ marks: [Mark], kept: Int, isRenamed: Bool) {
        files = marks.indices.map { index in
            let first = marks[isRenamed ? index : 0].inode
            guard index + 1 < marks.count else {
                // What was before the oldest that is kept may have been removed.
                return File(identity: index < kept ? "\(first).0.0" : nil, size: marks[index].size)
            }
            return File(
                identity: "\(first).\(marks[index + 1].inode).\(marks[index + 1].modified)", size: marks[index].size)
        }
    }

    /// Where to read.
    package struct Place: Sendable, Hashable {
        /// Of `files`.
        package var number: Int
        package var offset: Int
        /// What happened to the log before it.
        package var change: LogBreak?

        package init(number: Int, offset: Int, change: LogBreak? = nil) {
            self.number = number
            self.offset = offset
            self.change = change
        }
    }

    /// Where what follows a position begins; `nil`: there is no log.
    package func place(after position: LogPosition) -> Place? {
        guard !files.isEmpty else { return nil }
        guard !position.file.utf8.isEmpty else { return Place(number: 0, offset: 0) }
        guard let number = files.firstIndex(where: { $0.identity == position.file }) else {
            return Place(number: 0, offset: 0, change: .replaced)
        }
        if position.offset > files[number].size { return Place(number: number, offset: 0, change: .truncated) }
        if position.offset == files[number].size, number > 0 {
            return Place(number: number - 1, offset: 0, change: .rotated)
        }
        return Place(number: number, offset: position.offset)
    }

    /// Bytes from a place to the end of the log.
    package func remaining(from place: Place) -> Int {
        files[...place.number].reduce(0) { $0 + $1.size } - place.offset
    }
}
