import AdminAPI
import Text

/// The A-IM field of a request (RFC 3229, section 10.5.3): the forms besides the whole in which the client takes what has
/// changed.
struct ManipulationField {
    /// Whether it takes a merge patch.
    let takesMergePatch: Bool

    /// Takes all field lines, joined by commas. Forms that are not known or cannot be parsed are ignored.
    init(_ field: String?) {
        takesMergePatch = (field ?? "").splitOutsideQuotes(",").contains { text in
            let parts = text.splitOutsideQuotes(";").map { $0.withoutSurroundingSpace }.filter { !$0.isEmpty }
            guard parts.first?.lowercased().isExactly(APIHeader.mergePatch) == true else { return false }
            return parts.dropFirst().allSatisfy { part in
                guard let parameter = part.fieldParameter, parameter.name.isExactly("q") else { return true }
                return AcceptField.quality(parameter.value) ?? 0 > 0
            }
        }
    }
}
