import HTTPTypes
import Testing

@testable import Admin

@Suite("Ranges of bytes") struct ByteRangeTests {
    private func range(_ field: String, ifRange: String? = nil) -> ByteRange {
        var headers: HTTPFields = [.range: field]
        headers[.ifRange] = ifRange
        return ByteRange(headers, size: 100, tag: "\"a\"")
    }

    @Test("a range is a part, beyond the end none, and what cannot be read the whole")
    func ranges() {
        #expect(range("bytes=0-9") == .part(0..<10))
        #expect(range("Bytes = 90-200") == .part(90..<100))
        #expect(range("bytes=99-") == .part(99..<100))
        #expect(range("bytes=-5") == .part(95..<100))
        #expect(range("bytes=-500") == .part(0..<100))
        #expect(range("bytes=100-") == .unsatisfiable)
        #expect(range("bytes=100-200") == .unsatisfiable)
        #expect(range("bytes=-0") == .unsatisfiable)
        for field in [
            "bytes=", "bytes=-", "bytes=9-0", "bytes=0-1,5-6", "bytes=a-b", "lines=0-9", "bytes", "bytes=+1-2",
            "bytes=0-9999999999999999999999", "",
        ] {
            #expect(range(field) == .whole, "\(field)")
        }
    }

    @Test("If-Range with another tag, or a weak one, asks for the whole")
    func condition() {
        #expect(range("bytes=0-9", ifRange: "\"a\"") == .part(0..<10))
        #expect(range("bytes=0-9", ifRange: "W/\"a\"") == .whole)
        #expect(range("bytes=0-9", ifRange: "\"b\"") == .whole)
    }

    @Test("Content-Range names a part of the whole")
    func contentRange() {
        #expect(ContentRange("bytes 0-9/10") == ContentRange(0..<10, of: 10))
        #expect(ContentRange(0..<10, of: 20).text == "bytes 0-9/20")
        for field in [
            "bytes 0-10/10", "bytes 5-4/10", "bytes */10", "bytes 0-9/*", "0-9/10", "bytes 0-9", "bytes -1-9/10",
        ] {
            #expect(ContentRange(field) == nil, "\(field)")
        }
    }
}
