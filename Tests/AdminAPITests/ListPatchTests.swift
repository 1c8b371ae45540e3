import AdminAPI
import JSON
import TestSupport
import Testing

@Suite("Patches of lists") struct ListPatchTests {
    /// An element of a list.
    private struct Item: Equatable {
        let name: String
        let json: JSONValue
    }

    /// The patch as ADMIN makes it.
    private func patch(_ old: [Item], _ new: [Item]) -> ListPatch {
        ListPatch(from: old.map(\.name), to: new.map(\.name)) { before, after in
            let value = new[after].json.withoutNulls
            guard let before else { return value }
            let patch = old[before].json.withoutNulls.mergePatch(to: value)
            guard patch != .object([]) else { return nil }
            return patch
        }
    }

    private func applied(_ patch: ListPatch, _ items: [Item]) -> [Item]? {
        patch.applied(to: items, name: \.name) { item, patch in
            let json = (item?.json ?? .null).merging(patch)
            guard case .string(let name)? = json["name"] else { return Item(name: "?", json: json) }
            return Item(name: name, json: json)
        }
    }

    /// The same list, by what a merge patch can say of it.
    private func settled(_ items: [Item]?) -> [Item]? {
        items.map { $0.map { Item(name: $0.name, json: $0.json.withoutNulls.sortedByName) } }
    }

    @Test(
        "the patch from one list to another, sent and applied, makes the other in its order, whatever they are",
        arguments: 0..<300 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let old = list(&random)
        var new = Bool.random(using: &random) ? list(&random) : changed(old, &random)
        if Bool.random(using: &random) { new.shuffle(using: &random) }
        let patch = patch(old, new)
        let sent = try ListPatch(json: Array(patch.json.description.utf8), placesText: patch.placesText)
        #expect(sent == patch)
        #expect(settled(applied(sent, old)) == settled(new))
        let none = self.patch(new, new)
        #expect(none.changes.isEmpty && none.places.isEmpty && none.placesText == nil)
        #expect(applied(none, new) == new)
    }

    @Test("an element that changes in its place has none in the patch, and one that moves is all that has")
    func places() {
        let old = (0..<100).map { item("x\($0)", ["name": .string("x\($0)"), "state": "ready"]) }
        var new = old
        new[40] = item("x40", ["name": "x40", "state": "drain"])
        #expect(patch(old, new).json.description == #"{"x40":{"state":"drain"}}"#)
        #expect(patch(old, new).placesText == nil)
        new.insert(new.remove(at: 40), at: 3)
        new.insert(new.remove(at: 98), at: 50)
        new.removeLast()
        let moved = patch(old, new)
        #expect(moved.json.description == #"{"x40":{"state":"drain"},"x99":null}"#)
        #expect(moved.placesText == "3=x40, 50=x98")
        #expect(applied(moved, old)?.map(\.name) == new.map(\.name))
    }

    @Test("a patch of another list is noticed: a change of an element there is not, and a place behind the end")
    func misfits() throws {
        let items = [item("a", ["name": "a"])]
        for (json, places) in [
            (#"{"b": {"state": "drain"}}"#, nil), (#"{"b": {"name": "b"}}"#, "3=b"), ("{}", "0=c"),
        ] as [(String, String?)] {
            let patch = try ListPatch(json: Array(json.utf8), placesText: places)
            #expect(applied(patch, items) == nil, "\(json)")
        }
    }

    @Test("what is no patch is refused at its place")
    func faults() {
        for (json, places, pointer) in [
            ("[]", nil, "#"), ("{", nil, "#"), ("{}", "1=a, 1=b", "Portcullis-Places"),
            ("{}", "-1=a", "Portcullis-Places"),
            ("{}", "a", "Portcullis-Places"), ("{}", "", "Portcullis-Places"),
        ] as [(String, String?, String)] {
            let error = #expect(throws: BodyError.self) {
                try ListPatch(json: Array(json.utf8), placesText: places)
            }
            #expect(error?.faults.map(\.pointer) == [pointer], "\(json) \(places ?? "")")
        }
    }

    private func item(_ name: String, _ json: JSONValue) -> Item { Item(name: name, json: json) }

    private func list(_ random: inout SeededGenerator) -> [Item] {
        (0..<Int.random(in: 0...20, using: &random)).filter { _ in Bool.random(using: &random) }
            .map { element("tg.\($0)", &random) }
    }

    /// The list with some elements changed, gone or new.
    private func changed(_ list: [Item], _ random: inout SeededGenerator) -> [Item] {
        var list = list.filter { _ in Int.random(in: 0..<5, using: &random) > 0 }
        for index in list.indices where Int.random(in: 0..<4, using: &random) == 0 {
            list[index] = element(list[index].name, &random)
        }
        for number in 30..<Int.random(in: 30...33, using: &random) {
            list.insert(
                element("pgw.\(number)", &random), at: Int.random(in: 0...list.count, using: &random))
        }
        return list
    }

    private func element(_ name: String, _ random: inout SeededGenerator) -> Item {
        var members: [JSONValue.Member] = [.init(name: "name", value: .string(name))]
        for name in ["weight", "until", "held"] where Bool.random(using: &random) {
            let value: JSONValue =
                switch Int.random(in: 0..<5, using: &random) {
                case 0: .null
                case 1: .integer(Int.random(in: 0...2, using: &random))
                case 2: ["etag": "a", "decision": Bool.random(using: &random) ? .null : "pending"]
                case 3: ["reason": .integer(Int.random(in: 0...1, using: &random))]
                default: [.null, "b"]
                }
            members.append(.init(name: name, value: value))
        }
        return item(name, .object(members))
    }
}
