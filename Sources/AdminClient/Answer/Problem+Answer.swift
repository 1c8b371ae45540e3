package import AdminAPI
import JSON
import Text

extension Problem {
    /// The problem (RFC 9457) in an answer. As the RFC requires, missing members and those of a wrong type are
    /// ignored.
    ///
    /// - Returns: `nil` if the answer is no problem, or an empty one: then it does not come from ADMIN itself.
    package init?(_ answer: AdminAnswer) {
        guard answer.mediaType.isExactly(MediaType.problem), let value = try? JSONParser.parse(answer.body),
            case .object = value
        else { return nil }
        var faults = [Fault]()
        if case .array(let errors)? = value["errors"] {
            faults = errors.compactMap { error in
                error.text("detail").map { Fault(pointer: error.text("pointer") ?? "", detail: $0) }
            }
        }
        let detail = value.text("detail")
        let title = value.text("title")
        guard detail != nil || title != nil || !faults.isEmpty else { return nil }
        self.init(
            type: value.text("type") ?? "about:blank", title: title ?? "", status: answer.status, detail: detail ?? "",
            errors: faults)
    }
}

extension JSONValue {
    fileprivate func text(_ name: String) -> String? {
        if case .string(let text)? = self[name] { text } else { nil }
    }
}
