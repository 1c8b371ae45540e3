import Glibc

/// Messages on standard error, which is the service's log.
enum Log {
    static func say(_ text: String) {
        let line = Array("portcullis-master: \(text)\n".utf8)
        // There is nowhere to say that it could not be said.
        _ = line.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// What the C library calls an error.
    static func text(_ number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        strerror_r(number, &buffer, buffer.count)
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
