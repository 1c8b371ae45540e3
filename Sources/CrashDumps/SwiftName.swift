import Glibc

/// Names of Swift's functions as the linker knows them.
package enum SwiftName {
    /// The longest that is made readable.
    private static let longest = 2_048

    /// The name for people; a name of another language is returned as it is.
    package static func demangled(_ name: String) -> String {
        guard name.utf8.count <= longest, name.utf8.starts(with: "$s".utf8) || name.utf8.starts(with: "$S".utf8) else {
            return name
        }
        let bytes = Array(name.utf8CString)
        let found = bytes.withUnsafeBufferPointer {
            demangle($0.baseAddress, UInt(bytes.count - 1), nil, nil, 0)
        }
        guard let found else { return name }
        defer { free(found) }
        return String(cString: found)
    }

    /// The text with all such names made readable.
    package static func demangled(in text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let isStart =
                bytes[index] == UInt8(ascii: "$") && index + 1 < bytes.count
                && (bytes[index + 1] == UInt8(ascii: "s") || bytes[index + 1] == UInt8(ascii: "S"))
            guard isStart else {
                result.append(bytes[index])
                index += 1
                continue
            }
            let end = bytes[(index + 1)...].firstIndex { !isPart($0) } ?? bytes.count
            result += demangled(String(decoding: bytes[index..<end], as: UTF8.self)).utf8
            index = end
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isPart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// Swift's own runtime (include/swift/Demangling/Demangle.h).
@_silgen_name("swift_demangle")
private func demangle(
    _ name: UnsafePointer<CChar>?, _ length: UInt, _ buffer: UnsafeMutablePointer<CChar>?,
    _ size: UnsafeMutablePointer<UInt>?, _ flags: UInt32
) -> UnsafeMutablePointer<CChar>?
