import CrashDumps
import Testing

struct DebugNamesTests {
    /// A program with sections of these names.
    private static func program(_ names: [String]) -> [UInt8] {
        func little(_ value: Int, _ size: Int) -> [UInt8] {
            (0..<size).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        }
        var strings: [UInt8] = [0]
        var places: [Int] = []
        for name in names + [".shstrtab"] {
            places.append(strings.count)
            strings += Array(name.utf8) + [0]
        }
        let table = 64 + strings.count
        var bytes: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + Array(repeating: 0, count: 33)
        bytes += little(table, 8) + Array(repeating: 0, count: 10)
        bytes += little(64, 2) + little(places.count, 2) + little(places.count - 1, 2)
        bytes += strings
        for (index, place) in places.enumerated() {
            let isText = index == places.count - 1
            bytes += little(place, 4) + Array(repeating: 0, count: 20)
            bytes += little(isText ? 64 : 0, 8) + little(isText ? strings.count : 0, 8)
            bytes += Array(repeating: 0, count: 24)
        }
        return bytes
    }

    private static func found(_ bytes: [UInt8]) -> DebugNames? {
        DebugNames { offset, count in
            offset >= 0 && count >= 0 && offset + count <= bytes.count ? Array(bytes[offset..<offset + count]) : nil
        }
    }

    @Test func `the section is found, and hidden by one character`() throws {
        var bytes = Self.program([".text", ".debug_names", ".debug_info"])
        let found = try #require(Self.found(bytes))
        #expect(bytes[found.offset] == UInt8(ascii: "s"))
        bytes[found.offset] = DebugNames.replacement
        #expect(Self.found(bytes) == nil)
        #expect(Self.found(Self.program([".text", ".debug_info", ".debug_names2"])) == nil)
    }

    @Test func `what is no program, or a damaged one, has none`() {
        #expect(Self.found([]) == nil)
        #expect(Self.found(Array("#!/usr/bin/python3\n".utf8) + Array(repeating: 0x20, count: 100)) == nil)
        let bytes = Self.program([".debug_names"])
        for length in 0..<bytes.count { _ = Self.found(Array(bytes.prefix(length))) }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2_000 {
            var altered = bytes
            for _ in 0..<3 {
                altered[Int.random(in: 6..<altered.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            _ = Self.found(altered)
        }
    }
}
