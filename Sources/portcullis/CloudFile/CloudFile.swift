import AdminAPI
import YAML

/// The content of a cloud file (`cloud.yaml`), from which `portcullis apply` makes its request.
struct CloudFile: Equatable {
    var locations: [LocationResource] = []
    var pools: [PoolResource] = []
    var servers: [ServerResource] = []
    var services: [ApplyRequest.Service] = []
    /// Paths of type files, or of directories of them, relative to the cloud file.
    var types: [TypeReference] = []
    /// The place of each part of the request.
    var places = SourceMap()

    /// A path of a type file, with its place in the cloud file.
    struct TypeReference: Equatable {
        let path: String
        let position: YAMLPosition
    }

    /// Reads the text. Throws all its faults, each with its place.
    init(parsing text: String, file: String) throws(YAMLErrors) {
        var parser = CloudFileParser()
        parser.parse(text, file: file)
        try parser.diagnostics.finish()
        self = parser.cloud
    }

    init() {}
}
