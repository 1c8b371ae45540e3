import Cloud
package import Names

/// Who makes a change, and what of the cloud he may change.
package struct ChangeAuthor: Sendable, Hashable {
    /// The name of a token, or a reserved name of `TokenGrant`.
    package var name: String
    package var scope: ChangeScope

    package init(_ name: String, within scope: ChangeScope = .everything) {
        self.name = name
        self.scope = scope
    }
}

extension ChangeAuthor: ExpressibleByStringLiteral {
    /// An author who may change everything.
    package init(stringLiteral name: String) { self.init(name) }
}

extension ChangeAuthor {
    /// Throws if there is something outside the scope.
    func check(_ outside: OutsideScope?, _ places: RequestPlaces) throws {
        guard let outside else { return }
        let place = outside.subject.map { subject in
            places.place(of: [subject]).map(Fault.Place.text) ?? .object(subject.kind, subject.name)
        }
        throw ChangeError.outsideScope(
            "token \(name) may change \(scope) only", Fault(place: place ?? "scope", detail: outside.text))
    }
}
