import AdminAPI
import Versions

/// What a node asks ADMIN for, as targets of requests.
enum NodeTarget {
    static let join = "/v1/join"

    static func assignments(of server: String) -> String { APIPath.server(server).encoded + "/assignments" }
    static func report(of server: String) -> String { APIPath.server(server).encoded + "/report" }
    static func manifest(_ digest: ContentDigest) -> String { "/v1/manifests/\(digest)" }
    static func signatures(_ digest: ContentDigest) -> String { "/v1/manifests/\(digest)/signatures" }
    static func blob(_ digest: ContentDigest) -> String { "/v1/blobs/\(digest)" }
}
