import JSON
import TestSupport
import Testing

@testable import AdminAPI

/// Bodies made at random after their schemas, and then damaged: what holds for every form.
@Suite("Forms of all bodies") struct FormPropertyTests {
    private static let bodies: [any Described.Type] = [
        LocationResource.self, PoolResource.self, ServerResource.self, TypeSummary.self, TypeResource.self,
        ServiceResource.self, GatewayResource.self, MarkResource.self, EventResource.self, EventPage.self,
        ConfigurationExplanation.self, SecretResource.self, SecretChange.self, TokenResource.self, TokenCreation.self,
        CreatedToken.self, LocationChange.self, PoolChange.self, ServerChange.self, ServerPatch.self,
        ServiceCreation.self, ServiceChange.self, ServicePatch.self, ServicesPatch.self, ApplyRequest.self,
        ChangeReport.self,
        Problem.self, HealthResource.self, EgressResource.self, EgressChange.self, [ServiceResource].self,
        CrashReport.self, CrashGroup.self, CrashGroupDetail.self, CrashResource.self,
    ]

    @Test("a body is read, or has faults at places that it has; what is read is the same when it is written and read")
    func random() {
        var made = RandomBody(generator: SeededGenerator(seed: 20_261_128))
        var read = 0
        for type in Self.bodies {
            for round in 0..<300 {
                var json = made.value(made.schema(of: type))
                for _ in 0..<(round % 4) { made.damage(&json) }
                if check(type, json) { read += 1 }
            }
        }
        #expect(read > 1_000, "nearly all of them have faults: \(read)")
    }

    /// Whether it could be read tolerantly.
    private func check<Body: Described>(_ type: Body.Type, _ json: JSONValue) -> Bool {
        let strict = read(type, json, .strict)
        let tolerant = read(type, json, .tolerant)
        if let strict {
            // What ADMIN takes a client reads, too, and both write it alike.
            #expect(tolerant?.json == strict.json, "\(type) \(json)")
            #expect(read(type, strict.json, .strict)?.json == strict.json, "\(type) \(json)")
        }
        if let tolerant {
            #expect(read(type, tolerant.json, .tolerant)?.json == tolerant.json, "\(type) \(json)")
        }
        return tolerant != nil
    }

    private func read<Body: Described>(_ type: Body.Type, _ json: JSONValue, _ reading: Reading) -> Body? {
        do throws(BodyError) {
            return try Body(json: Array("\(json)".utf8), reading)
        } catch {
            #expect(!error.faults.isEmpty, "\(type) \(json)")
            for fault in error.faults {
                let isThere = fault.detail == "is missing" || Self.has(json, fault.pointer)
                #expect(isThere, "\(type) \(json): there is no \(fault.pointer)")
            }
            return nil
        }
    }

    /// Whether a value has something at a place. Names in these bodies need no escapes.
    private static func has(_ json: JSONValue, _ pointer: String) -> Bool {
        var value: JSONValue? = json
        for token in pointer.split(separator: "/").dropFirst() {
            if case .array(let elements)? = value {
                value = Int(token).flatMap { elements.indices.contains($0) ? elements[$0] : nil }
            } else {
                value = value?[String(token)]
            }
        }
        return value != nil
    }
}

/// Values after schemas.
private struct RandomBody {
    var generator: SeededGenerator

    private static let words = [
        "tcn", "tcn/gw1", "app1", "tg.1", "10.1.0.11", "2001:db8::1", "2027-01-31T00:00:00Z", "", "ä", "#/a",
        "type: tg\n",
    ]
    private static let others: [JSONValue] = [
        .null, true, 0, -1, .integer(.max), .integer(.min), .number(0.5), "x", [], [nil], .object([]), ["name": "x"],
    ]

    func schema<Body: Described>(of _: Body.Type) -> JSONValue { Body.form.schema }

    mutating func value(_ schema: JSONValue, depth: Int = 0) -> JSONValue {
        if case .string(let reference)? = schema["$ref"] {
            let name = reference.split(separator: "/").last.map(String.init) ?? ""
            guard let component = Components.all.first(where: { $0.name == name }) else { return .null }
            return value(component.schema, depth: depth)
        }
        if case .array(let choices)? = schema["enum"] { return choices.randomElement(using: &generator) ?? .null }
        if case .array(let choices)? = schema["anyOf"] ?? schema["oneOf"] {
            return value(choices.randomElement(using: &generator) ?? .null, depth: depth)
        }
        var type = schema["type"]
        if case .array(let types)? = type { type = types.randomElement(using: &generator) }
        switch type {
        case "string": return .string(Self.words.randomElement(using: &generator) ?? "")
        case "integer", "number":
            guard case .integer(let least)? = schema["minimum"] else { return 1 }
            return .integer(least + (Bool.random(using: &generator) ? 0 : 1))
        case "boolean": return .bool(.random(using: &generator))
        case "null": return .null
        case "array":
            guard depth < 6, let element = schema["items"] else { return [] }
            return .array((0..<Int.random(in: 0...2, using: &generator)).map { _ in value(element, depth: depth + 1) })
        case "object":
            guard case .object(let members)? = schema["properties"] else { return .object([]) }
            var required: [JSONValue] = []
            if case .array(let names)? = schema["required"] { required = names }
            return .object(
                members.compactMap { member in
                    guard required.contains(.string(member.name)) || Bool.random(using: &generator) else { return nil }
                    return .init(name: member.name, value: value(member.value, depth: depth + 1))
                })
        default: return Self.others.randomElement(using: &generator) ?? .null
        }
    }

    /// Replaces, removes or adds something somewhere.
    mutating func damage(_ json: inout JSONValue) {
        guard Int.random(in: 0...3, using: &generator) > 0 else {
            json = Self.others.randomElement(using: &generator) ?? .null
            return
        }
        switch json {
        case .array(var elements) where !elements.isEmpty:
            damage(&elements[.random(in: elements.indices, using: &generator)])
            json = .array(elements)
        case .object(var members) where !members.isEmpty:
            let index = Int.random(in: members.indices, using: &generator)
            switch Int.random(in: 0...3, using: &generator) {
            case 0: members.remove(at: index)
            case 1:
                if !members.contains(where: { $0.name == "zone" }) { members.append(.init(name: "zone", value: 1)) }
            default: damage(&members[index].value)
            }
            json = .object(members)
        default: json = Self.others.randomElement(using: &generator) ?? .null
        }
    }
}
