import AdminAPI
import YAML

/// The content of one or several cloud files, from which `portcullis apply` makes its request.
struct CloudFile: Equatable {
    var locations: [LocationResource] = []
    var pools: [PoolResource] = []
    var egress: [EgressResource] = []
    var servers: [ServerResource] = []
    var services: [ApplyRequest.Service] = []
    var types: [TypeReference] = []
    /// The place of each part of the request.
    var places = SourceMap()

    /// Where the text of a type is, or of several.
    enum TypeReference: Equatable {
        /// A type file, or a directory of them, with the place that names it.
        case path(String, YAMLPosition)
        /// The text stands in the cloud file.
        case text(InlineType)
    }

    /// Reads the text of one file. Throws all its faults, each with its place.
    init(parsing text: String, file: String) throws(YAMLErrors) {
        var parser = CloudFileParser()
        parser.parse(text, file: file, base: "")
        try parser.diagnostics.finish()
        self = parser.cloud
    }

    init() {}
}
