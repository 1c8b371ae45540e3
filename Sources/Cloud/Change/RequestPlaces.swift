/// Where the parts of the cloud that a request changes stand in it, so that a contradiction can name the place.
package struct RequestPlaces: Sendable {
    private var pointers: [Contradiction.Subject: String] = [:]

    package init(pointers: [Contradiction.Subject: String] = [:]) {
        self.pointers = pointers
    }

    package static let none = Self()

    /// The place of the first of the subjects that the request holds as such, else of the first object that it is
    /// about.
    package func place(of subjects: [Contradiction.Subject]) -> String? {
        for subject in subjects {
            if let pointer = pointers[subject] ?? pointers[subject.list] { return pointer }
        }
        return subjects.lazy.compactMap { pointers[.init($0.kind, $0.name)] }.first
    }

    package mutating func add(_ subject: Contradiction.Subject, _ pointer: String) { pointers[subject] = pointer }

    /// An object that the path of the request names.
    package static func path(_ kind: Contradiction.Subject.Kind, _ name: String, _ parameter: String) -> Self {
        var places = Self()
        places.add(.init(kind, name), "{\(parameter)}")
        return places
    }
}

extension Contradiction.Subject {
    /// The list that an address is in; anything else itself.
    fileprivate var list: Self {
        if case .address? = member { Self(kind, name, .addresses) } else { self }
    }
}
