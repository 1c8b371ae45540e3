import AdminAPI
import Text
import YAML

/// Cloud files with the type files that they name: everything that `portcullis apply` sends.
struct CloudDirectory: Equatable {
    let cloud: CloudFile
    let types: [TypeFile]
    /// Notes for the operator that are no errors.
    let notes: [String]

    /// Reads cloud files and the type files that they name. An object in two of the files is an error.
    ///
    /// - Parameter paths: cloud files, `-` for standard input, or directories of cloud files.
    init(
        paths: [String], read: @escaping (String) throws -> String = LocalFile.text,
        list: @escaping (String) -> [String]? = LocalFile.names
    ) throws {
        var parser = CloudFileParser()
        var notes = [String]()
        for path in try Self.files(paths, list: list, &notes) {
            let base = path.lastByte("/").map { String(path[..<path.utf8.index(after: $0)]) } ?? ""
            parser.parse(try read(path), file: path == "-" ? "standard input" : path, base: base)
        }
        try parser.diagnostics.finish()
        var cloud = parser.cloud
        var loader = TypeFileLoader(read: read, list: list)
        types = try loader.load(cloud.types)
        self.notes = notes + loader.notes
        for (index, type) in types.enumerated() { cloud.places.add(type, at: index) }
        self.cloud = cloud
    }

    /// The files themselves, each once, and the YAML files of the directories.
    private static func files(
        _ paths: [String], list: (String) -> [String]?, _ notes: inout [String]
    ) throws(CommandError) -> [String] {
        var files = [String]()
        for path in paths {
            guard path != "-", let folder = YAMLFolder(path, list: list) else {
                files.append(path)
                continue
            }
            guard !folder.files.isEmpty else {
                throw CommandError("there is no cloud file (*.yaml, *.yml) in \(folder.path)")
            }
            files += folder.files
            // Directories are of type files, which the cloud files name.
            notes += folder.others.filter { list($0) == nil }
                .map { "\($0) is no cloud file (*.yaml, *.yml) and is passed over" }
        }
        var seen = Set<ExactText>()
        for file in files where !seen.insert(ExactText(file)).inserted {
            throw CommandError("\(file == "-" ? "standard input" : file) is given twice")
        }
        return files
    }

    var places: SourceMap { cloud.places }

    func request(prune: Bool, yesDelete: Int? = nil) -> ApplyRequest {
        ApplyRequest(
            locations: cloud.locations, pools: cloud.pools, egress: cloud.egress, servers: cloud.servers,
            types: types.map { ApplyRequest.ServiceType(name: $0.type, source: $0.source) },
            services: cloud.services, prune: prune, yesDelete: yesDelete)
    }
}
