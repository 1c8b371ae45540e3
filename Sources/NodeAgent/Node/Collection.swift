import ServiceSupport
import Versions

/// Removes what no service of the server needs from the node's store.
struct Collection: Sendable {
    private let context: NodeContext

    init(_ context: NodeContext) { self.context = context }

    /// - Parameter assigned: versions that may not be here yet.
    func run(assigned: Set<ContentDigest>) throws -> Collected {
        var needed = assigned
        for service in context.directory.services {
            let path = context.directory.folder(of: service)
            if let folder = try? ServiceFolder(opening: path) { needed.formUnion(try folder.digests()) }
        }
        context.shelf.collect(needed: needed)
        // Versions link to their files; a compressed content is needed only until its version is placed.
        return try context.store.collect { [] }
    }
}
