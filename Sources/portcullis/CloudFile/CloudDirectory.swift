import AdminAPI

/// A cloud file together with the type files it names: all that `portcullis apply` sends.
struct CloudDirectory: Equatable {
    let cloud: CloudFile
    let types: [TypeFile]

    /// Reads the cloud file at `path` and what it names.
    init(
        path: String, read: (String) throws -> String = LocalFile.text,
        list: @escaping (String) -> [String]? = LocalFile.names
    ) throws {
        let base = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        let file = path == "-" ? "standard input" : path
        var cloud = try CloudFile(parsing: try read(path), file: file)
        types = try withoutActuallyEscaping(read) { read in
            try TypeFileLoader(read: read, list: list).load(cloud.types, base: base)
        }
        for type in types { cloud.places.add(file: "\(type.type).yaml", path: type.path) }
        self.cloud = cloud
    }

    var places: SourceMap { cloud.places }

    func request(prune: Bool) -> ApplyRequest {
        ApplyRequest(
            locations: cloud.locations, pools: cloud.pools, servers: cloud.servers,
            types: types.map { ApplyRequest.ServiceType(name: $0.type, source: $0.source) },
            services: cloud.services, prune: prune)
    }
}
