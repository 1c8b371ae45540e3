import Glibc

/// The lines that differ between two files, without equal lines at the beginning and the end. Both files begin with
/// the same header and end with a line feed.
struct CommonLines {
    /// Byte ranges of whole lines.
    let old: Range<Int>
    let new: Range<Int>

    init(_ a: [UInt8], _ b: [UInt8]) {
        (old, new) = a.withUnsafeBytes { a in
            b.withUnsafeBytes { b in
                let limit = min(a.count, b.count)
                var prefix = Self.commonPrefix(a, b, limit)
                while prefix > 0, a[prefix - 1] != ServicesCSV.lineFeed { prefix -= 1 }
                var suffix = Self.commonSuffix(a, b, limit - prefix)
                // The suffix must begin after a line feed in both files.
                while suffix > 0 {
                    let start = (a.count - suffix, b.count - suffix)
                    let isLineStart =
                        a[start.0 - 1] == ServicesCSV.lineFeed && b[start.1 - 1] == ServicesCSV.lineFeed
                    if isLineStart { break }
                    suffix -= 1
                }
                return (prefix..<(a.count - suffix), prefix..<(b.count - suffix))
            }
        }
    }

    private static let block = 4_096

    private static func commonPrefix(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, _ limit: Int) -> Int {
        guard let a = a.baseAddress, let b = b.baseAddress else { return 0 }
        var length = 0
        while length + block <= limit, memcmp(a + length, b + length, block) == 0 { length += block }
        while length < limit,
            a.load(fromByteOffset: length, as: UInt8.self) == b.load(fromByteOffset: length, as: UInt8.self)
        {
            length += 1
        }
        return length
    }

    private static func commonSuffix(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, _ limit: Int) -> Int {
        guard let aBase = a.baseAddress, let bBase = b.baseAddress else { return 0 }
        var length = 0
        while length + block <= limit,
            memcmp(aBase + (a.count - length - block), bBase + (b.count - length - block), block) == 0
        {
            length += block
        }
        while length < limit, a[a.count - length - 1] == b[b.count - length - 1] { length += 1 }
        return length
    }
}
