import AdminAPI
import Names
import NetworkTypes
import ServiceSupport
import Text
import YAML

/// Walks over cloud files, and collects their content and their faults.
struct CloudFileParser {
    var cloud = CloudFile()
    var diagnostics = YAMLDiagnostics()
    private var locationPlaces: [ExactText: YAMLPosition] = [:]
    private var serverPlaces: [ExactText: YAMLPosition] = [:]
    private var servicePlaces: [ExactText: YAMLPosition] = [:]

    /// Adds the content of a file.
    /// - Parameter base: the directory to which its paths are relative; empty, or with a slash at the end.
    mutating func parse(_ text: String, file: String, base: String) {
        var limits = YAMLLimits()
        limits.size = TextFile.maximumSize
        let document = diagnostics.attempt { () throws(YAMLError) in
            try YAMLDocument.parseOne(text, file: file, limits: limits)
        }
        guard let document,
            let root = diagnostics.mapping(
                document, allowedKeys: ["types", "locations", "services"], "a cloud: types, locations, services")
        else { return }
        types(root["types"], base: base, lines: { text.splitBytes("\n") })
        locations(root["locations"])
        services(root["services"])
    }

    /// - Parameter lines: the lines of the file, which only types in it need.
    private mutating func types(_ node: YAMLNode?, base: String, lines: () -> [Substring]) {
        guard let node, !node.isNull else { return }
        let nodes = diagnostics.attempt { () throws(YAMLError) in try node.sequence("a list of type files") }
        var allLines: [Substring]?
        for node in nodes ?? [] {
            if case .mapping = node.content {
                let mapping = diagnostics.mapping(node, allowedKeys: ["source"], "a type with its source")
                let source = mapping.flatMap { mapping in
                    diagnostics.required("source", of: mapping) { node throws(YAMLError) in
                        (text: try node.string("the text of a type file"), position: node.position)
                    }
                }
                guard let source else { continue }
                allLines = allLines ?? lines()
                cloud.types.append(
                    .text(InlineType(source: source.text, position: source.position, lines: allLines ?? [])))
                continue
            }
            let path = diagnostics.attempt { () throws(YAMLError) in try node.string("the path of a type file") }
            if let path { cloud.types.append(.path(path.hasBytePrefix("/") ? path : base + path, node.position)) }
        }
    }

    /// Reports an object that is there already. A mapping has no key twice, but two mappings or files may.
    private mutating func note(
        _ what: String, _ key: YAMLKey, in places: WritableKeyPath<Self, [ExactText: YAMLPosition]>
    ) {
        guard let first = self[keyPath: places].updateValue(key.position, forKey: ExactText(key.text)) else { return }
        let place = first.file.isExactly(key.position.file) ? "\(first.line):\(first.column)" : first.description
        diagnostics.report(key.position, "the \(what) \(key.text.printable) is there already, at \(place)")
    }

    private mutating func locations(_ node: YAMLNode?) {
        for pair in pairs(node, "locations by name") {
            let name = pair.key.text
            let pointer = "#/locations/\(cloud.locations.count)"
            cloud.places.add(pointer, pair.key.position)
            note("location", pair.key, in: \.locationPlaces)
            var location = LocationResource(name: name)
            if !pair.value.isNull,
                let mapping = diagnostics.mapping(
                    pair.value, allowedKeys: ["description", "pools", "egress", "servers"],
                    "a location: description, pools, egress, servers")
            {
                location.description = diagnostics.optional(mapping["description"]) { node throws(YAMLError) in
                    try node.string("a description")
                }
                if let place = mapping["description"] { cloud.places.add(pointer + "/description", place.position) }
                pools(mapping["pools"], location: name)
                egress(mapping["egress"], location: name)
                servers(mapping["servers"], location: name)
            }
            cloud.locations.append(location)
        }
    }

    private mutating func pools(_ node: YAMLNode?, location: String) {
        for pair in pairs(node, "pools by name") {
            let pointer = "#/pools/\(cloud.pools.count)"
            cloud.places.add(pointer, pair.key.position)
            cloud.pools.append(
                PoolResource(
                    location: location, name: pair.key.text,
                    addresses: addresses(pair.value, "public addresses", pointer)))
        }
    }

