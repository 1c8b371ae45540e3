import AdminAPI
import Testing

@testable import NodeAgent

@Suite("Places in a service's log") struct LogFilesTests {
    private static let live = LogFiles.Mark(inode: 7, modified: 100, size: 50)
    private static let older = LogFiles.Mark(inode: 8, modified: 60, size: 90)
    private static let oldest = LogFiles.Mark(inode: 9, modified: 30, size: 80)

    /// The files before and after a rotation.
    private let before = LogFiles([live, older], kept: 3, isRenamed: false)
    private let after = LogFiles(
        [.init(inode: 7, modified: 200, size: 10), .init(inode: 11, modified: 190, size: 60), older], kept: 3,
        isRenamed: false)

    private func position(_ number: Int, _ offset: Int) throws -> LogPosition {
        LogPosition(file: try #require(before.files[number].identity), offset: offset)
    }

    @Test("a place is found again in the file that is written, and in the copy that a rotation makes of it")
    func found() throws {
        #expect(before.place(after: try position(0, 20)) == .init(number: 0, offset: 20))
        // What was written before the rotation is read to its end first.
        #expect(after.place(after: try position(0, 20)) == .init(number: 1, offset: 20))
        #expect(after.place(after: try position(0, 60)) == .init(number: 0, offset: 0, change: .rotated))
        #expect(after.remaining(from: .init(number: 1, offset: 20)) == 50)
        #expect(before.place(after: .none) == .init(number: 0, offset: 0))
        #expect(LogFiles([], kept: 3, isRenamed: false).place(after: try position(0, 20)) == nil)
    }

    @Test("a file that was renamed is found again, and read to its end first")
    func renamed() throws {
        let before = LogFiles([Self.live, Self.older], kept: 3, isRenamed: true)
        let after = LogFiles(
            [.init(inode: 12, modified: 200, size: 10), .init(inode: 7, modified: 190, size: 60), Self.older], kept: 3,
            isRenamed: true)
        let place = { (number: Int, offset: Int) in
            LogPosition(file: try #require(before.files[number].identity), offset: offset)
        }
        #expect(after.place(after: try place(0, 20)) == .init(number: 1, offset: 20))
        #expect(after.place(after: try place(0, 60)) == .init(number: 0, offset: 0, change: .rotated))
        #expect(after.place(after: try place(1, 20)) == .init(number: 2, offset: 20))
        #expect(before.files[0].identity == self.before.files[0].identity)
    }

    @Test("a log that became shorter, and one that is another file, are told")
    func lost() throws {
        #expect(before.place(after: try position(0, 51)) == .init(number: 0, offset: 0, change: .truncated))
        #expect(
            LogFiles([.init(inode: 70, modified: 1, size: 5)], kept: 3, isRenamed: false).place(
                after: try position(0, 20))
                == .init(number: 0, offset: 0, change: .replaced))
    }

    @Test("of the oldest file that is kept nobody knows what was before it")
    func oldest() {
        let files = LogFiles([Self.live, Self.older, Self.oldest], kept: 2, isRenamed: false)
        #expect(files.files.map { $0.identity == nil } == [false, false, true])
        #expect(LogFiles([Self.live], kept: 2, isRenamed: false).files.map(\.identity) == ["7.0.0"])
    }

    @Test("every identity is one that ADMIN takes")
    func identities() {
        for file in after.files { #expect(file.identity.map(LogPosition.isIdentity) == true) }
    }
}
