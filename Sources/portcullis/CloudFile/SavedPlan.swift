import AdminAPI
import ServiceSupport
import Text

/// An apply whose effects a dry run has shown, to be made only if the registry has not changed since.
struct SavedPlan: Described {
    /// The number of the file's format.
    static let currentFormat = 1
    /// The greatest size of a file in bytes: more than the greatest body of an apply, which is indented in it.
    private static let limit = 3 * Limits.apply

    private(set) var format = Self.currentFormat
    /// The ETag, including quotes, of the registry on which the dry run was made.
    let registry: String
    let apply: ApplyRequest

    init(registry: String, apply: ApplyRequest) {
        self.registry = registry
        self.apply = apply
    }

    static let form = Form<Self>.object(
        nil, .required("portcullisPlan", .integer(currentFormat...currentFormat), \.format),
        .required("registry", tag, \.registry), .required("apply", ApplyRequest.form, \.apply)
    ) { _, registry, apply in SavedPlan(registry: registry, apply: apply) }

    /// It becomes a header field.
    private static let tag = Form<String>.text.checking { text in
        text.utf8.count >= 2 && text.hasBytePrefix("\"") && text.hasByteSuffix("\"")
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F } ? nil : "is no ETag of a registry"
    }

    // MARK: Files

    init(readingFrom path: String) throws {
        guard let bytes = try Files.read(path, limit: Self.limit, from: .stream) else {
            throw CommandError("\(path): no such file")
        }
        do throws(BodyError) {
            self = try SavedPlan(json: bytes, .strict)
        } catch {
            throw CommandError(
                "\(path) is no plan that this version can apply: \(error)",
                hint: "`portcullis apply -f … --dry-run --save-plan \(path)` saves one.")
        }
    }

    /// Writes the plan; replaces an existing file.
    func write(to path: String) throws {
        try Files.replace(path, with: Array((try JSONText.text(json) + "\n").utf8), isDurable: false)
    }
}
