import AdminAPI
import Names
import Text
import YAML

/// A cloud as the files that `portcullis apply` takes back: the inverse of `CloudDirectory`. Equal clouds give equal
/// files.
struct CloudFileText {
    /// A file of the directory.
    struct File: Equatable {
        /// Relative to the directory: `cloud.yaml`, `types/pgw.yaml`.
        let path: String
        let text: String
    }

    let cloud: ApplyRequest
    /// The names of the secrets in the registry. Their values are nowhere in the files.
    let secrets: [String]

    /// Everything in one file, the text of types included.
    var oneFile: File {
        File(
            path: "cloud.yaml",
            text: text(types: cloud.types.map { Self.mapping([("source", Self.text($0.source))]) }))
    }

    /// A cloud file, and a file for each type.
    var directory: [File] {
        let types = cloud.types.map { File(path: "types/\($0.name).yaml", text: $0.source) }
        return [File(path: "cloud.yaml", text: text(types: types.map { Self.text($0.path) }))] + types
    }

    /// Throws unless `files`, of which the first is the cloud file, are read back as this cloud. Cost: reads all of
    /// them.
    func check(_ files: [File]) throws {
        let texts = Dictionary(files.map { (ExactText($0.path), $0.text) }) { first, _ in first }
        let read = try CloudDirectory(
            paths: [files[0].path],
            read: { path in
                guard let text = texts[ExactText(path)] else { throw CommandError("\(path): no such file") }
                return text
            }, list: { _ in nil })
        // JSON, since two strings are equal to Swift although their bytes differ.
        guard Self.sorted(read.request(prune: false)).jsonBytes == Self.sorted(written).jsonBytes else {
            throw CommandError("the files would describe another cloud than ADMIN has")
        }
    }

    /// The cloud as its files say it: without the state `ready`, which a new server or service has anyway, and which must not
    /// undo a later drain when the files are applied again.
    private var written: ApplyRequest {
        var cloud = cloud
        for index in cloud.services.indices where cloud.services[index].state == .ready {
            cloud.services[index].state = nil
        }
        for index in cloud.services.indices where cloud.services[index].desired == .running {
            cloud.services[index].desired = nil
        }
        for index in cloud.servers.indices where cloud.servers[index].state == .ready {
            cloud.servers[index].state = nil
        }
        return cloud
    }

    /// In files, servers stand below their locations.
    private static func sorted(_ cloud: ApplyRequest) -> ApplyRequest {
        var cloud = cloud
        cloud.servers.sort { $0.name < $1.name }
        return cloud
    }

    private func text(types: [YAMLNode]) -> String {
        let parts = [
            ("types", Self.list(types)), ("locations", Self.mapping(locations)),
            ("services", Self.mapping(written.services.map { ($0.name, Self.service($0)) })),
        ]
        return head + Self.mapping(parts.filter { !$0.1.isEmpty }).yamlText(hasBlockTexts: true)
    }

    private var head: String {
        """
        # The registry of ADMIN, as `portcullis get cloud` has read it. `portcullis apply -f` takes it back.
        # Not in it: the values of secrets, firewall marks, tokens, earlier revisions of types, and events.

        """
            + (secrets.isEmpty
                ? ""
                : "# An empty registry needs these secrets first (`portcullis secrets set`):\n"
                    + secrets.map { "#   \($0.printable)\n" }.joined())
    }

    private var locations: [(String, YAMLNode)] {
        let pools = Dictionary(grouping: cloud.pools) { ExactText($0.location) }
        let egress = Dictionary(grouping: cloud.egress) { ExactText($0.location) }
        let servers = Dictionary(grouping: written.servers) { ExactText($0.location) }
        return cloud.locations.map { location in
            let name = ExactText(location.name)
            let parts = [
                (
                    "pools",
                    Self.mapping((pools[name] ?? []).map { ($0.name, Self.list($0.addresses.map(Self.text))) })
                ),
                ("egress", Self.mapping((egress[name] ?? []).map { ($0.name, Self.egress($0)) })),
                ("servers", Self.mapping((servers[name] ?? []).map { ($0.name, Self.server($0)) })),
            ]
            let description = location.description.map { [("description", Self.text($0))] } ?? []
            return (location.name, Self.mapping(description + parts.filter { !$0.1.isEmpty }))
        }
    }

    private static func egress(_ rule: EgressResource) -> YAMLNode {
        mapping(
            [("pool", text(rule.pool)), ("from", list(rule.from.map(text)))]
                + (rule.except.isEmpty ? [] : [("except", list(rule.except.map(text)))]))
    }

    private static func server(_ server: ServerResource) -> YAMLNode {
        mapping(
            [("kind", text(server.kind.rawValue)), ("addresses", list(server.addresses.map(text)))]
                + (server.labels.isEmpty ? [] : [("labels", list(server.labels.map(text)))])
                + ((server.drives ?? [:]).isEmpty
                    ? []
                    : [
                        (
                            "drives",
                            mapping(
                                (server.drives ?? [:]).sorted { $0.key < $1.key }
                                    .map { ($0.key.wrappedValue, text($0.value)) })
                        )
                    ])
                + state(server.state, server.until))
    }

    private static func service(_ service: ApplyRequest.Service) -> YAMLNode {
        guard service.state != nil || service.weight != nil || service.version != nil else {
            return text(service.server)
        }
        return mapping(
            [("server", text(service.server))] + state(service.state, service.until)
                + (service.weight.map { [("weight", node(.scalar(YAMLScalar(text: "\($0)", isPlain: true))))] } ?? [])
                + (service.version.map { [("version", text("\($0)"))] } ?? [])
                + (service.desired.map { [("desired", text($0.rawValue))] } ?? []))
    }

    private static func state(_ state: ServiceState?, _ until: String?) -> [(String, YAMLNode)] {
        (state.map { [("state", text($0.rawValue))] } ?? []) + (until.map { [("until", text($0))] } ?? [])
    }

    // MARK: Nodes

    private static func node(_ content: YAMLNode.Content) -> YAMLNode {
        YAMLNode(content, at: YAMLPosition(file: "", line: 1, column: 1))
    }

    private static func text(_ text: String) -> YAMLNode { node(.scalar(YAMLScalar(text: text, isPlain: false))) }

    private static func list(_ items: [YAMLNode]) -> YAMLNode { node(.sequence(items)) }

    private static func mapping(_ pairs: [(String, YAMLNode)]) -> YAMLNode {
        node(.mapping(pairs.map { YAMLPair(key: YAMLKey($0, at: node(.sequence([])).position), value: $1) }))
    }
}

extension YAMLNode {
    /// Whether it is a list or a mapping without elements.
    fileprivate var isEmpty: Bool {
        switch content {
        case .scalar: false
        case .sequence(let items): items.isEmpty
        case .mapping(let pairs): pairs.isEmpty
        }
    }
}
