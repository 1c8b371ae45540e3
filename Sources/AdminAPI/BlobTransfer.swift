import JSON

/// Body of `POST /v1/versions/missing`: contents of files, of which the client asks which are not there.
public struct BlobQuestion: Sendable, Hashable {
    /// The SHA-256 of each.
    public var digests: [String]

    public init(digests: [String]) { self.digests = digests }
}

/// Answer of `POST /v1/versions/missing`.
public struct MissingBlobs: Sendable, Hashable {
    /// The digests of the contents that are not there, in the order of the question.
    public var missing: [String]
    /// The pieces that are best sent at once: at most so many bytes each.
    public var piece: Int

    public init(missing: [String], piece: Int) {
        self.missing = missing
        self.piece = piece
    }
}

/// How far the upload of a content is (`GET /v1/uploads/{digest}`).
public struct BlobUpload: Sendable, Hashable {
    /// The SHA-256 of the content.
    public var digest: String
    /// Compressed bytes that have come: where the next piece begins.
    public var received: Int
    /// Compressed bytes that there will be.
    public var compressedSize: Int
    /// Whether all have come, were found to be right, and are kept.
    public var isComplete: Bool

    public init(digest: String, received: Int, compressedSize: Int, isComplete: Bool) {
        self.digest = digest
        self.received = received
        self.compressedSize = compressedSize
        self.isComplete = isComplete
    }
}

/// Answer of `POST /v1/versions/collection`: what was removed, or with `dry_run` would be.
public struct CollectionReport: Sendable, Hashable {
    /// Contents that no version needs.
    public var blobs: Int
    public var bytes: Int

    public init(blobs: Int, bytes: Int) {
        self.blobs = blobs
        self.bytes = bytes
    }
}

// MARK: Forms

extension BlobQuestion: Described {
    package static let form = Form<Self>.object(
        "BlobQuestion", .required("digests", .set(of: .digest, atMost: Limits.askedBlobs), \.digests)
    ) { BlobQuestion(digests: $0) }
}

extension MissingBlobs: Described {
    package static let form = Form<Self>.object(
        "MissingBlobs", .required("missing", .list(of: .digest), \.missing),
        .required("piece", .integer(atLeast: 1), \.piece)
    ) { MissingBlobs(missing: $0, piece: $1) }
}

extension BlobUpload: Described {
    package static let form = Form<Self>.object(
        "BlobUpload", .required("digest", .digest, \.digest), .required("received", .integer(atLeast: 0), \.received),
        .required("compressedSize", .integer(atLeast: 0), \.compressedSize),
        .required("complete", .boolean, \.isComplete)
    ) { BlobUpload(digest: $0, received: $1, compressedSize: $2, isComplete: $3) }
}

extension CollectionReport: Described {
    package static let form = Form<Self>.object(
        "CollectionReport", .required("blobs", .integer(atLeast: 0), \.blobs),
        .required("bytes", .integer(atLeast: 0), \.bytes)
    ) { CollectionReport(blobs: $0, bytes: $1) }
}
