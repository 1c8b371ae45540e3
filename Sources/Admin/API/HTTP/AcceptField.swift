import ServicesExport
import Text

/// An Accept field (RFC 9110, section 12.5.1).
struct AcceptField {
    private struct Range {
        var type: String
        var subtype: String
        /// Quality in thousandths.
        var quality: Int
        /// The `version` parameter. It counts where the media type has versions, as the export has.
        var version: String?
        var specificity: Int { type == "*" ? 0 : subtype == "*" ? 1 : version == nil ? 2 : 3 }
    }

    private let ranges: [Range]

    /// Takes all field lines, joined by commas. An absent or empty field accepts everything; ranges that cannot be
    /// parsed are ignored.
    init(_ field: String?) {
        let read = (field ?? "").splitOutsideQuotes(",").compactMap { Self.range($0) }
        ranges = field == nil || read.isEmpty ? [Range(type: "*", subtype: "*", quality: 1000, version: nil)] : read
    }

    /// A media range with its parameters; `nil` for any other text.
    private static func range(_ text: Substring) -> Range? {
        let parts = text.splitOutsideQuotes(";").map { $0.withoutSurroundingSpace }.filter { !$0.isEmpty }
        guard let names = parts.first?.lowercased().splitBytes("/"), names.count == 2,
            names[0] != "*" || names[1] == "*"
        else { return nil }
        var range = Range(type: String(names[0]), subtype: String(names[1]), quality: 1000, version: nil)
        for part in parts.dropFirst() {
            guard let parameter = part.fieldParameter else { return nil }
            switch parameter.name {
            case "q":
                guard let quality = quality(parameter.value) else { return nil }
                range.quality = quality
            case ServicesCSV.Version.parameter: range.version = parameter.value
            default: break
            }
        }
        return range
    }

    /// A weight in thousandths (RFC 9110, section 12.4.2), of which a client may have written more than three digits: a
    /// very small one is no refusal.
    static func quality(_ text: String) -> Int? {
        let parts = text.splitBytes(".", maxSplits: 1)
        let digits = parts.count == 2 ? Array(parts[1].utf8) : []
        guard digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
        let isZero = digits.allSatisfy { $0 == 0x30 }
        switch parts[0] {
        case "1": return isZero ? 1000 : nil
        case "0":
            let thousandths = (0..<3).reduce(0) { $0 * 10 + ($1 < digits.count ? Int(digits[$1] - 0x30) : 0) }
            return isZero ? 0 : max(1, thousandths)
        default: return nil
        }
    }

    /// 0 (refused) to 1000, according to the most specific range that matches.
    func quality(of mediaType: String) -> Int {
        let names = mediaType.splitBytes("/")
        return
            ranges
            .filter {
                ($0.type == "*" || $0.type.isExactly(names[0])) && ($0.subtype == "*" || $0.subtype.isExactly(names[1]))
            }
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

    /// The version of the export that the client likes best, the newer of equals; `nil`: it takes none.
    ///
    /// `text/csv` without a version is what gateways ask for that know of none, so it means the first. A wildcard takes
    /// any.
    func bestExportVersion() -> ServicesCSV.Version? {
        var best: (version: ServicesCSV.Version, quality: Int)?
        for version in ServicesCSV.Version.allCases.reversed() {
            let quality = quality(of: version)
            if quality > best?.quality ?? 0 { best = (version, quality) }
        }
        return best?.version
    }

    private func quality(of version: ServicesCSV.Version) -> Int {
        ranges
            .filter { range in
                guard range.specificity > 1 else { return range.type == "*" || range.type == "text" }
                guard "\(range.type)/\(range.subtype)".isExactly(ServicesCSV.Version.mediaType) else { return false }
                return range.version.map { ServicesCSV.Version(parameter: $0.utf8) == version } ?? (version == .one)
            }
            .max { ($0.specificity, $0.quality) < ($1.specificity, $1.quality) }?.quality ?? 0
    }
}
