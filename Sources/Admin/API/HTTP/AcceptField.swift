import Text

/// An Accept field (RFC 9110, section 12.5.1).
struct AcceptField {
    private struct Range {
        var type: String
        var subtype: String
        /// Quality in thousandths.
        var quality: Int
        var specificity: Int { type == "*" ? 0 : subtype == "*" ? 1 : 2 }
    }

    private let ranges: [Range]

    /// Takes all field lines, joined by commas. An absent or empty field accepts everything; ranges that cannot be
    /// parsed are ignored.
    init(_ field: String?) {
        let read = (field ?? "").splitBytes(",", omittingEmpty: true).compactMap { element -> Range? in
            let parts = element.splitBytes(";", omittingEmpty: true).map { $0.withoutSurroundingSpace.lowercased() }
            guard let names = parts.first?.splitBytes("/"), names.count == 2
            else { return nil }
            var quality = 1000
            for parameter in parts.dropFirst() where parameter.hasBytePrefix("q=") {
                guard let value = Double(Substring(parameter.utf8.dropFirst(2))), value >= 0, value <= 1 else {
                    return nil
                }
                quality = Int(value * 1000)
            }
            return Range(type: String(names[0]), subtype: String(names[1]), quality: quality)
        }
        ranges = field == nil || read.isEmpty ? [Range(type: "*", subtype: "*", quality: 1000)] : read
    }

    /// 0 (refused) to 1000, according to the most specific range that matches.
    func quality(of mediaType: String) -> Int {
        let names = mediaType.splitBytes("/")
        return
            ranges
            .filter { ($0.type == "*" || $0.type == names[0]) && ($0.subtype == "*" || $0.subtype == names[1]) }
            .max { ($0.specificity, $0.quality) < ($1.specificity, $1.quality) }?.quality ?? 0
    }

    /// The offer that the client prefers, or the earlier of equals; `nil` if it accepts none.
    func best(of offers: [String]) -> String? {
        var best: (offer: String, quality: Int)?
        for offer in offers {
            let quality = quality(of: offer)
            if quality > best?.quality ?? 0 { best = (offer, quality) }
        }
        return best?.offer
    }
}
