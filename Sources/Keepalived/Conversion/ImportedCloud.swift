import NetworkTypes
import Text
import YAML

/// A type that comes of virtual servers with the same real servers.
struct ImportedType {
    /// A real server with its weight.
    struct Member: Equatable {
        let address: IPAddress
        let weight: Int
    }

    let name: String
    let members: [Member]
    var sections: [ImportedSection]
}

/// The types, pools and servers that come of a configuration.
struct ImportedCloud {
    let types: [ImportedType]
    let pools: [String: [IPAddress]]

    /// Each real server's address once, ascending.
    var servers: [IPAddress] { Array(Set(types.flatMap { $0.members.map(\.address) })).sorted() }

    /// The cloud file, then the types.
    func files(location: String, source: String) -> [KeepalivedImport.File] {
        let head = "# From \(source.printable). `portcullis apply -f` takes it.\n\n"
        return [KeepalivedImport.File(path: "cloud.yaml", text: head + cloud(location).yamlText())]
            + types.map { type in
                KeepalivedImport.File(path: "types/\(type.name).yaml", text: Self.text(of: type))
            }
    }

    private static func text(of type: ImportedType) -> String {
        var places: [String] = []
        for section in type.sections {
            let place = "\(section.server.place)"
            if places.last?.isExactly(place) != true { places.append(place) }
        }
        let head = "# From \(places.joined(separator: ", ")).\n"
        return head
            + YAMLNode.mapping([("type", .text(type.name)), ("gateway", .list(type.sections.map(\.yaml)))]).yamlText()
    }

    private func cloud(_ location: String) -> YAMLNode {
        let servers = servers
        let names = Dictionary(
            uniqueKeysWithValues: servers.map { ($0, "server-\(CloudConverter.word($0))") })
        let pools = pools.sorted { $0.key < $1.key }.map { name, addresses in
            (name, YAMLNode.list(addresses.map { .text("\($0)") }))
        }
        let hosts = servers.map { address in
            (
                names[address] ?? "",
                YAMLNode.mapping([("kind", .text("app")), ("addresses", .list([.text("\(address)")]))])
            )
        }
        let services = types.flatMap { type in
            type.members.enumerated().map { index, member -> (String, YAMLNode) in
                let server = YAMLNode.text(names[member.address] ?? "")
                let isUsual = member.weight == type.members.first?.weight
                return (
                    "\(type.name).\(index + 1)",
                    isUsual ? server : .mapping([("server", server), ("weight", .plain("\(member.weight)"))])
                )
            }
        }
        return .mapping([
            ("types", .list(types.map { .text("types/\($0.name).yaml") })),
            (
                "locations",
                .mapping([(location, .mapping([("pools", .mapping(pools)), ("servers", .mapping(hosts))]))])
            ),
            ("services", .mapping(services)),
        ])
    }
}
