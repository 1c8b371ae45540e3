import JSON
package import Names

/// The end of a state: the rule that all bodies share.
enum StateEnd {
    /// What is wrong with a state and its end; `nil`: nothing.
    static func fault(_ state: ServiceState?, _ until: String?) -> String? {
        guard until != nil, state == nil || state == .ready else { return nil }
        return "`until` is only allowed with a `state` other than ready"
    }
}

extension Form where Value == String {
    /// When a state ends.
    static let stateEnd = time.described("When the state ends and ready follows; absent: it does not end")
}

extension EffectiveState: Described {
    package static let form = Form<Self>.object(
        "EffectiveState", .required("state", .choice, \.state), .required("origin", .choice, \.origin)
    ) { EffectiveState($0, of: $1) }
}
