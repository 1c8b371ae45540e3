package import AdminAPI
import JSON
import Text

extension Problem {
    /// The problem (RFC 9457) that an answer has, read as the RFC asks for: what is missing, or is of a type that it
    /// cannot be, is left out.
    ///
    /// - Returns: `nil` when the answer is none, or says nothing: then it is not ADMIN's own.
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
