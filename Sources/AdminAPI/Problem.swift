import JSON

/// An error answer: `application/problem+json` (RFC 9457).
public struct Problem: Sendable, Hashable, Error {
    /// One fault of the request.
    public struct Fault: Sendable, Hashable {
        /// Where: a JSON pointer into the body as a URI fragment (`#/addresses/0`), a query parameter (`?limit`),
        /// a header's name, or a place in YAML (`tg.yaml:12:7`).
        public var pointer: String
        public var detail: String

        public init(pointer: String, detail: String) {
            self.pointer = pointer
            self.detail = detail
        }
    }

    /// A URI reference that identifies the kind of problem; `about:blank` if the status is enough.
    public var type: String
    public var title: String
    /// The HTTP status.
    public var status: Int
    public var detail: String
    /// The faults; empty if the problem has no place in the request.
    public var errors: [Fault]

    public init(type: String = "about:blank", title: String, status: Int, detail: String, errors: [Fault] = []) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.errors = errors
    }
}

extension Problem: CustomStringConvertible {
    /// The detail, followed by one line for each fault.
    public var description: String {
        ([detail] + errors.map { "\($0.pointer): \($0.detail)" }).joined(separator: "\n")
    }
}

/// The answer of `/healthz` and `/readyz`.
public struct HealthResource: Sendable, Hashable {
    /// `ok`
    public var status: String

    public init(status: String) {
        self.status = status
    }
}

// MARK: Forms

extension Problem: Described {
    package static let form = Form<Self>.object(
        "Problem", .required("type", .uriReference, misfit: "about:blank", \.type),
        .required("title", .text, misfit: "", \.title), .required("status", .integer(400...599), misfit: 0, \.status),
        .required("detail", .text, misfit: "", \.detail),
        .required("errors", .list(ofFitting: Fault.form), misfit: [], \.errors)
    ) { Problem(type: $0, title: $1, status: $2, detail: $3, errors: $4) }
}

extension Problem.Fault: Described {
    package static let form = Form<Self>.object(
        nil, .required("pointer", .text, misfit: "", \.pointer), .required("detail", .text, \.detail)
    ) { Problem.Fault(pointer: $0, detail: $1) }
}

extension HealthResource: Described {
    package static let form = Form<Self>.object(
        "Health", .required("status", .words("ok"), \.status)
    ) { HealthResource(status: $0) }
}
