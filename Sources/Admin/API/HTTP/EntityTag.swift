import Crypto
import Foundation
import Registry
import ServicesExport
import Text

/// Entity tags (RFC 9110, section 8.8.3) and the lists of them in conditional requests.
enum EntityTag {
    /// A strong tag for the bytes of a representation: half of their SHA-256.
    static func of(_ bytes: some DataProtocol) -> String {
        "\"\(SHA256.hash(data: bytes).prefix(16).hexadecimal)\""
    }

    /// A strong tag for the whole registry. Every commit has a new one, even if it restores what was there before.
    static func of(_ commit: CommitID) -> String {
        let nonce = String(UInt64(bitPattern: commit.nonce), radix: 16)
        return "\"\(String(commit.generation, radix: 16))\(String(repeating: "0", count: 16 - nonce.count))\(nonce)\""
    }

    /// The list of an If-Match or If-None-Match field: `*`, or tags, weak ones marked.
    enum List: Hashable {
        case any
        case tags([Tag])
        /// A field that is no such list; it matches nothing.
        case unreadable

        struct Tag: Hashable {
            var isWeak: Bool
            /// The tag, including its quotes.
            var opaque: String
        }

        /// `nil` if the field is no list of entity tags. It is parsed byte by byte, since an opaque tag may contain
        /// any byte except a quote.
        init?(_ field: String) {
            var rest = Array(field.utf8)[...]
            func skipSpace() { rest = rest.drop { $0 == 0x20 || $0 == 0x09 } }
            skipSpace()
            if rest.first == UInt8(ascii: "*") {
                rest = rest.dropFirst()
                skipSpace()
                guard rest.isEmpty else { return nil }
                self = .any
                return
            }
            var tags: [Tag] = []
            while true {
                skipSpace()
                while rest.first == UInt8(ascii: ",") {
                    rest = rest.dropFirst()
                    skipSpace()
                }
                guard !rest.isEmpty else { break }
                let isWeak = rest.starts(with: "W/".utf8)
                if isWeak { rest = rest.dropFirst(2) }
                let quote = UInt8(ascii: "\"")
                guard rest.first == quote, let end = rest.dropFirst().firstIndex(of: quote) else { return nil }
                tags.append(Tag(isWeak: isWeak, opaque: String(decoding: rest[...end], as: UTF8.self)))
                rest = rest[(end + 1)...]
                skipSpace()
                guard rest.isEmpty || rest.first == UInt8(ascii: ",") else { return nil }
            }
            guard !tags.isEmpty else { return nil }
            self = .tags(tags)
        }

        /// Weak comparison, for If-None-Match.
        func matchesWeakly(_ tag: String) -> Bool {
            switch self {
            case .any: true
            case .unreadable: false
            case .tags(let tags):
                tags.contains { $0.opaque.isExactly(tag.hasBytePrefix("W/") ? String(tag.dropFirst(2)) : tag) }
            }
        }

        /// Strong comparison, for If-Match.
        func matchesStrongly(_ tag: String) -> Bool {
            switch self {
            case .any: true
            case .unreadable: false
            case .tags(let tags): tags.contains { !$0.isWeak && $0.opaque == tag }
            }
        }
    }
}
