import Text

/// The addresses of ADMIN, one or more, as in `admin-url`.
package struct AdminURLs: Sendable, Hashable, CustomStringConvertible {
    /// The addresses in the given order, without duplicates; at least one.
    package let all: [AdminURL]

    package init(_ url: AdminURL) { all = [url] }

    /// - Parameter text: addresses, separated by white space or commas.
    /// - Throws: what is wrong with the first invalid one.
    package init(_ text: String) throws(AdminURLError) {
        let words = text.utf8.split { $0 == UInt8(ascii: ",") || $0 == 0x20 || (0x09...0x0D).contains($0) }
        guard !words.isEmpty else { throw AdminURLError(text, .scheme) }
        var all = [AdminURL]()
        for word in words {
            let url = try AdminURL(String(Substring(word)))
            if !all.contains(url) { all.append(url) }
        }
        self.all = all
    }

    /// `https://a:8443, https://b:8443`
    package var description: String { all.map(\.description).joined(separator: ", ") }

    /// The addresses to which a token would be sent over a network without encryption.
    package var exposingToken: [AdminURL] { all.filter { !$0.isEncrypted && !$0.isLoopback } }
}
