import AdminAPI
import Text

/// A cloud file with the type files that it names: everything that `portcullis apply` sends.
struct CloudDirectory: Equatable {
    let cloud: CloudFile
    let types: [TypeFile]
    /// Notes for the operator that are no errors.
    let notes: [String]

    /// Reads the cloud file at `path` and the files that it names.
    init(
        path: String, read: @escaping (String) throws -> String = LocalFile.text,
        list: @escaping (String) -> [String]? = LocalFile.names
    ) throws {
        let base = path.lastByte("/").map { String(path[..<path.utf8.index(after: $0)]) } ?? ""
        let file = path == "-" ? "standard input" : path
        var cloud = try CloudFile(parsing: try read(path), file: file)
        var loader = TypeFileLoader(read: read, list: list)
        types = try loader.load(cloud.types, base: base)
        notes = loader.notes
        for (index, type) in types.enumerated() { cloud.places.add(type, at: index) }
        self.cloud = cloud
    }

    var places: SourceMap { cloud.places }

    func request(prune: Bool, yesDelete: Int? = nil) -> ApplyRequest {
        ApplyRequest(
            locations: cloud.locations, pools: cloud.pools, servers: cloud.servers,
            types: types.map { ApplyRequest.ServiceType(name: $0.type, source: $0.source) },
            services: cloud.services, prune: prune, yesDelete: yesDelete)
    }
}
