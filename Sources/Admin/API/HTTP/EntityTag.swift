import Crypto
import Foundation

/// Entity tags (RFC 9110, section 8.8.3) and the lists of them in conditional requests.
enum EntityTag {
    /// A strong tag of a representation's bytes.
    static func of(_ bytes: some DataProtocol) -> String {
        let hex = SHA256.hash(data: bytes).prefix(16).map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        return "\"\(hex.joined())\""
    }

    /// The list of an If-Match or If-None-Match field: `*`, or tags, weak ones marked.
    enum List: Hashable {
        case any
        case tags([Tag])
        /// A field that is no such list: it matches nothing.
        case unreadable

        struct Tag: Hashable {
            var isWeak: Bool
            /// With its quotes.
            var opaque: String
        }

        /// `nil` when the field is no list of entity tags.
        init?(_ field: String) {
            var rest = field[...]
            func skipSpace() { rest = rest.drop { $0 == " " || $0 == "\t" } }
            skipSpace()
            if rest.first == "*" {
                rest.removeFirst()
                skipSpace()
                guard rest.isEmpty else { return nil }
                self = .any
                return
            }
            var tags: [Tag] = []
            while true {
                skipSpace()
                while rest.first == "," {
                    rest.removeFirst()
                    skipSpace()
                }
                guard !rest.isEmpty else { break }
                let isWeak = rest.hasPrefix("W/")
                if isWeak { rest.removeFirst(2) }
                guard rest.first == "\"", let end = rest.dropFirst().firstIndex(of: "\"") else { return nil }
                tags.append(Tag(isWeak: isWeak, opaque: String(rest[...end])))
                rest = rest[rest.index(after: end)...]
                skipSpace()
                guard rest.isEmpty || rest.first == "," else { return nil }
            }
            guard !tags.isEmpty else { return nil }
            self = .tags(tags)
        }

        /// Weak comparison, as If-None-Match wants it.
        func matchesWeakly(_ tag: String) -> Bool {
            switch self {
            case .any: true
            case .unreadable: false
            case .tags(let tags): tags.contains { $0.opaque == tag }
            }
        }

        /// Strong comparison, as If-Match wants it.
        func matchesStrongly(_ tag: String) -> Bool {
            switch self {
            case .any: true
            case .unreadable: false
            case .tags(let tags): tags.contains { !$0.isWeak && $0.opaque == tag }
            }
        }
    }
}
