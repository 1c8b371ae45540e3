import AdminAPI
import Names
import NetworkTypes
import Text
import YAML

/// Walks over a cloud file, and collects its content and its faults.
struct CloudFileParser {
    var cloud = CloudFile()
    var diagnostics = YAMLDiagnostics()
    private var serverPlaces: [ExactText: YAMLPosition] = [:]

    mutating func parse(_ text: String, file: String) {
        let document = diagnostics.attempt { () throws(YAMLError) in try YAMLDocument.parseOne(text, file: file) }
        guard let document,
            let root = diagnostics.mapping(
                document, allowedKeys: ["types", "locations", "services"], "a cloud: types, locations, services")
        else { return }
        types(root["types"])
        locations(root["locations"])
        services(root["services"])
    }

    private mutating func types(_ node: YAMLNode?) {
        guard let node, !node.isNull else { return }
        let paths = diagnostics.attempt { () throws(YAMLError) in try node.sequence("a list of type files") }
        for node in paths ?? [] {
            let path = diagnostics.attempt { () throws(YAMLError) in try node.string("the path of a type file") }
            if let path { cloud.types.append(.init(path: path, position: node.position)) }
        }
    }

    private mutating func locations(_ node: YAMLNode?) {
        for pair in pairs(node, "locations by name") {
            let name = pair.key.text
            let pointer = "#/locations/\(cloud.locations.count)"
            cloud.places.add(pointer, pair.key.position)
            var location = LocationResource(name: name)
            if !pair.value.isNull,
                let mapping = diagnostics.mapping(
                    pair.value, allowedKeys: ["description", "pools", "servers"],
                    "a location: description, pools, servers")
            {
                location.description = diagnostics.optional(mapping["description"]) { node throws(YAMLError) in
                    try node.string("a description")
                }
                if let place = mapping["description"] { cloud.places.add(pointer + "/description", place.position) }
                pools(mapping["pools"], location: name)
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

    private mutating func servers(_ node: YAMLNode?, location: String) {
        for pair in pairs(node, "servers by name") {
            let name = pair.key.text
            let pointer = "#/servers/\(cloud.servers.count)"
            cloud.places.add(pointer, pair.key.position)
            if let first = serverPlaces.updateValue(pair.key.position, forKey: ExactText(name)) {
                diagnostics.report(
                    pair.key.position, "the server \(name.printable) is there already, at \(first.line):\(first.column)"
                )
            }
            guard
                let mapping = diagnostics.mapping(
                    pair.value, allowedKeys: ["kind", "addresses", "labels"], "a server: kind, addresses, labels")
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
                    addresses: node.map { addresses($0, "internal addresses", pointer) } ?? [], labels: labels ?? []))
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
            pair.value, allowedKeys: ["server", "state", "weight"], "a server's name, or server, state, weight")
        guard let mapping else { return nil }
        for key in ["server", "state", "weight"] {
            if let node = mapping[key] { cloud.places.add("\(pointer)/\(key)", node.position) }
        }
        let server = diagnostics.required("server", of: mapping) { node throws(YAMLError) in
            try node.string("the name of a server")
        }
        let state = diagnostics.optional(mapping["state"]) { node throws(YAMLError) in
            try node.choice(ServiceState.allCases.map(\.rawValue), "state")
        }
        let weight = diagnostics.optional(mapping["weight"]) { node throws(YAMLError) in
            try node.integer("a weight", in: 0...65_535)
        }
        return ApplyRequest.Service(
            name: pair.key.text, server: server ?? "", state: state.flatMap(ServiceState.init),
            weight: weight)
    }

    private mutating func pairs(_ node: YAMLNode?, _ what: String) -> [YAMLPair] {
        guard let node, !node.isNull else { return [] }
        return diagnostics.attempt { () throws(YAMLError) in try node.mapping(what) }?.pairs ?? []
    }
}
