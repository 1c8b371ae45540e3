import Text

/// JSON Merge Patch (RFC 7396): what differs between two values, as a value.
extension JSONValue {
    /// The value after a patch. Members that the patch has as `null` go, objects are patched member by member, and
    /// everything else is replaced. Costs a look at each member of the objects that the patch reaches.
    package func merging(_ patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var members: [Member] = if case .object(let members) = self { members } else { [] }
        var places = Dictionary(members.enumerated().map { (ExactText($1.name), $0) }) { first, _ in first }
        var removed: Set<Int> = []
        for change in changes {
            let place = places[ExactText(change.name)]
            if change.value == .null {
                if let place { removed.insert(place) }
            } else if let place {
                members[place].value = members[place].value.merging(change.value)
                removed.remove(place)
            } else {
                places[ExactText(change.name)] = members.count
                members.append(Member(name: change.name, value: JSONValue.null.merging(change.value)))
            }
        }
        return .object(removed.isEmpty ? members : members.indices.filter { !removed.contains($0) }.map { members[$0] })
    }

    /// The value without members that are `null`, which in a patch mean that they go. Those in arrays stay.
    package var withoutNulls: JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(
            members.filter { $0.value != .null }.map { Member(name: $0.name, value: $0.value.withoutNulls) })
    }

    /// The patch that makes another object of this one; an empty object if they are equal. Neither may have `null` as
    /// the value of a member, which a patch cannot express.
    package func mergePatch(to other: JSONValue) -> JSONValue {
        guard case .object(let before) = self, case .object(let after) = other else { return other }
        let values = Dictionary(before.map { (ExactText($0.name), $0.value) }) { first, _ in first }
        var patch: [Member] = []
        for member in after {
            guard let value = values[ExactText(member.name)] else {
                patch.append(member)
                continue
            }
            guard value != member.value else { continue }
            patch.append(Member(name: member.name, value: value.mergePatch(to: member.value)))
        }
        let names = Set(after.map { ExactText($0.name) })
        for member in before where !names.contains(ExactText(member.name)) {
            patch.append(Member(name: member.name, value: .null))
        }
        return .object(patch)
    }
}
