import AdminAPI
import Foundation
import JSON
import Text

/// A list as JSON text, with the names of its elements and where each ends. It is all that a held request keeps of the
/// list that its client has.
final class ListText: Sendable {
    /// The text of the whole list.
    let bytes: Data
    private let names: [String]
    private let ends: [UInt32]
    /// Members that change all the time. A client may have other values of them than the text.
    private let restless: [String]

    init(_ elements: [(name: String, json: JSONValue)], restless: [String]) {
        var bytes: [UInt8] = [UInt8(ascii: "[")]
        var ends: [UInt32] = []
        ends.reserveCapacity(elements.count)
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            var writer = JSONWriter()
            writer.write(element.json)
            bytes += writer.bytes
            ends.append(UInt32(bytes.count))
        }
        bytes.append(UInt8(ascii: "]"))
        // A copy of the right size: the array has grown by doubling.
        self.bytes = Data(bytes)
        self.ends = ends
        self.restless = restless
        names = elements.map(\.name)
    }

    /// What makes a newer version of this one. Only elements that differ are read. Members that are `null` count as
    /// absent, and those that change all the time as changed.
    func patch(to new: ListText) throws -> ListPatch {
        try ListPatch(from: names, to: new.names) { old, index in
            guard let old else { return try new.json(index).withoutNulls }
            guard !restless.isEmpty || text(old) != new.text(index) else { return nil }
            let patch = try json(old).without(restless).withoutNulls.mergePatch(to: new.json(index).withoutNulls)
            guard patch != .object([]) else { return nil }
            return patch
        }
    }

    private func text(_ index: Int) -> Data {
        bytes[(index == 0 ? 1 : Int(ends[index - 1]) + 1)..<Int(ends[index])]
    }

    private func json(_ index: Int) throws -> JSONValue { try JSONParser.parse(Array(text(index))) }
}

extension JSONValue {
    /// An object without some members.
    func without(_ names: [String]) -> JSONValue {
        guard !names.isEmpty, case .object(let members) = self else { return self }
        return .object(members.filter { member in !names.contains { member.name.isExactly($0) } })
    }
}
