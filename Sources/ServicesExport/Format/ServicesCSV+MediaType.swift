import Text

/// How HTTP names the versions (RFC 4180, section 3; RFC 9110, section 8.3.1).
extension ServicesCSV.Version {
    /// The `Content-Type` of an export. The first version has no `version` parameter.
    public var contentType: String {
        let type = "\(Self.mediaType); charset=utf-8; header=present"
        return self == .one ? type : "\(type); \(Self.parameter)=\(rawValue)"
    }

    /// The version of an export with the `Content-Type`; `nil`: no export, or of a version that nobody here knows.
    public init?(contentType: String) {
        let parts = contentType.splitOutsideQuotes(";").map { $0.withoutSurroundingSpace }
        guard parts[0].lowercased().isExactly(Self.mediaType) else { return nil }
        let named = parts.dropFirst().lazy.compactMap(\.fieldParameter).first { $0.name.isExactly(Self.parameter) }
        guard let named else {
            self = .one
            return
        }
        self.init(parameter: named.value.utf8)
    }

    /// The value of a `version` parameter: a number in canonical form.
    public init?(parameter: some Sequence<UInt8>) {
        let text = String(decoding: Array(parameter), as: UTF8.self)
        guard let number = Int(text), "\(number)".isExactly(text) else { return nil }
        self.init(rawValue: number)
    }

    /// The `Accept` of whoever reads every version, and likes newer ones better:
    /// `text/csv; version=2, text/csv; version=1; q=0.5`.
    public static let acceptsAll = allCases.reversed().enumerated().map { place, version in
        let range = "\(mediaType); \(parameter)=\(version.rawValue)"
        return place == 0 ? range : "\(range); q=0.\(max(1, 6 - place))"
    }.joined(separator: ", ")

    public static let mediaType = "text/csv"

    /// The parameter of the media type that names a version.
    public static let parameter = "version"
}
