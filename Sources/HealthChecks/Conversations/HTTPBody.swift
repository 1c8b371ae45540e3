/// Where the body of an answer ends, and which of its bytes are content (RFC 9112, sections 6 and 7).
enum HTTPBody: Sendable, Hashable {
    case untilClose
    /// So many bytes are left.
    case length(Int)
    case chunked(Chunk)

    enum Chunk: Sendable, Hashable {
        /// A chunk's size so far, and the number of its digits.
        case size(Int, digits: Int)
        /// The rest of the size's line, so many bytes of it so far.
        case rest(Int, length: Int)
        /// The content, so many bytes of which are left.
        case content(Int)
        /// The line end after the content.
        case end(hasReturn: Bool)

        static let start = size(0, digits: 0)
        /// The bytes that a size's line may have.
        static let longestLine = 1_024
    }

    struct Step {
        var isContent = false
        var isEnd = false
        var isMalformed = false
    }

    /// Takes the next byte.
    mutating func take(_ byte: UInt8) -> Step {
        switch self {
        case .untilClose: return Step(isContent: true)
        case .length(let left):
            self = .length(left - 1)
            return Step(isContent: true, isEnd: left <= 1)
        case .chunked(.content(let left)):
            self = .chunked(left > 1 ? .content(left - 1) : .end(hasReturn: false))
            return Step(isContent: true)
        case .chunked(.end(let hasReturn)):
            switch byte {
            case 0x0D where !hasReturn: self = .chunked(.end(hasReturn: true))
            case 0x0A: self = .chunked(.start)
            default: return Step(isMalformed: true)
            }
            return Step()
        case .chunked(.rest(let size, let length)):
            guard byte == 0x0A else {
                self = .chunked(.rest(size, length: length + 1))
                return Step(isMalformed: length >= Chunk.longestLine)
            }
            return begin(size)
        case .chunked(.size(let size, let digits)):
            if let digit = Self.digit(byte) {
                self = .chunked(.size(size << 4 | digit, digits: digits + 1))
                return Step(isMalformed: digits >= 15)
            }
            guard digits > 0 else { return Step(isMalformed: true) }
            switch byte {
            case 0x0A: return begin(size)
            case 0x0D, 0x3B, 0x20, 0x09:
                self = .chunked(.rest(size, length: 0))
                return Step()
            default: return Step(isMalformed: true)
            }
        }
    }

    /// Begins the content of a chunk; that of size 0 is the last.
    private mutating func begin(_ size: Int) -> Step {
        self = .chunked(.content(size))
        return Step(isEnd: size == 0)
    }

    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x37
        case 0x61...0x66: Int(byte) - 0x57
        default: nil
        }
    }
}
