import AdminAPI
import Foundation
import Supervision
import Testing
import Text

@testable import NodeAgent

struct CrashNoteTests {
    private static let id = "0123456789abcdef01234567"

    private static func text(_ more: String = "") -> String {
        """
        {"crash": 1, "id": "\(id)", "worker": 2, "pid": 123, "start": 4567, "generation": 7, "kind": "crashed", \
        "signal": 11, "code": 1, "exit": null, "thread": 1234, "address": "0x0", "pc": "0x7f0010", \
        "at": "2026-11-29T17:00:00Z", "isParked": true, "program": "/srv/portcullis/tg.1/bin/tg"\(more)}
        """
    }

    @Test func `a note of the master is read`() throws {
        let note = try #require(CrashNote(Array(Self.text().utf8), id: Self.id))
        #expect(note.kind == .crashed)
        #expect((note.worker, note.signal, note.exit, note.thread, note.place) == (2, 11, nil, 1_234, 0x7F0010))
        #expect(note.process == KeeperRecord.ProcessIdentity(process: 123, start: 4_567))
        #expect(note.isParked)
        #expect(note.end == "crashed 11")
    }

    @Test(arguments: [CrashKind.crashed, .hung, .killed, .exited, .notReady])
    func `what a master writes of each kind of failure is read`(kind: CrashKind) throws {
        var file = CrashFile(
            id: Self.id, worker: 64, process: ProcessIdentity(pid: 4_194_304, start: 1), generation: 1,
            kind: try #require(LastEnd.Kind(rawValue: kind.rawValue)), at: WallTime.text(4_102_444_799),
            isParked: false,
            program: "/bin/tg")
        file.exit = 255
        file.pc = .max
        let note = try #require(CrashNote(file.bytes, id: Self.id))
        #expect((note.kind, note.worker, note.exit, note.place) == (kind, 64, 255, .max))
        #expect((note.signal, note.thread, note.program) == (nil, nil, "/bin/tg"))
    }

    @Test(arguments: [
        ("\"crash\": 1", "\"crash\": 2"), ("\"pid\": 123", "\"pid\": 0"), ("\"pid\": 123", "\"pid\": -1"),
        ("\"pid\": 123", "\"pid\": 99999999999"), ("\"start\": 4567", "\"start\": 0"),
        ("\"kind\": \"crashed\"", "\"kind\": \"tired\""), ("2026-11-29T17:00:00Z", "yesterday"),
        (id, "0123456789abcdef01234568"), ("\"pid\": 123", "\"pid\": 123, \"pid\": 124"),
    ])
    func `what is no note is none`(part: String, instead: String) {
        #expect(CrashNote(Array(Self.text().replacingOccurrences(of: part, with: instead).utf8), id: Self.id) == nil)
    }

    @Test func `a damaged note is none, wherever it is cut`() {
        let bytes = Array(Self.text().utf8)
        for length in 0..<bytes.count { #expect(CrashNote(Array(bytes.prefix(length)), id: Self.id) == nil) }
        #expect(CrashNote(Array(repeating: UInt8(ascii: "["), count: CrashNote.largest), id: Self.id) == nil)
    }

    @Test func `the name of a file is an identifier or none`() {
        #expect(CrashNote.id(ofFile: "\(Self.id).json") == Self.id)
        for name in [
            "\(Self.id).json.new", "\(Self.id)", "../\(Self.id).json", "sanitizer.7", "\(Self.id.uppercased()).json",
        ] {
            #expect(CrashNote.id(ofFile: name) == nil)
        }
    }

    @Test func `the place of an address is the same wherever the kernel puts the program`() {
        func maps(_ base: UInt64) -> String {
            let start = String(base, radix: 16)
            let end = String(base + 0x1000, radix: 16)
            return """
                \(start)-\(end) r-xp 00002000 fd:00 1234       /srv/tg.1/versions/ab c/bin/tg
                7ffe0000-7fff0000 rw-p 00000000 00:00 0      [stack]
                """
        }
        let one = CodePlace(0x55_0000_0123, maps: maps(0x55_0000_0000))
        #expect(one == CodePlace(0x66_0000_0123, maps: maps(0x66_0000_0000)))
        #expect(one?.description == "tg+0x2123")
        #expect(CodePlace(0x7FFE_0001, maps: maps(0x55_0000_0000)) == nil)
        #expect(CodePlace(0x1, maps: "x-y z\n\n-\n5-4 r-xp 0 0 0 /x") == nil)
    }
}
