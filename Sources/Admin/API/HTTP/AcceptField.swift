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
        let read = (field ?? "").splitBytes(",", omittingEmpty: true).compactMap { element -> Range? in
            let parts = element.splitBytes(";", omittingEmpty: true).map { $0.withoutSurroundingSpace.lowercased() }
            guard let names = parts.first?.splitBytes("/"), names.count == 2
            else { return nil }
            var range = Range(type: String(names[0]), subtype: String(names[1]), quality: 1000, version: nil)
            for parameter in parts.dropFirst() {
                if parameter.hasBytePrefix("q=") {
                    guard let value = Double(Substring(parameter.utf8.dropFirst(2))), value >= 0, value <= 1 else {
                        return nil
                    }
                    range.quality = Int(value * 1000)
                } else if parameter.hasBytePrefix("version=") {
                    range.version = String(Substring(parameter.utf8.dropFirst(8)))
                }
            }
            return range
        }
        ranges = field == nil || read.isEmpty ? [Range(type: "*", subtype: "*", quality: 1000, version: nil)] : read
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