    private mutating func egress(_ node: YAMLNode?, location: String) {
        for pair in pairs(node, "egress rules by name") {
            let pointer = "#/egress/\(cloud.egress.count)"
            cloud.places.add(pointer, pair.key.position)
            guard
                let mapping = diagnostics.mapping(
                    pair.value, allowedKeys: ["pool", "from", "except"], "an egress rule: pool, from, except")
            else { continue }
            let pool = diagnostics.required("pool", of: mapping) { node throws(YAMLError) in
                try node.string("the name of a pool")
            }
            if let place = mapping["pool"] { cloud.places.add(pointer + "/pool", place.position) }
            let from = diagnostics.required("from", of: mapping) { node throws(YAMLError) in node }
            cloud.egress.append(
                EgressResource(
                    location: location, name: pair.key.text, pool: pool ?? "",
                    from: from.map { networks($0, "inside networks", pointer + "/from") } ?? [],
                    except: exceptions(mapping["except"], pointer + "/except")))
        }
    }

    /// Networks, of which there may be none.
    private mutating func exceptions(_ node: YAMLNode?, _ pointer: String) -> [String] {
        guard let node, !node.isNull else { return [] }
        if case .sequence(let items) = node.content, node.tag == nil, items.isEmpty { return [] }
        return networks(node, "networks", pointer)
    }

    private mutating func networks(_ node: YAMLNode, _ what: String, _ pointer: String) -> [String] {
        cloud.places.add(pointer, node.position)
        let nodes = diagnostics.attempt { () throws(YAMLError) in try node.oneOrMore(what) } ?? []
        return nodes.enumerated().compactMap { index, node in
            cloud.places.add("\(pointer)/\(index)", node.position)
            return diagnostics.attempt { () throws(YAMLError) in
                let text = try node.string("a network")
                do throws(AddressPrefix.Misspelling) {
                    return try AddressPrefix(canonical: text).description
                } catch {
                    throw YAMLError(node.position, "\(text.printed(atMost: 80)) \(error)")
                }
            }
        }
    }

    private mutating func servers(_ node: YAMLNode?, location: String) {
        for pair in pairs(node, "servers by name") {
            let name = pair.key.text
            let pointer = "#/servers/\(cloud.servers.count)"
            cloud.places.add(pointer, pair.key.position)
            note("server", pair.key, in: \.serverPlaces)
            guard
                let mapping = diagnostics.mapping(
                    pair.value, allowedKeys: ["kind", "addresses", "labels", "state", "until", "drives"],
                    "a server: kind, addresses, labels, state, until, drives")
            else { continue }
            let kind = diagnostics.required("kind", of: mapping) { node throws(YAMLError) in
                try node.choice(ServerKind.allCases.map(\.rawValue), "kind of server")
            }
            if let place = mapping["kind"] { cloud.places.add(pointer + "/kind", place.position) }
            let node = diagnostics.required("addresses", of: mapping) { node throws(YAMLError) in node }
            if let place = mapping["labels"] { cloud.places.add(pointer + "/labels", place.position) }
            let labels = diagnostics.optional(mapping["labels"]) { node throws(YAMLError) -> [String] in
                var labels = [String]()
                for label in try node.oneOrMore("a label or a list of them") {
                    labels.append(try label.string("a label"))
                }
                return labels
            }
            cloud.servers.append(
                ServerResource(
                    name: name, location: location, kind: kind.flatMap(ServerKind.init) ?? .app,
                    addresses: node.map { addresses($0, "internal addresses", pointer) } ?? [], labels: labels ?? [],
                    state: state(mapping, pointer), until: until(mapping, pointer), drives: drives(mapping, pointer)))
        }
    }

    /// `drives: {d1: /mnt/d1}`
    private mutating func drives(_ mapping: YAMLMapping, _ pointer: String) -> [ExactText: String]? {
        guard let node = mapping["drives"] else { return nil }
        cloud.places.add(pointer + "/drives", node.position)
        return pairs(node, "paths of drives by name").reduce(into: [:]) { drives, pair in
            cloud.places.add("\(pointer)/drives/\(pair.key.text)", pair.value.position)
            drives[ExactText(pair.key.text)] = diagnostics.attempt { () throws(YAMLError) in
                try pair.value.string("the path of a drive")
            }
        }
    }

