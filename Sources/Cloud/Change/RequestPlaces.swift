/// The places in a request of the objects that it changes, for errors about contradictions.
package struct RequestPlaces: Sendable {
    private var pointers: [Contradiction.Subject: String] = [:]

    package init(pointers: [Contradiction.Subject: String] = [:]) {
        self.pointers = pointers
    }

    /// A request without places.
    package static let none = Self()

    /// The place of the first subject that the request contains; or else of the first object that the request is
    /// about.
    package func place(of subjects: [Contradiction.Subject]) -> String? {
        for subject in subjects {
            if let pointer = pointers[subject] ?? pointers[subject.list] { return pointer }
        }
        return subjects.lazy.compactMap { pointers[.init($0.kind, $0.name)] }.first
    }

    /// Notes the place of a subject.
    package mutating func add(_ subject: Contradiction.Subject, _ pointer: String) { pointers[subject] = pointer }

    /// The place of an object that is named in the request's path.
    package static func path(_ kind: Contradiction.Subject.Kind, _ name: String, _ parameter: String) -> Self {
        var places = Self()
        places.add(.init(kind, name), "{\(parameter)}")
        return places
    }
}

extension Contradiction.Subject {
    /// The list that contains an address or a network; any other subject unchanged.
    fileprivate var list: Self {
        switch member {
        case .address?: Self(kind, name, .addresses)
        case .source?: Self(kind, name, .sources)
        case .exception?: Self(kind, name, .exceptions)
        default: self
        }
    }
}
