package import JSON
package import Text

/// What differs between two versions of a list whose elements have names: a JSON Merge Patch (RFC 7396) of the object that
/// has the elements by their names, and the places of those that are new or stand elsewhere. With these, whoever has the
/// old version makes the new one without knowing what it is sorted by.
package struct ListPatch: Sendable, Equatable {
    /// Where an element stands in the new version.
    package struct Place: Sendable, Hashable {
        /// From 0.
        package let index: Int
        @ExactText package var name: String

        init(index: Int, name: String) {
            self.index = index
            self.name = name
        }
    }

    /// A patch for each element that is new or has changed, and `null` for each that is gone.
    package let changes: [JSONValue.Member]
    /// As few as there can be, in the order of the list: the others keep their order.
    package let places: [Place]

    /// Costs a look at each element, and a sort of them at worst.
    ///
    /// - Parameters:
    ///   - old: the names of the old version, none twice.
    ///   - new: those of the new version.
    ///   - change: the merge patch of an element, by its places in the old and the new version; `nil`: it is the same.
    package init(
        from old: [String], to new: [String], change: (_ old: Int?, _ new: Int) throws -> JSONValue?
    ) rethrows {
        let before = Dictionary(old.enumerated().map { (ExactText($1), $0) }) { first, _ in first }
        let origins = new.map { before[ExactText($0)] }
        var changes: [JSONValue.Member] = []
        var isKept = [Bool](repeating: false, count: old.count)
        for (index, origin) in origins.enumerated() {
            if let origin { isKept[origin] = true }
            if let value = try change(origin, index) { changes.append(.init(name: new[index], value: value)) }
        }
        for (index, name) in old.enumerated() where !isKept[index] {
            changes.append(.init(name: name, value: .null))
        }
        let isInOrder = Self.longestRise(origins)
        self.changes = changes
        places = new.indices.filter { !isInOrder[$0] }.map { Place(index: $0, name: new[$0]) }
    }

    /// Which numbers belong to the longest rising sequence among them; the others are those that moved.
    private static func longestRise(_ numbers: [Int?]) -> [Bool] {
        // Where the sequence of each length ends that has the least end, and what stands before each number.
        var ends: [(index: Int, number: Int)] = []
        var previous = [Int](repeating: -1, count: numbers.count)
        for case (let index, let number?) in numbers.enumerated() {
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if ends[middle].number < number { low = middle + 1 } else { high = middle }
            }
            if low > 0 { previous[index] = ends[low - 1].index }
            if low == ends.count { ends.append((index, number)) } else { ends[low] = (index, number) }
        }
        var belongs = [Bool](repeating: false, count: numbers.count)
        var index = ends.last?.index ?? -1
        while index >= 0 {
            belongs[index] = true
            index = previous[index]
        }
        return belongs
    }

    /// The new version, made of the old one; `nil` if the patch is of another list. Costs a look at each element.
    ///
    /// - Parameters:
    ///   - name: the name of an element.
    ///   - patched: an element after its merge patch; `nil` is one that is new.
    package func applied<Element>(
        to elements: [Element], name: (Element) -> String, patched: (Element?, JSONValue) throws -> Element
    ) rethrows -> [Element]? {
        var patches = Dictionary(changes.map { (ExactText($0.name), $0.value) }) { $1 }
        let placed = Set(places.map { ExactText($0.name) })
        var moved: [ExactText: Element] = [:]
        var others: [Element] = []
        for element in elements {
            let name = ExactText(name(element))
            let patch = patches.removeValue(forKey: name)
            if patch == .null { continue }
            let element = try patch.map { try patched(element, $0) } ?? element
            if placed.contains(name) { moved[name] = element } else { others.append(element) }
        }
        for (name, patch) in patches where patch != .null {
            guard placed.contains(name) else { return nil }
            moved[name] = try patched(nil, patch)
        }
        var result: [Element] = []
        var next = 0
        for place in places {
            let end = next + place.index - result.count
            guard let element = moved.removeValue(forKey: ExactText(place.name)), end >= next, end <= others.count
            else { return nil }
            result += others[next..<end]
            result.append(element)
            next = end
        }
        return result + others[next...]
    }
}

// MARK: In an answer

extension ListPatch {
    /// The schema of the body.
    package static let schema: JSONValue = [
        "type": "object", "additionalProperties": ["type": ["object", "null"]],
        "description": "A JSON Merge Patch of the object that has the elements of the list by their names",
    ]

    /// The body.
    package var json: JSONValue { .object(changes) }

    /// The header `Portcullis-Places`: `3=pgw.4, 17=tg.1`; `nil` if there are no places.
    package var placesText: String? {
        places.isEmpty ? nil : places.map { "\($0.index)=\($0.name)" }.joined(separator: ", ")
    }

    /// Reads an answer.
    ///
    /// - Parameter placesText: the header, if there is one.
    package init(json bytes: [UInt8], placesText: String?) throws(BodyError) {
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONParser.parse(bytes)
        } catch {
            throw BodyError(error)
        }
        guard case .object(let members) = json else {
            throw BodyError([.init(pointer: "#", detail: "an object is expected, not \(json.kind)")])
        }
        changes = members
        var places: [Place] = []
        for text in placesText?.splitBytes(",") ?? [] {
            let parts = text.withoutSurroundingSpace.splitBytes("=", maxSplits: 1)
            guard parts.count == 2, let index = Int(parts[0]), index > places.last?.index ?? -1 else {
                throw BodyError([
                    .init(
                        pointer: APIHeader.places,
                        detail: "rising numbers with names are expected, like 3=pgw.4, not \(text.printed(atMost: 80))")
                ])
            }
            places.append(Place(index: index, name: String(parts[1])))
        }
        self.places = places
    }
}
