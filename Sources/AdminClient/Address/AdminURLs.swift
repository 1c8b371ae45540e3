import Text

/// The addresses of ADMIN, one or more: what `admin-url` has.
package struct AdminURLs: Sendable, Hashable, CustomStringConvertible {
    /// At least one; each once, in the order in which they were named.
    package let all: [AdminURL]

    package init(_ url: AdminURL) { all = [url] }

    /// - Parameter text: addresses with white space or commas between them.
    /// - Throws: what is wrong with the first that is none.
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

    /// Those to which a token would go in the clear, over a network.
    package var exposingToken: [AdminURL] { all.filter { !$0.isEncrypted && !$0.isLoopback } }
}