    private mutating func addresses(_ node: YAMLNode, _ what: String, _ pointer: String) -> [String] {
        cloud.places.add(pointer + "/addresses", node.position)
        let nodes = diagnostics.attempt { () throws(YAMLError) in try node.oneOrMore(what) } ?? []
        return nodes.enumerated().compactMap { index, node in
            cloud.places.add(pointer + "/addresses/\(index)", node.position)
            let address = diagnostics.attempt { () throws(YAMLError) in
                try node.value(IPAddress.self, "an IP address")
            }
            return address?.description
        }
    }

    private mutating func services(_ node: YAMLNode?) {
        for pair in pairs(node, "services by name") {
            let pointer = "#/services/\(cloud.services.count)"
            cloud.places.add(pointer, pair.key.position)
            note("service", pair.key, in: \.servicePlaces)
            guard ServiceName(pair.key.text) != nil else {
                diagnostics.report(
                    pair.key.position,
                    "\(pair.key.text.printed(atMost: 80)) is no service; its name is TYPE.INDEX, like tg.3")
                continue
            }
            if let service = service(pair, pointer) { cloud.services.append(service) }
        }
    }

    /// `tg.3: app4`, or `tg.3: {server: app4, state: drain, weight: 50}`.
    private mutating func service(_ pair: YAMLPair, _ pointer: String) -> ApplyRequest.Service? {
        guard pair.value.scalar == nil else {
            cloud.places.add(pointer + "/server", pair.value.position)
            return diagnostics.attempt { () throws(YAMLError) in
                ApplyRequest.Service(name: pair.key.text, server: try pair.value.string("the name of a server"))
            }
        }
        let mapping = diagnostics.mapping(
            pair.value, allowedKeys: ["server", "state", "until", "weight", "version", "desired"],
            "a server's name, or server, state, until, weight, version, desired")
        guard let mapping else { return nil }
        for key in ["server", "weight", "version", "desired"] {
            if let node = mapping[key] { cloud.places.add("\(pointer)/\(key)", node.position) }
        }
        let server = diagnostics.required("server", of: mapping) { node throws(YAMLError) in
            try node.string("the name of a server")
        }
        let weight = diagnostics.optional(mapping["weight"]) { node throws(YAMLError) in
            try node.integer("a weight", in: 0...65_535)
        }
        let version = diagnostics.optional(mapping["version"]) { node throws(YAMLError) in
            try node.string("a version")
        }
        let reference = version.flatMap { VersionReference($0) }
        if let node = mapping["version"], version != nil, reference == nil {
            diagnostics.report(node.position, VersionReference.rule)
        }
        let desired = diagnostics.optional(mapping["desired"]) { node throws(YAMLError) in
            try node.choice(DesiredRun.allCases.map(\.rawValue), "what is desired")
        }
        return ApplyRequest.Service(
            name: pair.key.text, server: server ?? "", state: state(mapping, pointer), weight: weight,
            until: until(mapping, pointer), version: reference, desired: desired.flatMap(DesiredRun.init))
    }

    /// The state of a server or service.
    private mutating func state(_ mapping: YAMLMapping, _ pointer: String) -> ServiceState? {
        if let place = mapping["state"] { cloud.places.add(pointer + "/state", place.position) }
        let state = diagnostics.optional(mapping["state"]) { node throws(YAMLError) in
            try node.choice(ServiceState.allCases.map(\.rawValue), "state")
        }
        return state.flatMap(ServiceState.init)
    }

    /// When that state ends.
    private mutating func until(_ mapping: YAMLMapping, _ pointer: String) -> String? {
        if let place = mapping["until"] { cloud.places.add(pointer + "/until", place.position) }
        return diagnostics.optional(mapping["until"]) { node throws(YAMLError) in
            try node.string("a time as 2027-01-31T00:00:00Z")
        }
    }

    private mutating func pairs(_ node: YAMLNode?, _ what: String) -> [YAMLPair] {
        guard let node, !node.isNull else { return [] }
        return diagnostics.attempt { () throws(YAMLError) in try node.mapping(what) }?.pairs ?? []
    }
}
