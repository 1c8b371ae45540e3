import AdminAPI
import YAML

/// A cloud file (`cloud.yaml`), read: what `portcullis apply` makes a request of.
struct CloudFile: Equatable {
    var locations: [LocationResource] = []
    var pools: [PoolResource] = []
    var servers: [ServerResource] = []
    var services: [ApplyRequest.Service] = []
    /// Paths of type files, or of directories of them, relative to the cloud file.
    var types: [TypeReference] = []
    /// Where each part of the request comes from.
    var places = SourceMap()

    /// A path of a type file and where it is named.
    struct TypeReference: Equatable {
        let path: String
        let position: YAMLPosition
    }

    /// Reads the text; throws everything that is wrong with it, each with its place.
    init(parsing text: String, file: String) throws(YAMLErrors) {
        var parser = CloudFileParser()
        parser.parse(text, file: file)
        try parser.diagnostics.finish()
        self = parser.cloud
    }

    init() {}
}
